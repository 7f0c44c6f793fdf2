// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_ra.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "core/deterministic_math.h"
#include "intake/synthetic_course.h"
#include "intake/synthetic_random.h"

namespace clinnova::intake {
namespace {

using namespace synthetic;

constexpr std::string_view kClassNames[] = {"anti-TNF", "anti-IL-6", "JAK"};

// One stream of random numbers each, so that they do not shift each other.
enum Purpose : std::uint64_t {
  kPerson,
  kDisease,
  kDrug,
  kOutcome,
  kVisitValues,
  kMissing,
  kFollowUp
};

// log odds of low disease activity at six months: the true effects. They cross over: a seropositive
// patient with high CRP does best on IL-6 inhibition, an elderly smoker worst on a JAK inhibitor.
constexpr Effect kOutcomeEffects[] = {{"intercept", {0.15, -0.20, 0.10}},
                                      {"das28 - 5.2", {-0.50, -0.45, -0.45}},
                                      {"prior_biologics", {-0.45, -0.20, -0.15}},
                                      {"current_smoker", {-0.40, -0.20, -0.25}},
                                      {"haq - 1.25", {-0.30, -0.25, -0.25}},
                                      {"seropositive", {-0.25, 0.35, 0.05}},
                                      {"ln(crp + 1) - 2.4", {-0.35, 0.45, -0.05}},
                                      {"seropositive * (ln(crp + 1) - 2.4)", {-0.10, 0.40, 0.00}},
                                      {"age >= 65", {0.00, 0.00, -0.45}},
                                      {"age >= 65 and current_smoker", {0.00, 0.00, -0.90}},
                                      {"female", {-0.15, -0.15, -0.15}}};

// log odds of being given each class: confounding by indication.
constexpr Effect kAssignmentEffects[] = {
    {"intercept", {0.80, -0.35, 0.10}},      {"das28 - 5.2", {0.00, 0.10, 0.10}},
    {"prior_biologics", {0.00, 0.35, 0.40}}, {"current_smoker", {0.00, 0.00, -0.70}},
    {"seropositive", {0.00, 0.15, 0.05}},    {"ln(crp + 1) - 2.4", {0.00, 0.60, 0.05}},
    {"(age - 56) / 10", {0.00, 0.05, -0.30}}};

// log of the Weibull scale (days) of the time to discontinuation; shape kStopShape.
constexpr Effect kStopEffects[] = {{"intercept", {6.50, 6.60, 6.55}},
                                   {"low disease activity at six months", {0.90, 0.90, 0.90}},
                                   {"prior_biologics", {-0.12, -0.12, -0.12}},
                                   {"age >= 65 and current_smoker", {0.00, 0.00, -0.50}}};
constexpr double kStopShape = 0.9;

struct Site {
  std::string_view name;
  double age;          // added to the mean age
  double log_crp;      // added to the mean of ln CRP
  double outcome;      // added to the log odds of the outcome under every class
  Classes assignment;  // added to the log odds of each class
  double missing;      // added to the log odds of a missing ESR
};
constexpr Site kSites[] = {{"lu-chl", 0.0, 0.00, 0.00, {0.00, 0.00, 0.00}, 0.0},
                           {"de-freiburg", 1.0, 0.10, 0.10, {0.00, 0.00, 0.35}, -0.5},
                           {"fr-strasbourg", -1.0, -0.05, -0.15, {0.45, 0.00, 0.00}, 0.4},
                           {"ch-basel", 2.0, -0.10, 0.20, {0.00, 0.35, 0.00}, -0.2}};

constexpr DrugShare kDrugs[kDrugClasses][4] = {
    {{0.45, {"Adalimumab", "L04AB04", ""}},
     {0.35, {"Etanercept", "L04AB01", ""}},
     {0.10, {"Golimumab", "L04AB06", ""}},
     {0.10, {"Certolizumab pegol", "L04AB05", ""}}},
    {{0.60, {"Tocilizumab", "L04AC07", ""}}, {0.40, {"Sarilumab", "L04AC14", ""}}, {}, {}},
    {{0.35, {"Baricitinib", "L04AF02", "L04AA37"}},
     {0.35, {"Upadacitinib", "L04AF03", ""}},
     {0.30, {"Tofacitinib", "L04AF01", "L04AA29"}},
     {}}};
constexpr SyntheticDrug kMethotrexate{"Methotrexat", "L04AX03", ""};

constexpr Day kFirstIndex = DayOf(2019, 1, 1);
constexpr int kIndexDays = 1826;    // to the end of 2023
constexpr double kLossDays = 2600;  // mean time to loss from follow-up
constexpr int kLowCrpTenths = 6;    // the laboratory's limit, 0.6 mg/L
constexpr double kLowActivity = 3.2;
constexpr double kIl6CrpFactor = 0.4;  // IL-6 inhibition lowers CRP by itself

// The clinical state that DAS28-CRP is made of.
struct Activity {
  int tender = 0;
  int swollen = 0;
  int global = 0;
  int crp_tenths = kLowCrpTenths;

