// SPDX-License-Identifier: Apache-2.0
// The distinct values of numbers at all sites, with how often each occurs in each of some classes (cases and
// controls): exact pooled ranks of any doubles, ties told from near ties.
//
// Doubles are ordered 64-bit keys (order_statistics.h). Each round divides the cells of keys that still hold several
// rows into as many parts as fit in it; a cell with one row is not divided any further, since its rank is known.
//
//   ValueSearch search(variables, classes, 2);
//   while (!search.Done()) { /* a round over search.question() */ search.Absorb(counts); }
//   for (const ValueCell& cell : search.cells(0)) …          // in the order of the values
//
// Rounds: about four for continuous values, up to eight where many are tied. Reveals: the pooled counts of each
// class in each cell. Cells with fewer than `divisible` rows are not looked into; callers set it so that no
// person's value is found out where disclosure rules hold.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "federation/exact_sums.h"

namespace clinnova::stats {

/// Keys low … low + 2^bits - 1, and the rows there by class.
struct ValueCell {
  std::uint64_t low = 0;
  std::int64_t bits = 64;
  std::vector<std::int64_t> counts;

  std::int64_t rows() const;
};

/// What a round counts: the cells of each variable, all of 2^bits keys, each in 2^part_bits parts.
struct ValueQuestion {
  std::vector<std::vector<std::uint64_t>> lows;  ///< per variable, rising
  std::int64_t bits = 64;
  std::int64_t part_bits = 16;

  /// Numbers of a round with so many classes; 0 when the question makes no sense.
  std::size_t Numbers(std::size_t classes) const;
  template <class A>
  void Fields(A& a) {
    a(lows);
    a(bits);
    a(part_bits);
  }
};

/// The site's side: counts `values` of `variable`, each of the class beside it, into `block`.
void CountValues(const ValueQuestion& question, std::size_t variable,
                 std::span<const double> values, std::span<const std::int32_t> classes,
                 std::size_t class_count, std::size_t block, federation::ExactSums& sums);

class ValueSearch {
 public:
  /// `divisible`: cells with fewer rows stay as they are; 2 finds every rank exactly.
  ValueSearch(std::size_t variables, std::size_t classes, std::int64_t divisible);

  bool Done() const;
  ValueQuestion question() const;
  /// Takes the pooled counts of this round.
  void Absorb(const std::vector<std::int64_t>& counts);
  /// The cells of a variable that hold rows, rising; once Done().
  const std::vector<ValueCell>& cells(std::size_t variable) const { return cells_[variable]; }

 private:
  bool Open(const ValueCell& cell) const;
  std::int64_t OpenBits() const;

  std::size_t classes_;
  std::int64_t divisible_;
  std::vector<std::vector<ValueCell>> cells_;
};

/// The cell that holds a value, among rising lows of cells that hold every value asked for.
std::size_t CellOf(std::span<const std::uint64_t> lows, double value);

}  // namespace clinnova::stats
