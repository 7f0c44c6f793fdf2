// SPDX-License-Identifier: Apache-2.0
#include "stats/rounded_gram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace clinnova::stats {
namespace {

using federation::Int128;

constexpr std::size_t kColumns = 7;
constexpr int kWeights = -2;
constexpr double kLargest = 0x1p20;

struct Rows {
  std::vector<double> x;  ///< kColumns columns of `count` rows
  std::vector<double> weights;
  std::size_t count = 0;

  double& at(std::size_t row, std::size_t column) { return x[column * count + row]; }
};

Rows Draw(std::size_t count) {
  std::mt19937_64 random(count);
  const auto uniform = [&] { return std::ldexp(static_cast<double>(random() >> 11), -53); };
  Rows rows;
  rows.count = count;
  for (std::size_t i = 0; i < kColumns * count; ++i) rows.x.push_back(6 * uniform() - 3);
  for (std::size_t r = 0; r < count; ++r) rows.weights.push_back(uniform() / 4);
  return rows;
}

std::vector<Int128> Sums(const Rows& rows, std::size_t at_a_time = RoundedGram::kRows) {
  RoundedGram gram(kColumns, kWeights);
  std::vector<Int128> sums(kColumns * (kColumns + 1) / 2);
  for (std::size_t first = 0; first < rows.count; first += at_a_time) {
    gram.Load({rows.x.data() + first, rows.count, kColumns},
              std::min(at_a_time, rows.count - first));
    EXPECT_TRUE(gram.Add(rows.weights.data() + first, kLargest, sums.data()));
  }
  return sums;
}

double Value(Int128 sum) {
  return std::ldexp(static_cast<double>(sum), kWeights - RoundedGram::kUnitBits);
}

/// Each sum is near that of the exact products, by their sizes.
void ExpectNear(Rows rows) {
  const std::vector<Int128> sums = Sums(rows);
  for (std::size_t i = 0, at = 0; i < kColumns; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++at) {
      double exact = 0;
      double size = 0;
      for (std::size_t r = 0; r < rows.count; ++r) {
        const double product = rows.weights[r] * rows.at(r, i) * rows.at(r, j);
        exact += product;
        size += std::fabs(product);
      }
      EXPECT_NEAR(Value(sums[at]), exact, 2e-3 * size) << i << " " << j;
    }
  }
}

TEST(RoundedGram, ComesNearTheExactProducts) { ExpectNear(Draw(3000)); }

TEST(RoundedGram, CountsOutliersInFull) {
  Rows rows = Draw(1500);
  rows.at(3, 2) = 1000;
  rows.at(700, 0) = -300;
  rows.at(700, 2) = 40;
  rows.at(700, 6) = 90;
  rows.weights[20] = 3000;
  rows.weights[700] = 2;
  rows.at(701, 5) = 5000;
  rows.weights[701] = 0;
  ExpectNear(rows);
}

TEST(RoundedGram, HasTheSameBitsHoweverRowsAreTaken) {
  Rows rows = Draw(1000);
  rows.at(76, 3) = 190;
  rows.at(77, 4) = -121;
  rows.weights[78] = 300;
  const std::vector<Int128> sums = Sums(rows);
  EXPECT_TRUE(sums == Sums(rows, 1));
  EXPECT_TRUE(sums == Sums(rows, 77));
}

TEST(RoundedGram, HoldsTheLargestValues) {
  Rows rows;
  rows.count = RoundedGram::kRows;
  rows.x.assign(kColumns * rows.count, -RoundedGram::kLargest);
  rows.weights.assign(rows.count, 0.25);
  for (const Int128 sum : Sums(rows)) EXPECT_TRUE(sum == Int128{1} << 29);
}

// The third column is the sum of the first two, so that the exact matrix has a direction without curvature.
TEST(RoundedGram, IsNeverNegative) {
  Rows rows = Draw(200);
  for (std::size_t r = 0; r < rows.count; ++r) {
    rows.at(r, 2) = rows.at(r, 0) + rows.at(r, 1);
    if (r % 20 == 0) rows.weights[r] = 1e6;
  }
  const std::vector<Int128> sums = Sums(rows);
  const double along = Value(sums[0] + sums[2] + sums[5]) + 2 * Value(sums[1] - sums[3] - sums[4]);
  EXPECT_GE(along, 0);
  EXPECT_LT(along, 1e-3 * Value(sums[0]));
}

TEST(RoundedGram, SaysWhatIsTooLarge) {
  RoundedGram gram(1, kWeights);
  Int128 sum = 0;
  const double weights[] = {0.25, 0.25};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double wrong : {0x1p23, std::numeric_limits<double>::infinity(), nan}) {
    for (const auto& x : {std::vector{1.0, wrong}, std::vector{wrong, 1.0}}) {
      gram.Load({x.data(), 2, 1}, 2);
      EXPECT_FALSE(gram.Add(weights, kLargest, &sum));
    }
  }
  const double x[] = {1, 2};
  gram.Load({x, 2, 1}, 2);
  for (const double wrong : {0x1p50, nan}) {
    const double heavy[] = {1, wrong};
    EXPECT_FALSE(gram.Add(heavy, kLargest, &sum));
  }
  sum = 0;
  EXPECT_TRUE(gram.Add(weights, kLargest, &sum));
  EXPECT_TRUE(sum == (1 + 4) << RoundedGram::kUnitBits);
}

}  // namespace
}  // namespace clinnova::stats
