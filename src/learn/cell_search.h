// SPDX-License-Identifier: Apache-2.0
// Where the values of several variables lie at all sites together, as finely as wanted and no finer: cells (a, b] of
// numbers with how many values are in each, found by counting in a few rounds. Trees cut features between the cells;
// areas under curves are taken from them.
//
//   CellSearch search(variables, rows, divisible);
//   while (!search.Done()) { /* a round over search.question() */ search.Absorb(sums); }
//   std::vector<double> cuts = CutsBetween(search.cells(0), 64);
//
// Doubles are ordered 64-bit keys (stats/order_statistics.h), and a cell is a range of keys that share their leading
// bits. A round divides each cell that holds `divisible` values or more into parts, the more the fuller it is. A cell
// whose values are all the same is left whole: a fingerprint of every value is summed with its square, and equality in
// n * sum of squares >= square of the sum tells that all are equal, without telling the value. Fingerprints have 14 to
// 20 bits; two values with the same one stay in one cell, which makes it coarser and nothing else.
// Rounds: three for most continuous columns; at most kMostCellRounds.
//
// Reveals: the pooled number of values in each cell asked about, and whether they are all the same. Callers set
// `divisible` to at least twice minimum_count, so that no person's value is found out where disclosure rules hold.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "federation/exact_sums.h"

namespace clinnova::learn {

inline constexpr std::int64_t kMostCellRounds = 12;

/// The values v with low <= key(v) < low + 2^bits, where key orders doubles and is one less than OrderedKey, so that a
/// cell is open below and closed above.
struct Cell {
  std::uint64_t low = 0;
  std::int64_t bits = 64;
  std::int64_t count = 0;
  bool tied = false;  ///< all its values are the same

  /// The bounds: values are above `Above()` and at most `Upto()`.
  double Above() const;
  double Upto() const;
};

/// What a round counts: cells of each variable, each in 2^part_bits parts.
struct CellQuestion {
  struct Asked {
    std::uint64_t low = 0;
    std::int64_t bits = 64;
    std::int64_t part_bits = 1;
    template <class A>
    void Fields(A& a) {
      a(low);
      a(bits);
      a(part_bits);
    }
  };
  std::vector<std::vector<Asked>> variables;  ///< rising
  std::int64_t count_bits = 40;               ///< so many hold a count of all rows

  /// Numbers of the round; 0 when the question makes no sense.
  std::size_t Numbers() const;
  template <class A>
  void Fields(A& a) {
    a(variables);
    a(count_bits);
  }
};

/// The site's side: adds `values` of `variable` to the numbers of `block`, one packed integer per part: count, sum of
/// fingerprints, sum of their squares. NaN is left out.
void CountCells(const CellQuestion& question, std::size_t variable, std::span<const double> values,
                std::size_t block, federation::ExactSums& sums);

class CellSearch {
 public:
  /// `rows` bounds the number of values of a variable; `divisible` is at least 2.
  CellSearch(std::size_t variables, std::int64_t rows, std::int64_t divisible);

  bool Done() const;
  CellQuestion question() const;
  /// Takes the pooled numbers of a round's block; variables that the round did not ask about are settled.
  void Absorb(const CellQuestion& asked, const federation::PooledSums& sums, std::size_t block);
  /// The cells of a variable that hold values, rising.
  const std::vector<Cell>& cells(std::size_t variable) const { return cells_[variable]; }

 private:
  bool Open(const Cell& cell) const;

  std::int64_t count_bits_;
  std::int64_t divisible_;
  std::int64_t rounds_ = 0;
  std::vector<std::vector<Cell>> cells_;
};

/// The shortest decimal between low and high, as near to `middle` as so many digits allow.
double ShortestBetween(double low, double high, double middle);

/// At most `bins` - 1 numbers that cut the cells into parts of about equal counts; all that tell cells apart when there
/// are no more cells than bins. A cut is the shortest decimal near the middle of the gap between two cells.
std::vector<double> CutsBetween(const std::vector<Cell>& cells, std::int64_t bins);

/// Of the cells' values, the part `probability` lies at most at this bound of a cell.
double QuantileBound(const std::vector<Cell>& cells, double probability);

/// The index of the cell that holds the value, among cells that hold every value asked for.
std::size_t CellIndex(std::span<const std::uint64_t> lows, double value);

}  // namespace clinnova::learn
