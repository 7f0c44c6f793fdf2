// SPDX-License-Identifier: Apache-2.0
// How a contribution to a scaled block is cut into two slices that add exactly in doubles.
//
// A value of size <= 2^exponent is rounded to a multiple of 2^(exponent - 40), its high slice, and what is left
// to a multiple of 2^(exponent - 80), its low slice. Adding 1.5 * 2^52 units and taking it away again rounds
// to whole units. Slices are small whole numbers of their units, so that 4,096 of them add without rounding in
// a double, in whatever order; then they are carried into a 128-bit integer. Source: J. Demmel, H. D. Nguyen,
// "Parallel reproducible summation", IEEE Trans. Comput. 64 (2015).
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "federation/layout.h"

namespace clinnova::federation {

/// Slices that may be added in doubles between two carries.
inline constexpr std::size_t kRowsPerCarry = 4096;

struct Slicer {
  static constexpr int kLowBits = 40;  ///< between the units of the slices

  explicit Slicer(std::int64_t exponent)
      : bound(PowerOfTwo(exponent)),
        high(1.5 * PowerOfTwo(exponent - kLowBits + 52)),
        low(1.5 * PowerOfTwo(exponent - kScaledBits + 52)),
        to_high_units(PowerOfTwo(kLowBits - exponent)),
        to_low_units(PowerOfTwo(kScaledBits - exponent)) {}

  static double PowerOfTwo(std::int64_t exponent) {
    return std::ldexp(1.0, static_cast<int>(exponent));
  }

  /// Sums of slices in units of the block.
  Int128 Carry(double high_sum, double low_sum) const {
    return (static_cast<Int128>(static_cast<std::int64_t>(high_sum * to_high_units)) << kLowBits) +
           static_cast<std::int64_t>(low_sum * to_low_units);
  }

  /// One value, |value| <= bound. The units stand in the low bits of the shifted number.
  Int128 One(double value) const {
    const double shifted = value + high;
    const double rest = value - (shifted - high);
    const std::int64_t high_units =
        std::bit_cast<std::int64_t>(shifted) - std::bit_cast<std::int64_t>(high);
    const std::int64_t low_units =
        std::bit_cast<std::int64_t>(rest + low) - std::bit_cast<std::int64_t>(low);
    return (static_cast<Int128>(high_units) << kLowBits) + low_units;
  }

  double bound;
  double high;  ///< added and taken away, it leaves the high slice
  double low;
  double to_high_units;
  double to_low_units;
};

}  // namespace clinnova::federation