  double das28() const { return Das28Crp(tender, swollen, crp_tenths / 10.0, global); }
};

struct Baseline {
  Activity activity;
  int physician = 0;
  int haq_eighths = 0;
  int esr = 0;
  int haemoglobin_tenths = 0;
  int creatinine = 0;
};

// What draws one patient; members in the order in which they come about.
class Draw {
 public:
  Draw(const CohortOptions& options, std::uint64_t index)
      : options_(options), site_(kSites[static_cast<std::size_t>(options.site)]), index_(index) {}

  RaPatient Make() {
    patient_.number = index_ + 1;
    DrawPerson();
    DrawDisease();
    DrawClass();
    DrawOutcomes();
    DrawFollowUp();
    DrawVisits();
    return std::move(patient_);
  }

 private:
  // The site is part of the seed: two sites of one seed have different patients.
  SyntheticRandom Stream(Purpose purpose) const { return StreamOf(options_, 0, index_, purpose); }

  void DrawPerson() {
    SyntheticRandom random = Stream(kPerson);
    patient_.female = random.Chance(0.73);
    const double age =
        std::clamp(56 + options_.site_effect * site_.age + 13 * random.Normal(), 20.0, 88.0);
    patient_.age = static_cast<int>(age);
    patient_.index = kFirstIndex + Days(random.Between(0, kIndexDays - 1));
    // Somewhere within the year in which the person is `age` years old on the index date.
    patient_.birth =
        patient_.index - Days(static_cast<int>(365.25 * patient_.age) + 1 + random.Between(0, 363));
    const double duration = std::clamp(core::Exp(1.7 + 0.8 * random.Normal()), 0.3, 40.0);
    const double longest = patient_.age - 16.0;
    patient_.diagnosis =
        patient_.index - Days(static_cast<int>(365.25 * std::min(duration, longest)));
    const double current = 0.22 + (patient_.female ? 0.0 : 0.06);
    const double u = random.Uniform();
    patient_.smoking = u < current          ? Smoking::kCurrent
                       : u < current + 0.28 ? Smoking::kFormer
                                            : Smoking::kNever;
    DrawSerology(random);
    const double prior = random.Uniform();
    patient_.prior_biologics = prior < 0.62 ? 0 : prior < 0.86 ? 1 : prior < 0.96 ? 2 : 3;
  }

  void DrawSerology(SyntheticRandom& random) {
    const bool positive = random.Chance(0.72);
    const bool factor = random.Chance(0.90);
    const bool antibodies = random.Chance(0.88);
    const double factor_level = core::Exp(4.4 + 0.9 * random.Normal());
    const double antibody_level = core::Exp(5.0 + 1.0 * random.Normal());
    patient_.rheumatoid_factor = positive && factor;
    patient_.acpa = positive && (antibodies || !factor);
    patient_.rheumatoid_factor_value =
        patient_.rheumatoid_factor ? Clamped(factor_level, 14, 900) : 10;
    patient_.acpa_value = patient_.acpa ? Clamped(antibody_level, 10, 3200) : 7;
  }

  void DrawDisease() {
    SyntheticRandom random = Stream(kDisease);
    const double severity = random.Normal();
    Activity& activity = baseline_.activity;
    activity.tender = Clamped(9 + 4 * severity + 2.5 * random.Normal(), 0, 28);
    activity.swollen = Clamped(7 + 3 * severity + 2 * random.Normal(), 0, 28);
    activity.global = Clamped(58 + 14 * severity + 10 * random.Normal(), 0, 100);
    const double log_crp =
        2.2 + options_.site_effect * site_.log_crp + 0.3 * severity + 0.85 * random.Normal();
    activity.crp_tenths = Clamped(10 * core::Exp(log_crp), kLowCrpTenths, 1500);
    RaiseAbove(activity);
    const double log_crp_one = core::Log(activity.crp_tenths / 10.0 + 1);
    baseline_.physician = Clamped(0.8 * activity.global + 8 * random.Normal(), 0, 100);
    baseline_.haq_eighths = Clamped(
        8 * (1.25 + 0.4 * severity + 0.3 * random.Normal() + 0.012 * (patient_.age - 56)), 0, 24);
    const double log_esr = 2.1 + 0.38 * log_crp_one + 0.006 * (patient_.age - 50) +
                           0.2 * Is(patient_.female) + 0.3 * random.Normal();
    baseline_.esr = Clamped(core::Exp(log_esr), 1, 120);
    baseline_.haemoglobin_tenths = Clamped(
        10 * ((patient_.female ? 13.4 : 14.6) - 0.25 * (log_crp_one - 2.4) + 0.9 * random.Normal()),
        70, 180);
    baseline_.creatinine = Clamped(
        (patient_.female ? 64 : 78) + 0.4 * (patient_.age - 56) + 11 * random.Normal(), 35, 260);
    patient_.baseline_das28 = activity.das28();
  }

