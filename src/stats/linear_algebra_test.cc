// SPDX-License-Identifier: Apache-2.0
#include "stats/linear_algebra.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

TEST(SymmetricFactor, SolvesAndInverts) {
  const Matrix a = FromLowerTriangle({4, 2, 3, 0.5, 1, 2}, 3);
  EXPECT_EQ(a[0][2], 0.5);
  const SymmetricFactor factor(a, 1e-13);
  EXPECT_EQ(factor.rank(), 3u);
  const std::vector<double> x = factor.Solve({1, 2, 3});
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 3; ++j) sum += a[i][j] * x[j];
    EXPECT_NEAR(sum, static_cast<double>(i + 1), 1e-15);
  }
  const Matrix inverse = factor.Inverse();
  EXPECT_NEAR(inverse[0][0] * 4 + inverse[0][1] * 2 + inverse[0][2] * 0.5, 1, 1e-15);
  EXPECT_NEAR(std::exp(factor.LogDeterminant()), 4 * (6 - 1) - 2 * (4 - 0.5) + 0.5 * (2 - 1.5),
              1e-12);
}

TEST(SymmetricFactor, SetsAsideColumnsThatDependOnThoseBefore) {
  // Third column = first + second.
  const Matrix a = FromLowerTriangle({2, 1, 3, 3, 4, 7}, 3);
  const SymmetricFactor factor(a, 1e-13);
  EXPECT_EQ(factor.rank(), 2u);
  EXPECT_EQ(factor.aliased(), (std::vector<bool>{false, false, true}));
  EXPECT_EQ(factor.Solve({1, 1, 1})[2], 0);
  EXPECT_EQ(factor.Inverse()[2][2], 0);
}

TEST(Congruence, IsABTransposedA) {
  const Matrix c = Congruence({{1, 2}, {0, 1}}, {{1, 0}, {0, 3}});
  EXPECT_EQ(c, (Matrix{{13, 6}, {6, 3}}));
}

}  // namespace
}  // namespace clinnova::stats
