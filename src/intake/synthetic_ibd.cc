// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_ibd.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "intake/synthetic_course.h"
#include "intake/synthetic_gut.h"
#include "intake/synthetic_items.h"

namespace clinnova::intake {
namespace {

using namespace synthetic;

// One stream of random numbers each, so that they do not shift each other.
enum Purpose : std::uint64_t {
  kDiagnosis,
  kPerson,
  kDisease,
  kDrug,
  kOutcome,
  kFollowUp,
  kVisitValues,
  kMissing,
  kSteroids
};

constexpr std::uint64_t kSalt = 0x1BD;  // of this disease's streams
constexpr std::string_view kClassNames[] = {"anti-TNF", "anti-integrin", "anti-IL-23"};

// log odds of remission at week 14: TNF inhibitors do best with a high CRP, vedolizumab in colitis with a good
// albumin and in the elderly, interleukin 12/23 inhibitors after other biologic drugs.
constexpr Effect kRemission14[] = {{"intercept", {-0.05, -0.30, -0.15}},
                                   {"activity", {-0.45, -0.35, -0.40}},
                                   {"prior_biologics", {-0.55, -0.60, -0.15}},
                                   {"ln(crp + 1) - 2.2", {0.30, -0.45, 0.05}},
                                   {"(albumin - 38) / 5", {0.15, 0.45, 0.10}},
                                   {"crohn", {-0.05, -0.45, 0.10}},
                                   {"crohn, stricturing or penetrating", {-0.25, -0.40, -0.15}},
                                   {"extensive colitis", {0.10, -0.10, 0.00}},
                                   {"age >= 60", {-0.20, 0.40, 0.05}},
                                   {"current_smoker", {-0.25, -0.10, -0.10}}};
constexpr Effect kRemission52[] = {{"intercept", {-0.45, -0.20, -0.25}},
                                   {"activity", {-0.35, -0.30, -0.30}},
                                   {"prior_biologics", {-0.50, -0.50, -0.15}},
                                   {"ln(crp + 1) - 2.2", {0.20, -0.35, 0.05}},
                                   {"(albumin - 38) / 5", {0.15, 0.40, 0.10}},
                                   {"crohn", {-0.05, -0.40, 0.15}},
                                   {"crohn, stricturing or penetrating", {-0.30, -0.40, -0.20}},
                                   {"extensive colitis", {0.05, -0.10, 0.00}},
                                   {"age >= 60", {-0.25, 0.35, 0.05}},
                                   {"current_smoker", {-0.25, -0.10, -0.10}}};
// Of endoscopic remission at week 52; 0.50 less at week 14.
constexpr Effect kEndoscopy[] = {
    {"intercept", {-0.60, -0.70, -0.50}},       {"activity", {-0.25, -0.20, -0.20}},
    {"prior_biologics", {-0.40, -0.40, -0.10}}, {"ln(crp + 1) - 2.2", {0.15, -0.30, 0.00}},
    {"(albumin - 38) / 5", {0.15, 0.35, 0.10}}, {"crohn", {-0.20, -0.50, -0.05}},
    {"current_smoker", {-0.20, -0.10, -0.10}}};
constexpr double kEarlyEndoscopy = -0.50;
// log odds of being given each class: confounding by indication.
constexpr Effect kAssignment[] = {{"intercept", {0.80, 0.00, -0.10}},
                                  {"activity", {0.15, -0.15, 0.00}},
                                  {"prior_biologics", {0.00, 0.30, 0.55}},
                                  {"ln(crp + 1) - 2.2", {0.35, -0.15, 0.00}},
                                  {"age >= 60", {0.00, 0.90, 0.50}},
                                  {"crohn", {0.15, -0.40, 0.25}},
                                  {"crohn, stricturing or penetrating", {0.30, -0.30, 0.00}}};
// ln scale (days) of the time to discontinuation.
constexpr Effect kStop[] = {{"intercept", {6.30, 6.50, 6.60}},
                            {"prior_biologics", {-0.12, -0.12, -0.12}}};
constexpr DrugSurvival kSurvival{.log_scale = kStop, .response = 0.90, .shape = 0.9};
constexpr double kLossDays = 2800;  // mean time to loss from follow-up
// Who was on a steroid at the start and is in remission has left it, with these chances.
constexpr double kSteroidFree14 = 0.80;
constexpr double kSteroidFree52 = 0.88;
constexpr double kCrohnShare = 0.58;
constexpr double kCopula =
    0.6;  // between the outcomes' normal scores and those of remission at week 14

constexpr SiteDifference kSites[] = {{0.0, 0.00, 0.00, {0.00, 0.00, 0.00}, 0.0},
                                     {1.5, 0.10, 0.10, {0.00, 0.35, 0.00}, -0.4},
                                     {-1.0, -0.05, -0.15, {0.40, 0.00, 0.00}, 0.4},
                                     {2.0, -0.10, 0.20, {0.00, 0.00, 0.35}, -0.2}};

constexpr DrugShare kAntiTnf[] = {{0.50, {"Infliximab", "L04AB02", ""}},
                                  {0.50, {"Adalimumab", "L04AB04", ""}}};
constexpr DrugShare kAntiIntegrin[] = {{1.00, {"Vedolizumab", "L04AG05", "L04AA33"}}};
constexpr DrugShare kAntiIl23[] = {{0.60, {"Ustekinumab", "L04AC05", ""}},
                                   {0.20, {"Risankizumab", "L04AC18", ""}},
                                   {0.20, {"Mirikizumab", "L04AC24", ""}}};
constexpr std::span<const DrugShare> kDrugs[] = {kAntiTnf, kAntiIntegrin, kAntiIl23};
constexpr SyntheticDrug kPrednisolone{"Prednisolon", "H02AB06", ""};
constexpr SyntheticDrug kAzathioprine{"Azathioprin", "L04AX01", ""};
constexpr SyntheticDrug kMesalazine{"Mesalazin", "A07EC02", ""};

constexpr Day kFirstIndex = DayOf(2019, 1, 1);
constexpr int kIndexDays = 1826;  // to the end of 2023

enum Outcome : std::size_t {
  kRemissionAt14,
  kSteroidFreeAt14,
  kEndoscopicAt14,
  kRemissionAt52,
  kSteroidFreeAt52,
  kEndoscopicAt52
};

// What draws one patient; members in the order in which they come about.
class Draw {
 public:
  Draw(const CohortOptions& options, std::uint64_t index, bool crohn)
      : options_(options),
        site_(kSites[static_cast<std::size_t>(options.site)]),
        index_(index),
        gut_{.crohn = crohn} {}

