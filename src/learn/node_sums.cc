// SPDX-License-Identifier: Apache-2.0
#include "learn/node_sums.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace clinnova::learn {
namespace {

using federation::Int128;

constexpr std::int64_t kMostFractionBits = 34;
constexpr std::size_t kRowsAhead = 12;    // prefetched: a row's bins lie anywhere
constexpr std::size_t kBinsTogether = 8;  // read at once
static_assert(std::endian::native == std::endian::little);

inline RowSums ValueOf(const RowSums* rows, std::uint32_t entry) {
  RowSums value = rows[entry & ~kAgain];
  value[1] -=
      static_cast<std::int64_t>(entry >> 31);  // a row counts once however often it is drawn
  return value;
}

/// std::ldexp of a whole number, by one multiplication where the power is a normal number: exact as well.
double TimesPower(double whole, std::int64_t exponent) {
  constexpr std::int64_t kBias = 1023;
  if (exponent <= -kBias || exponent > kBias) return std::ldexp(whole, static_cast<int>(exponent));
  return whole * std::bit_cast<double>(static_cast<std::uint64_t>(exponent + kBias) << 52);
}

/// All features of consecutive columns.
void AddAll(const BinnedView& view, const RowSums* rows, std::span<const std::uint32_t> sample,
            RowSums* sums) {
  const std::size_t features = view.first.size();
  const std::uint32_t* first = view.first.data();
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (i + kRowsAhead < sample.size()) {
      const std::size_t ahead = sample[i + kRowsAhead] & ~kAgain;
      __builtin_prefetch(view.bins + ahead * view.stride);
      __builtin_prefetch(view.bins + (ahead + 1) * view.stride - 1);
      __builtin_prefetch(rows + ahead);
    }
    const RowSums value = ValueOf(rows, sample[i]);
    const std::uint8_t* bins = view.bins + (sample[i] & ~kAgain) * view.stride;
    std::size_t f = 0;
    for (; f + kBinsTogether <= features; f += kBinsTogether) {
      std::uint64_t together;
      std::memcpy(&together, bins + f, sizeof together);
#pragma GCC unroll 8
      for (std::size_t k = 0; k < kBinsTogether; ++k) {
        sums[first[f + k] + (together >> (8 * k) & 0xff)] += value;
      }
    }
    for (; f < features; ++f) sums[first[f] + bins[f]] += value;
  }
}

void AddSome(const BinnedView& view, const RowSums* rows, std::span<const std::uint32_t> sample,
             RowSums* sums) {
  for (const std::uint32_t entry : sample) {
    const RowSums value = ValueOf(rows, entry);
    const std::uint8_t* bins = view.bins + (entry & ~kAgain) * view.stride;
    for (std::size_t f = 0; f < view.features.size(); ++f) {
      sums[view.first[f] + bins[view.features[f]]] += value;
    }
  }
}

}  // namespace

NodeUnits NodeUnits::For(std::int64_t rows, std::int64_t slope_exponent,
                         std::int64_t curvature_exponent) {
  NodeUnits units;
  units.count_bits = std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(rows, 1)));
  units.fraction_bits = std::min(kMostFractionBits, (126 - 3 * units.count_bits) / 2);
  units.slope_exponent = slope_exponent;
  units.curvature_exponent = curvature_exponent;
  return units;
}

double NodeUnits::slope(std::int64_t whole) const {
  return TimesPower(static_cast<double>(whole), slope_exponent - fraction_bits);
}

double NodeUnits::curvature(std::int64_t whole) const {
  return TimesPower(static_cast<double>(whole), curvature_exponent - fraction_bits);
}

NodeSums& NodeSums::operator+=(const NodeSums& other) {
  slope += other.slope;
  curvature += other.curvature;
  rows += other.rows;
  return *this;
}

NodeSums NodeSums::operator-(const NodeSums& other) const {
  return {slope - other.slope, curvature - other.curvature, rows - other.rows};
}

Int128 Pack(const NodeUnits& units, const NodeSums& sums) {
  return static_cast<Int128>(sums.rows) +
         (static_cast<Int128>(sums.curvature) << units.count_bits) +
         (static_cast<Int128>(sums.slope) << (2 * units.count_bits + units.fraction_bits));
}

NodeSums Unpack(const NodeUnits& units, Int128 packed) {
  const std::int64_t curvature_bits = units.count_bits + units.fraction_bits;
  const Int128 rest = packed >> units.count_bits;
  return {static_cast<std::int64_t>(rest >> curvature_bits),
          static_cast<std::int64_t>(rest & ((Int128{1} << curvature_bits) - 1)),
          static_cast<std::int64_t>(packed & ((Int128{1} << units.count_bits) - 1))};
}

RowRange QuantiseRows(const NodeUnits& units, std::span<const double> slope,
                      std::span<const double> curvature, RowSums* out) {
  const int fraction = static_cast<int>(units.fraction_bits);
  const double slope_units = std::ldexp(1.0, fraction - static_cast<int>(units.slope_exponent));
  const double curvature_units =
      std::ldexp(1.0, fraction - static_cast<int>(units.curvature_exponent));
  const double largest = std::ldexp(1.0, fraction);
  RowRange range;
  for (std::size_t r = 0; r < slope.size(); ++r) {
    const double g = slope[r] * slope_units;
    const double h = curvature[r] * curvature_units;
    const bool slope_fits = std::fabs(g) <= largest;
    const bool curvature_fits = h >= 0 && h <= largest;
    range.slopes = range.slopes && slope_fits;
    range.curvatures = range.curvatures && curvature_fits;
    if (!slope_fits || !curvature_fits) continue;
    // 1.5 * 2^52 rounds to the nearest whole number, ties to even, as llrint does and faster.
    constexpr double kRound = 0x1.8p52;
    out[r][0] = static_cast<std::int64_t>((g + kRound) - kRound);
    out[r][1] = (static_cast<std::int64_t>((h + kRound) - kRound) << kRowBits) + 1;
  }
  return range;
}

void SumNode(const NodeUnits& units, const BinnedView& view, const RowSums* rows,
             std::span<const std::uint32_t> sample, std::vector<RowSums>& scratch,
             std::span<Int128> sums) {
  for (std::size_t first = 0; first < sample.size(); first += kRowsPerBlock) {
    const auto block = sample.subspan(first, std::min(kRowsPerBlock, sample.size() - first));
    scratch.assign(sums.size(), RowSums{});
    if (view.features.empty()) {
      AddAll(view, rows, block, scratch.data());
    } else {
      AddSome(view, rows, block, scratch.data());
    }
    for (std::size_t b = 0; b < sums.size(); ++b) {
      const std::int64_t low = scratch[b][1];
      if (low == 0 && scratch[b][0] == 0) continue;
      sums[b] += Pack(units, {scratch[b][0], low >> kRowBits, low & ((1 << kRowBits) - 1)});
    }
  }
}

}  // namespace clinnova::learn
