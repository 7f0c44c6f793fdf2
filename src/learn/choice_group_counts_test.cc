// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_group_counts.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/hash.h"
#include "learn/choice_value_steps.h"

namespace clinnova::learn {
namespace {

using Counts = std::vector<std::int64_t>;

/// Of choice.spread: by bin of benefit persons, and those whom the rule changes; by part and recommended arm persons.
federation::PooledSums Spread(const std::vector<std::pair<std::size_t, std::int64_t>>& persons,
                              const std::vector<std::pair<std::size_t, std::int64_t>>& changed,
                              const Counts& given) {
  const federation::Layout layout{
      {federation::CountBlock("benefit", kBenefitBins),
       federation::CountBlock("changed", kBenefitBins), federation::CountBlock("distance", 1),
       federation::CountBlock("lines", 1), federation::CountBlock("given", given.size())}};
  federation::ExactSums sums(layout);
  for (const auto& [bin, count] : persons) sums.AddCount(kBenefitHistogram, bin, count);
  for (const auto& [bin, count] : changed) sums.AddCount(kBenefitChanged, bin, count);
  for (std::size_t i = 0; i < given.size(); ++i) sums.AddCount(kSubgroupGiven, i, given[i]);
  return *federation::PooledSums::Decode(layout, sums.Seal(core::Hash{}));
}

TEST(FirstBins, AreFifthsOfPersons) {
  const auto spread = Spread({{0, 20}, {3, 20}, {5, 20}, {9, 20}, {11, 20}},
                             {{0, 20}, {3, 20}, {5, 20}, {9, 20}, {11, 20}}, {});
  EXPECT_EQ(FirstBins(spread, 5), (Counts{0, 1, 4, 6, 10}));
  EXPECT_EQ(BenefitCounts(spread, kBenefitHistogram, {0, 4, 10}), (Counts{40, 40, 20}));
}

TEST(FirstBins, JoinGroupsOfWhomTheRuleChangesFew) {
  // Most have no benefit, of the others three a small one; and of the last two.
  const auto spread = Spread({{0, 60}, {3, 20}, {5, 20}}, {{0, 3}, {3, 20}, {5, 2}}, {});
  EXPECT_EQ(FirstBins(spread, 0), (Counts{0, 1, 4}));
  EXPECT_EQ(FirstBins(spread, 5), (Counts{0}));
  const auto of_first = Spread({{0, 60}, {3, 20}, {5, 20}}, {{0, 3}, {3, 20}, {5, 20}}, {});
  EXPECT_EQ(FirstBins(of_first, 5), (Counts{0, 4}));
  const auto few_in_all = Spread({{0, 60}, {3, 20}, {5, 20}}, {{3, 2}, {5, 2}}, {});
  EXPECT_EQ(FirstBins(few_in_all, 5), (Counts{0, 1, 4}));  // none is told
  // Nobody is not few.
  const auto of_none = Spread({{0, 60}, {3, 20}, {5, 20}}, {{3, 20}, {5, 20}}, {});
  EXPECT_EQ(FirstBins(of_none, 5), (Counts{0, 1, 4}));
}

TEST(SubgroupPersons, LeaveOutWhoIsInNone) {
  // Two subgroups and nobody else; three subgroups and four others.
  const auto spread = Spread({}, {}, {10, 20, 30, 40, 0, 0, 1, 2, 3, 4, 5, 6, 2, 2});
  EXPECT_EQ(SubgroupPersons(spread, {2, 3}, 2), (Counts{30, 70, 3, 7, 11}));
}

}  // namespace
}  // namespace clinnova::learn
