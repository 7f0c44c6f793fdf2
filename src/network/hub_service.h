// SPDX-License-Identifier: Apache-2.0
// A serving hub: its state folder behind the gRPC door of proto/clinnova.proto.
//
//   CLINNOVA_ASSIGN(auto hub, HubServer::Start({.folder = "hub"}));
//   hub->address();      // where it listens
//
// Sites are known by the certificate of their stream, which must be the very one that the hub issued; researchers by
// the token of the hub's folder. Thread rule: any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "core/error.h"
#include "network/study_desk.h"

namespace clinnova::network {

struct HubServeOptions {
  std::filesystem::path folder{};
  std::string listen{};    ///< empty: as hub.toml says
  std::string password{};  ///< of the authority's key; without the right one no site can enrol
  std::chrono::milliseconds patience = std::chrono::minutes(10);  ///< with a site that is away
};

class HubServer {
 public:
  /// kInvalidInput: the folder is no hub's, or the password is wrong; kRefused: another process serves it;
  /// kFailed: the address is taken.
  static Result<std::unique_ptr<HubServer>> Start(const HubServeOptions& options);
  /// Interrupts runs and streams; they go on at the next start.
  ~HubServer();

  const std::string& name() const;
  const std::string& address() const;
  StudyDesk& desk();

 private:
  class Service;
  explicit HubServer(std::unique_ptr<Service> service);
  std::unique_ptr<Service> service_;
};

}  // namespace clinnova::network