  SyntheticPatient Make() {
    patient_.number = index_ + 1;
    DrawPerson();
    SyntheticRandom disease = Stream(kDisease);
    gut_.DrawBaseline(options_.site_effect * site_.log_crp, patient_.female, patient_.age, disease);
    patient_.baseline = gut_.baseline.Activity(gut_.crohn);
    SetTerms();
    SyntheticRandom choice = Stream(kDrug);
    ChooseClass(kAssignment, terms_, site_, options_.site_effect, choice.Uniform(), patient_);
    DrawOutcomes();
    SyntheticRandom follow_up = Stream(kFollowUp);
    FollowDrug(kSurvival, terms_, kDrugs, kLossDays, follow_up, patient_);
    AddOtherDrugs();
    DrawVisits();
    Observe();
    return std::move(patient_);
  }

 private:
  SyntheticRandom Stream(Purpose purpose) const {
    return StreamOf(options_, kSalt, index_, purpose);
  }

  void DrawPerson() {
    SyntheticRandom random = Stream(kPerson);
    patient_.female = random.Chance(gut_.crohn ? 0.53 : 0.46);
    const double age =
        std::clamp(38 + options_.site_effect * site_.age + 14 * random.Normal(), 18.0, 80.0);
    patient_.index = kFirstIndex + Days(random.Between(0, kIndexDays - 1));
    SetAge(static_cast<int>(age), random, patient_);
    const double duration = std::clamp(core::Exp(1.6 + 0.9 * random.Normal()), 0.2, 35.0);
    const double years = std::min(duration, patient_.age - 10.0);
    gut_.DrawPhenotype(random);
    patient_.diagnosis = gut_.Diagnosis(patient_.index - Days(static_cast<int>(365.25 * years)));
  }

  void SetTerms() {
    const GutState& base = gut_.baseline;
    const double mean = gut_.crohn ? 9 : 6;
    const double spread = gut_.crohn ? 3 : 1.5;
    terms_ = {{"intercept", 1},
              {"activity", (patient_.baseline - mean) / spread},
              {"prior_biologics", gut_.prior_biologics},
              {"ln(crp + 1) - 2.2", core::Log(base.crp_tenths / 10.0 + 1) - 2.2},
              {"(albumin - 38) / 5", (base.albumin - 38) / 5.0},
              {"crohn", Is(gut_.crohn)},
              {"crohn, stricturing or penetrating", Is(gut_.crohn && gut_.behaviour > 0)},
              {"extensive colitis", Is(!gut_.crohn && gut_.extent == 2)},
              {"age >= 60", Is(patient_.age >= 60)},
              {"current_smoker", Is(gut_.smoking == Smoking::kCurrent)}};
  }

