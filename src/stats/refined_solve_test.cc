// SPDX-License-Identifier: Apache-2.0
#include "stats/refined_solve.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

TEST(RefinedSolve, SolvesSmallSystems) {
  const auto x = SolveRefined({{4, 1}, {1, 3}}, {1, 2});
  ASSERT_TRUE(x);
  EXPECT_DOUBLE_EQ((*x)[0], 1.0 / 11);
  EXPECT_DOUBLE_EQ((*x)[1], 7.0 / 11);
  EXPECT_TRUE(SolveRefined({}, {}));
}

// Columns that nearly depend on each other, and a right side that is exact.
TEST(RefinedSolve, IsAsExactAsTheExtendedFactor) {
  constexpr std::size_t kSize = 60;
  Matrix matrix(kSize, std::vector<double>(kSize));
  std::vector<double> x(kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    x[i] = static_cast<double>(i * 7 % 11) - 5;
    for (std::size_t j = 0; j < kSize; ++j) {
      const auto apart = static_cast<double>(i > j ? i - j : j - i);
      matrix[i][j] = 1024 - apart / 64 + (i == j ? 0x1p-7 : 0);
    }
  }
  std::vector<double> b(kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t j = 0; j < kSize; ++j) b[i] += matrix[i][j] * x[j];
  }
  const auto solved = SolveRefined(matrix, b);
  ASSERT_TRUE(solved);
  const std::vector<double> extended = SymmetricFactor(matrix, 1e-14).Solve(b);
  for (std::size_t i = 0; i < kSize; ++i) {
    EXPECT_NEAR((*solved)[i], x[i], 1e-13);
    EXPECT_NEAR(extended[i], x[i], 1e-13);
  }
}

TEST(RefinedSolve, LeavesSingularSystemsToOthers) {
  EXPECT_FALSE(SolveRefined({{1, 1}, {1, 1}}, {1, 1}));
  EXPECT_FALSE(SolveRefined({{0}}, {0}));
  EXPECT_FALSE(SolveRefined({{1, 2}, {2, 1}}, {1, 1}));
  EXPECT_FALSE(SolveRefined({{1, 1 - 1e-10}, {1 - 1e-10, 1}}, {1, 1}));
}

}  // namespace
}  // namespace clinnova::stats
