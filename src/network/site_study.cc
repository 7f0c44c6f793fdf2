// SPDX-License-Identifier: Apache-2.0
#include "network/site_study.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/json_text.h"
#include "federation/secret_file.h"
#include "stats/analysis_columns.h"

namespace clinnova::network {
namespace {

using federation::LedgerKind;

std::string_view RequestName(HubMessageKind kind) {
  switch (kind) {
    case HubMessageKind::kWelcome: return "welcome";
    case HubMessageKind::kOffer: return "offer";
    case HubMessageKind::kClosed: return "closed";
    case HubMessageKind::kBegin: return "begin";
    case HubMessageKind::kDescribe: return "describe";
    case HubMessageKind::kAccept: return "accept";
    case HubMessageKind::kFreeze: return "freeze";
    case HubMessageKind::kUpload: return "upload";
    case HubMessageKind::kSurvivors: return "survivors";
    case HubMessageKind::kUnmask: return "unmask";
  }
  return "unknown";
}

tl::unexpected<Error> Refuse(std::string message, std::string reason) {
  return Fail(ErrorCode::kRefused, std::move(message), std::move(reason));
}

/// Of the columns of a site's description or of a schema.
std::vector<std::string> NamesOf(const auto& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

/// A refusal holds a code and a word under any policy.
federation::Released<core::Bytes> RefusalOf(const Error& error) {
  const federation::ReleaseGate gate{federation::SitePolicy{}};
  return gate.Encoded(gate.Refuse(error));
}

}  // namespace

SiteStudy::SiteStudy(const SiteParts& site, std::string hash)
    : site_(site), hash_(std::move(hash)) {
  CountRounds();
}

void SiteStudy::CountRounds() {
  (void)site_.ledger->ForEach([this](const federation::LedgerEntry& entry) {
    if (entry.kind != LedgerKind::kRound || entry.body.find(hash_) == std::string::npos) return;
    ++rounds_;
  });
}

std::uint64_t SiteStudy::OtherStudiesToday() const {
  constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
  const std::string since = TimeText(NowMs() - kDayMs);
  std::set<std::string> studies;
  (void)site_.ledger->ForEach([&](const federation::LedgerEntry& entry) {
    if (entry.kind != LedgerKind::kRunStarted || entry.time < since) return;
    studies.insert(nlohmann::json::parse(entry.body).at("study").get<std::string>());
  });
  studies.erase(hash_);
  return studies.size();
}

std::filesystem::path SiteStudy::KeyFile() const {
  return site_.folder / "runs" / (hash_ + ".key");
}

SiteStudy::Reply SiteStudy::Answer(HubMessageKind kind, core::ByteView body) {
  refusal_is_recorded_ = false;
  Result<Released> answer = Dispatch(kind, body);
  if (answer) return {SiteMessageKind::kAnswer, std::move(*answer)};
  if (!refusal_is_recorded_) {
    (void)site_.ledger->Append(LedgerKind::kRefusal, {{"study", hash_},
                                                      {"request", RequestName(kind)},
                                                      {"reason", answer.error().reason},
                                                      {"message", answer.error().message}});
  }
  return {SiteMessageKind::kRefusal, RefusalOf(answer.error())};
}

Result<SiteStudy::Released> SiteStudy::Dispatch(HubMessageKind kind, core::ByteView body) {
  CLINNOVA_TRY(TakePolicy());
  CLINNOVA_TRY(CheckApproval());
  CLINNOVA_TRY(gate_->CheckStudy(approved_->study, approved_->columns, site_.policy->today()));
  switch (kind) {
    case HubMessageKind::kBegin: return Begin(body);
    case HubMessageKind::kDescribe: return Describe(body);
    case HubMessageKind::kAccept: return Accept(body);
    case HubMessageKind::kFreeze: return Freeze(body);
    case HubMessageKind::kUpload: return Upload(body);
    case HubMessageKind::kSurvivors:
      CLINNOVA_TRY(NeedRun());
      refusal_is_recorded_ = true;
      return SecureSum(sum_->SignSurvivors(body), federation::SurvivorStatement::kContext);
    case HubMessageKind::kUnmask:
      CLINNOVA_TRY(NeedRun());
      refusal_is_recorded_ = true;
      return SecureSum(sum_->Unmask(body), federation::Unmasking::kContext);
    default: return Refuse("a request of unknown kind", "unknown_request");
  }
}

// ---- what this site allows and approved

Result<void> SiteStudy::TakePolicy() {
  CLINNOVA_ASSIGN(auto gate, site_.policy->Current());
  if (gate == gate_) return {};
  gate_ = std::move(gate);
  // Both are made again as after a restart: the table's thresholds and the sum's number of sites are the policy's.
  runner_.reset();
  sum_.reset();
  return {};
}

Result<void> SiteStudy::CheckApproval() {
  const auto found = site_.store->Find(hash_);
  if (!found && found.error().reason == "unknown_study") {
    return Refuse("no such study was offered to this site", "not_approved");
  }
  if (!found) return Fail(found);
  const std::optional<Decision>& decision = found->decision;
  if (!decision || !decision->approved || decision->site != site_.name) {
    return Refuse("this site's steward has not approved the study", "not_approved");
  }
  if (!approved_ || approved_->roster_bytes != found->roster) {
    CLINNOVA_ASSIGN(federation::Study study,
                    federation::Study::FromCanonicalJson(found->canonical));
    CLINNOVA_ASSIGN(federation::Roster roster, federation::Roster::Decode(found->roster));
    CLINNOVA_ASSIGN(auto columns, ColumnsAskedFor(study));
    approved_.emplace(
        Approved{std::move(study), std::move(roster), found->roster, std::move(columns)});
    sum_.reset();  // of another roster
  }
  if (decision->study != approved_->study.hash() || core::ToHex(decision->study) != hash_) {
    return Refuse("the approved study is another one", "not_approved");
  }
  if (decision->roster != approved_->roster.hash()) {
    return Refuse("the steward approved the study with other sites", "wrong_roster");
  }
  return {};
}

federation::SecureSumSite::Options SiteStudy::OptionsOf(const federation::RunId& run) const {
  const auto wanted = static_cast<std::uint64_t>(std::max(3, approved_->study.minimum_sites()));
  return {.identity = site_.identity,
          .roster = approved_->roster,
          .run = run,
          .study = approved_->study.hash(),
          .minimum_sites = std::max(wanted, gate_->policy().minimum_sites),
          .record = site_.record};
}

Result<void> SiteStudy::NeedRun() {
  if (sum_) return {};
  CLINNOVA_ASSIGN(const std::optional<SiteRunRecord> kept, site_.store->Run(hash_));
  if (!kept) return Refuse("the run has not begun at this site", "no_run");
  CLINNOVA_ASSIGN(const federation::SecretBuffer saved, federation::ReadSecretFile(KeyFile()));
  CLINNOVA_ASSIGN(auto sum, federation::SecureSumSite::Resume(OptionsOf(kept->run), saved.bytes()));
  run_ = kept->run;
  frozen_ = kept->frozen;
  sum_ = std::make_unique<federation::SecureSumSite>(std::move(sum));
  return {};
}

// ---- the run begins

Result<SiteStudy::Released> SiteStudy::SecureSum(Result<core::Bytes> message,
                                                 std::string_view context) const {
  if (!message) return Fail(message);
  return gate_->SecureSum(std::move(*message), site_.identity->public_key(), context);
}

Result<SiteStudy::Released> SiteStudy::Begin(core::ByteView body) {
  CLINNOVA_ASSIGN(const BeginAsk ask, core::Decode<BeginAsk>(body));
  CLINNOVA_ASSIGN(const federation::Roster roster, federation::Roster::Decode(ask.roster));
  if (roster.hash() != approved_->roster.hash()) {
    return Refuse("a run with other sites than the steward approved", "wrong_roster");
  }
  for (const federation::Analysis& analysis : approved_->study.analyses()) {
    CLINNOVA_TRY(gate_->CheckRound(approved_->study, analysis, rounds_));
  }
  CLINNOVA_ASSIGN(const std::optional<SiteRunRecord> kept, site_.store->Run(hash_));
  if (kept && kept->run == ask.run) {
    CLINNOVA_TRY(NeedRun());
  } else {
    CLINNOVA_TRY(gate_->CheckStart(OtherStudiesToday()));
    CLINNOVA_ASSIGN(auto sum, federation::SecureSumSite::Begin(OptionsOf(ask.run)));
    // The secrets first: an announcement without them could never be followed.
    CLINNOVA_TRY(federation::ReplaceSecretFile(KeyFile(), sum.Save().bytes()));
    CLINNOVA_TRY(site_.store->KeepRun(hash_, {ask.run, {}}));
    CLINNOVA_TRY(site_.ledger->Append(
        LedgerKind::kRunStarted,
        {{"study", hash_}, {"run", core::ToHex(ask.run)}, {"roster", core::ToHex(roster.hash())}}));
    sum_ = std::make_unique<federation::SecureSumSite>(std::move(sum));
    run_ = ask.run;
    frozen_.clear();
    runner_.reset();
  }
  refusal_is_recorded_ = true;
  return SecureSum(sum_->Announce(), federation::Announcement::kContext);
}

Result<SiteStudy::Released> SiteStudy::Describe(core::ByteView body) {
  CLINNOVA_ASSIGN(const DescribeAsk ask, core::Decode<DescribeAsk>(body));
  CLINNOVA_ASSIGN(const TableDescription table,
                  site_.tables->Describe(approved_->study, ask.factors));
  CLINNOVA_TRY(gate_->CheckColumns(approved_->study, NamesOf(table.schema.columns)));
  CLINNOVA_ASSIGN(const auto schema,
                  gate_->Describe(approved_->study, table.schema, table.persons_per_level));
  return gate_->Description(approved_->study, schema);
}

Result<SiteStudy::Released> SiteStudy::Accept(core::ByteView body) {
  CLINNOVA_TRY(NeedRun());
  refusal_is_recorded_ = true;
  CLINNOVA_TRY(sum_->Accept(body));
  refusal_is_recorded_ = false;
  CLINNOVA_TRY(federation::ReplaceSecretFile(KeyFile(), sum_->Save().bytes()));
  return gate_->Protocol(Acknowledgement{core::Blake2b(body)});
}

Result<SiteStudy::Released> SiteStudy::Freeze(core::ByteView body) {
  CLINNOVA_TRY(NeedRun());
  CLINNOVA_TRY(core::Decode<FrozenTable>(body));
  if (frozen_.empty()) {
    frozen_.assign(body.begin(), body.end());
    CLINNOVA_TRY(site_.store->KeepRun(hash_, {*run_, frozen_}));
  } else if (!std::equal(frozen_.begin(), frozen_.end(), body.begin(), body.end())) {
    return Refuse("the hub changed the table's schema within a run", "two_schemas");
  }
  CLINNOVA_TRY(NeedTable());
  return gate_->Protocol(Acknowledgement{frozen_hash_});
}

Result<void> SiteStudy::NeedTable() {
  if (runner_) return {};
  if (frozen_.empty()) return Refuse("a round before the table's schema", "no_schema");
  CLINNOVA_ASSIGN(const auto frozen, core::Decode<FrozenTable>(frozen_));
  CLINNOVA_TRY(gate_->CheckColumns(approved_->study, NamesOf(frozen.schema.columns)));
  const int own = gate_->MinimumCount(approved_->study);
  CLINNOVA_ASSIGN(table::Table table,
                  site_.tables->Read(approved_->study, frozen.schema, site_.name));
  runner_ = std::make_unique<federation::SiteRunner>(federation::SiteRunner::Options{
      .study = approved_->study,
      .table = std::move(table),
      .steps = site_.steps,
      .minimum_count = std::max(own, static_cast<int>(frozen.minimum_count)),
      .limits = Stricter(gate_->Limits(approved_->study), frozen.limits),
      .threads = site_.threads});
  frozen_hash_ = core::Blake2b(frozen_);
  persons_ = frozen.persons;
  return {};
}

// ---- a round

Result<void> SiteStudy::CheckRound(const UploadAsk& ask) const {
  const federation::Analysis* analysis = approved_->study.FindAnalysis(ask.request.analysis);
  if (analysis == nullptr) {
    return Refuse("the approved study has no analysis \"" + ask.request.analysis + "\"",
                  "unknown_analysis");
  }
  CLINNOVA_TRY(gate_->CheckRound(approved_->study, *analysis, rounds_));
  CLINNOVA_ASSIGN(const federation::Layout layout, runner_->LayoutOf(ask.request));
  const federation::RoundHeader expected = HeaderOf(ask.request, layout, frozen_hash_);
  const federation::RoundHeader& header = ask.header;
  if (header.round != expected.round || header.analysis != expected.analysis ||
      header.step != expected.step || header.parameters != expected.parameters ||
      header.layout != expected.layout || header.elements != expected.elements) {
    return Refuse("a round's header says something else than its request", "wrong_header");
  }
  return {};
}

Result<federation::InformationCharge> SiteStudy::ChargeOf(const UploadAsk& ask) const {
  CLINNOVA_ASSIGN(const federation::Layout layout, runner_->LayoutOf(ask.request));
  const federation::Analysis& analysis = *approved_->study.FindAnalysis(ask.request.analysis);
  CLINNOVA_ASSIGN(std::vector<std::string> variables, stats::ColumnsOf(analysis));
  nlohmann::json question = analysis.json();
  question.erase("name");
  std::erase(variables, "site");  // public, so that it would water the others down
  if (variables.empty()) variables.emplace_back();
  for (std::string& variable : variables) {
    for (const auto& declared : approved_->study.variables()) {
      if (declared.name == variable) variable = "feature " + declared.feature;
    }
  }
  return federation::InformationCharge{
      .project = approved_->study.permit(),
      .question = core::ToHex(core::Blake2b(core::CanonicalJson(question))),
      .step = ask.request.step,
      .variables = std::move(variables),
      .numbers = federation::ChargedNumbers(layout)};
}

double SiteStudy::Allowance() const {
  // Public data, whose owner has lifted the rules, has no budget.
  if (gate_->MinimumCount(approved_->study) == 0) return std::numeric_limits<double>::infinity();
  return gate_->Limits(approved_->study).information_share * static_cast<double>(persons_);
}

Result<SiteStudy::Released> SiteStudy::Upload(core::ByteView body) {
  CLINNOVA_TRY(NeedRun());
  CLINNOVA_TRY(NeedTable());
  CLINNOVA_ASSIGN(const UploadAsk ask, core::Decode<UploadAsk>(body));
  CLINNOVA_TRY(CheckRound(ask));
  CLINNOVA_ASSIGN(const federation::InformationCharge charge, ChargeOf(ask));
  // Only this site can make this signature, so nobody else can tell noise from numbers.
  const federation::Signature secret =
      site_.identity->Sign("clinnova/noise/1", core::Encode(ask.request));
  CLINNOVA_ASSIGN(const std::vector<__int128> numbers,
                  runner_->Contribute(ask.request, core::Blake2b(secret)));
  CLINNOVA_TRY(site_.information->Charge(charge, Allowance()));
  refusal_is_recorded_ = true;
  CLINNOVA_ASSIGN(core::Bytes upload, sum_->Upload(ask.header, numbers));
  refusal_is_recorded_ = false;
  CLINNOVA_TRY(NoteRound(ask, upload, charge));
  return SecureSum(std::move(upload), federation::Upload::kContext);
}

Result<void> SiteStudy::NoteRound(const UploadAsk& ask, const core::Bytes& upload,
                                  const federation::InformationCharge& charge) {
  const core::Hash header = federation::HeaderHash(ask.header);
  if (header == last_header_) return {};  // asked again: the same bytes
  nlohmann::json sites = nlohmann::json::array();
  for (const federation::RosterMember& member : approved_->roster.members())
    sites.push_back(member.site);
  nlohmann::json entry = {{"study", hash_},
                          {"run", core::ToHex(*run_)},
                          {"round", ask.request.round},
                          {"analysis", ask.request.analysis},
                          {"step", ask.request.step},
                          {"header", core::ToHex(header)},
                          {"sites", std::move(sites)},
                          {"numbers", ask.header.elements},
                          {"bytes", upload.size()},
                          {"sent", core::ToHex(core::Blake2b(upload))},
                          {"verdict", "released"},
                          {"project", charge.project},
                          {"question", charge.question},
                          {"variables", charge.variables},
                          {"charged", charge.numbers}};
  if (ask.previous.round != 0) {
    entry["previous"] = {{"round", ask.previous.round}, {"sum", core::ToHex(ask.previous.sum)}};
  }
  CLINNOVA_TRY(site_.ledger->Append(LedgerKind::kRound, entry));
  last_header_ = header;
  ++rounds_;
  return {};
}

void RestoreInformation(const federation::Ledger& ledger, federation::InformationAccount& account) {
  (void)ledger.ForEach([&](const federation::LedgerEntry& entry) {
    if (entry.kind != LedgerKind::kRound) return;
    const nlohmann::json body = nlohmann::json::parse(entry.body);
    if (!body.contains("charged")) return;  // of a version that kept no account
    account.Restore({.project = body.at("project").get<std::string>(),
                     .question = body.at("question").get<std::string>(),
                     .step = body.at("step").get<std::string>(),
                     .variables = body.at("variables").get<std::vector<std::string>>(),
                     .numbers = body.at("charged").get<std::uint64_t>()});
  });
}

void SiteStudy::Close(const StudyClosed& closed) {
  nlohmann::json body = {{"study", hash_}, {"state", closed.state}};
  if (closed.result != core::Hash{}) body["result"] = core::ToHex(closed.result);
  (void)site_.ledger->Append(LedgerKind::kResult, body);
  (void)site_.store->Close(hash_, closed.state);
  (void)site_.store->DropRun(hash_);
  std::error_code failure;
  std::filesystem::remove(KeyFile(), failure);
  sum_.reset();
  runner_.reset();
  run_.reset();
  frozen_.clear();
}

}  // namespace clinnova::network
