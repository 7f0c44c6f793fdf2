// SPDX-License-Identifier: Apache-2.0
// Sums over the rows of a tree's node by feature and bin, as whole numbers: what the histogram engine is made of.
//
// A row's slope and curvature are rounded once to whole units; from there on everything is integer addition. At a site
// both stand in one 128-bit lane pair (the count of rows in the low bits of the curvature), so that a row costs one
// vector addition per feature; over the sites, slope, curvature and count of a bin travel packed in one 128-bit number:
//
//   bits 0 … c-1: rows      c … c+h-1: curvature      above: slope, signed
//
// With n rows in all, c = bits of n, h = c + f, and f as large as fits (at most 34): |slope| <= 2^slope_exponent is cut
// to units of 2^(slope_exponent - f), curvature likewise; no field of the sum over all sites runs into the next.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "federation/layout.h"

namespace clinnova::learn {

/// Fields of a packed number, and the units of slope and curvature.
struct NodeUnits {
  std::int64_t count_bits = 0;
  std::int64_t fraction_bits = 0;  ///< f
  std::int64_t slope_exponent = 0;
  std::int64_t curvature_exponent = 0;

  /// For `rows` rows in all; fraction_bits below 16 (over about 2^31 rows) is too coarse to use.
  static NodeUnits For(std::int64_t rows, std::int64_t slope_exponent,
                       std::int64_t curvature_exponent);

  double slope(std::int64_t units) const;
  double curvature(std::int64_t units) const;
  bool operator==(const NodeUnits&) const = default;
};

/// Unpacked sums of a bin or a node.
struct NodeSums {
  std::int64_t slope = 0;
  std::int64_t curvature = 0;
  std::int64_t rows = 0;

  NodeSums& operator+=(const NodeSums& other);
  NodeSums operator-(const NodeSums& other) const;
};

federation::Int128 Pack(const NodeUnits& units, const NodeSums& sums);
NodeSums Unpack(const NodeUnits& units, federation::Int128 packed);

/// A row's slope and, shifted up by kRowBits, its curvature with 1 for the row itself below.
typedef std::int64_t RowSums __attribute__((vector_size(16)));
inline constexpr int kRowBits = 14;
/// Rows whose sums fit in one pair of lanes.
inline constexpr std::size_t kRowsPerBlock = std::size_t{1} << 13;

/// Fills `out`; false when a slope or curvature is outside its exponent's range or not finite (out is then void).
struct RowRange {
  bool slopes = true;
  bool curvatures = true;
};
RowRange QuantiseRows(const NodeUnits& units, std::span<const double> slope,
                      std::span<const double> curvature, RowSums* out);

/// A row of a tree's sample: index into the rows, and the high bit for one that is there again (bootstrap).
inline constexpr std::uint32_t kAgain = 0x80000000U;

/// Bins of rows, feature by feature within a row, for some features of them.
struct BinnedView {
  const std::uint8_t* bins = nullptr;  // not owned; row-major
  std::size_t stride = 0;
  std::span<const std::uint32_t> features;  ///< which to sum, or empty: all
  std::span<const std::uint32_t> first;     ///< per feature summed, where its bins begin in `sums`
};

/// Adds the rows' sums by feature and bin to `sums`, packed. `scratch` is working memory.
void SumNode(const NodeUnits& units, const BinnedView& view, const RowSums* rows,
             std::span<const std::uint32_t> sample, std::vector<RowSums>& scratch,
             std::span<federation::Int128> sums);

}  // namespace clinnova::learn
