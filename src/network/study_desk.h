// SPDX-License-Identifier: Apache-2.0
// The life of studies at the hub: submitted, approved by every site's steward, run, over.
//
//   StudyDesk desk({.store = store, .ledger = ledger, .connections = &connections});
//   desk.Start();                                    // goes on with runs that a crash interrupted
//   desk.SiteConnected(site, hello, outlet);         // from the transport
//   CLINNOVA_ASSIGN(StudyStatus status, desk.Submit(canonical_json));
//
// A study runs when all its sites approved it and are connected. Thread rule: any thread; each run has a
// thread of its own.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "federation/ledger.h"
#include "network/connections.h"
#include "network/hub_federation.h"
#include "network/hub_store.h"

namespace clinnova::network {

class StudyDesk {
 public:
  struct Options {
    HubStore* store = nullptr;  // not owned, like the next two; they outlive the desk
    federation::Ledger* ledger = nullptr;
    Connections* connections = nullptr;
    std::chrono::milliseconds patience = std::chrono::minutes(10);  ///< with a site that is away
  };

  explicit StudyDesk(Options options) : options_(options) {}
  ~StudyDesk() { Stop(); }

  Result<void> Start();
  /// Interrupts the runs; they go on when another desk starts over the same store.
  void Stop();

  /// A site's stream has opened. kRefused when it speaks another protocol.
  Result<void> SiteConnected(const SiteRecord& site, const Hello& hello,
                             std::shared_ptr<Outlet> outlet);
  void SiteLeft(const SiteRecord& site, const Outlet* outlet);
  /// A message of a connected site.
  Result<void> SiteSaid(const SiteRecord& site, SiteEnvelope message);

  /// Takes a study; one that failed or was withdrawn may come again. kInvalidInput: not a study, unknown
  /// method, no or unknown sites, fewer than three.
  Result<StudyStatus> Submit(const std::string& canonical_json);
  Result<std::vector<StudyStatus>> List() const;
  /// By hash or an unambiguous beginning of it; kInvalidInput when there is none.
  Result<StudyStatus> Status(const std::string& hash) const;
  /// The result file; kFailed while there is none.
  Result<std::string> ResultFile(const std::string& hash) const;
  /// Ends a study that is not over; its sites are told.
  Result<StudyStatus> Cancel(const std::string& hash);
  Result<std::vector<SiteStatus>> Sites() const;

 private:
  struct Run {
    Mailbox mailbox;
    std::thread thread;
    RunProgress progress;
    bool over = false;
  };

  Result<StudyRecord> Find(const std::string& hash) const;
  Result<StudyStatus> StatusOf(const StudyRecord& record) const;
  Result<federation::Roster> RosterOf(const federation::Study& study) const;
  Result<void> TakeDecision(const SiteRecord& site, const SignedDecision& signed_decision);
  Result<void> Withdraw(const std::string& hash, const std::string& state, const std::string& why);
  void Offer(const StudyRecord& study);
  void OfferTo(const std::string& site, const StudyRecord& study);
  void TellClosed(const std::string& site, const StudyRecord& study);
  /// Starts the study if it may run now.
  void TryStart(const std::string& hash);
  void TryStartAll();
  void StartRun(const StudyRecord& record, federation::Study study, federation::Roster roster);
  void Conduct(const std::string& hash, federation::Study study, federation::Roster roster,
               Run& run);
  void CloseStudy(const std::string& hash, const std::string& state, const std::string& error,
                  const std::string& result);

  Options options_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Run>> runs_;  // by study hash
  bool stopping_ = false;
};

}  // namespace clinnova::network
