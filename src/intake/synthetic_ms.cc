// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_ms.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "intake/synthetic_course.h"
#include "intake/synthetic_items.h"

namespace clinnova::intake {
namespace {

using namespace synthetic;

// One stream of random numbers each, so that they do not shift each other.
enum Purpose : std::uint64_t {
  kPerson,
  kDisease,
  kDrug,
  kOutcome,
  kFollowUp,
  kVisitValues,
  kMissing,
  kRelapses
};

constexpr std::uint64_t kSalt = 0x35;  // of this disease's streams
constexpr std::string_view kClassNames[] = {"platform", "S1P", "anti-CD20"};

// ln of relapses a year. CD20 antibodies do best in the young and active, platform drugs in
// who is 40 or older and had at most one relapse in two years and no enhancing lesion ("quiet").
constexpr Effect kRelapseRate[] = {{"intercept", {-1.10, -1.50, -2.10}},
                                   {"relapses_2y - 1.5", {0.30, 0.25, 0.20}},
                                   {"gadolinium", {0.30, 0.25, 0.15}},
                                   {"(age - 34) / 10", {-0.25, -0.20, 0.15}},
                                   {"quiet and 40 or older", {-1.20, -0.60, 0.10}}};
// log odds of worsening: S1P modulators do best in the secondary progressive course.
constexpr Effect kWorsening[] = {
    {"intercept", {-2.00, -2.15, -2.40}},          {"edss - 2", {0.10, 0.08, 0.08}},
    {"(age - 34) / 10", {0.25, 0.20, 0.35}},       {"current_smoker", {0.35, 0.30, 0.30}},
    {"secondary progressive", {0.70, 0.10, 0.70}}, {"quiet and 40 or older", {-0.60, -0.10, 0.15}}};
// log odds of MRI activity.
constexpr Effect kMri[] = {{"intercept", {-0.40, -1.00, -2.00}},
                           {"gadolinium", {0.60, 0.45, 0.30}},
                           {"(age - 34) / 10", {-0.40, -0.30, 0.10}},
                           {"quiet and 40 or older", {-1.50, -0.70, 0.10}}};
// log odds of being given each class: confounding by indication.
constexpr Effect kAssignment[] = {{"intercept", {0.70, -0.10, 0.05}},
                                  {"relapses_2y - 1.5", {-0.30, 0.05, 0.30}},
                                  {"gadolinium", {-0.30, 0.00, 0.50}},
                                  {"edss - 2", {-0.15, 0.00, 0.15}},
                                  {"(age - 34) / 10", {0.10, -0.05, -0.10}},
                                  {"prior_biologics", {-0.50, 0.30, 0.50}},
                                  {"secondary progressive", {-0.50, 0.50, 0.30}}};
// ln scale (days) of the time to discontinuation.
constexpr Effect kStop[] = {{"intercept", {6.90, 7.20, 7.60}},
                            {"prior_biologics", {-0.10, -0.10, -0.10}}};
constexpr DrugSurvival kSurvival{.log_scale = kStop, .response = 0.50, .shape = 1.0};
constexpr double kLossDays = 3600;  // mean time to loss from follow-up

// `outcome` is added to the log odds of worsening and MRI activity.
constexpr SiteDifference kSites[] = {{0.0, 0.00, 0.00, {0.00, 0.00, 0.00}, 0.0},
                                     {1.0, 0.10, -0.10, {0.00, 0.00, 0.40}, -0.4},
                                     {-1.0, -0.05, 0.15, {0.40, 0.00, 0.00}, 0.4},
                                     {2.0, -0.10, -0.15, {0.00, 0.35, 0.00}, -0.2}};

constexpr DrugShare kPlatform[] = {{0.35, {"Dimethylfumarat", "L04AX07", ""}},
                                   {0.25, {"Glatirameracetat", "L03AX13", ""}},
                                   {0.20, {"Interferon beta-1a", "L03AB07", ""}},
                                   {0.20, {"Teriflunomid", "L04AK02", "L04AA31"}}};
constexpr DrugShare kS1p[] = {{0.45, {"Fingolimod", "L04AE01", "L04AA27"}},
                              {0.25, {"Ozanimod", "L04AE02", "L04AA38"}},
                              {0.15, {"Ponesimod", "L04AE04", "L04AA50"}},
                              {0.15, {"Siponimod", "L04AE03", "L04AA42"}}};
constexpr DrugShare kCd20[] = {{0.60, {"Ocrelizumab", "L04AG08", "L04AA36"}},
                               {0.30, {"Ofatumumab", "L04AG12", "L04AA52"}},
                               {0.10, {"Rituximab", "L01FA01", ""}}};
constexpr std::span<const DrugShare> kDrugs[] = {kPlatform, kS1p, kCd20};
constexpr std::size_t kS1pClass = 1;

constexpr Day kFirstIndex = DayOf(2018, 7, 1);
constexpr int kIndexDays = 1645;   // to the end of 2022
constexpr int kOutcomeDays = 730;  // 24 months
constexpr int kRelapseShadow =
    31;  // no visit in the days after a relapse, no relapse before the start
constexpr int kMostPostponed = 60;  // a visit that relapses put off for longer does not take place

enum Outcome : std::size_t { kNeda3, kRelapse, kWorseningOutcome, kMriActivity };

// What draws one patient; members in the order in which they come about. EDSS is in half points.
class Draw {
 public:
  Draw(const CohortOptions& options, std::uint64_t index)
      : options_(options), site_(kSites[static_cast<std::size_t>(options.site)]), index_(index) {}

