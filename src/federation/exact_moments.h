// SPDX-License-Identifier: Apache-2.0
// Running exact sums of weight, weight * x and weight * x x' over records, for sums that stay at the site: risk sets
// that people join and leave one by one while time is walked through.
//
//   ExactMoments risk(p, weight_exponent, size_exponent);
//   for each person who joins: risk.Add(x, weight);          // who leaves: risk.Add(x, -weight)
//   risk.Read(numbers);                                      // weight, then x, then the lower triangle by rows
//
// The same slices as those of ExactSums::AddMoments, so that the sums depend neither on the order of records nor on
// where they were read; they stay in vector registers and the nearest cache until they are read. Thread rule: one
// per thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "federation/exact_slices.h"

namespace clinnova::federation {

class ExactMoments {
 public:
  /// For |weight| <= 2^weight_exponent and |x[j]| <= 2^size_exponent; 2^40 records at most.
  ExactMoments(std::size_t p, std::int64_t weight_exponent, std::int64_t size_exponent);

  /// How many numbers Read gives.
  static std::size_t NumbersOf(std::size_t p) { return 1 + p + p * (p + 1) / 2; }
  /// Sizes are not checked.
  void Add(std::span<const double> x, double weight);
  /// Each sum, rounded once to 64 bits of mantissa.
  void Read(std::span<long double> numbers);
  void Clear();

 private:
  void Carry();

  std::size_t p_;
  std::vector<double> record_;  ///< 1, x and zeros up to whole lanes
  std::vector<Slicer> slicers_;
  std::vector<double>
      shifts_;  ///< row i of the triangle of (1, x)(1, x)': its lanes' shifts, high and low by turns
  std::vector<double>
      slices_;  ///< the same rows: sums of the high and of the low slices since the last carry
  std::vector<Int128> totals_;  ///< in the order of Read
  std::size_t pending_ = 0;     ///< records since the last carry
};

}  // namespace clinnova::federation
