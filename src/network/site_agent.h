// SPDX-License-Identifier: Apache-2.0
// A site's agent: takes what the hub sends, gives each study its own worker, watches for the steward's
// decisions. Knows no transport: a HubLink carries what it says.
//
//   CLINNOVA_ASSIGN(auto agent, SiteAgent::Open({.folder = "site", .tables = &source}));
//   agent->Opened(link);                    // a stream to the hub stands: says hello
//   agent->Received(std::move(envelope));   // from the stream
//   agent->Closed();
//
// Property: only Released bytes can be handed to a link. Thread rule: any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/error.h"
#include "federation/release.h"
#include "network/site_folder.h"
#include "network/site_study.h"
#include "network/table_source.h"

namespace clinnova::network {

/// What stands on the envelope of a site's message: nothing computed from records.
struct Heading {
  SiteMessageKind kind = SiteMessageKind::kHello;
  std::uint64_t answers = 0;  ///< number of the request; 0: unasked
  core::Hash study{};
};

/// The way from a site to the hub.
class HubLink {
 public:
  virtual ~HubLink() = default;
  /// The only send: what the gate did not release does not compile here. Lost when the stream is broken.
  virtual void Send(const Heading& heading, const federation::Released<core::Bytes>& body) = 0;
};

class SiteAgent {
 public:
  struct Options {
    std::filesystem::path folder;
    TableSource* tables = nullptr;                   // not owned, outlives the agent
    const federation::StepCatalog* steps = nullptr;  // not owned; null: all of stats/
    std::string version{};
    bool gives_way =
        false;  ///< studies give way to whatever else runs on the machine (core::GiveWay)
  };

  /// kInvalidInput: not a site's folder; kRefused ("ledger_in_use"): another process serves it; kFailed: the
  /// ledger is damaged.
  static Result<std::unique_ptr<SiteAgent>> Open(Options options);
  ~SiteAgent();

  void Opened(std::shared_ptr<HubLink> link);  // shared: a worker may still be sending
  void Closed();
  void Received(HubEnvelope message);

  const SiteConfig& config() const { return config_; }
  /// For whatever else the site writes down while it serves; safe from any thread.
  federation::Ledger& ledger() { return *ledger_; }

 private:
  struct Worker {
    explicit Worker(const SiteParts& parts, const std::string& hash) : study(parts, hash) {}
    SiteStudy study;
    std::deque<HubEnvelope> requests;  // under the agent's mutex
    bool over = false;                 // under the agent's mutex
    std::thread thread;
  };

  explicit SiteAgent(Options options) : options_(std::move(options)) {}
  void Work(Worker& worker);
  void TakeOffer(const HubEnvelope& message);
  void PassOn(HubEnvelope message);
  void Watch();
  void NoteDecisions();
  void NoteConsents();
  void Send(const Heading& heading, const federation::Released<core::Bytes>& body);

  Options options_;
  SiteConfig config_;
  std::unique_ptr<federation::SiteIdentity> identity_;
  /// For what carries no number: the same under any policy.
  const federation::ReleaseGate gate_{federation::SitePolicy{}};
  std::unique_ptr<federation::Ledger> ledger_;
  std::unique_ptr<SharedSigningRecord> record_;
  std::unique_ptr<SiteStore> store_;
  std::unique_ptr<PolicyInForce> policy_;
  federation::InformationAccount information_;
  SiteParts parts_;

  std::mutex mutex_;
  std::condition_variable news_;
  bool stopping_ = false;
  std::shared_ptr<HubLink> link_;
  std::map<core::Hash, std::unique_ptr<Worker>> workers_;
  std::thread watcher_;
};

}  // namespace clinnova::network