  SyntheticPatient Make() {
    patient_.number = index_ + 1;
    DrawPerson();
    DrawDisease();
    SetTerms();
    SyntheticRandom choice = Stream(kDrug);
    ChooseClass(kAssignment, terms_, site_, options_.site_effect, choice.Uniform(), patient_);
    DrawOutcomes();
    SyntheticRandom follow_up = Stream(kFollowUp);
    FollowDrug(kSurvival, terms_, kDrugs, kLossDays, follow_up, patient_);
    KeepRelapses();
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
    patient_.female = random.Chance(0.72);
    const double age =
        std::clamp(36 + options_.site_effect * site_.age + 10 * random.Normal(), 18.0, 65.0);
    patient_.index = kFirstIndex + Days(random.Between(0, kIndexDays - 1));
    SetAge(static_cast<int>(age), random, patient_);
    const double duration = std::clamp(core::Exp(0.9 + 1.1 * random.Normal()), 0.1, 30.0);
    const double years = std::min(duration, patient_.age - 14.0);
    progressive_ = random.Chance(0.12) && patient_.age >= 35;
    const double smoker = random.Uniform();
    smoking_ = smoker < 0.25   ? Smoking::kCurrent
               : smoker < 0.50 ? Smoking::kFormer
                               : Smoking::kNever;
    const double prior = random.Uniform();
    prior_drugs_ = prior < 0.65 ? 0 : prior < 0.90 ? 1 : 2;
    patient_.diagnosis = {.date = patient_.index - Days(static_cast<int>(365.25 * years)),
                          .icd10_cm = "G35",
                          .cim10 = "G35",
                          .icd10_gm = progressive_ ? "G35.30" : "G35.10",
                          .french = "Sclérose en plaques",
                          .german = "Multiple Sklerose [Encephalomyelitis disseminata]",
                          .swiss = "Multiple Sklerose"};
  }

  void DrawDisease() {
    SyntheticRandom random = Stream(kDisease);
    const int age = patient_.age;
    const double mean = 4 + 0.08 * (age - 34) + (progressive_ ? 4 : 0);
    edss_halves_ = Clamped(mean + 2.2 * random.Normal(), 0, 13);
    if (edss_halves_ == 1) edss_halves_ = 2;  // the scale has no 0.5
    const double rate = progressive_ ? 0.25 : 0.75;
    // A unit Poisson process over the two years before, but for its last month.
    for (double day = 0;;) {
      day += 365.25 * random.Exponential() / rate;
      if (day >= 720 - kRelapseShadow) break;
      patient_.relapses.push_back(
          {patient_.index - Days(kRelapseShadow + static_cast<int>(day)), random.Between(1, 3)});
    }
    gadolinium_ = random.Chance(progressive_ ? 0.20 : 0.45) ? random.Between(1, 4) : 0;
    t2_ = Clamped(core::Exp(2.6 + 0.5 * random.Normal()), 2, 120);
    walk_ = random.Normal();
    pegs_ = random.Normal();
    symbols_ = random.Normal();
    crp_tenths_ = Clamped(
        10 * core::Exp(0.4 + options_.site_effect * site_.log_crp + 0.8 * random.Normal()), 6, 400);
    lymphocytes_tenths_ = Clamped(19 + 5 * random.Normal(), 7, 45);
    haemoglobin_tenths_ =
        Clamped(10 * ((patient_.female ? 13.5 : 14.8) + 0.9 * random.Normal()), 90, 180);
    creatinine_ = Clamped((patient_.female ? 62 : 76) + 10 * random.Normal(), 35, 200);
    jcv_positive_ = random.Chance(0.55);
    jcv_hundredths_ =
        jcv_positive_ ? Clamped(100 * core::Exp(0.3 + 0.6 * random.Normal()), 40, 450) : 20;
    nfl_noise_ = random.Normal();
    patient_.baseline = edss_halves_ / 2.0;
  }

