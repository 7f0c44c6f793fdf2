// SPDX-License-Identifier: Apache-2.0
// What travels while a treatment choice is judged, and the site's side of it: values of policies, what the inputs
// look like, distributions of predicted benefit and of distances, gains by group, recalibration.
//
// Every person counts with the AIPW scores Gamma_a of models that did not see the person's fold (choice_rows.h). With
// policies in the order of PolicyCount's comment, a policy's value is the mean of its scores, and the sums of the
// scores' products give the variance of every value and of every difference.
// Source: J. M. Robins, A. Rotnitzky, L. P. Zhao, JASA 89 (1994); S. Athey, S. Wager, Econometrica 89 (2021).
//
// Reveals, over all sites together: sums and products of the policies' scores (of the rule's only where it differs from every
// drug for everybody by nobody or by minimum_count persons: choice_disclosure.h); squares of what folds change in each
// other's values; what choice_net_benefit.h, choice_sites.h and choice_lines.h say; persons by recommended and received
// arm; sums of weights; histograms of propensities by arm; weighted column sums; by arm sums of predictions and
// outcomes, and of a binary one histograms of the predictions of those with and without it; sums, sums of squares, level
// counts and histograms of the inputs; histograms of predicted benefit and of
// Mahalanobis' distance; what choice_benefit.h says; persons by subgroup; by group predicted and observed gain, and of subgroups sums of predictions and
// outcomes, and of every two arms of predicted benefit and scores' gain, where disclosure rules hold of groups of enough persons
// only; persons by subgroup, binary outcome and twentieth of the prediction;
// score and information of the recalibration.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "learn/choice_benefit.h"
#include "learn/choice_lines.h"
#include "learn/choice_rows.h"
#include "learn/choice_sites.h"

namespace clinnova::learn {

inline constexpr std::size_t kOverlapBins = 20;      ///< of the propensity, of equal width
inline constexpr std::size_t kCalibrationBins = 10;  ///< of a predicted probability
inline constexpr std::size_t kBenefitBins = 512;     ///< from 0 to the range told
inline constexpr std::size_t kBenefitGroups = 5;     ///< of predicted benefit, at most
inline constexpr std::size_t kDistanceBins = 400;    ///< of 0.05 from 0 on
inline constexpr double kDistanceBin = 0.05;

struct ChoiceValueParameters {
  ChoiceSplit split;
  ChoiceModels models;
  std::int64_t guideline = -1;         ///< an arm, or -1
  std::int64_t weighted_exponent = 0;  ///< of a standardised value times a weight
  std::int64_t column_exponent = 0;    ///< of a standardised value
  std::int64_t score_exponent = 0;     ///< of a policy's score
  std::vector<double> thresholds{};    ///< of net benefit: those of the analysis, or none
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(guideline);
    a(weighted_exponent);
    a(column_exponent);
    a(score_exponent);
    a(thresholds);
  }
};
enum ChoiceValueBlock {
  kPolicySums,       ///< of all policies but the rule
  kPolicyProducts,   ///< lower triangle, likewise
  kChosenReceived,   ///< by recommended arm, by received arm
  kArmWeights,       ///< by arm: sum of 1 / e, then by arm of its square
  kTrimmedRows,      ///< by arm: e below the trim
  kOverlapCounts,    ///< by arm: bins among those who received it, then among the others
  kWeightedSums,     ///< by arm: columns times 1 / e
  kCalibrationRows,  ///< binary outcomes: by arm and bin
  kArmPredictions,   ///< by arm of those who received it: PredictionParts (choice_discrimination.h)
  kScoreCounts,      ///< binary outcomes: as ScoreIndex (choice_discrimination.h) orders them
  kBenefitMoments,   ///< AddBenefitMoments
  kSwitchedRows,  ///< by reference and threshold: persons with a predicted gain above it, and not above the next
  kPropensityError  ///< and on: choice_propensity_error.h; none where folds are sites
};

