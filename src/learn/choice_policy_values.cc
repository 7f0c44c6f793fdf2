// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_policy_values.h"

namespace clinnova::learn {

using federation::CountBlock;
using federation::WideBlock;

std::vector<federation::BlockSpec> JudgedPolicyLayout(std::size_t arms, std::int64_t guideline,
                                                      std::size_t columns,
                                                      std::int64_t column_exponent,
                                                      std::int64_t score_exponent) {
  std::vector<federation::BlockSpec> blocks = {
      WideBlock("scores", 2), WideBlock("products", PolicyCount(arms, guideline >= 0)),
      WideBlock("changes", 1), CountBlock("arms", arms)};
  const auto odds = PolicyOddsLayout(arms, columns, 1, static_cast<int>(column_exponent),
                                     static_cast<int>(score_exponent));
  blocks.insert(blocks.end(), odds.begin(), odds.end());
  return blocks;
}

JudgedPolicy JudgedPolicyFrom(const federation::PooledSums& sums, std::size_t first) {
  return {.sum = sums.Number(first + kJudgedScores, 0),
          .squares = sums.Number(first + kJudgedScores, 1),
          .products = sums.Numbers(first + kJudgedProducts),
          .squared_changes = sums.Number(first + kJudgedChanges),
          .recommended = sums.Counts(first + kJudgedArms),
          .odds = {.scores = sums.Numbers(first + kJudgedOdds),
                   .gradient = sums.Numbers(first + kJudgedOdds + 1)}};
}

}  // namespace clinnova::learn