  void SetTerms() {
    const auto relapses = static_cast<double>(patient_.relapses.size());
    terms_ = {
        {"intercept", 1},
        {"relapses_2y - 1.5", relapses - 1.5},
        {"gadolinium", Is(gadolinium_ > 0)},
        {"(age - 34) / 10", (patient_.age - 34) / 10.0},
        {"quiet and 40 or older", Is(relapses <= 1 && gadolinium_ == 0 && patient_.age >= 40)},
        {"edss - 2", patient_.baseline - 2},
        {"current_smoker", Is(smoking_ == Smoking::kCurrent)},
        {"secondary progressive", Is(progressive_)},
        {"prior_biologics", prior_drugs_}};
  }

  // Relapses are one unit Poisson process per patient, run through at each class's rate.
  void DrawOutcomes() {
    SyntheticRandom random = Stream(kOutcome);
    for (double time = 0; process_.size() < 40;) process_.push_back(time += random.Exponential());
    SyntheticOutcome neda{.name = "neda3_24m", .probability = {}, .happens = {}, .observed = {}};
    SyntheticOutcome relapse{
        .name = "relapse_24m", .probability = {}, .happens = {}, .observed = {}};
    const double shift = options_.site_effect * site_.outcome;
    const SyntheticOutcome worsening =
        PotentialOutcome("worsening_24m", kWorsening, terms_, shift, random.Uniform());
    const SyntheticOutcome mri =
        PotentialOutcome("mri_activity_24m", kMri, terms_, shift, random.Uniform());
    for (std::size_t k = 0; k < kDrugClasses; ++k) {
      const double rate = core::Exp(Predictor(kRelapseRate, terms_, k));
      const double quiet = core::Exp(-rate * kOutcomeDays / 365.25);
      relapse.probability[k] = 1 - quiet;
      relapse.happens[k] = RelapseDay(0, rate) <= kOutcomeDays;
      neda.probability[k] = quiet * (1 - worsening.probability[k]) * (1 - mri.probability[k]);
      neda.happens[k] = !relapse.happens[k] && !worsening.happens[k] && !mri.happens[k];
    }
    patient_.outcomes = {neda, relapse, worsening, mri};
  }

  int RelapseDay(std::size_t which, double rate) const {
    return static_cast<int>(std::min(std::ceil(process_[which] / rate * 365.25), 1e6));
  }
  bool Happens(Outcome outcome) const {
    return patient_.outcomes[outcome].happens[patient_.assigned];
  }
  bool Followed() const { return patient_.last_contact >= patient_.index + Days(kOutcomeDays); }

  void KeepRelapses() {
    SyntheticRandom random = Stream(kRelapses);
    const double rate = core::Exp(Predictor(kRelapseRate, terms_, patient_.assigned));
    std::ranges::reverse(patient_.relapses);
    for (std::size_t which = 0; which < process_.size(); ++which) {
      const Day date = patient_.index + Days(RelapseDay(which, rate));
      if (date > patient_.last_contact) break;
      patient_.relapses.push_back({date, random.Between(1, 3)});
    }
  }

  // A visit is put off until the relapse before it is 31 days old: its EDSS is to be that of a stable time.
  std::optional<Day> VisitDay(int planned) const {
    int day = planned;
    for (const SyntheticRelapse& relapse : patient_.relapses) {
      const int onset = static_cast<int>((relapse.date - patient_.index).count());
      if (onset <= day && day - onset < kRelapseShadow) day = onset + kRelapseShadow;
    }
    if (day - planned > kMostPostponed) return std::nullopt;
    return patient_.index + Days(day);
  }