  // The value of one named term of the tables above.
  double Term(std::string_view name, std::size_t drug_class) const {
    const double log_crp = core::Log(baseline_.activity.crp_tenths / 10.0 + 1) - 2.4;
    const double seropositive = Is(patient_.rheumatoid_factor || patient_.acpa);
    const double smoker = Is(patient_.smoking == Smoking::kCurrent);
    const double elderly = Is(patient_.age >= 65);
    if (name == "intercept") return 1;
    if (name == "das28 - 5.2") return patient_.baseline_das28 - 5.2;
    if (name == "prior_biologics") return patient_.prior_biologics;
    if (name == "current_smoker") return smoker;
    if (name == "haq - 1.25") return baseline_.haq_eighths / 8.0 - 1.25;
    if (name == "seropositive") return seropositive;
    if (name == "ln(crp + 1) - 2.4") return log_crp;
    if (name == "seropositive * (ln(crp + 1) - 2.4)") return seropositive * log_crp;
    if (name == "age >= 65") return elderly;
    if (name == "age >= 65 and current_smoker") return elderly * smoker;
    if (name == "female") return Is(patient_.female);
    if (name == "(age - 56) / 10") return (patient_.age - 56) / 10.0;
    return Is(patient_.response[drug_class]);  // "low disease activity at six months"
  }

  double Predictor(std::span<const Effect> effects, std::size_t drug_class) const {
    double sum = 0;
    for (const Effect& effect : effects)
      sum += effect.by_class[drug_class] * Term(effect.name, drug_class);
    return sum;
  }

  /// The mean of the classes' effects stands for each where they do not differ.
  double OutcomePredictor(std::size_t drug_class) const {
    double sum = 0;
    for (const Effect& effect : kOutcomeEffects) {
      const bool own = options_.effects == TrueEffects::kCrossover ||
                       (options_.effects == TrueEffects::kOneBest && effect.name == "intercept");
      const Classes& b = effect.by_class;
      sum += (own ? b[drug_class] : (b[kAntiTnf] + b[kIl6] + b[kJak]) / 3) *
             Term(effect.name, drug_class);
    }
    return sum;
  }

  void DrawClass() {
    Classes odds{};
    double total = 0;
    for (std::size_t k = 0; k < kDrugClasses; ++k) {
      odds[k] =
          core::Exp(Predictor(kAssignmentEffects, k) + options_.site_effect * site_.assignment[k]);
      total += odds[k];
    }
    SyntheticRandom random = Stream(kDrug);
    double u = random.Uniform();
    patient_.assigned = kJak;
    for (std::size_t k = 0; k < kDrugClasses; ++k) patient_.propensity[k] = odds[k] / total;
    for (std::size_t k = 0; k < kDrugClasses; ++k) {
      if (u < patient_.propensity[k]) {
        patient_.assigned = static_cast<DrugClass>(k);
        break;
      }
      u -= patient_.propensity[k];
    }
    first_drug_ = DrawDrug(kDrugs[patient_.assigned], random);
  }

  // One uniform number decides the response under every class: who responds at probability p responds at
  // every higher one.
  void DrawOutcomes() {
    SyntheticRandom random = Stream(kOutcome);
    const double u = random.Uniform();
    for (std::size_t k = 0; k < kDrugClasses; ++k) {
      patient_.probability[k] =
          core::Expit(OutcomePredictor(k) + options_.site_effect * site_.outcome);
      patient_.response[k] = u < patient_.probability[k];
    }
    for (std::size_t k = 0; k < kDrugClasses; ++k) {
      const double days =
          core::Exp(Predictor(kStopEffects, k) + core::Log(random.Exponential()) / kStopShape);
      patient_.stop_days[k] = static_cast<int>(std::clamp(std::ceil(days), 7.0, 36500.0));
    }
  }

