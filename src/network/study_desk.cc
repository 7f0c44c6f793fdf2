// SPDX-License-Identifier: Apache-2.0
#include "network/study_desk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "network/cdm_table_source.h"
#include "stats/method.h"

namespace clinnova::network {
namespace {

using federation::LedgerKind;

bool IsOver(const std::string& state) {
  return state == "finished" || state == "failed" || state == "refused" || state == "withdrawn";
}

core::Hash HashFromHex(const std::string& hex) {
  core::Hash hash{};
  const auto bytes = core::FromHex(hex);
  if (bytes && bytes->size() == hash.size()) std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

}  // namespace

void StudyDesk::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [hash, run] : runs_) {
      run->mailbox.End({ErrorCode::kUnreachable, "the hub is stopping", "interrupted"});
    }
  }
  for (const auto& [hash, run] : runs_) {
    if (run->thread.joinable()) run->thread.join();
  }
}

Result<void> StudyDesk::Start() {
  CLINNOVA_ASSIGN(const auto studies, options_.store->Studies());
  for (const StudyRecord& record : studies) {
    if (record.state != "running") continue;
    CLINNOVA_ASSIGN(federation::Study study,
                    federation::Study::FromCanonicalJson(record.canonical));
    CLINNOVA_ASSIGN(federation::Roster roster, federation::Roster::Decode(record.roster));
    const std::lock_guard lock(mutex_);
    StartRun(record, std::move(study), std::move(roster));
  }
  return {};
}

// ---- sites

Result<void> StudyDesk::SiteConnected(const SiteRecord& site, const Hello& hello,
                                      std::shared_ptr<Outlet> outlet) {
  if (hello.protocol != kProtocolVersion) {
    return Fail(ErrorCode::kRefused,
                "protocol: found " + std::to_string(hello.protocol) + ", expected " +
                    std::to_string(kProtocolVersion),
                "wrong_protocol");
  }
  CLINNOVA_TRY(options_.store->Seen(site.name, hello.version, NowMs()));
  for (const SignedDecision& decision : hello.decisions) CLINNOVA_TRY(TakeDecision(site, decision));
  options_.connections->Connect(site.name, std::move(outlet));
  CLINNOVA_ASSIGN(const auto studies, options_.store->Studies());
  for (const StudyRecord& record : studies) {
    if (IsOver(record.state)) {
      const core::Hash hash = HashFromHex(record.hash);
      if (std::find(hello.open.begin(), hello.open.end(), hash) != hello.open.end()) {
        TellClosed(site.name, record);
      }
    } else {
      OfferTo(site.name, record);
    }
  }
  TryStartAll();
  return {};
}

void StudyDesk::SiteLeft(const SiteRecord& site, const Outlet* outlet) {
  (void)options_.store->Seen(site.name, site.version, NowMs());
  options_.connections->Disconnect(site.name, outlet);
}

Result<void> StudyDesk::SiteSaid(const SiteRecord& site, SiteEnvelope message) {
  if (message.kind == SiteMessageKind::kDecision) {
    CLINNOVA_ASSIGN(const auto decision, core::Decode<SignedDecision>(message.body));
    CLINNOVA_TRY(TakeDecision(site, decision));
    TryStartAll();
    return {};
  }
  options_.connections->Deliver(site.name, std::move(message));
  return {};
}

Result<void> StudyDesk::TakeDecision(const SiteRecord& site,
                                     const SignedDecision& signed_decision) {
  CLINNOVA_ASSIGN(const Decision decision, OpenDecision(site.identity, signed_decision));
  const std::string hash = core::ToHex(decision.study);
  CLINNOVA_ASSIGN(const std::optional<StudyRecord> study, options_.store->Study(hash));
  if (!study || decision.site != site.name) return {};  // of another hub's life
  CLINNOVA_ASSIGN(const federation::Roster roster, federation::Roster::Decode(study->roster));
  if (roster.hash() != decision.roster) return {};
  CLINNOVA_ASSIGN(const bool fresh, options_.store->AddDecision(hash, decision, signed_decision));
  if (!fresh) return {};
  CLINNOVA_TRY(
      options_.ledger->Append(decision.approved ? LedgerKind::kApproval : LedgerKind::kRejection,
                              {{"study", hash},
                               {"site", site.name},
                               {"number", decision.number},
                               {"signature", core::ToHex(signed_decision.signature)}}));
  if (!decision.approved && !IsOver(study->state)) {
    return Withdraw(
        hash, study->state == "running" ? "withdrawn" : "refused",
        "site " + site.name + (study->state == "running" ? " withdrew" : " rejected the study"));
  }
  return {};
}