  void DrawVisits() {
    SyntheticRandom values = Stream(kVisitValues);
    SyntheticRandom missing = Stream(kMissing);
    constexpr int kMonths[] = {0, 6, 12, 18, 24};
    constexpr int kDays[] = {0, 183, 365, 548, 730};
    const bool worse = Happens(kWorseningOutcome);
    const std::size_t onset =
        values.Chance(0.5) ? 1 : 2;  // month 6 or 12: confirmed within two years
    const int rise = edss_halves_ == 0 ? 3 : edss_halves_ <= 10 ? 2 : 1;
    active_visit_ = values.Chance(0.5) ? 2 : 4;
    // At most one visit between is missed, the last one more often by who is worse.
    const std::size_t missed =
        missing.Chance(0.30) ? static_cast<std::size_t>(missing.Between(1, 3)) : 0;
    const bool last_missed = missing.Chance(core::Expit(-2.6 + 0.7 * Is(worse)));
    for (std::size_t k = 0; k < 5; ++k) {
      const int planned = kDays[k] + (k == 0 ? 0 : values.Between(-10, 10));
      const int edss = k == 0 ? edss_halves_ : EdssAt(worse && k >= onset, rise, values);
      const std::optional<Day> day = k == 0 ? patient_.index : VisitDay(planned);
      const bool came = k == 0 || (k != missed && !(k == 4 && last_missed));
      const bool imaged = !missing.Chance(0.08) && k != 3;
      SyntheticVisit visit{.label = "M" + std::to_string(kMonths[k]),
                           .date = day.value_or(patient_.index),
                           .first = k == 0,
                           .outcome = k > 1,
                           .results = {}};
      const bool takes_place = came && day && *day <= patient_.last_contact;
      visit.results = Results(k, edss, imaged, takes_place, values, missing);
      if (!takes_place) continue;
      worse_visits_ += k >= onset && worse ? 1 : 0;
      if (imaged) patient_.procedures.push_back({SyntheticProcedureKind::kBrainMri, visit.date});
      patient_.visits.push_back(std::move(visit));
    }
  }

  // Above the minimum of a worsening from the onset on, below it otherwise.
  int EdssAt(bool worse, int rise, SyntheticRandom& random) const {
    const int change = random.Between(-1, 1);
    int halves = edss_halves_ + (worse ? rise + std::max(change, 0) : std::min(change, rise - 1));
    halves = std::clamp(halves, 0, 19);
    return halves == 1 ? (worse || edss_halves_ >= 2 ? 2 : 0) : halves;
  }

  std::vector<SyntheticResult> Results(std::size_t k, int edss, bool imaged, bool takes_place,
                                       SyntheticRandom& random, SyntheticRandom& missing) {
    std::vector<SyntheticResult> results;
    const auto add = [&](std::string_view key, int value, bool below = false) {
      results.push_back({&FindItem(MsItems(), key), value, below});
    };
    add("edss", 5 * edss);
    const double level = edss / 2.0;
    const auto measure = [&](std::string_view key, int value, double log_odds, bool below = false) {
      if (!missing.Chance(core::Expit(log_odds))) add(key, value, below);
    };
    measure("t25fw",
            Clamped(42 * core::Exp(0.13 * level + 0.12 * walk_ + 0.05 * random.Normal()), 20, 1800),
            -2.4);
    measure(
        "nine_hole_peg",
        Clamped(190 * core::Exp(0.05 * level + 0.1 * pegs_ + 0.04 * random.Normal()), 100, 3000),
        -2.2);
    measure(
        "sdmt",
        Clamped(58 - 2.5 * level - 0.25 * (patient_.age - 34) + 8 * symbols_ + 2 * random.Normal(),
                0, 110),
        -1.8);
    AddMri(k, imaged, takes_place, random, add);
    AddLaboratory(k, random, add, measure);
    if (k > 0) return results;
    add("prior_biologics", prior_drugs_);
    add("smoking", static_cast<int>(smoking_));
    add("course", progressive_ ? 1 : 0);
    return results;
  }

  template <typename Add, typename Measure>
  void AddLaboratory(std::size_t k, SyntheticRandom& random, Add add, Measure measure) {
    const double shift = options_.site_effect * site_.missing;
    const double nfl = 1.9 + 0.015 * (patient_.age - 34) + 0.35 * Is(gadolinium_ > 0) * Is(k == 0) +
                       0.4 * nfl_noise_;
    const double fewer =
        k > 0 && patient_.assigned == kS1pClass ? 0.35 : 1;  // S1P modulators hold them back
    const int crp = Clamped(crp_tenths_ * core::Exp(0.4 * random.Normal()), 6, 400);
    measure("crp", crp, -2.2 + shift, crp == 6);
    measure("lymphocytes", Clamped(lymphocytes_tenths_ * fewer + 2 * random.Normal(), 2, 45),
            -2.6 + shift);
    measure("hb", Clamped(haemoglobin_tenths_ + 4 * random.Normal(), 85, 180), -2.6 + shift);
    measure("creatinine", Clamped(creatinine_ + 4 * random.Normal(), 35, 200), -2.2 + shift);
    if (k == 0) add("jcv_index", jcv_hundredths_, !jcv_positive_);
    measure("nfl", Clamped(10 * core::Exp(nfl + 0.15 * random.Normal()), 15, 4000), -1.2 + shift);
  }

