// SPDX-License-Identifier: Apache-2.0
// Whether choosing by a learned rule beats not choosing: the coordinator's side of choice_value_steps.h.
//
// The value is that of the K learned rules, averaged, and its error is more than that of K independent means where the
// choice is close: fold k's rule has learned from fold l and l's from k, and where drugs are equal both go with the
// same chance (A. R. Luedtke, M. J. van der Laan, Ann. Stat. 44, 2016, on why such values are not regular). Let D_kl be
// the sum over fold k of the score by the rule without k less that by the rule without k and l, over n. All else has mean 0
// given what the rules have learned from, so that the covariance of the folds' k and l parts is that of D_kl and D_lk, at
// most the mean of their variances. How much of that it is depends on what the rule can do: with two equal drugs and normal
// scores 0.32 (two folds) to 0.4 where it gives everybody the same drug, a quarter where it asks four covariates or more,
// and less where drugs differ (0.1 in the crossover of bench/truth, 0.3 in its ties). A fifth of it is added to the variance
// of the rule's value: between these, so that intervals hold in all of them nearly as often as they say. It vanishes where
// rules are stable. bench/truth shows what that does to coverage, ties.py without models.
//
// The rule's gain is over the best single drug, and which drug that is is not known. The claim "the rule beats the
// best single drug" therefore needs the rule to beat *every* single drug, each by a lower confidence bound above zero:
// an intersection-union test (R. L. Berger, Technometrics 24, 1982), whose level holds without any correction, also
// where drugs tie and whichever looked best. Reported are the smallest of the gains, the smallest of their lower
// bounds, and for the upper bound the smallest of upper bounds at a level that allows for all drugs (Bonferroni), so
// that the interval covers the gain over the truly best drug with at least the level asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "learn/choice_benefit.h"
#include "learn/choice_causal_judgement.h"
#include "learn/choice_inputs.h"
#include "learn/choice_learning.h"
#include "learn/choice_policy_judgement.h"
#include "learn/choice_sites.h"
#include "learn/choice_value_steps.h"

namespace clinnova::learn {

struct ChoiceEstimate {
  double estimate = 0;
  double std_error = 0;
  double low = 0;
  double high = 0;
  double p_value = 1;  ///< of zero, two-sided; only for differences
};
/// With the normal interval of that level around it.
ChoiceEstimate NormalEstimate(double estimate, double std_error, double confidence_level);

/// Values of the policies, in the order of PolicyCount's comment, with the covariance of their estimates. Those of a policy
/// that is not told are not numbers, nor are its gains.
struct PolicyValues {
  std::int64_t n = 0;
  double confidence_level = 0.95;
  double sign = 1;  ///< -1 where lower outcomes are better
  std::size_t arms = 0;
  std::vector<double> totals{};  ///< sums of scores
  std::vector<double> values{};
  stats::Matrix covariance{};

