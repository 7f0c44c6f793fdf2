// SPDX-License-Identifier: Apache-2.0
#include "stats/rounded_gram.h"

#include <algorithm>
#include <cmath>

namespace clinnova::stats {
namespace {

using federation::ColumnsView;
using federation::Int128;

constexpr std::size_t kRows = RoundedGram::kRows;
/// The largest whole number that a value is rounded to.
constexpr int kSteps = 1024;
static_assert(kSteps == RoundedGram::kLargest * (1 << (RoundedGram::kUnitBits / 2)));
static_assert(kRows * kSteps * kSteps <= 1 << 30);
/// An outlier's products are this many bits larger than others at most.
constexpr int kMostShift = 80;
/// Columns that are multiplied side by side.
constexpr std::size_t kLeft = 4;
constexpr std::size_t kRight = 2;

/// Columns, and those that make them up to a whole number of blocks.
std::size_t Padded(std::size_t columns) { return (columns + kLeft - 1) / kLeft * kLeft; }

/// Rounds x * roots in units of 1 / `units`.
__attribute__((target_clones("avx2", "default"))) void Round(const double* x, const double* roots,
                                                             double units, std::int16_t* rounded) {
  constexpr double kShift = 0x1.8p52;  // added and taken away, it leaves whole numbers
  for (std::size_t r = 0; r < kRows; ++r) {
    const double whole = ((x[r] * roots[r]) * units + kShift) - kShift;
    rounded[r] = static_cast<std::int16_t>(static_cast<std::int32_t>(whole));
  }
}

/// sums[i * kRight + j]: of the products of the columns a + i * kRows and b + j * kRows.
__attribute__((target_clones("avx2", "default"))) void Multiply(const std::int16_t* a,
                                                                const std::int16_t* b,
                                                                std::int32_t* sums) {
  const std::int16_t* a1 = a + kRows;
  const std::int16_t* a2 = a + 2 * kRows;
  const std::int16_t* a3 = a + 3 * kRows;
  const std::int16_t* b1 = b + kRows;
  std::int32_t s00 = 0, s01 = 0, s10 = 0, s11 = 0, s20 = 0, s21 = 0, s30 = 0, s31 = 0;
  for (std::size_t r = 0; r < kRows; ++r) {
    s00 += a[r] * b[r];
    s10 += a1[r] * b[r];
    s20 += a2[r] * b[r];
    s30 += a3[r] * b[r];
    s01 += a[r] * b1[r];
    s11 += a1[r] * b1[r];
    s21 += a2[r] * b1[r];
    s31 += a3[r] * b1[r];
  }
  const std::int32_t all[] = {s00, s01, s10, s11, s20, s21, s30, s31};
  std::copy(std::begin(all), std::end(all), sums);
}

}  // namespace

RoundedGram::RoundedGram(std::size_t columns, int weight_exponent)
    : units_(std::ldexp(1.0, (kUnitBits - weight_exponent) / 2)),
      largest_(kSteps / units_),
      x_{nullptr, 0, columns},
      sizes_(kRows),
      roots_(kRows),
      column_(kRows),
      rounded_(Padded(columns) * kRows) {}

void RoundedGram::Load(const ColumnsView& x, std::size_t rows) {
  x_ = x;
  rows_ = rows;
  std::fill(sizes_.begin(), sizes_.end(), 0.0);
  for (std::size_t j = 0; j < x.columns; ++j) {
    const double* column = x.data + j * x.stride;
    for (std::size_t r = 0; r < rows; ++r) {
      const double size = std::fabs(column[r]);
      sizes_[r] = size <= sizes_[r] ? sizes_[r] : size;  // a NaN stays
    }
  }
}

bool RoundedGram::Add(const double* weights, double largest, Int128* sums) {
  std::fill(roots_.begin(), roots_.end(), 0.0);
  for (std::size_t r = 0; r < rows_; ++r) {
    const double root = std::sqrt(weights[r]);
    if (root * sizes_[r] <= largest_) {
      roots_[r] = root;
    } else if (!AddOutlier(r, root, largest, sums)) {
      return false;
    }
  }
  for (std::size_t j = 0; j < x_.columns; ++j) {
    const double* column = x_.data + j * x_.stride;
    if (rows_ < kRows) {  // zeros after the last
      std::fill(std::copy_n(column, rows_, column_.begin()), column_.end(), 0.0);
      column = column_.data();
    }
    Round(column, roots_.data(), units_, rounded_.data() + j * kRows);
  }
  AddRounded(sums);
  return true;
}

void RoundedGram::AddRounded(Int128* sums) {
  std::int32_t block[kLeft * kRight];
  for (std::size_t i = 0; i < x_.columns; i += kLeft) {
    const std::size_t last = std::min(i + kLeft, x_.columns);
    for (std::size_t j = 0; j < last; j += kRight) {
      Multiply(rounded_.data() + i * kRows, rounded_.data() + j * kRows, block);
      for (std::size_t a = i; a < last; ++a) {
        for (std::size_t b = j; b < std::min(j + kRight, a + 1); ++b)
          sums[a * (a + 1) / 2 + b] += block[(a - i) * kRight + (b - j)];
      }
    }
  }
}

/// A row by itself: alone its whole numbers may be a thousand times as large, and beyond that their unit is.
bool RoundedGram::AddOutlier(std::size_t row, double root, double largest, Int128* sums) const {
  const double size = root * sizes_[row];
  if (!(size <= largest)) return false;
  int power = 0;
  while (std::ldexp(size, -power) > kSteps * largest_) ++power;
  if (2 * power > kMostShift) return false;
  std::vector<std::int64_t> values;
  for (std::size_t j = 0; j < x_.columns; ++j) {
    const double value = (x_.data[j * x_.stride + row] * root) * units_;
    values.push_back(std::llrint(std::ldexp(value, -power)));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++sums)
      *sums += static_cast<Int128>(values[i] * values[j]) * (Int128{1} << (2 * power));
  }
  return true;
}

}  // namespace clinnova::stats
