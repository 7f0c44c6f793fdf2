// SPDX-License-Identifier: Apache-2.0
// What the synthetic models of several diseases share: log odds from tables of named effects, the choice of
// a class by indication, potential outcomes from one number per patient, and drug survival.
//
//   const Terms terms = {{"intercept", 1}, {"prior_biologics", 2}};
//   SyntheticOutcome remission = PotentialOutcome("remission_w14", kRemission, terms, 0, random.Uniform());
//
// One uniform number per outcome decides it under every class: who responds at probability p responds at
// every higher one. Private to the synthetic_*.cc models.
// Thread rule: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "intake/synthetic_patient.h"
#include "intake/synthetic_random.h"

namespace clinnova::intake::synthetic {

/// One named term's coefficient under each class.
struct Effect {
  std::string_view name;
  Classes by_class;
};
/// The terms' values for one patient.
using Terms = std::vector<std::pair<std::string_view, double>>;

/// What differs between the sites; each is multiplied by CohortOptions::site_effect.
struct SiteDifference {
  double age = 0;        ///< added to the mean age
  double log_crp = 0;    ///< added to the mean of ln CRP
  double outcome = 0;    ///< added to the log odds of a good outcome under every class
  Classes assignment{};  ///< added to the log odds of each class
  double missing = 0;    ///< added to the log odds of a missing laboratory value
};

/// A drug of a class and its share.
struct DrugShare {
  double share;
  SyntheticDrug drug;
};

/// Time to discontinuation: Weibull with this shape and log scale (days) by class; `response` is added for
/// a class under which the first outcome happens.
struct DrugSurvival {
  std::span<const Effect> log_scale;
  double response = 0;
  double shape = 1;
};

constexpr Day DayOf(int year, unsigned month, unsigned day) {
  return std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
}
inline constexpr Day kCutOff = DayOf(2025, 6, 30);  // of the data
std::chrono::days Days(int n);
int Rounded(double x);
int Clamped(double x, int low, int high);
double Is(bool condition);

/// Sum of the effects times the terms. Precondition: there is a term for each effect.
double Predictor(std::span<const Effect> effects, const Terms& terms, std::size_t drug_class);

/// The stream of random numbers for one purpose of a disease's patient; `salt` is the disease's. The site is part
/// of the seed: two sites of one seed have different patients.
SyntheticRandom StreamOf(const CohortOptions& options, std::uint64_t salt, std::uint64_t index,
                         std::uint64_t purpose);

/// Chances of the classes, and the one that `u` gives.
void ChooseClass(std::span<const Effect> effects, const Terms& terms, const SiteDifference& site,
                 double site_effect, double u, SyntheticPatient& patient);

/// Happens under a class where `u` is below its probability. `shift` is added to all log odds.
SyntheticOutcome PotentialOutcome(std::string_view name, std::span<const Effect> effects,
                                  const Terms& terms, double shift, double u);

/// A uniform number whose normal score correlates with `u`'s by `rho`.
double Correlated(double u, double rho, SyntheticRandom& random);

SyntheticDrug DrawDrug(std::span<const DrugShare> drugs, SyntheticRandom& random);

/// Fills stop_days, last_contact and the treatments with the studied drug and what follows it: seven in ten
/// who stop begin a drug of one of the two other classes 14 days later.
void FollowDrug(const DrugSurvival& survival, const Terms& terms,
                std::span<const std::span<const DrugShare>> drugs, double mean_loss_days,
                SyntheticRandom& random, SyntheticPatient& patient);

/// The age and the dates that go with it: born somewhere within the year of that age.
void SetAge(int age, SyntheticRandom& random, SyntheticPatient& patient);

/// By class and term.
nlohmann::ordered_json EffectsJson(std::span<const Effect> effects,
                                   std::span<const std::string_view> classes);
nlohmann::ordered_json SiteJson(const CohortOptions& options, const SiteDifference& site);

}  // namespace clinnova::intake::synthetic
