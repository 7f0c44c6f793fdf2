// SPDX-License-Identifier: Apache-2.0
#include "stats/concordant_pairs.h"

#include <gtest/gtest.h>

#include <random>

namespace clinnova::stats {
namespace {

/// Two strata of six cells each, in any order.
std::vector<ScoredRow> Rows() {
  std::mt19937_64 random(7);
  std::vector<ScoredRow> rows;
  for (int i = 0; i < 60; ++i) {
    ScoredRow row;
    row.stratum = random() % 2;
    row.begin = row.stratum * 6 + random() % 3;
    row.end = row.begin + random() % 4;
    row.event = row.end < row.stratum * 6 + 6 && random() % 3 != 0;
    row.score = static_cast<double>(random() % 7) / 3;
    row.weight = 0.25 * static_cast<double>(1 + random() % 9);
    rows.push_back(row);
  }
  return rows;
}

/// By looking at every pair: `event` has its event in a cell in which `other` is still there and was before.
PairCounts AllPairs(const std::vector<ScoredRow>& rows, std::size_t i) {
  PairCounts counts;
  for (const ScoredRow& other : rows) {
    const ScoredRow& event = rows[i];
    const bool comparable = event.event && other.stratum == event.stratum &&
                            other.begin <= event.end && event.end < other.end;
    if (!comparable) continue;
    (event.score > other.score   ? counts.concordant
     : event.score < other.score ? counts.discordant
                                 : counts.tied) += other.weight;
  }
  return counts;
}

TEST(ConcordantPairs, AreThoseOfEveryPair) {
  const std::vector<ScoredRow> rows = Rows();
  const std::vector<std::size_t> offsets = {0, 6, 12};
  const std::vector<RowPairs> pairs = PairsOf(rows, MarksOf(rows, offsets), offsets, 2);
  double as_event = 0;
  double as_compared = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PairCounts expected = AllPairs(rows, i);
    if (rows[i].event) {
      EXPECT_EQ(pairs[i].as_event.concordant, expected.concordant);
      EXPECT_EQ(pairs[i].as_event.discordant, expected.discordant);
      EXPECT_EQ(pairs[i].as_event.tied, expected.tied);
    }
    as_event += rows[i].weight * pairs[i].as_event.concordant;
    as_compared += rows[i].weight * pairs[i].as_compared.concordant;
  }
  EXPECT_GT(as_event, 0);
  EXPECT_EQ(as_event, as_compared);  // each pair seen from both sides
}

TEST(ConcordantPairs, DoNotDependOnTheOrderOfRows) {
  std::vector<ScoredRow> rows = Rows();
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].weight = 1.0 / static_cast<double>(i + 3);
  const std::vector<std::size_t> offsets = {0, 6, 12};
  const std::vector<RowPairs> one = PairsOf(rows, MarksOf(rows, offsets), offsets);
  const std::vector<ScoredRow> turned(rows.rbegin(), rows.rend());
  const std::vector<RowPairs> other = PairsOf(turned, MarksOf(turned, offsets), offsets);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const RowPairs& same = other[rows.size() - 1 - i];
    EXPECT_EQ(one[i].as_event.concordant, same.as_event.concordant);
    EXPECT_EQ(one[i].as_compared.discordant, same.as_compared.discordant);
  }
}

}  // namespace
}  // namespace clinnova::stats
