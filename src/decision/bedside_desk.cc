// SPDX-License-Identifier: Apache-2.0
#include "decision/bedside_desk.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "cohort/site_files.h"
#include "decision/model_folder.h"
#include "decision/recalibration.h"

namespace clinnova::decision {
namespace {

using federation::LedgerKind;
using nlohmann::json;
using nlohmann::ordered_json;

/// Random, version 4 (RFC 9562).
std::string NewUuid() {
  std::array<unsigned char, 16> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string text = core::ToHex(bytes);
  for (const std::size_t place : {20, 16, 12, 8}) text.insert(place, "-");
  return text;
}

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

/// The models in use with what answers for them, by (disease, index event).
struct BedsideDesk::Models {
  struct Cohort {
    cohort::DiseaseModule module;
    std::unique_ptr<PatientReader> reader;
    std::vector<RegisteredModel> models;
  };
  std::string mark;  ///< of what was in use when it was read
  std::vector<Cohort> cohorts;
};

/// The site's own patients, for each cohort of the models and each model of it.
struct BedsideDesk::Similar {
  std::string
      mark;  ///< of the CDM when it was read; empty when it could not be, and will be tried again
  std::vector<std::vector<SimilarPatients>> of_cohorts;
};

BedsideDesk::BedsideDesk(Options options)
    : options_(std::move(options)), consents_(options_.folder) {}
BedsideDesk::~BedsideDesk() = default;

Result<std::unique_ptr<BedsideDesk>> BedsideDesk::Open(Options options) {
  std::unique_ptr<BedsideDesk> desk(new BedsideDesk(std::move(options)));
  CLINNOVA_ASSIGN(desk->in_use_.models, desk->Load());
  desk->RefreshSimilar();
  for (const auto& cohort : desk->in_use_.models->cohorts) {
    for (const RegisteredModel& model : cohort.models) {
      desk->Note(LedgerKind::kModel, {{"event", "serving"},
                                      {"model", core::ToHex(model.hash)},
                                      {"name", model.name},
                                      {"version", model.version}});
    }
  }
  return desk;
}

std::string BedsideDesk::SimilarMark() const {
  std::error_code none;
  const auto written =
      std::filesystem::last_write_time(cohort::SiteFiles(options_.folder).store, none);
  const std::string store = none ? "" : std::to_string(written.time_since_epoch().count());
  return store + "\n" + MachineToday();
}

Result<std::shared_ptr<const BedsideDesk::Models>> BedsideDesk::Load() {
  auto models = std::make_shared<Models>();  // shared: answers under way keep it
  models->mark = InUseMark(options_.folder);
  CLINNOVA_ASSIGN(std::vector<StoredModel> stored, StoredModels(options_.folder));
  std::map<std::pair<std::string, std::string>, std::vector<RegisteredModel>> by_cohort;
  for (StoredModel& each : stored) {
    if (!each.in_use) continue;
    CLINNOVA_TRY(ApplyRecalibration(options_.folder, each.model));
    by_cohort[{each.model.disease, each.model.index}].push_back(std::move(each.model));
  }
  const std::string modules = cohort::SiteFiles(options_.folder).diseases.string();
  for (auto& [cohort, of_cohort] : by_cohort) {
    CLINNOVA_ASSIGN(auto module, cohort::DiseaseModule::Load(cohort.first, modules));
    std::set<std::string> features;
    for (const RegisteredModel& model : of_cohort) {
      CLINNOVA_ASSIGN(const auto needed, FeaturesFor(model, module));
      features.insert(needed.begin(), needed.end());
    }
    CLINNOVA_ASSIGN(auto reader,
                    PatientReader::Create({.module = module,
                                           .index = cohort.second,
                                           .features = {features.begin(), features.end()},
                                           .consent = options_.consent,
                                           .today = options_.today,
                                           .at_work = &at_work_}));
    models->cohorts.push_back({std::move(module), std::move(reader), std::move(of_cohort)});
  }
  return models;
}

// Counts are beside the advice, not in it: without them, there is advice all the same.
std::shared_ptr<const BedsideDesk::Similar> BedsideDesk::ReadSimilar(const Models& models) const {
  auto similar = std::make_shared<Similar>();  // shared as the models
  similar->mark = SimilarMark();
  for (const Models::Cohort& cohort : models.cohorts) {
    auto& of_cohort = similar->of_cohorts.emplace_back();
    for (const RegisteredModel& model : cohort.models) {
      auto read = SimilarPatients::Read(options_.folder, model, cohort.module);
      if (!read) similar->mark.clear();
      of_cohort.push_back(read ? std::move(*read) : SimilarPatients());
    }
  }
  return similar;
}

void BedsideDesk::RefreshSimilar() {
  in_use_.similar = ReadSimilar(*in_use_.models);
  in_use_.similar_tried = std::chrono::steady_clock::now();
}

BedsideDesk::InUse BedsideDesk::Current() {
  const std::lock_guard lock(mutex_);
  const std::string mark = InUseMark(options_.folder);
  const bool same = mark == in_use_.models->mark;
  if (!same) {
    // A model that was taken out of use must not answer, whatever else is wrong with the folder.
    auto loaded = Load();
    if (loaded) {
      in_use_.models = std::move(*loaded);
    } else {
      auto none = std::make_shared<Models>();  // shared as above
      none->mark = mark;
      in_use_.models = std::move(none);
      Note(LedgerKind::kRefusal, {{"request", "models"}, {"reason", loaded.error().reason}});
    }
  }
  const bool failed = in_use_.similar->mark.empty();
  const auto since = std::chrono::steady_clock::now() - in_use_.similar_tried;
  const bool due = !failed || since >= options_.retry;
  if (!same || (due && SimilarMark() != in_use_.similar->mark)) RefreshSimilar();
  return in_use_;
}

void BedsideDesk::Note(LedgerKind kind, const json& body) {
  if (options_.ledger != nullptr) (void)options_.ledger->Append(kind, body);
}

void BedsideDesk::NoteRefusal(std::string_view hook, const Error& why) {
  const char* request = hook == "feedback" ? "feedback" : "inference";
  Note(LedgerKind::kRefusal, {{"request", request}, {"hook", hook}, {"reason", why.reason}});
}

CardOrigin BedsideDesk::NewCard() const {
  return {.site = options_.site, .mode = options_.mode, .uuid = NewUuid()};
}

void BedsideDesk::AddConsent(ReadQuestion& read) {
  if (read.has_consent || !consents_.Has(read.patient_id)) return;
  intake::ReadRecord consent;
  consent.record.kind = intake::RecordKind::kConsent;
  consent.record.patient_id = read.patient_id;
  consent.record.type = "research";
  consent.record.status = "given";
  consent.resolved =
      intake::ResolvedConsent{.purpose = "research", .status = "given", .from = "", .to = ""};
  read.records.push_back(std::move(consent));
}

Result<ordered_json> BedsideDesk::Ask(const BedsideQuestion& question,
                                      const std::vector<std::string>& unsupplied) {
  const AtWork::Shift shift(at_work_);
  auto read = questions_.Read(question, options_.today.empty() ? MachineToday() : options_.today);
  if (!read) {
    NoteRefusal(question.hook, read.error());
    return Fail(read);
  }
  AddConsent(*read);
  auto cards = Answer(question, std::move(*read), unsupplied);
  if (!cards) NoteRefusal(question.hook, cards.error());
  return cards;
}

Result<ordered_json> BedsideDesk::Answer(const BedsideQuestion& question, ReadQuestion read,
                                         const std::vector<std::string>& unsupplied) {
  ordered_json cards = ordered_json::array();
  const InUse in_use = Current();
  for (std::size_t c = 0; c < in_use.models->cohorts.size(); ++c) {
    const Models::Cohort& cohort = in_use.models->cohorts[c];
    CLINNOVA_ASSIGN(const cohort::PatientFacts facts,
                    cohort.reader->Read({read.patient_id, read.records}));
    if (!facts.consented) {
      NoteRefusal(question.hook, {ErrorCode::kRefused, "", "no_consent"});
      cards.push_back(RefusalCard("No advice: no valid research consent of this patient",
                                  "Reason no_consent: neither the clinical system nor the site's "
                                  "records have a valid consent of this patient.",
                                  NewCard()));
      break;
    }
    if (!facts.diagnosed) continue;
    for (std::size_t m = 0; m < cohort.models.size(); ++m) {
      const RegisteredModel& model = cohort.models[m];
      CLINNOVA_ASSIGN(const Advice advice, Advise({.model = model,
                                                   .module = cohort.module,
                                                   .facts = facts,
                                                   .read = read,
                                                   .unsupplied = unsupplied,
                                                   .similar = &in_use.similar->of_cohorts[c][m]}));
      ordered_json card = AdviceCard(advice, NewCard());
      NoteInference(question, read, advice, card);
      cards.push_back(std::move(card));
    }
  }
  return cards;
}

void BedsideDesk::NoteInference(const BedsideQuestion& question, const ReadQuestion& read,
                                const Advice& advice, const ordered_json& card) {
  json rules = json::array();
  for (const UnusableRecord& record : advice.unusable) rules.push_back(record.rule);
  const bool unknown =
      std::ranges::any_of(advice.drafts, [](const DraftVerdict& draft) { return !draft.learned; });
  Note(LedgerKind::kInference,
       {{"model", core::ToHex(advice.model->hash)},
        {"version", advice.model->Label()},
        {"hook", question.hook},
        {"mode", BedsideModeName(options_.mode)},
        {"recalibrated", advice.model->recalibration ? advice.model->recalibration->approved : ""},
        {"input", core::ToHex(read.hash)},
        {"output", core::ToHex(core::Blake2b(card.dump()))},
        {"card", card["uuid"]},
        {"withheld", advice.withheld},
        {"unusable", rules},
        {"unknown_drug", unknown}});
  if (unknown) NoteRefusal(question.hook, {ErrorCode::kRefused, "", "unknown_drug"});
  for (const UnusableRecord& record : advice.unusable) {
    NoteRefusal(question.hook, {ErrorCode::kRefused, "", record.rule});
  }
}

Result<void> BedsideDesk::TakeFeedback(const CardFeedback& feedback) {
  if (!IsOneOf(feedback.outcome, {"accepted", "overridden"})) {
    return Fail(ErrorCode::kInvalidInput, "feedback.outcome: expected accepted or overridden",
                "bad_feedback");
  }
  if (!IsOneOf(feedback.reason, {"", "accept", "partly", "defer", "reject"})) {
    return Fail(ErrorCode::kInvalidInput,
                "feedback.overrideReason.reason.code: expected accept, partly, defer or reject",
                "bad_feedback");
  }
  Note(LedgerKind::kFeedback, {{"card", feedback.card},
                               {"outcome", feedback.outcome},
                               {"reason", feedback.reason},
                               {"comment", feedback.has_comment}});
  return {};
}

}  // namespace clinnova::decision
