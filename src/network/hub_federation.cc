// SPDX-License-Identifier: Apache-2.0
#include "network/hub_federation.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "federation/federation.h"
#include "federation/secure_sum_hub.h"
#include "network/cdm_table_source.h"
#include "stats/study_run.h"

namespace clinnova::network {
namespace {

using federation::Int128;
using federation::RoundRequest;
using federation::SecureSumHub;
using federation::SecureSumRound;

/// Errors that are the run's end rather than a round's answer, and must not be kept as one.
bool EndsRun(const Error& error) {
  return error.code == ErrorCode::kUnreachable || error.reason == "interrupted" ||
         error.reason == "withdrawn" || error.reason == "database";
}

class HubFederation final : public federation::Federation {
 public:
  HubFederation(const RunOptions& options, const SecureSumHub& hub, const RunRecord& run,
                FrozenTable frozen)
      : options_(options),
        hub_(hub),
        run_(run),
        frozen_(std::move(frozen)),
        frozen_hash_(core::Blake2b(run.frozen)) {}

  const table::Schema& schema() const override { return frozen_.schema; }
  const std::vector<std::string>& sites() const override { return options_.study.sites(); }
  int minimum_count() const override { return static_cast<int>(frozen_.minimum_count); }
  federation::DisclosureLimits limits() const override { return frozen_.limits; }
  void set_progress(const RunProgress& progress) {
    progress_ = progress;
    Tell();
  }

 protected:
  Result<std::vector<Int128>> Round(const RoundRequest& request,
                                    const federation::Layout& layout) override;

 private:
  Result<std::vector<Int128>> Fresh(const RoundRequest& request, const federation::Layout& layout,
                                    const core::Bytes& encoded, const RoundRecord* kept);
  Result<void> CollectUploads(SecureSumRound& round, const RoundRequest& request,
                              const core::Bytes& encoded);
  Result<federation::SecureSum> Open(SecureSumRound& round);
  void Tell() {
    progress_.rounds = finished_;
    if (options_.progress) options_.progress(progress_);
  }

