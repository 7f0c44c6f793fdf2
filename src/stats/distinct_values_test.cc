// SPDX-License-Identifier: Apache-2.0
#include "stats/distinct_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace clinnova::stats {
namespace {

/// Runs a search over values in memory; `rounds` counts its questions.
DistinctValues SearchOver(const std::vector<std::vector<double>>& variables,
                          const std::vector<KeyGrid>& grids, std::int64_t minimum_count,
                          int& rounds) {
  DistinctValues search(grids, static_cast<std::int64_t>(variables[0].size()), minimum_count);
  for (rounds = 0; !search.Done(); ++rounds) {
    const SplitRequest request = search.Request();
    federation::ExactSums sums(
        federation::Layout{{federation::CountBlock("parts", request.cells())}});
    for (std::size_t v = 0; v < variables.size(); ++v) {
      CountParts(variables[v], v, request, 0, sums);
    }
    const auto pooled = federation::PooledSums::Decode(sums.layout(), sums.Seal({}));
    search.Absorb(pooled->Counts(0));
  }
  return search;
}

/// Twice the mid-ranks by sorting.
std::vector<std::int64_t> SortedTwiceRanks(const std::vector<double>& values) {
  std::map<double, std::int64_t> counts;
  for (const double value : values) ++counts[value];
  std::map<double, std::int64_t> twice;
  std::int64_t below = 0;
  for (const auto& [value, count] : counts) {
    twice[value] = 2 * below + count + 1;
    below += count;
  }
  std::vector<std::int64_t> ranks;
  for (const double value : values) ranks.push_back(twice[value]);
  return ranks;
}

std::vector<std::int64_t> TwiceRanksOf(const RankTable& table, const std::vector<double>& values) {
  const std::vector<std::int64_t> twice = table.TwiceRanks();
  std::vector<std::int64_t> ranks;
  for (const double value : values) ranks.push_back(twice[table.BinOf(value)]);
  return ranks;
}

std::vector<double> Awkward(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, 1);
  std::vector<double> values = {0.0, -0.0, 1e300, -1e300, 5e-324, 1.0, 1.0 + 0x1p-52, 1.0};
  while (values.size() < n) {
    const double value = normal(random);
    values.push_back(value);
    if (random() % 3 == 0) values.push_back(value);  // a tie
    if (random() % 5 == 0) values.push_back(std::nextafter(value, 2.0));
  }
  return values;
}

TEST(DistinctValues, FindsTheMidRanksOfAnyDoubles) {
  const std::vector<double> values = Awkward(3000, 1);
  int rounds = 0;
  const DistinctValues search = SearchOver({values}, {KeyGrid{}}, 0, rounds);
  EXPECT_EQ(TwiceRanksOf(search.Ranks(0), values), SortedTwiceRanks(values));
  EXPECT_FALSE(search.Merged(0));
  EXPECT_LE(rounds, 9);
}

TEST(DistinctValues, NeedsOneRoundOnAGrid) {
  std::vector<double> values;
  for (int i = 0; i < 500; ++i) values.push_back((i * 37 % 211 - 100) / 10.0);
  std::vector<std::int64_t> off;
  for (const double denominator : kGridDenominators) {
    off.push_back(CountOffGrid(values, denominator));
  }
  const KeyGrid grid = ChooseGrid(off, 4);
  EXPECT_EQ(grid.denominator, 10);
  int rounds = 0;
  const DistinctValues search = SearchOver({values}, {grid}, 0, rounds);
  EXPECT_EQ(rounds, 1);
  EXPECT_EQ(TwiceRanksOf(search.Ranks(0), values), SortedTwiceRanks(values));
}

TEST(DistinctValues, SearchesVariablesOfDifferentKindsTogether) {
  const std::vector<double> doubles = Awkward(400, 2);
  std::vector<double> whole;
  for (std::size_t i = 0; i < doubles.size(); ++i) whole.push_back(static_cast<double>(i % 3));
  const std::vector<double> constant(doubles.size(), 7.0);
  int rounds = 0;
  const DistinctValues search =
      SearchOver({doubles, whole, constant}, {KeyGrid{}, KeyGrid{1, 4}, KeyGrid{}}, 0, rounds);
  EXPECT_EQ(TwiceRanksOf(search.Ranks(0), doubles), SortedTwiceRanks(doubles));
  EXPECT_EQ(TwiceRanksOf(search.Ranks(1), whole), SortedTwiceRanks(whole));
  EXPECT_EQ(search.Ranks(2).counts,
            (std::vector<std::int64_t>{static_cast<std::int64_t>(doubles.size())}));
}

TEST(DistinctValues, JoinsNeighboursUntilEachRankHasTheThreshold) {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(i < 100 ? 3.0 : 3.0 + i * 0.37);
  int rounds = 0;
  const DistinctValues search = SearchOver({values}, {KeyGrid{}}, 5, rounds);
  const RankTable ranks = search.Ranks(0);
  std::int64_t n = 0;
  for (const std::int64_t count : ranks.counts) {
    EXPECT_GE(count, 5);
    n += count;
  }
  EXPECT_EQ(n, 200);
  EXPECT_EQ(ranks.counts[0], 100);  // a value of many keeps its own rank
  EXPECT_GT(ranks.counts.size(), 5u);
  EXPECT_TRUE(search.Merged(0));
  std::vector<double> few = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2};
  const DistinctValues exact = SearchOver({few}, {KeyGrid{1, 3}}, 5, rounds);
  EXPECT_FALSE(exact.Merged(0));
  EXPECT_EQ(exact.Ranks(0).counts, (std::vector<std::int64_t>{5, 6}));
}

}  // namespace
}  // namespace clinnova::stats