  void DrawOutcomes() {
    SyntheticRandom random = Stream(kOutcome);
    const double shift = options_.site_effect * site_.outcome;
    const double u = random.Uniform();
    const auto later = [&] { return Correlated(u, kCopula, random); };
    auto& outcomes = patient_.outcomes;
    outcomes.push_back(PotentialOutcome("remission_w14", kRemission14, terms_, shift, u));
    const double left_early = random.Uniform();
    outcomes.push_back(SteroidFree("steroid_free_remission_w14", outcomes[kRemissionAt14],
                                   kSteroidFree14, left_early));
    outcomes.push_back(PotentialOutcome("endoscopic_remission_w14", kEndoscopy, terms_,
                                        shift + kEarlyEndoscopy, later()));
    outcomes.push_back(PotentialOutcome("remission_w52", kRemission52, terms_, shift, later()));
    const double left_late = random.Uniform();
    outcomes.push_back(SteroidFree("steroid_free_remission_w52", outcomes[kRemissionAt52],
                                   kSteroidFree52, left_late));
    outcomes.push_back(
        PotentialOutcome("endoscopic_remission_w52", kEndoscopy, terms_, shift, later()));
  }

  SyntheticOutcome SteroidFree(std::string_view name, const SyntheticOutcome& remission,
                               double chance, double u) const {
    SyntheticOutcome outcome = remission;
    outcome.name = name;
    if (!gut_.on_steroid) return outcome;
    for (std::size_t k = 0; k < kDrugClasses; ++k) {
      outcome.probability[k] *= chance;
      outcome.happens[k] = outcome.happens[k] && u < chance;
    }
    return outcome;
  }

  bool Happens(Outcome outcome) const {
    return patient_.outcomes[outcome].happens[patient_.assigned];
  }

  void AddDrug(const SyntheticDrug& drug, int from, std::optional<int> to) {
    const int followed = static_cast<int>((patient_.last_contact - patient_.index).count());
    if (from > followed) return;
    SyntheticTreatment treatment{drug, patient_.index + Days(from), std::nullopt, std::nullopt};
    if (to && *to <= followed) treatment.stop = patient_.index + Days(*to);
    patient_.treatments.push_back(treatment);
  }

  // A steroid of the start is tapered, kept or taken up again as the outcomes say.
  void AddOtherDrugs() {
    SyntheticRandom random = Stream(kSteroids);
    const int started = random.Between(14, 60);
    const int tapered = random.Between(56, 90);
    const int late_taper = random.Between(120, 250);
    const int again = random.Between(280, 340);
    const bool kept_without_remission = random.Chance(0.5);
    const bool late_without_remission = random.Chance(0.35);
    const int azathioprine = random.Between(90, 900);
    const int mesalazine = random.Between(90, 1500);
    if (gut_.on_steroid) {
      const bool at_14 =
          Happens(kRemissionAt14) ? !Happens(kSteroidFreeAt14) : kept_without_remission;
      const bool at_52 =
          Happens(kRemissionAt52) ? !Happens(kSteroidFreeAt52) : late_without_remission;
      if (at_14 && at_52) {
        AddDrug(kPrednisolone, -started, std::nullopt);
      } else {
        AddDrug(kPrednisolone, -started, at_14 ? late_taper : tapered);
        if (at_52) AddDrug(kPrednisolone, again, std::nullopt);
      }
    }
    if (gut_.on_azathioprine) AddDrug(kAzathioprine, -azathioprine, std::nullopt);
    if (gut_.on_mesalazine) AddDrug(kMesalazine, -mesalazine, std::nullopt);
  }

  void DrawVisits() {
    SyntheticRandom values = Stream(kVisitValues);
    SyntheticRandom missing = Stream(kMissing);
    const auto share_gone = [&](bool remission) {
      return remission ? 0.60 + 0.35 * values.Uniform() : -0.05 + 0.50 * values.Uniform();
    };
    const bool early = Happens(kRemissionAt14);
    const bool late = Happens(kRemissionAt52);
    const double at_14 = share_gone(early);
    const double at_52 = share_gone(late);
    const double improvements[] = {0, at_14, (at_14 + at_52) / 2, at_52};
    constexpr int kWeeks[] = {0, 14, 26, 52};
    // Who does badly comes less often: missingness that depends on the outcome.
    const double absent[] = {-1e9, -2.6 + 0.5 * Is(!early), -1.8, -2.0 + 0.6 * Is(!late)};
    for (std::size_t k = 0; k < 4; ++k) {
      const bool first = k == 0;
      const int day = 7 * kWeeks[k] + (first ? 0 : values.Between(-7, 7));
      GutState now = first ? gut_.baseline : gut_.Improved(improvements[k], values);
      if (kWeeks[k] == 14) gut_.Force(now, early, Happens(kEndoscopicAt14));
      if (kWeeks[k] == 52) gut_.Force(now, late, Happens(kEndoscopicAt52));
      const bool came = !missing.Chance(core::Expit(absent[k]));
      const bool scoped = missing.Chance(EndoscopyChance(kWeeks[k], late));
      SyntheticVisit visit{.label = "W" + std::to_string(kWeeks[k]),
                           .date = patient_.index + Days(day),
                           .first = first,
                           .outcome = kWeeks[k] == 14 || kWeeks[k] == 52,
                           .results = {}};
      visit.results =
          gut_.Results(now, scoped, first, options_.site_effect * site_.missing, missing);
      if (!came || visit.date > patient_.last_contact) continue;
      if (scoped) patient_.procedures.push_back({SyntheticProcedureKind::kColonoscopy, visit.date});
      patient_.visits.push_back(std::move(visit));
    }
  }