void StudyDesk::OfferTo(const std::string& site, const StudyRecord& record) {
  const auto roster = federation::Roster::Decode(record.roster);
  if (!roster) return;
  const auto members = roster->members();
  const bool named = std::any_of(members.begin(), members.end(),
                                 [&](const federation::RosterMember& m) { return m.site == site; });
  if (!named) return;
  options_.connections->Send(site,
                             {.kind = HubMessageKind::kOffer,
                              .number = 0,
                              .study = HashFromHex(record.hash),
                              .body = core::Encode(StudyOffer{record.canonical, record.roster})});
}

void StudyDesk::Offer(const StudyRecord& record) {
  const auto roster = federation::Roster::Decode(record.roster);
  if (!roster) return;
  for (const federation::RosterMember& member : roster->members()) OfferTo(member.site, record);
}

void StudyDesk::TellClosed(const std::string& site, const StudyRecord& record) {
  StudyClosed closed{record.state, {}};
  const auto result = options_.store->ResultFile(record.hash);
  if (result && *result) closed.result = core::Blake2b(**result);
  options_.connections->Send(site, {.kind = HubMessageKind::kClosed,
                                    .number = 0,
                                    .study = HashFromHex(record.hash),
                                    .body = core::Encode(closed)});
}

// ---- researchers

Result<federation::Roster> StudyDesk::RosterOf(const federation::Study& study) const {
  if (study.sites().size() < 3) {
    return Fail(ErrorCode::kInvalidInput, "study.sites: found " +
                                              std::to_string(study.sites().size()) +
                                              ", expected at least 3 (a secure sum needs them)");
  }
  CLINNOVA_ASSIGN(const auto sites, options_.store->Sites());
  std::vector<federation::RosterMember> members;
  for (const std::string& name : study.sites()) {
    const auto found = std::find_if(sites.begin(), sites.end(),
                                    [&](const SiteRecord& site) { return site.name == name; });
    if (found == sites.end()) {
      return Fail(ErrorCode::kInvalidInput,
                  "study.sites: found \"" + name + "\", which has not joined this hub");
    }
    members.push_back({name, found->identity});
  }
  return federation::Roster::Create(std::move(members));
}

Result<StudyStatus> StudyDesk::Submit(const std::string& canonical_json) {
  CLINNOVA_ASSIGN(const federation::Study study,
                  federation::Study::FromCanonicalJson(canonical_json));
  CLINNOVA_TRY(stats::CheckAnalyses(study));
  CLINNOVA_TRY(StudyDeclarations(study));
  if (!study.secure_sum()) {
    return Fail(ErrorCode::kInvalidInput,
                "privacy.secure_sum: found false, expected true for a study on a hub");
  }
  CLINNOVA_ASSIGN(const federation::Roster roster, RosterOf(study));
  StudyRecord record{.hash = core::ToHex(study.hash()),
                     .canonical = canonical_json,
                     .roster = roster.Encoded(),
                     .state = "submitted",
                     .error = {},
                     .submitted_ms = NowMs()};
  CLINNOVA_ASSIGN(const std::optional<StudyRecord> known, options_.store->Study(record.hash));
  if (!known) {
    CLINNOVA_TRY(options_.ledger->Append(
        LedgerKind::kStudySeen, {{"study", record.hash}, {"roster", core::ToHex(roster.hash())}}));
    CLINNOVA_TRY(options_.store->AddStudy(record));
  } else if (known->state != "finished" && IsOver(known->state)) {
    CLINNOVA_TRY(options_.store->Reopen(record.hash, record.submitted_ms));
  }
  CLINNOVA_ASSIGN(const StudyRecord kept, Find(record.hash));
  Offer(kept);
  TryStart(record.hash);
  return StatusOf(kept);
}

