// SPDX-License-Identifier: Apache-2.0
// A disease as data: its concept sets, the cohorts that can be asked for and the features of a patient
// (diseases/ra.toml). A new disease is a new file, not new code.
//
//   CLINNOVA_ASSIGN(DiseaseModule module, DiseaseModule::Load("ra"));
//   module.FindFeature("crp_baseline")->unit   // "mg/L"
//
// Thread rule: immutable value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/hash.h"

namespace clinnova::cohort {

/// Concepts and, at a site, everything below them in the CDM's concept_ancestor.
struct ConceptSet {
  std::string name;
  std::string title;
  std::vector<std::int64_t> concepts;
};

/// A group of drugs that is compared with the others.
struct Arm {
  std::string name;
  std::string concept_set;
};

/// The arms in the order in which a guideline would try them.
struct Guideline {
  std::vector<std::string> order;
  std::string source;
};

/// What puts a person into a cohort: the first exposure to a drug of one of the arms.
struct IndexEvent {
  std::string name;
  std::string title;
  std::string condition;          ///< concept set: diagnosed on or before the index date
  std::vector<std::string> arms;  ///< the reference first
  int minimum_age = 0;            ///< completed years on the index date
};

/// What a feature is made from. Those from kMeasurement to kProcedure are rows of one CDM table in a window.
enum class FeatureSource {
  kArm,          ///< the index event's arm, a factor
  kAge,          ///< completed years on the index date
  kSex,          ///< a factor
  kMeasurement,  ///< numbers in the canonical unit
  kObservation,  ///< numbers, or a factor of the values' concepts
  kCondition,
  kDrug,
  kProcedure,
  kScore,      ///< a disease score of other features
  kThreshold,  ///< 1 where another feature is at most a limit, else 0
  kEither,     ///< 1 where one of `yes` is 1; else 0 where one of `no` is 1; else missing
  kAll,  ///< 1 where all of `yes` are 1 and all of `no` are 0; 0 where one is not; else missing
  kFollowed,      ///< 1 where observation lasts to `day` after the index date, else 0
  kProgression,   ///< 1 where a confirmed worsening begins in the window, else 0
  kDaysOnDrug,    ///< days from the index date to the end of the drug or of observation
  kDiscontinued,  ///< 1 where the drug was stopped, 0 where the person is censored
};

enum class Summary {
  kLast,
  kFirst,
  kMax,
  kMin,
  kMean,
  kCount,
  kAny,
  kNearest,
  kYearsSinceFirst,
  kActive  ///< kDrug: 1 where an exposure lasts on some day of the window, else 0
};

/// What worsens, and by how much it must, in kProgression: decision/progression.h has the rules.
enum class WorseningRule { kEdss, kT25fw, k9hpt, kSdmt };

/// A factor's level and the concepts that mean it.
struct FactorLevel {
  std::string name;
  std::vector<std::int64_t> concepts;
};

/// One column that a study can ask for; which fields count depends on the source.
struct Feature {
  std::string name;
  std::string title;
  FeatureSource source = FeatureSource::kMeasurement;
  std::string unit;  ///< UCUM; empty where there is none
  std::string concept_set;
  int window_from = 0;  ///< days from the index date, both ends included
  int window_to = 0;
  Summary summary = Summary::kLast;
  int nearest_day = 0;              ///< kNearest
  int followed_to = 0;              ///< kFollowed: days from the index date
  std::optional<double> at_least;   ///< kAny of measurements: only values of at least this
  std::vector<FactorLevel> levels;  ///< kSex, kObservation: a factor, the reference first
  std::string score;                ///< kScore
  std::map<std::string, std::string> inputs;  ///< kScore: input to feature
  std::string of;                             ///< kThreshold: a feature
  double at_most = 0.0;                       ///< kThreshold; of `below` the number before it
  std::vector<std::string> yes;               ///< kEither, kAll: features that are 1 or 0
  std::vector<std::string> no;                ///< kEither, kAll
  WorseningRule rule = WorseningRule::kEdss;  ///< kProgression
  std::string relapses;                       ///< kProgression: a concept set of observations
  int confirm_days = 84;                      ///< kProgression
  int gap_days = 0;                           ///< kDaysOnDrug, kDiscontinued

  bool IsFactor() const { return source == FeatureSource::kArm || !levels.empty(); }
  /// Its values are 1, 0 and missing.
  bool IsFlag() const;
  /// The features that this one is computed from.
  std::vector<std::string> Needs() const;
};

/// How far a rule keeps a drug away from a patient.
enum class SafetyLevel {
  kContraindicated,
  kAvoid,    ///< only where there is no suitable alternative
  kCaution,  ///< may be given, with what the reason says in mind
};

/// A reason against some arms, from drug labels and regulators; data for the bedside, without effect on studies.
struct SafetyRule {
  /// One of the conditions that must hold together.
  struct Condition {
    std::string feature;               ///< without more: it is 1
    std::optional<double> at_least{};  ///< of a number
    std::vector<std::string> is{};     ///< of a factor: one of these levels
  };
  std::string name;
  std::vector<std::string> arms;
  SafetyLevel level = SafetyLevel::kCaution;
  std::vector<Condition> when;
  std::string reason;
  std::string source;
};

class DiseaseModule {
 public:
  /// kInvalidInput names file, line and key: unknown keys, references to what is not declared, a unit that
  /// is not the canonical one of the concepts, a window whose end is before its start, a feature that is
  /// computed from itself.
  static Result<DiseaseModule> FromToml(std::string_view text, std::string_view file);

  /// `DISEASE.toml` of `folder` where it is there, otherwise the module that is compiled in. kInvalidInput
  /// when there is neither; the message lists those compiled in.
  static Result<DiseaseModule> Load(std::string_view disease, const std::string& folder = {});

  const std::string& disease() const { return disease_; }
  const std::string& title() const { return title_; }
  const std::string& version() const { return version_; }
  /// BLAKE2b-256 of the module's text.
  const core::Hash& hash() const { return hash_; }

  const ConceptSet* FindConceptSet(std::string_view name) const;
  const Arm* FindArm(std::string_view name) const;
  const IndexEvent* FindIndexEvent(std::string_view name) const;
  const Feature* FindFeature(std::string_view name) const;
  const std::vector<ConceptSet>& concept_sets() const { return concept_sets_; }
  const std::vector<Arm>& arms() const { return arms_; }
  const std::vector<IndexEvent>& index_events() const { return index_events_; }
  /// Absent where the module names none.
  const std::optional<Guideline>& guideline() const { return guideline_; }
  const std::vector<Feature>& features() const { return features_; }
  const std::vector<SafetyRule>& safety_rules() const { return safety_rules_; }

  /// A feature's levels in a study of `index`, the reference first; empty for a number.
  std::vector<std::string> Levels(const Feature& feature, const IndexEvent& index) const;

 private:
  friend class ModuleReader;
  std::string disease_;
  std::string title_;
  std::string version_;
  core::Hash hash_{};
  std::vector<ConceptSet> concept_sets_;
  std::vector<Arm> arms_;
  std::vector<IndexEvent> index_events_;
  std::optional<Guideline> guideline_;
  std::vector<Feature> features_;
  std::vector<SafetyRule> safety_rules_;
};

}  // namespace clinnova::cohort