  double EndoscopyChance(int week, bool remission) const {
    if (week == 0) return 0.92;
    if (week == 14) return gut_.crohn ? 0.25 : 0.55;
    return week == 52 ? 0.60 + 0.15 * Is(remission) : 0;
  }

  // What a study's table will find, by the definitions of diseases/cd.toml and uc.toml.
  void Observe() {
    struct Window {
      std::string_view visit;
      Outcome remission, steroid_free, endoscopic;
      int steroid_from, steroid_to;
    };
    for (const Window& window :
         {Window{"W14", kRemissionAt14, kSteroidFreeAt14, kEndoscopicAt14, 98, 98},
          Window{"W52", kRemissionAt52, kSteroidFreeAt52, kEndoscopicAt52, 274, 364}}) {
      const bool steroid = OnSteroid(window.steroid_from, window.steroid_to);
      if (steroid) patient_.outcomes[window.steroid_free].observed = false;
      const auto visit = std::ranges::find(patient_.visits, window.visit, &SyntheticVisit::label);
      if (visit == patient_.visits.end()) continue;
      patient_.outcomes[window.remission].observed = Happens(window.remission);
      patient_.outcomes[window.steroid_free].observed = Happens(window.remission) && !steroid;
      if (visit->Find(gut_.crohn ? "ses_cd" : "mayo_endoscopy") != nullptr)
        patient_.outcomes[window.endoscopic].observed = Happens(window.endoscopic);
    }
  }

  bool OnSteroid(int from, int to) const {
    return std::ranges::any_of(patient_.treatments, [&](const SyntheticTreatment& treatment) {
      return treatment.drug.atc == kPrednisolone.atc &&
             treatment.start <= patient_.index + Days(to) &&
             (!treatment.stop || *treatment.stop >= patient_.index + Days(from));
    });
  }

  const CohortOptions& options_;  // not owned, outlives this
  const SiteDifference& site_;
  std::uint64_t index_;
  SyntheticPatient patient_;
  Gut gut_;
  Terms terms_;
};

}  // namespace

SyntheticPatient DrawCrohn(const CohortOptions& options, std::uint64_t index) {
  return Draw(options, index, true).Make();
}

SyntheticPatient DrawColitis(const CohortOptions& options, std::uint64_t index) {
  return Draw(options, index, false).Make();
}

SyntheticPatient DrawIbd(const CohortOptions& options, std::uint64_t index) {
  SyntheticRandom random = StreamOf(options, kSalt, index, kDiagnosis);
  return Draw(options, index, random.Chance(kCrohnShare)).Make();
}

nlohmann::ordered_json IbdModelParameters(const CohortOptions& options) {
  nlohmann::ordered_json json;
  json["outcome"] =
      "remission: Harvey-Bradshaw index <= 4 or partial Mayo score <= 1; endoscopic: SES-CD <= 2 "
      "or "
      "Mayo endoscopy <= 1";
  json["remission_w14_log_odds"] = EffectsJson(kRemission14, kClassNames);
  json["remission_w52_log_odds"] = EffectsJson(kRemission52, kClassNames);
  json["endoscopic_remission_w52_log_odds"] = EffectsJson(kEndoscopy, kClassNames);
  json["endoscopic_remission_w14_added_log_odds"] = kEarlyEndoscopy;
  json["steroid_left_by_w14"] = kSteroidFree14;
  json["steroid_left_by_w52"] = kSteroidFree52;
  json["normal_score_correlation_with_w14"] = kCopula;
  json["assignment_log_odds"] = EffectsJson(kAssignment, kClassNames);
  json["discontinuation_log_scale_days"] = EffectsJson(kStop, kClassNames);
  json["discontinuation_log_scale_remission_w14"] = kSurvival.response;
  json["discontinuation_shape"] = kSurvival.shape;
  json["loss_to_follow_up_mean_days"] = kLossDays;
  json["site_effect"] = options.site_effect;
  json["site"] = SiteJson(options, kSites[static_cast<std::size_t>(options.site)]);
  return json;
}

}  // namespace clinnova::intake
