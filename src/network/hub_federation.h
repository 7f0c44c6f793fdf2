// SPDX-License-Identifier: Apache-2.0
// The federation over the network: a study's run at the hub, from the sites' keys to the result file.
//
//   CLINNOVA_ASSIGN(std::string json, ConductStudy({.study = study, .roster = roster, …}));
//
// A run that was interrupted goes on: finished rounds are read from the store, the one in flight is asked
// for again with the same header, and the sites answer with the same bytes. Every phase is kept before the
// next one begins. A round needs all sites of the run; one that is lost after its upload is recovered from
// the others' shares. Thread rule: one thread per run.
#pragma once

#include <functional>
#include <string>

#include "core/error.h"
#include "federation/ledger.h"
#include "federation/roster.h"
#include "federation/study.h"
#include "network/hub_store.h"
#include "network/run_conversation.h"

namespace clinnova::network {

/// How far a run is.
struct RunProgress {
  std::string analysis{};
  std::int64_t analyses_done = 0;
  std::int64_t analyses_total = 0;
  std::int64_t rounds = 0;
};

struct RunOptions {
  federation::Study study;
  federation::Roster roster;
  HubStore* store = nullptr;  // not owned, like all below; they outlive the call
  Conversation* conversation = nullptr;
  federation::Ledger* ledger = nullptr;
  std::function<void(const RunProgress&)> progress;
};

/// The result file. Errors: those of Conversation::Ask; kRefused or kInvalidInput of a site; kFailed
/// ("run_changed") when the kept rounds are not those that this program asks for.
Result<std::string> ConductStudy(const RunOptions& options);

}  // namespace clinnova::network
