// SPDX-License-Identifier: Apache-2.0
// A synthetic patient as every disease's model makes one and every dialect's writer writes one: who it is,
// what happened, what was measured, and the truth that no export has.
//
//   const SyntheticDisease* disease = FindSyntheticDisease("ms");
//   const SyntheticPatient patient = disease->draw({.seed = 7, .site = SyntheticSite::kBasel}, 42);
//   patient.outcomes[0].probability[1]    // true chance of the first outcome under the second arm
//
// Numbers are whole ones in the smallest step that is reported, so that every dialect writes the same.
// A new disease is a model (synthetic_ibd.cc, synthetic_ms.cc), its items with their names in the dialects
// (synthetic_items.h) and a line in synthetic_disease.cc.
// Thread rule: values and pure functions.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clinnova::intake {

using Day = std::chrono::sys_days;

enum class SyntheticSite { kLuxembourg, kFreiburg, kStrasbourg, kBasel };
inline constexpr std::array kSyntheticSites = {SyntheticSite::kLuxembourg, SyntheticSite::kFreiburg,
                                               SyntheticSite::kStrasbourg, SyntheticSite::kBasel};
/// "lu-chl", "de-freiburg", "fr-strasbourg", "ch-basel".
std::string_view SiteName(SyntheticSite site);

/// How the true effects of rheumatoid arthritis differ between the classes: as told in docs/synthetic-models.md; or
/// every term but the intercept with the mean of the classes' effects, so that one class is best for everybody; or
/// the intercept, too, so that no class is better than another for anybody.
enum class TrueEffects { kCrossover, kOneBest, kNone };

/// What the cohort depends on.
struct CohortOptions {
  std::uint64_t seed = 1;
  SyntheticSite site =
      SyntheticSite::kLuxembourg;  ///< sites have different patients even under one seed
  double site_effect = 1;  ///< factor on everything that differs between sites; 0 = sites alike
  TrueEffects effects = TrueEffects::kCrossover;
};

/// Every disease compares three drug classes.
inline constexpr std::size_t kDrugClasses = 3;
using Classes = std::array<double, kDrugClasses>;

/// A drug that the cohort uses.
struct SyntheticDrug {
  std::string_view name;
  std::string_view atc;          ///< of 2024
  std::string_view retired_atc;  ///< before the split of L04AA in 2024; empty = unchanged
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

/// An item in one dialect: its column or analysis code, what it is called, its unit as printed, and the
/// power of ten that the number is multiplied by (haemoglobin of 13.8 g/dL is 138 g/L: 1).
struct LocalItem {
  std::string_view code = {};
  std::string_view label = {};
  std::string_view unit = {};
  int shift = 0;
  std::string_view missing = {};  ///< the word for a value that is not there
};

/// One answer of a coded item: its code, and its word in each CSV dialect.
struct SyntheticAnswer {
  std::string_view system;
  std::string_view code;
  std::string_view display;
  std::string_view lu;
  std::string_view fr;
  std::string_view ch;
};

enum class ItemKind {
  kAssessment,  ///< a number from the visit: counts, scores, questionnaires
  kLaboratory,
  kAnswer  ///< coded, or a count, asked once
};

/// Something that is recorded.
struct SyntheticItem {
  std::string_view key;  ///< "crp"
  ItemKind kind = ItemKind::kAssessment;
  std::string_view system;  ///< "LOINC" or "Clinnova"
  std::string_view code;
  int decimals = 0;            ///< of the values below, in `ucum`
  std::string_view ucum = {};  ///< the canonical unit
  LocalItem lu;
  LocalItem fr;
  LocalItem ch;
  LocalItem de;                   ///< code: the resource's id within the visit; label: display
  std::string_view de_ucum = {};  ///< where `de` has another unit than `ucum`
  std::span<const SyntheticAnswer> answers = {};
};

struct SyntheticResult {
  const SyntheticItem* item = nullptr;  // not owned: a constant
  long value = 0;      ///< in 10^-decimals of the unit; of a coded item, which answer
  bool below = false;  ///< reported as less than the value
};

struct SyntheticVisit {
  std::string label;  ///< "M3", "W14"
  Day date;
  bool first = false;                    ///< the one at which the drug begins
  bool outcome = false;                  ///< an outcome is read from it: no defect is planted here
  std::vector<SyntheticResult> results;  ///< in the order of the items, without what is missing

  const SyntheticResult* Find(std::string_view key) const;
};

/// The diagnosis in the four modifications of ICD-10.
struct SyntheticDiagnosis {
  Day date;
  std::string_view icd10_cm;
  std::string_view cim10;  ///< without dot
  std::string_view icd10_gm;
  std::string_view french;
  std::string_view german;
  std::string_view swiss;
};

enum class SyntheticProcedureKind { kColonoscopy, kBrainMri };
struct SyntheticProcedure {
  SyntheticProcedureKind kind;
  Day date;
};

/// A relapse, between visits; grade 1 to 3.
struct SyntheticRelapse {
  Day date;
  int grade = 1;
};

/// A potential outcome: its true chance under each class, whether it would have happened, and what the
/// export shows of it (absent: not assessed).
struct SyntheticOutcome {
  std::string_view name;
  Classes probability{};
  std::array<bool, kDrugClasses> happens{};
  std::optional<bool> observed;
};

struct SyntheticPatient {
  std::uint64_t number = 0;  ///< from 1
  bool female = false;
  int age = 0;  ///< full years at the start of the drug
  Day birth;
  Day index;  ///< start of the drug
  SyntheticDiagnosis diagnosis;
  double baseline = 0;  ///< the disease's measure of activity or disability

  Classes propensity{};  ///< chance of being given each class
  std::size_t assigned = 0;
  std::vector<SyntheticOutcome> outcomes;     ///< the first is the one that classes are chosen for
  std::array<int, kDrugClasses> stop_days{};  ///< potential days to discontinuation

  std::vector<SyntheticTreatment> treatments;  ///< the studied drug first, then what else
  std::vector<SyntheticVisit> visits;          ///< those that took place, the first at the start
  std::vector<SyntheticProcedure> procedures;
  std::vector<SyntheticRelapse> relapses;
  Day last_contact;
};

}  // namespace clinnova::intake
