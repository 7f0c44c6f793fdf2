// SPDX-License-Identifier: Apache-2.0
#include "stats/nested_levels.h"

#include <gtest/gtest.h>

#include <functional>

namespace clinnova::stats {
namespace {

/// Of rows 0…n-1, columns that are 1 where the functions say so.
BinaryCounts CountsOf(int n, const std::vector<std::function<bool(int)>>& columns) {
  BinaryCounts counts{.n = n};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      std::int64_t both = 0;
      for (int r = 0; r < n; ++r) both += columns[i](r) && columns[j](r) ? 1 : 0;
      (i == j ? counts.ones : counts.pairs).push_back(both);
    }
  }
  return counts;
}
std::function<bool(int)> From(int first) {
  return [first](int row) { return row >= first; };
}
std::function<bool(int)> Third(int which) {
  return [which](int row) { return row / 20 == which; };
}

bool Nested(const BinaryCounts& counts, const std::vector<int>& terms, int minimum_count = 5) {
  return NearlyNested(counts, terms, minimum_count).has_value();
}

TEST(NearlyNested, AreTwoColumnsThatDifferOrAgreeInFewRows) {
  const auto of = [](int first, int second, int minimum_count = 5) {
    return Nested(CountsOf(60, {From(first), From(second)}), {1, 2}, minimum_count);
  };
  EXPECT_TRUE(of(20, 23));
  EXPECT_TRUE(of(23, 20));
  EXPECT_FALSE(of(20, 25));
  EXPECT_FALSE(of(20, 20));  // one of them is aliased
  EXPECT_FALSE(of(20, 23, 3));
  EXPECT_TRUE(Nested(CountsOf(60, {From(20), [](int row) { return row < 22; }}), {1, 2}));
  EXPECT_FALSE(Nested(CountsOf(60, {From(20), [](int row) { return row % 2 == 0; }}), {1, 2}));
}

TEST(NearlyNested, IsALevelThatIsALevelOfAnotherTermButForFew) {
  const auto with = [](std::function<bool(int)> column) {
    return Nested(CountsOf(60, {Third(1), Third(2), std::move(column)}), {1, 1, 2});
  };
  EXPECT_TRUE(with(From(42)));                          // the last third
  EXPECT_TRUE(with([](int row) { return row < 18; }));  // the first, which has no column
  EXPECT_TRUE(with(From(22)));                          // two of them
  EXPECT_TRUE(with([](int row) { return row / 20 != 1 || row == 25; }));  // the first and the last
  EXPECT_FALSE(with(From(40)));
  EXPECT_FALSE(with(From(50)));
  EXPECT_FALSE(with([](int row) { return row % 3 == 0; }));
}

TEST(NearlyNested, IsAnInteractionThatLeavesFewInALevel) {
  // A drug from row 20 on, women in rows 10 to 22: the drug is given to three women.
  const auto drug = From(20);
  const auto man = [](int row) { return row < 10 || row >= 23; };
  EXPECT_FALSE(Nested(CountsOf(60, {drug, man}), {1, 2}));
  const auto both = [&](int row) { return drug(row) && man(row); };
  EXPECT_TRUE(Nested(CountsOf(60, {drug, man, both}), {1, 2, 3}));
  const auto half = [](int row) { return row % 2 == 0; };
  EXPECT_FALSE(Nested(CountsOf(60, {drug, half, [&](int row) { return drug(row) && half(row); }}),
                      {1, 2, 3}));
}

TEST(NearlyNested, AreColumnsOfOneTermThatOverlap) {  // such as those of a matrix of indicators
  EXPECT_TRUE(Nested(CountsOf(60, {From(20), From(23)}), {1, 1}));
  EXPECT_FALSE(Nested(CountsOf(60, {Third(1), Third(2)}), {1, 1}));
}

TEST(BinaryColumns, AreThoseThatAreZeroOrOneAndNotOneOfThemAlone) {
  const std::vector<std::int64_t> zeros = {0, 6, 10, 5, 4};
  const std::vector<std::int64_t> ones = {10, 4, 0, 4, 6};
  EXPECT_EQ(BinaryColumns(10, zeros, ones), (std::vector<std::size_t>{1, 4}));
}

}  // namespace
}  // namespace clinnova::stats