Result<StudyRecord> StudyDesk::Find(const std::string& hash) const {
  CLINNOVA_ASSIGN(const auto studies, options_.store->Studies());
  const StudyRecord* found = nullptr;
  for (const StudyRecord& record : studies) {
    if (hash.empty() || !record.hash.starts_with(hash)) continue;
    if (found != nullptr) {
      return Fail(ErrorCode::kInvalidInput,
                  "study: \"" + hash + "\" is the beginning of several hashes");
    }
    found = &record;
  }
  if (found == nullptr)
    return Fail(ErrorCode::kInvalidInput, "study: the hub has none called \"" + hash + "\"");
  return *found;
}

Result<StudyStatus> StudyDesk::StatusOf(const StudyRecord& record) const {
  CLINNOVA_ASSIGN(const federation::Study study,
                  federation::Study::FromCanonicalJson(record.canonical));
  StudyStatus status{.hash = record.hash,
                     .title = study.title(),
                     .purpose = study.purpose(),
                     .permit = study.permit(),
                     .state = record.state,
                     .error = record.error,
                     .submitted_at = TimeText(record.submitted_ms),
                     .finished_at = TimeText(record.finished_ms),
                     .rounds = 0,
                     .analysis = {},
                     .analyses_done = 0,
                     .analyses_total = static_cast<std::int64_t>(study.analyses().size()),
                     .sites = {}};
  CLINNOVA_ASSIGN(const auto decisions, options_.store->Decisions(record.hash));
  for (const std::string& name : study.sites()) {
    const auto found = decisions.find(name);
    status.sites.push_back({name,
                            found == decisions.end() ? "waiting"
                            : found->second          ? "approved"
                                                     : "rejected",
                            options_.connections->IsConnected(name)});
  }
  if (record.state == "finished") status.analyses_done = status.analyses_total;
  CLINNOVA_ASSIGN(status.rounds, options_.store->FinishedRounds(record.hash));
  const std::lock_guard lock(mutex_);
  const auto run = runs_.find(record.hash);
  if (run != runs_.end() && !run->second->over) {
    status.analysis = run->second->progress.analysis;
    status.analyses_done = run->second->progress.analyses_done;
  }
  return status;
}

Result<std::vector<StudyStatus>> StudyDesk::List() const {
  CLINNOVA_ASSIGN(const auto studies, options_.store->Studies());
  std::vector<StudyStatus> list;
  for (const StudyRecord& record : studies) {
    CLINNOVA_ASSIGN(StudyStatus status, StatusOf(record));
    list.push_back(std::move(status));
  }
  return list;
}

Result<StudyStatus> StudyDesk::Status(const std::string& hash) const {
  CLINNOVA_ASSIGN(const StudyRecord record, Find(hash));
  return StatusOf(record);
}

Result<std::string> StudyDesk::ResultFile(const std::string& hash) const {
  CLINNOVA_ASSIGN(const StudyRecord record, Find(hash));
  CLINNOVA_ASSIGN(std::optional<std::string> result, options_.store->ResultFile(record.hash));
  if (!result) {
    return Fail(ErrorCode::kFailed, "study " + record.hash.substr(0, 12) + " is " + record.state +
                                        " and has no result" +
                                        (record.error.empty() ? "" : ": " + record.error));
  }
  return std::move(*result);
}

Result<StudyStatus> StudyDesk::Cancel(const std::string& hash) {
  CLINNOVA_ASSIGN(const StudyRecord record, Find(hash));
  if (IsOver(record.state)) {
    return Fail(ErrorCode::kInvalidInput,
                "study " + record.hash.substr(0, 12) + " is over: " + record.state);
  }
  CLINNOVA_TRY(Withdraw(record.hash, "withdrawn", "cancelled by the researcher"));
  return Status(record.hash);
}

Result<std::vector<SiteStatus>> StudyDesk::Sites() const {
  CLINNOVA_ASSIGN(const auto sites, options_.store->Sites());
  CLINNOVA_ASSIGN(const auto studies, List());
  std::vector<SiteStatus> list;
  for (const SiteRecord& site : sites) {
    SiteStatus status{.name = site.name,
                      .connected = options_.connections->IsConnected(site.name),
                      .last_seen = TimeText(site.seen_ms),
                      .version = site.version};
    if (status.connected) status.last_seen = TimeText(NowMs());
    for (const StudyStatus& study : studies) {
      for (const StudySiteStatus& part : study.sites) {
        if (part.name != site.name) continue;
        if (part.decision == "approved") ++status.studies_approved;
        if (part.decision == "waiting" && !IsOver(study.state)) ++status.studies_waiting;
      }
    }
    list.push_back(std::move(status));
  }
  return list;
}

