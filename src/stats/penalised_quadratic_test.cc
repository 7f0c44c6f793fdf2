// SPDX-License-Identifier: Apache-2.0
#include "stats/penalised_quadratic.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

double ViolationOf(const Matrix& h, const std::vector<double>& c, const std::vector<double>& lasso,
                   const std::vector<double>& ridge, const std::vector<bool>& held,
                   const std::vector<double>& b) {
  std::vector<double> gradient = c;
  for (std::size_t i = 0; i < b.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) gradient[i] -= h[i][j] * b[j];
  }
  return PenaltyViolation(gradient, lasso, ridge, held, std::vector<double>(b.size(), 1.0), b);
}

TEST(PenalisedQuadratic, SoftThresholdsWhereColumnsAreOrthogonal) {
  const Matrix h = {{2, 0, 0}, {0, 1, 0}, {0, 0, 4}};
  const std::vector<double> b = MinimisePenalised(
      {h, {3, -0.4, -6}, {1, 0.5, 2}, {0, 0, 1}, {false, false, false}}, {0, 0, 0});
  EXPECT_DOUBLE_EQ(b[0], 1);
  EXPECT_EQ(b[1], 0);
  EXPECT_DOUBLE_EQ(b[2], -0.8);
}

TEST(PenalisedQuadratic, SolvesTheNormalEquationsWithoutPenalty) {
  const Matrix h = {{4, 1}, {1, 3}};
  const std::vector<double> b =
      MinimisePenalised({h, {1, 2}, {0, 0}, {0, 0}, {false, false}}, {0, 0});
  EXPECT_NEAR(b[0], 1.0 / 11, 1e-16);
  EXPECT_NEAR(b[1], 7.0 / 11, 1e-16);
}

TEST(PenalisedQuadratic, HoldsCoefficientsAtZero) {
  const Matrix h = {{4, 1}, {1, 3}};
  const std::vector<double> b =
      MinimisePenalised({h, {1, 2}, {0, 0}, {0, 0}, {true, false}}, {5, 5});
  EXPECT_EQ(b[0], 0);
  EXPECT_DOUBLE_EQ(b[1], 2.0 / 3);
}

// Nearly collinear columns: plain descent would need some 1e8 passes.
TEST(PenalisedQuadratic, MeetsItsConditionsWhereDescentIsSlow) {
  const double r = 1 - 1e-9;
  const Matrix h = {{1, r, 0.3}, {r, 1, 0.3}, {0.3, 0.3, 1}};
  const std::vector<double> c = {0.7, 0.7 + 1e-6, -0.2};
  const std::vector<double> lasso = {1e-7, 1e-7, 0.05};
  const std::vector<double> ridge = {0, 0, 0.1};
  const std::vector<bool> held(3);
  const std::vector<double> b = MinimisePenalised({h, c, lasso, ridge, held}, {0, 0, 0});
  EXPECT_LT(ViolationOf(h, c, lasso, ridge, held, b), 1e-12);
  EXPECT_LT(b[0], 0);
  EXPECT_GT(b[1], 0);
}

TEST(PenalisedQuadratic, ReachesAMinimumWhereItIsNotUnique) {
  const Matrix h = {{1, 1}, {1, 1}};
  const std::vector<double> c = {0.7, 0.7};
  const std::vector<double> lasso = {0.1, 0.1};
  const std::vector<double> none(2);
  const std::vector<bool> held(2);
  const std::vector<double> b = MinimisePenalised({h, c, lasso, none, held}, {0, 0});
  EXPECT_NEAR(b[0] + b[1], 0.6, 1e-15);
  EXPECT_LT(ViolationOf(h, c, lasso, none, held, b), 1e-15);
}

TEST(PenalisedQuadratic, TellsHowFarTheConditionsFail) {
  const std::vector<double> gradient = {0.5, -0.2, 0.1};
  EXPECT_NEAR(PenaltyViolation(gradient, {0.2, 0.3, 0.1}, {0, 0, 0}, {false, false, false},
                               {1, 1, 1}, {0, 0, 3}),
              0.3, 1e-15);
  EXPECT_EQ(PenaltyViolation(gradient, {0.2, 0.3, 0.1}, {0, 0, 0}, {true, false, false}, {1, 1, 1},
                             {0, 0, 3}),
            0);
}

}  // namespace
}  // namespace clinnova::stats