  void DrawFollowUp() {
    SyntheticRandom random = Stream(kFollowUp);
    const int to_cut_off = static_cast<int>((kCutOff - patient_.index).count());
    const int to_loss = static_cast<int>(std::min(kLossDays * random.Exponential(), 36500.0));
    const int followed = std::clamp(to_loss, 14, to_cut_off);
    patient_.last_contact = patient_.index + Days(followed);
    const StopReason reason = DrawReason(random);
    const bool methotrexate = random.Chance(0.60);
    const int methotrexate_days = random.Between(90, 900);
    const bool switches = random.Chance(0.70);
    const std::size_t next =
        (patient_.assigned + static_cast<std::size_t>(random.Between(1, 2))) % kDrugClasses;
    const SyntheticDrug next_drug = DrawDrug(kDrugs[next], random);
    SyntheticTreatment first{first_drug_, patient_.index, std::nullopt, std::nullopt};
    const int stop = patient_.stop_days[patient_.assigned];
    if (stop <= followed) {
      first.stop = patient_.index + Days(stop);
      first.reason = reason;
    }
    patient_.treatments.push_back(first);
    if (stop + 14 <= followed && switches) {
      patient_.treatments.push_back(
          {next_drug, patient_.index + Days(stop + 14), std::nullopt, std::nullopt});
    }
    if (methotrexate) {
      const Day start = std::max(patient_.diagnosis, patient_.index - Days(methotrexate_days));
      patient_.treatments.push_back({kMethotrexate, start, std::nullopt, std::nullopt});
    }
  }

  StopReason DrawReason(SyntheticRandom& random) const {
    const bool response = patient_.response[patient_.assigned];
    const double u = random.Uniform();
    if (u < (response ? 0.25 : 0.65)) return StopReason::kLackOfEffect;
    return u < (response ? 0.70 : 0.90) ? StopReason::kAdverseEvent : StopReason::kOther;
  }

  // Joint by joint up until the activity is more than low.
  static void RaiseAbove(Activity& activity) {
    while (activity.das28() <= kLowActivity) {
      activity.tender = std::min(activity.tender + 1, 28);
      activity.swollen = std::min(activity.swollen + 1, 28);
      activity.global = std::min(activity.global + 3, 100);
    }
  }

  static void LowerTo(Activity& activity) {
    while (activity.das28() > kLowActivity) {
      if (activity.tender >= activity.swollen)
        activity.tender = std::max(activity.tender - 1, 0);
      else
        activity.swollen = std::max(activity.swollen - 1, 0);
      activity.global = std::max(activity.global - 3, 0);
      activity.crp_tenths = std::max(activity.crp_tenths * 9 / 10, kLowCrpTenths);
    }
  }

  // The baseline's activity after the share `improvement` of it is gone.
  Activity Improved(double improvement, SyntheticRandom& random) const {
    const Activity& before = baseline_.activity;
    const double left = 1 - improvement;
    Activity now;
    now.tender = Clamped(before.tender * left + 1.0 * random.Normal(), 0, 28);
    now.swollen = Clamped(before.swollen * left + 0.8 * random.Normal(), 0, 28);
    now.global = Clamped(before.global * left + 6 * random.Normal(), 0, 100);
    const double factor = patient_.assigned == kIl6 ? kIl6CrpFactor : 1.0;
    now.crp_tenths = Clamped(before.crp_tenths * left * factor * core::Exp(0.25 * random.Normal()),
                             kLowCrpTenths, 1500);
    return now;
  }

  void DrawVisits() {
    SyntheticRandom values = Stream(kVisitValues);
    SyntheticRandom missing = Stream(kMissing);
    const bool response = patient_.response[patient_.assigned];
    const double at_six =
        response ? 0.60 + 0.35 * values.Uniform() : -0.05 + 0.50 * values.Uniform();
    const double early = 0.6 + 0.3 * values.Uniform();
    const double late = 0.08 * values.Normal();
    const double improvements[] = {0, at_six * early, at_six,
                                   std::clamp(at_six + late, -0.2, 0.98)};
    constexpr int kMonths[] = {0, 3, 6, 12};
    constexpr int kOffsets[] = {0, 91, 183, 365};
    // Who does badly and who is very old comes less often: missingness that depends on the outcome.
    const double absent[] = {-1e9, -1.9, -2.6 + 0.5 * Is(!response) + 0.25 * Is(patient_.age >= 75),
                             -1.6 + 0.6 * Is(!response)};
    for (std::size_t k = 0; k < 4; ++k) {
      RaVisit visit;
      visit.month = kMonths[k];
      visit.date = patient_.index + Days(kOffsets[k] + (k == 0 ? 0 : values.Between(-10, 10)));
      Activity now = k == 0 ? baseline_.activity : Improved(improvements[k], values);
      if (kMonths[k] == 6) response ? LowerTo(now) : RaiseAbove(now);
      FillVisit(now, improvements[k], values, visit);
      const bool came = !missing.Chance(core::Expit(absent[k]));
      DropItems(missing, visit);
      if (came && visit.date <= patient_.last_contact) patient_.visits.push_back(visit);
    }
  }

