// SPDX-License-Identifier: Apache-2.0
#include "learn/cell_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "core/hash.h"

namespace clinnova::learn {
namespace {

/// The cells of values that are all at one site.
std::vector<Cell> CellsOf(const std::vector<double>& values, std::int64_t divisible,
                          int* rounds = nullptr) {
  CellSearch search(1, static_cast<std::int64_t>(values.size()), divisible);
  for (; !search.Done(); rounds != nullptr ? ++*rounds : 0) {
    const CellQuestion question = search.question();
    federation::ExactSums sums({{federation::ScaledBlock("cells", question.Numbers(), 0)}});
    CountCells(question, 0, values, 0, sums);
    search.Absorb(question, *federation::PooledSums::Decode(sums.layout(), sums.Seal({})), 0);
  }
  return search.cells(0);
}

std::int64_t CountIn(const std::vector<double>& values, double above, double upto) {
  return std::count_if(values.begin(), values.end(),
                       [&](double v) { return v > above && v <= upto; });
}

TEST(CellSearch, FindsCellsThatHoldWhatTheySay) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> values = {0, 0, -0.0, 1e-300, -5e7, 3e200};
  for (int i = 0; i < 5000; ++i) values.push_back(normal(random));
  int rounds = 0;
  const std::vector<Cell> cells = CellsOf(values, 20, &rounds);
  EXPECT_LE(rounds, 5);
  std::int64_t total = 0;
  for (const Cell& cell : cells) {
    EXPECT_EQ(cell.count, CountIn(values, cell.Above(), cell.Upto()));
    EXPECT_TRUE(cell.tied || cell.count < 20 || cell.bits == 0) << cell.count;
    total += cell.count;
  }
  EXPECT_EQ(total, static_cast<std::int64_t>(values.size()));
}

TEST(CellSearch, AsksForNoMoreThanARoundHolds) {
  constexpr std::size_t kMost = std::size_t{1} << 18;
  const CellQuestion wide = CellSearch(150, 1000, 2).question();
  EXPECT_GT(wide.Numbers(), 0U);
  EXPECT_LE(wide.Numbers(), kMost);
  // Many columns of many different values, each to be told apart.
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  for (int i = 0; i < 4000; ++i) values.push_back(normal(random));
  CellSearch search(40, static_cast<std::int64_t>(values.size()), 2);
  while (!search.Done()) {
    const CellQuestion question = search.question();
    ASSERT_GT(question.Numbers(), 0U);
    ASSERT_LE(question.Numbers(), kMost);
    federation::ExactSums sums({{federation::ScaledBlock("cells", question.Numbers(), 0)}});
    for (std::size_t v = 0; v < 40; ++v) CountCells(question, v, values, 0, sums);
    search.Absorb(question, *federation::PooledSums::Decode(sums.layout(), sums.Seal({})), 0);
  }
  EXPECT_EQ(search.cells(39).size(), values.size());
}

TEST(CellSearch, TellsEveryValueFromTheNextAndStopsAtTies) {
  std::vector<double> values;
  for (int i = 0; i < 3000; ++i) values.push_back((i % 40) / 10.0);
  int rounds = 0;
  const std::vector<Cell> cells = CellsOf(values, 2, &rounds);
  EXPECT_LE(rounds, 4);  // not down to the last bit of tied values
  ASSERT_EQ(cells.size(), 40U);
  const std::vector<double> cuts = CutsBetween(cells, 64);
  ASSERT_EQ(cuts.size(), 39U);
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    EXPECT_GE(cuts[c], static_cast<double>(c) / 10);
    EXPECT_LT(cuts[c], static_cast<double>(c + 1) / 10);
  }
}

TEST(CellSearch, CutsIntoBinsOfAboutTheSameCount) {
  std::mt19937_64 random(2);
  std::exponential_distribution<double> skewed(0.1);
  std::vector<double> values;
  for (int i = 0; i < 40000; ++i) values.push_back(skewed(random));
  const std::vector<double> cuts = CutsBetween(CellsOf(values, 40000 / 512 + 1), 64);
  ASSERT_EQ(cuts.size(), 63U);
  double below = -HUGE_VAL;
  for (std::size_t c = 0; c <= cuts.size(); ++c) {
    const double upto = c < cuts.size() ? cuts[c] : HUGE_VAL;
    const std::int64_t count = CountIn(values, below, upto);
    EXPECT_GT(count, 40000.0 / 64 * 0.75);
    EXPECT_LT(count, 40000.0 / 64 * 1.3);
    below = upto;
  }
}

TEST(CellSearch, GivesQuantilesToWithinACell) {
  std::vector<double> values;
  for (int i = 1; i <= 10000; ++i) values.push_back(i);
  const std::vector<Cell> cells = CellsOf(values, 20);
  EXPECT_NEAR(QuantileBound(cells, 0.01), 100, 25);
  EXPECT_NEAR(QuantileBound(cells, 0.99), 9900, 25);
}

TEST(CellSearch, RefusesAQuestionThatMakesNoSense) {
  CellQuestion question;
  question.variables = {{{.low = 0, .bits = 8, .part_bits = 9}}};
  EXPECT_EQ(question.Numbers(), 0U);
  question.variables = {
      {{.low = 5, .bits = 8, .part_bits = 2}, {.low = 6, .bits = 8, .part_bits = 2}}};
  EXPECT_EQ(question.Numbers(), 0U);
}

}  // namespace
}  // namespace clinnova::learn
