// SPDX-License-Identifier: Apache-2.0
// Synthetic patients with rheumatoid arthritis whose every potential outcome is known: what would have
// happened under each of three drug classes, drawn from a model with stated effects. The model, its
// equations and numbers are in docs/synthetic-data.md and, as data, in ModelParameters().
//
//   const SyntheticPatient patient = DrawPatient({.seed = 7, .site = SyntheticSite::kBasel}, 42);
//   patient.probability[kJak]   // true chance of low disease activity at six months under a JAK inhibitor
//
// Source: our own model; DAS28-CRP after Wells 2009 (four variables). Nothing is fitted to real patients.
// The numbers depend on (options, index) alone: no libm beyond sqrt and floor, no global state.
// Thread rule: pure functions.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace clinnova::intake {

using Day = std::chrono::sys_days;

enum DrugClass : std::size_t { kAntiTnf = 0, kIl6 = 1, kJak = 2 };
inline constexpr std::size_t kDrugClasses = 3;
/// "anti-TNF", "anti-IL-6", "JAK".
std::string_view DrugClassName(std::size_t drug_class);

enum class SyntheticSite { kLuxembourg, kFreiburg, kStrasbourg, kBasel };
/// "lu-chl", "de-freiburg", "fr-strasbourg", "ch-basel".
std::string_view SiteName(SyntheticSite site);

/// A drug that the cohort uses.
struct SyntheticDrug {
  std::string_view name;
  std::string_view atc;          ///< of 2024
  std::string_view retired_atc;  ///< before the split of L04AA in 2024; empty = unchanged
};

/// 0.6 mg/L is the laboratory's limit: below it, it reports "<0.6". Integers in the smallest step that
/// is reported, so that every dialect writes the same number.
struct SyntheticVisit {
  int month = 0;  ///< 0, 3, 6 or 12 after the start of the drug
  Day date;
  std::optional<int> tender_joints;     ///< 0–28
  std::optional<int> swollen_joints;    ///< 0–28
  std::optional<int> patient_global;    ///< 0–100 mm
  std::optional<int> physician_global;  ///< 0–100 mm
  std::optional<int> haq_eighths;       ///< HAQ-DI times 8, 0–24
  std::optional<int> crp_tenths;        ///< mg/L times 10; 6 with crp_below_limit
  bool crp_below_limit = false;
  std::optional<int> esr;                 ///< mm/h
  std::optional<int> haemoglobin_tenths;  ///< g/dL times 10
  std::optional<int> creatinine;          ///< umol/L
};

enum class Smoking { kNever, kFormer, kCurrent };
enum class StopReason { kLackOfEffect, kAdverseEvent, kOther };

/// One treatment with a drug.
struct SyntheticTreatment {
  SyntheticDrug drug;
  Day start;
  std::optional<Day> stop;  ///< absent: goes on at the last contact
  std::optional<StopReason> reason;
};

/// One patient with everything that happened and everything that could have.
struct SyntheticPatient {
  std::uint64_t number = 0;  ///< from 1
  bool female = false;
  int age = 0;  ///< full years at the start of the drug
  Day birth;
  Day diagnosis;
  Day index;  ///< start of the drug
  Smoking smoking = Smoking::kNever;
  bool rheumatoid_factor = false;   ///< 14 IU/mL or more
  bool acpa = false;                ///< 10 U/mL or more
  int rheumatoid_factor_value = 0;  ///< IU/mL; 10 = reported as "<10" where negative
  int acpa_value = 0;               ///< U/mL; 7 = reported as "<7" where negative
  int prior_biologics = 0;          ///< 0–3
  double baseline_das28 = 0;        ///< DAS28-CRP

  std::array<double, kDrugClasses> propensity{};  ///< chance of being given each class
  std::array<double, kDrugClasses>
      probability{};                          ///< true chance of DAS28-CRP <= 3.2 at six months
  std::array<bool, kDrugClasses> response{};  ///< potential outcome
  std::array<int, kDrugClasses> stop_days{};  ///< potential days to discontinuation
  DrugClass assigned = kAntiTnf;

  std::vector<SyntheticTreatment> treatments;  ///< the studied drug first, then what else
  std::vector<SyntheticVisit> visits;          ///< those that took place, the first at month 0
  Day last_contact;
};

/// How the true effects differ between the classes: as told in docs/synthetic-data.md; or every term but the
/// intercept with the mean of the classes' effects, so that one class is best for everybody; or the intercept, too, so
/// that no class is better than another for anybody.
enum class TrueEffects { kCrossover, kOneBest, kNone };

/// What the cohort depends on.
struct CohortOptions {
  std::uint64_t seed = 1;
  SyntheticSite site =
      SyntheticSite::kLuxembourg;  ///< sites have different patients even under one seed
  double site_effect = 1;  ///< factor on everything that differs between sites; 0 = sites alike
  TrueEffects effects = TrueEffects::kCrossover;
};

/// The patient of this index (from 0).
SyntheticPatient DrawPatient(const CohortOptions& options, std::uint64_t index);

/// DAS28-CRP, four variables: 0.56 sqrt(TJC28) + 0.28 sqrt(SJC28) + 0.36 ln(CRP + 1) + 0.014 GH + 0.96.
double Das28Crp(int tender_joints, int swollen_joints, double crp_mg_per_l, int patient_global_mm);

/// The model as data: every coefficient that DrawPatient uses, for the truth file.
nlohmann::ordered_json ModelParameters(const CohortOptions& options);

}  // namespace clinnova::intake