  void FillVisit(const Activity& now, double improvement, SyntheticRandom& random,
                 RaVisit& visit) const {
    const double noise[] = {random.Normal(), random.Normal(), random.Normal(), random.Normal(),
                            random.Normal()};
    const bool first = visit.month == 0;
    const double left = 1 - improvement;
    visit.tender_joints = now.tender;
    visit.swollen_joints = now.swollen;
    visit.patient_global = now.global;
    visit.crp_tenths = now.crp_tenths;
    visit.crp_below_limit = now.crp_tenths == kLowCrpTenths;
    visit.physician_global =
        first ? baseline_.physician : Clamped(0.8 * now.global + 6 * noise[0], 0, 100);
    visit.haq_eighths =
        first ? baseline_.haq_eighths
              : Clamped(baseline_.haq_eighths * (1 - 0.6 * improvement) + noise[1], 0, 24);
    visit.esr =
        first ? baseline_.esr
              : Clamped(baseline_.esr * (0.25 + 0.75 * left) * core::Exp(0.2 * noise[2]), 1, 120);
    visit.haemoglobin_tenths = Clamped(
        baseline_.haemoglobin_tenths + (first ? 0 : 4 * improvement + 4 * noise[3]), 70, 180);
    visit.creatinine = Clamped(baseline_.creatinine + (first ? 0 : 4 * noise[4]), 35, 260);
  }

  void DropItems(SyntheticRandom& random, RaVisit& visit) const {
    const double activity = patient_.baseline_das28 - 5.2;
    const auto drop = [&](double log_odds) { return random.Chance(core::Expit(log_odds)); };
    if (drop(-2.3 + 0.02 * (patient_.age - 56))) visit.haq_eighths.reset();
    if (drop(-1.8 + options_.site_effect * site_.missing)) visit.esr.reset();
    if (drop(-3.5 - 0.4 * activity)) {
      visit.crp_tenths.reset();
      visit.crp_below_limit = false;
    }
    if (drop(-1.8)) visit.physician_global.reset();
    if (drop(-2.2)) visit.haemoglobin_tenths.reset();
    if (drop(visit.month == 0 ? -3.0 : -1.4)) visit.creatinine.reset();
  }

  const CohortOptions& options_;  // not owned, outlives this
  const Site& site_;
  std::uint64_t index_;
  RaPatient patient_;
  Baseline baseline_;
  SyntheticDrug first_drug_;
};

}  // namespace

std::string_view DrugClassName(std::size_t drug_class) { return kClassNames[drug_class]; }

double Das28Crp(int tender_joints, int swollen_joints, double crp_mg_per_l, int patient_global_mm) {
  return 0.56 * std::sqrt(static_cast<double>(tender_joints)) +
         0.28 * std::sqrt(static_cast<double>(swollen_joints)) +
         0.36 * core::Log(crp_mg_per_l + 1) + 0.014 * patient_global_mm + 0.96;
}

RaPatient DrawRaPatient(const CohortOptions& options, std::uint64_t index) {
  return Draw(options, index).Make();
}

nlohmann::ordered_json RaModelParameters(const CohortOptions& options) {
  const Site& site = kSites[static_cast<std::size_t>(options.site)];
  nlohmann::ordered_json json;
  json["outcome"] = "DAS28-CRP <= 3.2 six months after the start of the drug";
  json["outcome_log_odds"] = EffectsJson(kOutcomeEffects, kClassNames);
  json["assignment_log_odds"] = EffectsJson(kAssignmentEffects, kClassNames);
  json["discontinuation_log_scale_days"] = EffectsJson(kStopEffects, kClassNames);
  json["discontinuation_shape"] = kStopShape;
  json["loss_to_follow_up_mean_days"] = kLossDays;
  json["site_effect"] = options.site_effect;
  if (options.effects != TrueEffects::kCrossover) {
    json["effects"] = options.effects == TrueEffects::kOneBest ? "one class best for everybody"
                                                               : "no class better for anybody";
  }
  json["site"] = {{"name", site.name},
                  {"mean_age", site.age},
                  {"mean_log_crp", site.log_crp},
                  {"outcome_log_odds", site.outcome},
                  {"assignment_log_odds", site.assignment},
                  {"missing_esr_log_odds", site.missing}};
  return json;
}

}  // namespace clinnova::intake
