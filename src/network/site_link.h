// SPDX-License-Identifier: Apache-2.0
// A serving site: one outward stream to the hub, opened again whenever it breaks. No port is opened.
//
//   FileTableSource tables({.fallback = "registry.csv"});
//   CLINNOVA_ASSIGN(auto site, SiteServer::Start({.folder = "site", .tables = &tables}));
//   CLINNOVA_TRY(site->Wait(stop));
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/error.h"
#include "federation/ledger.h"
#include "network/table_source.h"

namespace clinnova::network {

struct SiteServeOptions {
  std::filesystem::path folder;
  TableSource* tables =
      nullptr;  // not owned, outlives the server; null: the site's CDM, and the files that site.toml names
  std::string version{};
  std::string hub{};  ///< "host:port" in place of site.toml's; empty: none
  std::function<void(const std::string&)>
      tell{};              ///< one line when the connection changes; may be empty
  bool gives_way = false;  ///< as SiteAgent::Options
};

class SiteServer {
 public:
  /// Errors as SiteAgent::Open. Connects in its own thread.
  static Result<std::unique_ptr<SiteServer>> Start(const SiteServeOptions& options);
  ~SiteServer();

  /// Until `stop`; kUnreachable when the hub will not have this site (certificate, protocol) or is not
  /// the hub of the site's consortium; an absent hub is waited for.
  Result<void> Wait(const std::atomic<bool>& stop);
  bool connected() const;
  /// The site's ledger, which this holds while it serves; safe from any thread.
  federation::Ledger& ledger();

 private:
  class Link;
  explicit SiteServer(std::unique_ptr<Link> link);
  std::unique_ptr<Link> link_;
};

}  // namespace clinnova::network
