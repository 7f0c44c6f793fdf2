// SPDX-License-Identifier: Apache-2.0
// Counts the pairs of a concordance; with case weights a pair counts as the product of its two. Times are numbered
// cells, those of one stratum after those of another. Pure functions that add whole multiples of a small unit: the
// result does not depend on the order of rows. O(n log n).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace clinnova::stats {

/// A person, or one row of a person: comparable to whoever has an event in the cells [begin, end).
struct ScoredRow {
  std::size_t stratum = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
  double score = 0;
  bool event = false;  ///< has an event in cell `end`
  double weight = 1;
  std::int64_t cluster = 0;
};

/// Persons with this score at a cell, as the sum of their weights.
struct ScoredCount {
  std::uint64_t cell = 0;
  double score = 0;
  double weight = 0;

  template <class A>
  void Fields(A& a) {
    a(cell);
    a(score);
    a(weight);
  }
};

/// Who has an event and who leaves: `leaving` counts + at the last cell of [begin, end) and - at the cell before the
/// first, unless that is the stratum's first; summed from the last cell it is who can be compared.
struct RiskMarks {
  std::vector<ScoredCount> events;
  std::vector<ScoredCount> leaving;

  template <class A>
  void Fields(A& a) {
    a(events);
    a(leaving);
  }
};
/// offsets[s] is the first cell of stratum s, the last entry the number of cells.
RiskMarks MarksOf(std::span<const ScoredRow> rows, std::span<const std::size_t> offsets);

/// The partners of a row by kind of pair, as sums of their weights.
struct PairCounts {
  double concordant = 0;
  double discordant = 0;
  double tied = 0;  ///< in the score
};

struct RowPairs {
  PairCounts as_event;     ///< pairs in which the row's event came first
  PairCounts as_compared;  ///< pairs in which it was the other one's
};
/// For each row, its pairs with all the persons behind `marks`, whose weights are at most 2^weight_exponent; they are
/// taken as multiples of 2^(weight_exponent - 60).
std::vector<RowPairs> PairsOf(std::span<const ScoredRow> rows, const RiskMarks& marks,
                              std::span<const std::size_t> offsets, int weight_exponent = 0);

}  // namespace clinnova::stats
