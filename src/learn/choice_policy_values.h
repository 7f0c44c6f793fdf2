// SPDX-License-Identifier: Apache-2.0
// What a policy that is learned beside the rule (a policy tree, a causal forest's) is judged by: over everybody, the scores of
// the arm that the policy without the person's fold names.
//
//   AddJudgedPolicy(rows, batch, {.trim = 0.02, .guideline = -1, .folds = 5, .first = 0}, arm_by, sums);    // at a site
//   const JudgedPolicy judged = JudgedPolicyFrom(sums, 0);                                          // at the hub
//
// Reveals, over all sites together: persons by arm named and arm that the rule gives; where these differ by enough persons
// (choice_disclosure.h), the sums of the scores of the arm named, of their squares and of their products with every
// policy's scores, what choice_propensity_error.h says of a policy, and the squares of what another fold left out changes.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "federation/exact_sums.h"
#include "learn/choice_propensity_error.h"
#include "learn/choice_rows.h"

namespace clinnova::learn {

/// Blocks, from the first on.
enum JudgedPolicyBlock {
  kJudgedScores,  ///< sum, sum of squares
  kJudgedProducts,  ///< with the policies in the order of PolicyCount; with the rule's only where that is told
  kJudgedChanges,  ///< as kSquaredChanges
  kJudgedOdds      ///< and on: PolicyOddsLayout
};
/// `columns` of the design, whose standardised values are below 2^column_exponent, and scores below 2^score_exponent.
std::vector<federation::BlockSpec> JudgedPolicyLayout(std::size_t arms, std::int64_t guideline,
                                                      std::size_t columns,
                                                      std::int64_t column_exponent,
                                                      std::int64_t score_exponent);

struct JudgedPolicy {
  double sum = 0, squares = 0;     ///< of the scores of the arms named
  std::vector<double> products{};  ///< with every policy of choice.values
  double squared_changes = 0;
  PolicyOdds odds{};
  bool told = true;  ///< whether the sums may be told (choice_disclosure.h); if not, they are 0
  std::vector<std::int64_t> recommended{};  ///< persons by arm that their fold's policy names
};
/// The sums, from the blocks from `first` on.
JudgedPolicy JudgedPolicyFrom(const federation::PooledSums& sums, std::size_t first);

/// kRefused (`false_claim`) where disclosure rules hold and `given`, persons by arm named and the rule's, is not everybody's
/// or less than what `count` adds to a block of as many numbers here.
Result<void> HoldPolicyArms(const federation::SiteView& site,
                            const std::vector<std::int64_t>& given, std::int64_t everybody,
                            const std::function<Result<void>(federation::ExactSums&)>& count);

struct JudgingPolicy {
  double trim = 0.02;
  std::int64_t guideline = -1;
  std::size_t folds = 1;
  bool rule_told = true;
  std::size_t first = 0;  ///< block
};
/// Persons by the arm that their fold's policy names, and by that of the rule: adds a predicted batch.
template <typename ArmBy>
void AddPolicyArms(const ChoiceBatch& batch, std::size_t arms, ArmBy arm_by, std::size_t block,
                   federation::ExactSums& sums) {
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    if (batch.fold[r] == 0) continue;
    const auto fold = static_cast<std::size_t>(batch.fold[r] - 1);
    sums.AddCount(block, arm_by(r, fold, fold) * arms + static_cast<std::size_t>(batch.chosen[r]));
  }
}

/// Adds a predicted batch. `arm_by(row, fold, other)`: the arm that the policy without two folds, which may be the same, names.
template <typename ArmBy>
void AddJudgedPolicy(const ChoiceRows& rows, ChoiceBatch& batch, const JudgingPolicy& as,
                     ArmBy arm_by, federation::ExactSums& sums) {
  std::vector<PolicyScore> own(batch.rows());
  for (std::size_t r = 0; r < batch.rows(); ++r) {
    if (batch.fold[r] == 0) continue;
    const auto fold = static_cast<std::size_t>(batch.fold[r] - 1);
    const std::size_t arm = arm_by(r, fold, fold);
    const double score = batch.score[arm][r];
    own[r] = ScoreOf(batch, r, arm);
    sums.Add(as.first + kJudgedScores, 0, score);
    sums.Add(as.first + kJudgedScores, 1, score * score);
    const std::vector<PolicyScore> others = PolicyScores(batch, r, as.guideline);
    for (std::size_t i = as.rule_told ? 0 : 1; i < others.size(); ++i) {
      sums.Add(as.first + kJudgedProducts, i, score * others[i].score);
    }
    for (std::size_t other = 0; other < as.folds; ++other) {
      if (other == fold) continue;
      const double change = score - batch.score[arm_by(r, fold, other)][r];
      if (change != 0) sums.Add(as.first + kJudgedChanges, 0, change * change);
    }
  }
  AddPolicyOdds(batch, rows.columns(), as.trim, own, as.first + kJudgedOdds, sums);
}

}  // namespace clinnova::learn
