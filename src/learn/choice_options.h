// SPDX-License-Identifier: Apache-2.0
// The options of a treatment choice (treatment_choice.h), read from its analysis alike at the hub and at the sites.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "federation/analysis.h"
#include "learn/boosting.h"

namespace clinnova::learn {

inline constexpr std::int64_t kMostChoiceFolds = 20;
inline constexpr std::size_t kMostThresholds = 100;

/// What is judged beside the policies' values.
struct ChoiceEvaluation {
  bool calibration = true;         ///< of predicted benefit, and of predicted outcomes
  bool subgroups = true;           ///< gain by subgroup
  bool leave_one_site_out = true;  ///< everything learned without a site, judged in it
  bool net_benefit = true;         ///< by threshold of the predicted gain
  bool between_sites = true;       ///< of gain, discrimination and inputs
  bool heterogeneity = true;       ///< lines of effects in the covariates
  bool policy_tree = false;        ///< the best rule of two questions; only where it is named
  bool causal_forest = false;      ///< effects by a forest; only where it is named
  bool given = false;              ///< the study names these, and the stewards have seen it
};

/// Of the policy tree (choice_policy_tree.h); its columns are read by PolicyFeatures.
struct PolicyTreeOptions {
  std::int64_t depth = 2;  ///< questions one below the other: 1 or 2
  std::int64_t bins = 8;   ///< of a number, 2 to 32
};

/// Of the causal forest (choice_causal_forest.h).
struct CausalForestOptions {
  std::int64_t trees = 200;  ///< at least, of every two arms; as many for every two folds left out
  std::int64_t depth = 4;    ///< 1 to 8
  std::int64_t bins = 8;     ///< of a number, 2 to 32
  /// Drawn anew for each node; 0: the square root of the columns' number and 20 more, at most all.
  std::int64_t columns = 0;
};

struct ChoiceOptions {
  bool higher_is_better = true;
  std::string outcome_family;                  ///< empty: by what the outcome is
  double alpha = 0.5;                          ///< of the elastic net: 0 ridge, at most 0.9
  std::optional<BoostingSettings> boosting{};  ///< learner = "boosted_trees"
  std::int64_t folds = 5;
  double trim = 0.02;  ///< propensities below count as this
  double ridge =
      1.0;  ///< prior precision of the propensity's coefficients, in standard deviations of the columns
  double confidence_level = 0.95;
  std::vector<std::string> guideline;  ///< arms in order of preference; may be empty
  std::vector<std::string> subgroups;  ///< columns
  bool subgroups_given = false;
  std::vector<double>
      thresholds{};  ///< of net benefit, rising; empty: as choice_net_benefit.h says
  ChoiceEvaluation evaluation;
  PolicyTreeOptions policy_tree{};
  CausalForestOptions causal_forest{};
};

/// kInvalidInput names the key, also one that is the other learner's.
Result<ChoiceOptions> ChoiceOptionsOf(const federation::Analysis& analysis);

/// The target trial that the data emulate, as the study file has it: {"eligibility", "time_zero", "strategies",
/// "assignment", "outcome", "follow_up", "confounders", "negative_controls"}; what is not told is null, but for what
/// the analysis itself says. Keys that are not told are appended to `untold`. kInvalidInput for other keys.
/// Source: M. A. Hernan, J. M. Robins, Am. J. Epidemiol. 183 (2016).
Result<nlohmann::ordered_json> TargetTrial(const federation::Analysis& analysis,
                                           const std::vector<std::string>& arms,
                                           std::vector<std::string>& untold);

}  // namespace clinnova::learn