/// What the rules' having seen other folds changes: over every fold k, its rows and other fold l, the squares of Gamma
/// of the arm chosen by the rule without k less Gamma of that chosen by the rule without k and l. Then net benefit
/// over the arm `reference` (choice_net_benefit.h), and what folds change in it. And the rule's value, now that it is known how
/// many persons it gives each arm: where it may not be told beside the arms' (choice_disclosure.h), no site adds to it, nor to
/// what folds change in it.
struct ChoicePairParameters {
  ChoiceSplit split;
  ChoiceModels models;
  ChoicePairRules rules;
  std::int64_t reference = 0;
  std::vector<double> thresholds{};  ///< those of the analysis, or none
  /// By threshold: persons above it, as choice.values has told them.
  std::vector<std::int64_t> switched{};
  std::int64_t best = -1;      ///< asks which sites can be compared (choice_sites.h); -1: not
  ChoiceLineQuestion lines{};  ///< their sums
  /// Persons by recommended and received arm, likewise.
  std::vector<std::int64_t> chosen{};
  std::int64_t guideline = -1;  ///< as of choice.values; so the exponents
  std::int64_t column_exponent = 0;
  std::int64_t score_exponent = 0;
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(rules);
    a(reference);
    a(thresholds);
    a(switched);
    a(best);
    a(lines);
    a(chosen);
    a(guideline);
    a(column_exponent);
    a(score_exponent);
  }
};
enum ChoicePairBlock {
  kSquaredChanges,  ///< of the rule, then by threshold
  kSwitchedGain,  ///< by threshold that is told: of the scores, of persons above it and not above the next that is
  kSwitchedGainSquared,
  kComparedSites,  ///< by SiteMetric
  kLineSums,       ///< choice_lines.h
  kRuleScores,     ///< sum, sum of squares
  kRuleProducts,   ///< with the policies of kPolicySums
  kRuleOdds        ///< and on: PolicyOddsLayout; none where folds are sites
};

/// The inputs among complete cases; and how often each is missing among all rows. A complete case may lack an input that
/// stands in & and | only.
struct ChoiceInputParameters {
  ChoiceSplit split;
  std::vector<double> centers{};  ///< by input; empty: sums are asked for, else histograms
  std::vector<double> scales{};
  template <class A>
  void Fields(A& a) {
    a(split);
    a(centers);
    a(scales);
  }
};
enum ChoiceInputBlock {
  kInputSums,       ///< by input: sum, sum of squares (0 for factors)
  kInputMissing,    ///< by input
  kInputLevels,     ///< by input and level
  kInputHistogram,  ///< by input, kInputBins
  kInputRows,       ///< rows of the table
  kInputPersons     ///< by input: complete cases with a value
};

/// Which subgroups a round is about (choice_inputs.h); none without cuts.
struct ChoiceSubgroupQuestion {
  std::vector<std::vector<double>> cuts{};   ///< by subgrouping
  bool by_site = false;                      ///< whether subgroups may be sites
  std::vector<std::int64_t> score_groups{};  ///< ScoreGroupsOf; none: scores are not asked for
  template <class A>
  void Fields(A& a) {
    a(cuts);
    a(by_site);
    a(score_groups);
  }
};

struct ChoiceSpreadParameters {
  ChoiceSplit split;
  ChoiceModels models;
  std::int64_t best = 0;     ///< the arm that benefit is over
  double benefit_range = 1;  ///< benefits beyond count as it
  std::vector<std::int64_t> distance_columns{};
  std::vector<double> distance_center{};
  std::vector<double> distance_inverse{};  ///< of the covariance, by rows
  ChoiceLineQuestion lines{};              ///< their errors
  ChoiceSubgroupQuestion subgroups{};      ///< their persons
  ChoiceBinQuestion benefit{};             ///< their persons
  ChoiceSiteQuestion sites{};
  /// Of an outcome that is a number, by arm (choice_residuals.h); else none.
  std::vector<double> residual_scales{};
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(best);
    a(benefit_range);
    a(distance_columns);
    a(distance_center);
    a(distance_inverse);
    a(lines);
    a(subgroups);
    a(benefit);
    a(sites);
    a(residual_scales);
  }
};
enum ChoiceSpreadBlock {
  kBenefitHistogram,
  kBenefitChanged,  ///< of those in its bins, whom the rule gives another arm than `best`
  kDistanceHistogram,
  kLineErrors,
  kSubgroupGiven,   ///< by subgrouping, by its subgroups and then those in none, by recommended arm
  kSubgroupScores,  ///< by subgroup: controls by group of the received drug's prediction, then cases
  kBenefitBinRows,
  kResidualCounts,  ///< by arm of those who received it, by ResidualBin
  kSpreadSites      // and on
};