  bool Told(std::size_t policy) const;
  ChoiceEstimate Value(std::size_t policy) const;
  /// How much better `policy` is than `other`, in units of the outcome; positive is better.
  ChoiceEstimate Gain(std::size_t policy, std::size_t other) const;
  /// The arm with the best value.
  std::size_t BestArm() const;
  /// The gain of the rule, or another policy that was learned, over the best single drug, as told above.
  ChoiceEstimate GainOverBest(std::size_t policy = 0) const;
  /// Takes a policy that is not told for one that is: from the sums of its scores and their squares, those of their
  /// products with the scores of every other policy in order (of none that is not told), and what is to be added to its
  /// variance.
  void Take(std::size_t policy, double sum, double squares, const std::vector<double>& products,
            double more);
  /// Adds a policy as the last, that is not told.
  void Add();
};
/// What is added to the variance of the rule's value for the covariance between folds, from choice.fold_pairs.
double FoldCovariance(double squared_changes, std::int64_t n);
/// From choice.values; the rule's are not told.
PolicyValues ValuesFrom(const federation::PooledSums& sums, std::size_t arms,
                        double confidence_level, bool higher_is_better);

/// With fewer persons than this whom the rule gives another drug than the best single one, the normal approximation
/// says nothing, and nothing is claimed.
inline constexpr std::int64_t kFewestChanged = 30;

struct InputSummary {
  ChoiceInput input;
  double mean = 0, sd = 0, low = 0,
         high = 0;                        ///< of a number; 1 % and 99 % to a twentieth of the sd
  double missing = 0;                     ///< share of all rows
  std::vector<std::int64_t> counts{};     ///< of a factor
  std::vector<std::int64_t> histogram{};  ///< of a number, kInputBins
  std::vector<double> subgroup_cuts{};    ///< by which this study tells subgroups, too
};

/// The rounds of choice.inputs.
Result<std::vector<InputSummary>> ReadInputs(federation::Federation& federation,
                                             const federation::Analysis& analysis,
                                             const ChoiceSplit& split);
/// The distribution of Mahalanobis' distance over the numeric columns of the design.
struct DistanceSummary {
  std::vector<std::size_t> columns{};
  std::vector<double> center{};  ///< standardised scale
  stats::Matrix inverse{};
  double at_95 = 0, at_99 = 0;
};

struct GroupGain {
  std::string of;  ///< empty for a group of predicted benefit
  std::string label;
  std::int64_t n = 0;
  double predicted = 0;
  ChoiceEstimate gain{};
  bool withheld = false;  ///< its numbers; GroupsWithheld
  bool outcome_withheld = false;
  // Of a subgroup:
  std::vector<double> predictions{};   ///< sums of PredictionParts
  std::vector<std::int64_t> scores{};  ///< of a binary outcome: as kSubgroupScores orders them
  std::vector<double> contrasts{};     ///< by two arms: sums of ContrastParts

  /// Persons with a binary outcome.
  std::int64_t Cases() const;
};

struct Recalibration {
  std::optional<ChoiceEstimate> intercept{}, slope{};
};

/// Sums over everybody, by threshold (choice_net_benefit.h).
struct NetBenefitSums {
  std::size_t reference = 0;  ///< an arm
  std::vector<double> thresholds{};
  std::vector<std::int64_t> switched{};  ///< persons with a larger predicted gain
  std::vector<std::int64_t>
      into{};                  ///< SwitchedInto: a threshold whose sums may be told is its own
  std::vector<double> gain{};  ///< theirs, of scores, towards the better outcome
  std::vector<double> gain_squared{};     ///< theirs
  std::vector<double> squared_changes{};  ///< between folds
};

struct ChoiceJudgement {
  PolicyValues policies;
  bool beats_best_single = false;
  std::int64_t changed = 0;  ///< persons whom the rule gives another drug than the best single one
  federation::PooledSums sums;  ///< of the value step
  /// Of an outcome that is a number, by arm: root mean squares of the errors of predictions, and counts of errors in these
  /// (choice_residuals.h).
  std::vector<double> residual_scales{};
  std::vector<std::int64_t> residual_counts{};
  std::optional<NetBenefitSums> net_benefit{};
  std::optional<SiteComparison> between_sites{};
  std::optional<FittingLines> lines{};                   ///< with evaluation "heterogeneity"
  std::optional<PolicyTreeJudgement> policy_tree{};      ///< with evaluation "policy_tree"
  std::optional<CausalForestJudgement> causal_forest{};  ///< with evaluation "causal_forest"
  std::optional<PolicyValues> forest_policies{};         ///< its rule as the last
  std::vector<InputSummary> inputs{};
  DistanceSummary distance{};
  std::vector<GroupGain> groups{};
  std::vector<double> calibration_predicted{};  ///< by arm and bin, sums; as is told
  std::vector<double> calibration_observed{};
  std::vector<Recalibration> recalibration{};                 ///< by arm
  std::vector<std::int64_t> benefit_counts{};                 ///< with evaluation "calibration"
  std::optional<ChoiceBenefit> benefit{};                     ///< likewise
  std::optional<PolicyValues> without_site{};                 ///< leave-one-site-out
  std::optional<federation::PooledSums> without_site_sums{};  ///< of its value step
  std::vector<std::string> warnings{};
};

/// All rounds of the judgement. `guideline`: an arm, or -1.
Result<ChoiceJudgement> JudgeChoice(federation::Federation& federation,
                                    const federation::Analysis& analysis,
                                    const ChoiceOptions& options, const stats::ModelFrame& frame,
                                    const LearnedChoice& learned, std::int64_t guideline);

}  // namespace clinnova::learn
