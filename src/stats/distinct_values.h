// SPDX-License-Identifier: Apache-2.0
// Mid-ranks over all sites: how many values lie at and below each value, found by counting in ever smaller
// intervals (methods.md 1.2).
//
//   DistinctValues search(variables, …);
//   while (!search.Done()) { /* a round over search.Request() */ search.Absorb(counts); }
//   const RankTable ranks = search.Ranks(v);       // broadcast; sites look their rows up with RankTable::Of
//
// A value becomes a key: its place on a grid of whole multiples of 1/d when all values lie on one and it is
// not too long (laboratory values, ages, days: one round), else the ordered bits of the double. Each round
// splits the intervals that may hold unequal values; those of one value, or of one person, are left alone.
//
// With a threshold k above 0 intervals of fewer than 2 k values are not split and neighbours are joined until
// each holds at least k: values joined share a rank, which Merged() tells.
// Reveals: the pooled counts of the intervals, not by group or site; with a threshold, no published count is
// below it, but the hub sees how many of the 256 parts of a split interval hold how many.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "federation/exact_sums.h"
#include "stats/order_statistics.h"

namespace clinnova::stats {

/// How a variable's values become keys: index of a denominator of kGridDenominators, or none.
struct KeyGrid {
  double denominator = 0;  ///< 0: ordered bits of the double
  std::int64_t bits = 64;  ///< keys lie in [0, 2^bits)

  std::uint64_t Key(double value) const;

  template <class A>
  void Fields(A& a) {
    a(denominator);
    a(bits);
  }
};

/// Parts of an interval under a threshold: 2^8, as in the search for quantiles.
inline constexpr std::int64_t kGuardedPartBits = 8;

inline constexpr double kGridDenominators[] = {1, 2, 4, 8, 10, 12, 16, 20, 100, 1000, 10000};
/// How many of `values` are no whole multiple of 1/denominator of size below 2^30.
std::int64_t CountOffGrid(std::span<const double> values, double denominator);
/// The coarsest grid that no value is off, its size from the largest absolute value's power of two.
KeyGrid ChooseGrid(std::span<const std::int64_t> off_grid, int size_exponent);

/// One round's question: per interval [low, low + 2^width) of a variable, the counts of its equal parts.
struct SplitRequest {
  std::vector<KeyGrid> grids;  ///< per variable
  std::vector<KeyInterval> intervals;
  std::vector<std::int64_t> widths;  ///< per interval, in bits
  std::int64_t part_bits = 8;        ///< each has 2^part_bits parts, or as many as it has keys

  std::size_t cells() const { return intervals.size() << part_bits; }
  template <class A>
  void Fields(A& a) {
    a(grids);
    a(intervals);
    a(widths);
    a(part_bits);
  }
};
/// The site's side: counts `values` of `variable` into `block`, interval by interval. Intervals are sorted and
/// do not overlap.
void CountParts(std::span<const double> values, std::uint64_t variable, const SplitRequest& request,
                std::size_t block, federation::ExactSums& sums);

/// The ranks of one variable: bin b holds the keys from lows[b] up to the next.
struct RankTable {
  KeyGrid grid;
  std::vector<std::uint64_t> lows;
  std::vector<std::int64_t> counts;

  /// Twice the mid-rank of each bin, a whole number.
  std::vector<std::int64_t> TwiceRanks() const;
  /// The bin of a value. The table is not empty.
  std::size_t BinOf(double value) const;

  template <class A>
  void Fields(A& a) {
    a(grid);
    a(lows);
    a(counts);
  }
};

class DistinctValues {
 public:
  /// n complete rows, the same for all variables.
  DistinctValues(std::vector<KeyGrid> grids, std::int64_t n, std::int64_t minimum_count);
  bool Done() const { return open_.empty(); }
  SplitRequest Request() const;
  /// Takes the pooled counts of Request()'s cells.
  void Absorb(const std::vector<std::int64_t>& counts);

  /// Once Done().
  RankTable Ranks(std::size_t variable) const;
  /// True when values that may be unequal share a rank of Ranks(variable).
  bool Merged(std::size_t variable) const;

 private:
  struct Node {
    KeyInterval interval;
    std::int64_t width_bits = 0;  ///< of keys: 2^width_bits of them
    std::int64_t count = 0;
  };
  bool Splits(const Node& node) const;
  std::int64_t PartBits() const;
  /// Joins neighbours until each has minimum_count_ values.
  std::vector<Node> Bins(std::size_t variable) const;

  std::vector<KeyGrid> grids_;
  std::int64_t n_;
  std::int64_t minimum_count_;
  std::vector<Node> open_;  ///< to be split, sorted
  std::vector<Node> closed_;
};

}  // namespace clinnova::stats
