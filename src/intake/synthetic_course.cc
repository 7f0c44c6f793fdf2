// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_course.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/deterministic_math.h"
#include "core/mix.h"

namespace clinnova::intake::synthetic {

std::chrono::days Days(int n) { return std::chrono::days{n}; }
int Rounded(double x) { return static_cast<int>(std::floor(x + 0.5)); }
int Clamped(double x, int low, int high) { return std::clamp(Rounded(x), low, high); }
double Is(bool condition) { return condition ? 1.0 : 0.0; }

double Predictor(std::span<const Effect> effects, const Terms& terms, std::size_t drug_class) {
  double sum = 0;
  for (const Effect& effect : effects) {
    const auto term = std::ranges::find(terms, effect.name, &Terms::value_type::first);
    CLINNOVA_CHECK(term != terms.end());
    sum += effect.by_class[drug_class] * term->second;
  }
  return sum;
}

SyntheticRandom StreamOf(const CohortOptions& options, std::uint64_t salt, std::uint64_t index,
                         std::uint64_t purpose) {
  return {core::MixBits(options.seed + salt) + static_cast<std::uint64_t>(options.site), index,
          purpose};
}

void ChooseClass(std::span<const Effect> effects, const Terms& terms, const SiteDifference& site,
                 double site_effect, double u, SyntheticPatient& patient) {
  Classes odds{};
  double total = 0;
  for (std::size_t k = 0; k < kDrugClasses; ++k) {
    odds[k] = core::Exp(Predictor(effects, terms, k) + site_effect * site.assignment[k]);
    total += odds[k];
  }
  patient.assigned = kDrugClasses - 1;
  double below = 0;
  for (std::size_t k = 0; k < kDrugClasses; ++k) {
    patient.propensity[k] = odds[k] / total;
    if (u >= below && u < below + patient.propensity[k]) patient.assigned = k;
    below += patient.propensity[k];
  }
}

SyntheticOutcome PotentialOutcome(std::string_view name, std::span<const Effect> effects,
                                  const Terms& terms, double shift, double u) {
  SyntheticOutcome outcome;
  outcome.name = name;
  for (std::size_t k = 0; k < kDrugClasses; ++k) {
    outcome.probability[k] = core::Expit(Predictor(effects, terms, k) + shift);
    outcome.happens[k] = u < outcome.probability[k];
  }
  return outcome;
}

double Correlated(double u, double rho, SyntheticRandom& random) {
  return core::NormalCdf(rho * core::NormalQuantile(u) +
                         std::sqrt(1 - rho * rho) * random.Normal());
}

SyntheticDrug DrawDrug(std::span<const DrugShare> drugs, SyntheticRandom& random) {
  double u = random.Uniform();
  for (const DrugShare& choice : drugs) {
    if (u < choice.share) return choice.drug;
    u -= choice.share;
  }
  return drugs.front().drug;
}

namespace {

StopReason DrawReason(bool response, SyntheticRandom& random) {
  const double u = random.Uniform();
  if (u < (response ? 0.25 : 0.65)) return StopReason::kLackOfEffect;
  return u < (response ? 0.70 : 0.90) ? StopReason::kAdverseEvent : StopReason::kOther;
}

}  // namespace

void FollowDrug(const DrugSurvival& survival, const Terms& terms,
                std::span<const std::span<const DrugShare>> drugs, double mean_loss_days,
                SyntheticRandom& random, SyntheticPatient& patient) {
  const SyntheticOutcome& response = patient.outcomes.front();
  for (std::size_t k = 0; k < kDrugClasses; ++k) {
    const double log_scale =
        Predictor(survival.log_scale, terms, k) + survival.response * Is(response.happens[k]);
    const double days = core::Exp(log_scale + core::Log(random.Exponential()) / survival.shape);
    patient.stop_days[k] = static_cast<int>(std::clamp(std::ceil(days), 7.0, 36500.0));
  }
  const int to_cut_off = static_cast<int>((kCutOff - patient.index).count());
  const int to_loss = static_cast<int>(std::min(mean_loss_days * random.Exponential(), 36500.0));
  const int followed = std::clamp(to_loss, 14, to_cut_off);
  patient.last_contact = patient.index + Days(followed);
  const StopReason reason = DrawReason(response.happens[patient.assigned], random);
  const bool switches = random.Chance(0.70);
  const std::size_t next =
      (patient.assigned + static_cast<std::size_t>(random.Between(1, 2))) % kDrugClasses;
  SyntheticTreatment first{DrawDrug(drugs[patient.assigned], random), patient.index, std::nullopt,
                           std::nullopt};
  const SyntheticDrug next_drug = DrawDrug(drugs[next], random);
  const int stop = patient.stop_days[patient.assigned];
  if (stop <= followed) {
    first.stop = patient.index + Days(stop);
    first.reason = reason;
  }
  patient.treatments.push_back(first);
  if (stop + 14 <= followed && switches) {
    patient.treatments.push_back(
        {next_drug, patient.index + Days(stop + 14), std::nullopt, std::nullopt});
  }
}

void SetAge(int age, SyntheticRandom& random, SyntheticPatient& patient) {
  patient.age = age;
  patient.birth = patient.index - Days(static_cast<int>(365.25 * age) + 1 + random.Between(0, 363));
}

nlohmann::ordered_json EffectsJson(std::span<const Effect> effects,
                                   std::span<const std::string_view> classes) {
  nlohmann::ordered_json json;
  for (const Effect& effect : effects) {
    for (std::size_t k = 0; k < kDrugClasses; ++k) {
      json[std::string(classes[k])][std::string(effect.name)] = effect.by_class[k];
    }
  }
  return json;
}

nlohmann::ordered_json SiteJson(const CohortOptions& options, const SiteDifference& site) {
  return {{"name", SiteName(options.site)},         {"mean_age", site.age},
          {"mean_log_crp", site.log_crp},           {"outcome_log_odds", site.outcome},
          {"assignment_log_odds", site.assignment}, {"missing_laboratory_log_odds", site.missing}};
}

}  // namespace clinnova::intake::synthetic