/// Gains over the arm `best`: by group of predicted benefit, then by subgroup. Where disclosure rules hold, a site adds
/// nothing to groups with fewer than minimum_count of `persons`, or of whom the rule gives as few another arm than one (their gain
/// is these few's), nor to others from which these would follow: rule 12. So with bins of calibration, and with the predictions
/// in subgroups of which as few have a binary outcome or lack it.
struct ChoiceGroupParameters {
  ChoiceSplit split;
  ChoiceModels models;
  std::int64_t best = 0;
  double benefit_range = 1;
  std::vector<std::int64_t> first_bins{};  ///< of each group of benefit, rising from 0
  ChoiceSubgroupQuestion subgroups{};
  std::vector<std::int64_t> persons{};  ///< by group, as choice.spread has told them
  std::vector<std::int64_t> changed{};  ///< by group of benefit, likewise
  std::vector<std::int64_t> given{};    ///< as kSubgroupGiven
  std::vector<std::int64_t> cases{};    ///< by subgroup, likewise; none of a continuous outcome
  /// By arm and bin of calibration, as choice.values has told them; empty: not asked.
  std::vector<std::int64_t> calibration{};
  ChoiceSiteQuestion sites{};
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(best);
    a(benefit_range);
    a(first_bins);
    a(subgroups);
    a(persons);
    a(changed);
    a(given);
    a(cases);
    a(calibration);
    a(sites);
  }
};
enum ChoiceGroupBlock {
  kGroupPredicted,
  kGroupGain,
  kGroupGainSquared,
  kGroupPredictions,      ///< by subgroup, of the drug that was received: PredictionParts
  kGroupContrasts,        ///< by subgroup and two arms: ContrastParts
  kCalibrationPredicted,  ///< by arm and bin
  kCalibrationObserved,
  kGroupSites  // and on
};

/// By arm, of those who received it: the logistic regression of the outcome on the predicted log odds.
struct ChoiceRecalibrationParameters {
  ChoiceSplit split;
  ChoiceModels models;
  std::vector<double> coefficients{};  ///< by arm: intercept, slope
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(coefficients);
  }
};
enum ChoiceRecalibrationBlock {
  kRecalibrationScore,
  kRecalibrationInformation,
  kRecalibrationLikelihood
};

/// By group, and by subgroup, whose sums no site adds to; `sizes`: subgroups by subgrouping. The parameters must fit.
struct WithheldGroups {
  std::vector<bool> gains{};
  std::vector<bool> outcomes{};
};
WithheldGroups GroupsWithheld(const ChoiceGroupParameters& parameters,
                              const std::vector<std::size_t>& sizes, std::size_t arms,
                              int minimum_count);

/// Which subgroups' sums of predictions and outcomes must stay hidden, of the parts of one whole that is told: those that are
/// `hidden` themselves; of a binary outcome those in which 1 to minimum_count - 1 persons have it or have it not, and
/// others from which these would follow. `cases`: none of a continuous outcome.
std::vector<bool> HiddenOutcomes(const std::vector<std::int64_t>& persons,
                                 const std::vector<std::int64_t>& cases,
                                 const std::vector<bool>& hidden, int minimum_count);

/// Adds a row's prediction of the drug that was received, and its outcome, to a group of a block.
void AddPredictions(const ChoiceBatch& batch, std::size_t row, std::size_t block, std::size_t group,
                    federation::ExactSums& sums);
/// Which of the bins of calibration, of all arms.
std::size_t CalibrationBin(std::size_t arm, double probability);

/// What a person adds of two arms, with predicted benefit d of the first over the second, and the scores' gain: d, d^2, gain,
/// gain^2, d gain.
inline constexpr std::size_t kContrastParts = 5;

extern const federation::TypedStep<ChoiceValueParameters> kChoiceValueStep;
extern const federation::TypedStep<ChoicePairParameters> kChoicePairStep;
extern const federation::TypedStep<ChoiceInputParameters> kChoiceInputStep;
extern const federation::TypedStep<ChoiceSpreadParameters> kChoiceSpreadStep;
extern const federation::TypedStep<ChoiceGroupParameters> kChoiceGroupStep;
extern const federation::TypedStep<ChoiceRecalibrationParameters> kChoiceRecalibrationStep;

}  // namespace clinnova::learn
