// SPDX-License-Identifier: Apache-2.0
// X'WX of standardised columns of rows that are rounded to whole numbers of some ten bits, at a tenth of the time of the
// exact sums: for second derivatives that say where to step next, not where the minimum lies. Sums of whole numbers are
// exact: their bits depend neither on the order of rows nor on the machine.
//
//   RoundedGram gram(columns, weight_exponent);
//   gram.Load(x, rows);                                          // at most kRows rows
//   if (!gram.Add(weights, largest, sums)) …                     // a row is too large
//
// A row is its values times the root of its weight, each rounded to a whole number of units, 1/1024 of
// kLargest * 2^(weight_exponent / 2). A row with a larger value is an outlier, which is multiplied by itself and, if need
// be, rounded to larger units. The sums are of the products of such whole numbers, so that the matrix is never negative,
// whatever the columns have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "federation/exact_sums.h"

namespace clinnova::stats {

class RoundedGram {
 public:
  /// Rows that are multiplied at a time: as many products of whole numbers up to 1024 fit into 32 bits.
  static constexpr std::size_t kRows = 512;
  static constexpr double kLargest = 32;
  /// The sums' unit is 2^(weight_exponent - kUnitBits).
  static constexpr int kUnitBits = 10;

  /// `weight_exponent`: of most weights, even.
  RoundedGram(std::size_t columns, int weight_exponent);

  /// Looks at `rows` rows of x, which must stay where they are until the next.
  void Load(const federation::ColumnsView& x, std::size_t rows);
  /// Adds (weights[r] * x[r, i]) * x[r, j] of the rows to sums[i (i + 1) / 2 + j], j <= i; weights are not negative.
  /// False when a value times the root of its weight is larger than `largest`, or no number: the sums are then worth
  /// nothing.
  bool Add(const double* weights, double largest, federation::Int128* sums);

 private:
  void AddRounded(federation::Int128* sums);
  bool AddOutlier(std::size_t row, double root, double largest, federation::Int128* sums) const;

  double units_ = 1;           ///< in one
  double largest_ = kLargest;  ///< value of a row that is no outlier
  federation::ColumnsView x_;
  std::size_t rows_ = 0;
  std::vector<double> sizes_;  ///< per row, of its largest value
  std::vector<double> roots_;
  std::vector<double> column_;
  std::vector<std::int16_t> rounded_;  ///< columns of kRows rows
};

}  // namespace clinnova::stats