  const RunOptions& options_;  // not owned, outlives this
  const SecureSumHub& hub_;    // not owned, outlives this
  const RunRecord& run_;       // not owned, outlives this
  FrozenTable frozen_;
  core::Hash frozen_hash_;
  FinishedRound previous_;
  RunProgress progress_;
  std::int64_t finished_ = 0;
};

Result<std::vector<Int128>> HubFederation::Round(const RoundRequest& request,
                                                 const federation::Layout& layout) {
  const core::Bytes encoded = core::Encode(request);
  CLINNOVA_ASSIGN(const std::optional<RoundRecord> kept,
                  options_.store->Round(run_.run, request.round));
  if (kept && kept->request != encoded) {
    return Fail(ErrorCode::kUnreachable,
                "round " + std::to_string(request.round) +
                    " of the interrupted run asked something else; submit the study again",
                "run_changed");
  }
  if (kept && kept->error) return tl::unexpected<Error>(*kept->error);
  Result<std::vector<Int128>> sum = kept && kept->finished
                                        ? Result<std::vector<Int128>>(kept->sum)
                                        : Fresh(request, layout, encoded, kept ? &*kept : nullptr);
  if (!sum) {
    if (EndsRun(sum.error())) {  // the code makes RunStudy stop at once
      return Fail(ErrorCode::kUnreachable, sum.error().message, sum.error().reason);
    }
    CLINNOVA_TRY(options_.store->KeepRoundError(run_.run, request.round, encoded, sum.error()));
    return sum;
  }
  previous_ = {request.round, core::Blake2b(core::Encode(*sum))};
  ++finished_;
  Tell();
  return sum;
}

Result<void> HubFederation::CollectUploads(SecureSumRound& round, const RoundRequest& request,
                                           const core::Bytes& encoded) {
  std::vector<core::Bytes> uploads;
  const core::Bytes ask = core::Encode(UploadAsk{request, round.header(), previous_});
  CLINNOVA_TRY(options_.conversation->Ask(
      {.kind = HubMessageKind::kUpload,
       .body = [&](std::size_t) { return ask; },
       .take = [&](std::size_t, core::ByteView answer) -> Result<void> {
         CLINNOVA_TRY(round.AddUpload(answer));
         uploads.emplace_back(answer.begin(), answer.end());
         return {};
       },
       .enough = [&] { return round.uploaded().size() == options_.roster.size(); },
       .answered = {}}));
  return options_.store->KeepUploads(run_.run, request.round, encoded, uploads);
}

Result<federation::SecureSum> HubFederation::Open(SecureSumRound& round) {
  CLINNOVA_ASSIGN(const core::Bytes survivors, round.NameSurvivors(round.uploaded()));
  CLINNOVA_TRY(options_.conversation->Ask(
      {.kind = HubMessageKind::kSurvivors,
       .body = [&](std::size_t) { return survivors; },
       .take = [&](std::size_t, core::ByteView answer) { return round.AddStatement(answer); },
       .enough = [&] { return round.CanUnmask(); },
       .answered = {}}));
  std::vector<core::Bytes> requests;
  for (std::size_t s = 0; s < options_.roster.size(); ++s) {
    CLINNOVA_ASSIGN(core::Bytes ask, round.UnmaskRequestFor(s));
    requests.push_back(std::move(ask));
  }
  CLINNOVA_TRY(options_.conversation->Ask(
      {.kind = HubMessageKind::kUnmask,
       .body = [&](std::size_t site) { return requests[site]; },
       .take = [&](std::size_t, core::ByteView answer) { return round.AddUnmasking(answer); },
       .enough = [&] { return round.CanFinish(); },
       .answered = {}}));
  return round.Finish();
}

Result<std::vector<Int128>> HubFederation::Fresh(const RoundRequest& request,
                                                 const federation::Layout& layout,
                                                 const core::Bytes& encoded,
                                                 const RoundRecord* kept) {
  CLINNOVA_ASSIGN(SecureSumRound round, hub_.BeginRound(HeaderOf(request, layout, frozen_hash_)));
  if (kept != nullptr && kept->uploads.size() == options_.roster.size()) {
    for (const core::Bytes& upload : kept->uploads) CLINNOVA_TRY(round.AddUpload(upload));
  } else {
    CLINNOVA_TRY(CollectUploads(round, request, encoded));
  }
  CLINNOVA_ASSIGN(federation::SecureSum sum, Open(round));
  CLINNOVA_TRY(
      options_.ledger->Append(federation::LedgerKind::kRound,
                              {{"study", core::ToHex(options_.study.hash())},
                               {"run", core::ToHex(run_.run)},
                               {"round", request.round},
                               {"analysis", request.analysis},
                               {"step", request.step},
                               {"header", core::ToHex(federation::HeaderHash(round.header()))},
                               {"sites", sum.transcript.survivors.size()},
                               {"sum", core::ToHex(sum.transcript.sum_hash)}}));
  CLINNOVA_TRY(options_.store->KeepSum(run_.run, request.round, encoded, sum.elements));
  return std::move(sum.elements);
}

// ---- before the rounds

/// The sites' keys for the run, once and for all.
Result<void> Announce(const RunOptions& options, SecureSumHub& hub, RunRecord& run) {
  const std::string study = core::ToHex(options.study.hash());
  if (!run.announcements.empty()) {
    CLINNOVA_ASSIGN(const auto list, core::Decode<federation::AnnouncementList>(run.announcements));
    for (const auto& message : list.announcements) {
      CLINNOVA_TRY(hub.AddAnnouncement(core::Encode(message)));
    }
    CLINNOVA_TRY(hub.CloseAnnouncements());
  }
  // Asked again in any case: a site that lost its run must say so before a round.
  const core::Bytes begin = core::Encode(BeginAsk{run.run, options.roster.Encoded()});
  CLINNOVA_TRY(options.conversation->Ask(
      {.kind = HubMessageKind::kBegin,
       .body = [&](std::size_t) { return begin; },
       .take = [&](std::size_t, core::ByteView answer) { return hub.AddAnnouncement(answer); },
       .enough = {},
       .answered = {}}));
  if (run.announcements.empty()) {
    CLINNOVA_ASSIGN(run.announcements, hub.CloseAnnouncements());
    CLINNOVA_TRY(options.store->KeepRun(study, run));
  }
  return options.conversation->Ask(
      {.kind = HubMessageKind::kAccept,
       .body = [&](std::size_t) { return run.announcements; },
       .take = [](std::size_t, core::ByteView) -> Result<void> { return {}; },
       .enough = {},
       .answered = {}});
}

Result<std::vector<Description>> Describe(const RunOptions& options,
                                          const std::vector<std::string>& factors) {
  std::vector<Description> descriptions(options.roster.size());
  const core::Bytes ask = core::Encode(DescribeAsk{factors});
  CLINNOVA_TRY(options.conversation->Ask(
      {.kind = HubMessageKind::kDescribe,
       .body = [&](std::size_t) { return ask; },
       .take = [&](std::size_t site, core::ByteView answer) -> Result<void> {
         CLINNOVA_ASSIGN(descriptions[site], core::Decode<Description>(answer));
         return {};
       },
       .enough = {},
       .answered = {}}));
  return descriptions;
}

/// One schema for all sites, and how many rows each may tell.
Result<void> Unify(const RunOptions& options, RunRecord& run) {
  CLINNOVA_ASSIGN(std::vector<table::ColumnDeclaration> declarations,
                  StudyDeclarations(options.study));
  CLINNOVA_ASSIGN(std::vector<Description> descriptions, Describe(options, {}));
  const auto schemas = [&] {
    std::vector<table::SiteSchema> list;
    for (const Description& d : descriptions) list.push_back(d.schema);
    return list;
  };
  const std::vector<std::string> mixed = table::MixedColumns(schemas());
  if (!mixed.empty()) {
    CLINNOVA_ASSIGN(descriptions, Describe(options, mixed));
  }
  FrozenTable frozen;
  CLINNOVA_ASSIGN(frozen.schema,
                  table::UnifySchemas(schemas(), declarations, options.study.sites()));
  std::vector<std::int64_t> rows;
  for (const Description& d : descriptions) {
    frozen.minimum_count = std::max(frozen.minimum_count, d.minimum_count);
    frozen.limits = Stricter(frozen.limits, d.limits);
    frozen.persons += d.schema.rows;
  }
  for (const Description& d : descriptions) {
    const auto told = static_cast<std::int64_t>(d.schema.rows);
    rows.push_back(told < frozen.minimum_count ? -1 : told);
  }
  run.frozen = core::Encode(frozen);
  run.rows = core::Encode(rows);
  return options.store->KeepRun(core::ToHex(options.study.hash()), run);
}

Result<void> Freeze(const RunOptions& options, const RunRecord& run) {
  const core::Hash expected = core::Blake2b(run.frozen);
  return options.conversation->Ask(
      {.kind = HubMessageKind::kFreeze,
       .body = [&](std::size_t) { return run.frozen; },
       .take = [&](std::size_t, core::ByteView answer) -> Result<void> {
         CLINNOVA_ASSIGN(const auto acknowledged, core::Decode<Acknowledgement>(answer));
         if (acknowledged.hash == expected) return {};
         return Fail(ErrorCode::kInvalidInput, "acknowledged another table schema");
       },
       .enough = {},
       .answered = {}});
}

Result<RunRecord> OpenRun(const RunOptions& options) {
  const std::string study = core::ToHex(options.study.hash());
  CLINNOVA_ASSIGN(const std::optional<RunRecord> kept, options.store->Run(study));
  if (kept) return *kept;
  const RunRecord run{.run = federation::NewRunId(), .announcements = {}, .frozen = {}, .rows = {}};
  CLINNOVA_TRY(options.store->KeepRun(study, run));
  CLINNOVA_TRY(options.ledger->Append(federation::LedgerKind::kRunStarted,
                                      {{"study", study},
                                       {"run", core::ToHex(run.run)},
                                       {"roster", core::ToHex(options.roster.hash())}}));
  return run;
}

}  // namespace

Result<std::string> ConductStudy(const RunOptions& options) {
  CLINNOVA_ASSIGN(RunRecord run, OpenRun(options));
  CLINNOVA_ASSIGN(SecureSumHub hub,
                  SecureSumHub::Create(options.roster, run.run, options.study.hash(),
                                       {.minimum_sites = static_cast<std::uint64_t>(
                                            std::max(3, options.study.minimum_sites()))}));
  CLINNOVA_TRY(Announce(options, hub, run));
  if (run.frozen.empty()) CLINNOVA_TRY(Unify(options, run));
  CLINNOVA_TRY(Freeze(options, run));
  CLINNOVA_ASSIGN(FrozenTable frozen, core::Decode<FrozenTable>(run.frozen));
  CLINNOVA_ASSIGN(const auto counts, core::Decode<std::vector<std::int64_t>>(run.rows));
  std::vector<stats::SiteRows> rows;
  for (std::size_t s = 0; s < counts.size(); ++s)
    rows.push_back({options.study.sites()[s], counts[s]});
  HubFederation federation(options, hub, run, std::move(frozen));
  CLINNOVA_ASSIGN(
      const stats::StudyOutcome outcome,
      stats::RunStudy(federation, options.study, rows,
                      [&](const std::string& analysis, std::size_t done, std::size_t total) {
                        federation.set_progress({.analysis = analysis,
                                                 .analyses_done = static_cast<std::int64_t>(done),
                                                 .analyses_total = static_cast<std::int64_t>(total),
                                                 .rounds = 0});
                      }));
  return outcome.result_json;
}

}  // namespace clinnova::network