  // Activity shows on the MRI of month 12 or 24; what no MRI of month 12 has shown is new at month 24.
  template <typename Add>
  void AddMri(std::size_t k, bool imaged, bool takes_place, SyntheticRandom& random, Add add) {
    const int lesions = random.Between(1, 4);
    const bool enhancing = random.Chance(0.5);
    const bool due = Happens(kMriActivity) && (k == active_visit_ || (k == 4 && !shown_));
    const int rebaseline = random.Chance(0.3) ? lesions : 0;
    if (!imaged || !takes_place) return;
    const int fresh = k == 1 ? rebaseline : due ? lesions : 0;
    if (due) shown_ = true;
    t2_ += fresh;
    if (k > 0) add("new_t2", fresh);
    add("gadolinium", k == 0 ? gadolinium_ : due && enhancing ? 1 : 0);
    add("t2_lesions", t2_);
  }

  // What a study's table will find, by the definitions of diseases/ms.toml.
  void Observe() {
    const bool relapsed =
        std::ranges::any_of(patient_.relapses, [&](const SyntheticRelapse& relapse) {
          return relapse.date > patient_.index &&
                 relapse.date <= patient_.index + Days(kOutcomeDays);
        });
    const auto seen = [](bool yes, bool no) {
      return yes ? std::optional(true) : no ? std::optional(false) : std::nullopt;
    };
    auto& outcomes = patient_.outcomes;
    outcomes[kRelapse].observed = seen(relapsed, Followed());
    outcomes[kWorseningOutcome].observed = seen(worse_visits_ >= 2, Followed());
    bool active = false;
    bool last_read = false;
    for (const SyntheticVisit& visit : patient_.visits) {
      const SyntheticResult* fresh = visit.Find("new_t2");
      if (fresh == nullptr || !visit.outcome) continue;
      active = active || fresh->value > 0;
      last_read = last_read || visit.label == "M24";
    }
    outcomes[kMriActivity].observed = seen(active, last_read);
    bool any = false;
    bool all_known = true;
    for (const Outcome part : {kRelapse, kWorseningOutcome, kMriActivity}) {
      any = any || outcomes[part].observed == true;
      all_known = all_known && outcomes[part].observed.has_value();
    }
    outcomes[kNeda3].observed = any         ? std::optional(false)
                                : all_known ? std::optional(true)
                                            : std::nullopt;
  }

  const CohortOptions& options_;  // not owned, outlives this
  const SiteDifference& site_;
  std::uint64_t index_;
  SyntheticPatient patient_;
  Terms terms_;
  std::vector<double> process_;  // relapses of a unit Poisson process
  bool progressive_ = false;
  Smoking smoking_ = Smoking::kNever;
  int prior_drugs_ = 0;
  int edss_halves_ = 0;
  int gadolinium_ = 0;
  int t2_ = 0;
  double walk_ = 0, pegs_ = 0, symbols_ = 0, nfl_noise_ = 0;  // the person's own
  int crp_tenths_ = 0, lymphocytes_tenths_ = 0, haemoglobin_tenths_ = 0, creatinine_ = 0;
  bool jcv_positive_ = false;
  int jcv_hundredths_ = 0;
  std::size_t active_visit_ = 4;  // on whose MRI activity shows
  bool shown_ = false;
  int worse_visits_ = 0;
};

}  // namespace

SyntheticPatient DrawMs(const CohortOptions& options, std::uint64_t index) {
  return Draw(options, index).Make();
}

nlohmann::ordered_json MsModelParameters(const CohortOptions& options) {
  nlohmann::ordered_json json;
  json["outcome"] =
      "NEDA-3 within 24 months: no relapse, no worsening of EDSS confirmed after 12 weeks, no "
      "new or enhancing lesion after the MRI of month 6";
  json["relapse_log_rate_per_year"] = EffectsJson(kRelapseRate, kClassNames);
  json["worsening_log_odds"] = EffectsJson(kWorsening, kClassNames);
  json["mri_activity_log_odds"] = EffectsJson(kMri, kClassNames);
  json["assignment_log_odds"] = EffectsJson(kAssignment, kClassNames);
  json["discontinuation_log_scale_days"] = EffectsJson(kStop, kClassNames);
  json["discontinuation_log_scale_neda3"] = kSurvival.response;
  json["discontinuation_shape"] = kSurvival.shape;
  json["loss_to_follow_up_mean_days"] = kLossDays;
  json["site_effect"] = options.site_effect;
  json["site"] = SiteJson(options, kSites[static_cast<std::size_t>(options.site)]);
  return json;
}

}  // namespace clinnova::intake
