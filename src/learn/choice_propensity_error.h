// SPDX-License-Identifier: Apache-2.0
// What the errors of policies' values owe to the propensities' having been learned from the same persons.
//
// A value is the mean of scores Gamma_i (choice_rows.h) in which a person's propensities come from the other folds. As if
// they were known, its variance is that of the scores; but what chance does to who received which drug it also does to the
// propensities, and a part of it cancels where the outcome model is imperfect, as a shrunken one is in small studies. With
// s_i = ([own = b] - e_b) x by arm b >= 1, the derivative of ln e_own in the propensity's coefficients, these are off by
// (H + P)^-1 sum s_i (H their information, P the prior's), a policy's value by G' times that over n, G = the sum of the
// scores' derivatives, - [the policy's arm is own] (y - q) / e_own s_i; so that to first order a person counts with
//
//   psi_i = Gamma_i + G' (H + P)^-1 s_i
//
// in every value: with K folds its s_i is in K - 1 fits of (K - 1) / K of the persons, each for a K-th of the mean. Values
// themselves do not change.
// Sources: W. K. Newey, D. McFadden, Handbook of Econometrics 4 (1994), section 6, on two steps; J. K. Lunceford,
// M. Davidian, Stat. Med. 23 (2004), on propensities.
//
// Reveals, as part of the step choice.values: score, squares of the score and information of the propensities out of fold;
// by policy the sums of Gamma_i s_i, and G (of the rule with choice.fold_pairs).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "federation/exact_sums.h"
#include "federation/layout.h"
#include "learn/choice_rows.h"
#include "stats/linear_algebra.h"

namespace clinnova::learn {

/// Blocks, from the first on.
enum PropensityErrorBlock {
  kOddsScore,
  kOddsSquares,      ///< lower triangles by every two arms b >= c >= 1
  kOddsInformation,  ///< likewise
  kOddsScores,       ///< by policy: sums of Gamma s
  kOddsGradient      ///< by policy: G
};

/// A policy's score of a person, and how much of the received arm's score is in it.
struct PolicyScore {
  double score = 0;
  double own = 0;
};
/// Of giving this arm.
PolicyScore ScoreOf(const ChoiceBatch& batch, std::size_t row, std::size_t arm);
/// By policy, in the order of PolicyCount's comment, of a predicted row; `guideline`: an arm, or -1.
std::vector<PolicyScore> PolicyScores(const ChoiceBatch& batch, std::size_t row,
                                      std::int64_t guideline);

/// `columns` of the design, whose standardised values are below 2^column_exponent, and scores below 2^score_exponent.
std::vector<federation::BlockSpec> PropensityErrorLayout(std::size_t arms, std::size_t columns,
                                                         std::size_t policies, int column_exponent,
                                                         int score_exponent);
/// Adds a predicted batch, whose design has so many columns, to the blocks from `first` on: every policy but the rule,
/// which choice.fold_pairs adds by AddPolicyOdds.
void AddPropensityError(ChoiceBatch& batch, std::size_t columns, double trim,
                        std::int64_t guideline, std::size_t first, federation::ExactSums& sums);

/// kOddsScores and kOddsGradient alone, of so many other policies.
std::vector<federation::BlockSpec> PolicyOddsLayout(std::size_t arms, std::size_t columns,
                                                    std::size_t policies, int column_exponent,
                                                    int score_exponent);
/// Adds a predicted batch to those of one; `scores`: by row.
void AddPolicyOdds(ChoiceBatch& batch, std::size_t columns, double trim,
                   const std::vector<PolicyScore>& scores, std::size_t first,
                   federation::ExactSums& sums);

/// What a policy's value has to do with the propensities.
struct PolicyOdds {
  double value = 0;
  std::vector<double> scores{};    ///< sums of Gamma s
  std::vector<double> gradient{};  ///< G
};
/// From the blocks of AddPropensityError, by policy: these values are without the rule's.
std::vector<PolicyOdds> PolicyOddsOf(const federation::PooledSums& sums, std::size_t first,
                                     std::span<const double> values);
/// What it changes in the covariance of the values' estimates, by two policies. `first`: of the blocks of AddPropensityError;
/// `precisions`: of the propensities' prior, by column.
stats::Matrix PropensityErrorOf(const federation::PooledSums& sums, std::size_t first,
                                const std::vector<PolicyOdds>& policies, std::int64_t n,
                                std::span<const double> precisions);

}  // namespace clinnova::learn