// ---- runs

Result<void> StudyDesk::Withdraw(const std::string& hash, const std::string& state,
                                 const std::string& why) {
  CloseStudy(hash, state, why, "");
  const std::lock_guard lock(mutex_);
  const auto run = runs_.find(hash);
  if (run != runs_.end()) run->second->mailbox.End({ErrorCode::kUnreachable, why, "withdrawn"});
  return {};
}

void StudyDesk::TryStartAll() {
  const auto studies = options_.store->Studies();
  if (!studies) return;
  for (const StudyRecord& record : *studies) {
    if (record.state == "submitted") TryStart(record.hash);
  }
}

void StudyDesk::TryStart(const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto record = options_.store->Study(hash);
  if (stopping_ || !record || !*record || (*record)->state != "submitted") return;
  const auto decisions = options_.store->Decisions(hash);
  auto study = federation::Study::FromCanonicalJson((*record)->canonical);
  auto roster = federation::Roster::Decode((*record)->roster);
  if (!decisions || !study || !roster) return;
  for (const std::string& site : study->sites()) {
    const auto found = decisions->find(site);
    if (found == decisions->end() || !found->second) return;
    if (!options_.connections->IsConnected(site)) return;
  }
  if (!options_.store->SetState(hash, "running", "")) return;
  StartRun(**record, std::move(*study), std::move(*roster));
}

void StudyDesk::StartRun(const StudyRecord& record, federation::Study study,
                         federation::Roster roster) {
  std::unique_ptr<Run>& slot = runs_[record.hash];
  if (slot && slot->thread.joinable()) {
    if (!slot->over) return;
    slot->thread.join();
  }
  slot = std::make_unique<Run>();
  Run& run = *slot;
  options_.connections->Subscribe(study.hash(), &run.mailbox);
  run.thread =
      std::thread([this, hash = record.hash, study = std::move(study), roster = std::move(roster),
                   &run]() mutable { Conduct(hash, std::move(study), std::move(roster), run); });
}

void StudyDesk::Conduct(const std::string& hash, federation::Study study, federation::Roster roster,
                        Run& run) {
  const core::Hash id = study.hash();
  Conversation conversation({.connections = options_.connections,
                             .mailbox = &run.mailbox,
                             .study = id,
                             .sites = study.sites(),
                             .patience = options_.patience});
  Result<std::string> result = Fail(ErrorCode::kFailed, "the run ended early", "internal");
  try {
    result = ConductStudy({.study = std::move(study),
                           .roster = std::move(roster),
                           .store = options_.store,
                           .conversation = &conversation,
                           .ledger = options_.ledger,
                           .progress = [&](const RunProgress& progress) {
                             const std::lock_guard lock(mutex_);
                             run.progress = progress;
                           }});
  } catch (const std::exception& failure) {  // a bug ends the run, not the hub
    result = Fail(ErrorCode::kFailed, failure.what(), "internal");
  }
  options_.connections->Unsubscribe(id);
  if (result) {
    CloseStudy(hash, "finished", "", *result);
  } else if (result.error().reason != "interrupted" && result.error().reason != "withdrawn") {
    CloseStudy(hash, "failed", result.error().message, "");
  }
  const std::lock_guard lock(mutex_);
  run.over = true;
}

void StudyDesk::CloseStudy(const std::string& hash, const std::string& state,
                           const std::string& error, const std::string& result) {
  nlohmann::json body = {{"study", hash}, {"state", state}};
  if (!result.empty()) body["result"] = core::ToHex(core::Blake2b(result));
  (void)options_.ledger->Append(LedgerKind::kResult, body);
  (void)options_.store->Close(hash, state, error, result, NowMs());
  const auto record = options_.store->Study(hash);
  if (!record || !*record) return;
  const auto roster = federation::Roster::Decode((*record)->roster);
  if (!roster) return;
  for (const federation::RosterMember& member : roster->members())
    TellClosed(member.site, **record);
}

}  // namespace clinnova::network
