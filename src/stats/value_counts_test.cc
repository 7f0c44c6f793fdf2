// SPDX-License-Identifier: Apache-2.0
#include "stats/value_counts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "stats/order_statistics.h"

namespace clinnova::stats {
namespace {

using federation::CountBlock;
using federation::ExactSums;
using federation::PooledSums;

struct Found {
  std::vector<ValueCell> cells;
  int rounds = 0;
};

/// The cells of some values, whose class is their position's parity.
Found Search(const std::vector<double>& values, std::int64_t divisible) {
  std::vector<std::int32_t> classes;
  for (std::size_t r = 0; r < values.size(); ++r)
    classes.push_back(static_cast<std::int32_t>(r % 2));
  ValueSearch search(1, 2, divisible);
  Found found;
  while (!search.Done()) {
    const ValueQuestion question = search.question();
    ExactSums sums({{CountBlock("cells", question.Numbers(2))}});
    CountValues(question, 0, values, classes, 2, 0, sums);
    const auto pooled = PooledSums::Decode(sums.layout(), sums.Seal({}));
    search.Absorb(pooled->Counts(0));
    ++found.rounds;
  }
  found.cells = search.cells(0);
  return found;
}

TEST(ValueCounts, TellsNeighbouringDoublesApart) {
  const double next = std::nextafter(1.0, 2.0);
  const Found found = Search({1.0, next, 1.0, -3.0, next, next}, 2);
  ASSERT_EQ(found.cells.size(), 3u);
  EXPECT_EQ(found.cells[0].rows(), 1);
  EXPECT_EQ(ValueOfKey(found.cells[1].low), 1.0);
  EXPECT_EQ(found.cells[1].bits, 0);
  EXPECT_EQ(found.cells[1].counts, (std::vector<std::int64_t>{2, 0}));
  EXPECT_EQ(ValueOfKey(found.cells[2].low), next);
  EXPECT_EQ(found.cells[2].counts, (std::vector<std::int64_t>{1, 2}));
}

TEST(ValueCounts, TakesBothZerosAsOne) {
  const Found found = Search({0.0, -0.0, 0.0}, 2);
  ASSERT_EQ(found.cells.size(), 1u);
  EXPECT_EQ(found.cells[0].rows(), 3);
}

TEST(ValueCounts, FindsTheDistinctValuesOfAnyDoubles) {
  std::vector<double> values;
  std::map<double, std::int64_t> expected;
  for (int i = 0; i < 5000; ++i) {
    const double value = std::sin(i * 37.0) * std::pow(10.0, (i * 13) % 60 - 30);
    values.push_back(i % 3 == 0 ? std::round(value) : value);
    ++expected[values.back() + 0.0];
  }
  const Found found = Search(values, 2);
  ASSERT_EQ(found.cells.size(), expected.size());
  EXPECT_LE(found.rounds, 10);
  std::size_t k = 0;
  for (const auto& [value, count] : expected) {
    EXPECT_EQ(found.cells[k].rows(), count);
    EXPECT_LE(found.cells[k].low, OrderedKey(value));
    EXPECT_LE(OrderedKey(value) - found.cells[k].low, (1ULL << found.cells[k].bits) - 1);
    ++k;
  }
}

TEST(ValueCounts, LeavesSmallGroupsUndivided) {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(1 + i / 200.0);
  const Found found = Search(values, 10);
  std::int64_t rows = 0;
  for (const ValueCell& cell : found.cells) {
    EXPECT_TRUE(cell.rows() < 10);
    EXPECT_GT(cell.bits, 30);
    rows += cell.rows();
  }
  EXPECT_EQ(rows, 200);
}

TEST(ValueCounts, FindsTheCellOfAValue) {
  const std::vector<std::uint64_t> lows = {OrderedKey(-1), OrderedKey(0), OrderedKey(2.5)};
  EXPECT_EQ(CellOf(lows, -0.5), 0u);
  EXPECT_EQ(CellOf(lows, 2.5), 2u);
  EXPECT_EQ(CellOf(lows, 1e300), 2u);
}

TEST(ValueCounts, RefusesQuestionsWithoutSense) {
  ValueQuestion question{{{0}}, 64, 16};
  EXPECT_EQ(question.Numbers(2), 131072u);
  question.part_bits = 17;
  EXPECT_EQ(question.Numbers(2), 0u);
  question = {{{0}}, 3, 4};
  EXPECT_EQ(question.Numbers(2), 0u);
}

}  // namespace
}  // namespace clinnova::stats
