// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_policy_values.h"

#include <numeric>

#include "stats/own_sums.h"

namespace clinnova::learn {

using federation::WideBlock;

std::vector<federation::BlockSpec> JudgedPolicyLayout(std::size_t arms, std::int64_t guideline,
                                                      std::size_t columns,
                                                      std::int64_t column_exponent,
                                                      std::int64_t score_exponent) {
  std::vector<federation::BlockSpec> blocks = {
      WideBlock("scores", 2), WideBlock("products", PolicyCount(arms, guideline >= 0)),
      WideBlock("changes", 1)};
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
          .odds = {.scores = sums.Numbers(first + kJudgedOdds),
                   .gradient = sums.Numbers(first + kJudgedOdds + 1)}};
}

Result<void> HoldPolicyArms(const federation::SiteView& site,
                            const std::vector<std::int64_t>& given, std::int64_t everybody,
                            const std::function<Result<void>(federation::ExactSums&)>& count) {
  if (site.minimum_count == 0) return {};
  if (std::accumulate(given.begin(), given.end(), std::int64_t{0}) != everybody) {
    return Fail(ErrorCode::kRefused, "arms that are not everybody's", "false_claim");
  }
  federation::ExactSums own({{federation::CountBlock("arms", given.size())}});
  CLINNOVA_TRY(count(own));
  return HoldClaim(stats::OwnSums(own).Counts(0), given);
}

}  // namespace clinnova::learn
