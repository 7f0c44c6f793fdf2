// SPDX-License-Identifier: Apache-2.0
#include "stats/nested_integral.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// Two outer groups of two and one clusters, with a covariate.
ClusteredRows Rows() {
  ClusteredRows rows;
  rows.columns = 2;
  rows.first = {0, 3, 5, 9};
  rows.key = {8, 5, 2};
  rows.outer_key = {1, 1, 0};
  const double x[] = {0.3, -1.2, 0.8, 1.1, -0.4, 0.2, 0.9, -0.7, 1.6};
  const double y[] = {1, 0, 1, 1, 1, 0, 1, 0, 0};
  for (int r = 0; r < 9; ++r) {
    rows.x.insert(rows.x.end(), {1, x[r]});
    rows.y.push_back(y[r]);
  }
  rows.offset.assign(9, 0.1);
  rows.weight.assign(9, 1.0);
  rows.time.assign(9, 0.0);
  return rows;
}

double Normal(double v) { return std::exp(-v * v / 2) / std::sqrt(2 * M_PI); }

/// The integral by the trapezoidal rule, which for such an integrand is exact to rounding.
double Integral(const ClusteredRows& rows, const std::vector<std::size_t>& clusters,
                const std::vector<double>& point) {
  constexpr double kStep = 0.05;
  double total = 0;
  for (double u = -9; u <= 9; u += kStep) {
    double of_u = Normal(u) * kStep;
    for (const std::size_t c : clusters) {
      double of_c = 0;
      for (double v = -9; v <= 9; v += kStep) {
        double density = Normal(v) * kStep;
        for (std::size_t r = rows.first[c]; r < rows.first[c + 1]; ++r) {
          const double eta =
              point[0] + point[1] * rows.row(r)[1] + rows.offset[r] + point[2] * v + point[3] * u;
          density /= 1 + std::exp(rows.y[r] == 1 ? -eta : eta);
        }
        of_c += density;
      }
      of_u *= of_c;
    }
    total += of_u;
  }
  return std::log(total);
}

const std::vector<double> kPoint = {-0.2, 0.7, 1.1, 0.6};

TEST(NestedIntegral, IsTheIntegralOfIntegrals) {
  const ClusteredRows rows = Rows();
  const ClusteredRows shifted = WithShiftColumn(rows);
  const GaussHermite rule(30);
  NestedIntegral integral(shifted, Family::kBinomial, rule);
  ClusterLikelihood part;
  for (const std::vector<std::size_t>& group : ClustersByOuterGroup(rows)) {
    ASSERT_TRUE(integral.Evaluate(group, kPoint, part));
    EXPECT_NEAR(part.value, Integral(rows, group, kPoint), 1e-9);
  }
}

TEST(NestedIntegral, HasItsDerivatives) {
  const ClusteredRows rows = Rows();
  const ClusteredRows shifted = WithShiftColumn(rows);
  const GaussHermite rule(40);
  NestedIntegral integral(shifted, Family::kBinomial, rule);
  const std::vector<std::size_t> group = {1, 0};
  ClusterLikelihood part, above, below;
  ASSERT_TRUE(integral.Evaluate(group, kPoint, part));
  for (std::size_t i = 0; i < kPoint.size(); ++i) {
    constexpr double kAway = 1e-4;
    std::vector<double> up = kPoint;
    std::vector<double> down = kPoint;
    up[i] += kAway;
    down[i] -= kAway;
    ASSERT_TRUE(integral.Evaluate(group, up, above));
    ASSERT_TRUE(integral.Evaluate(group, down, below));
    EXPECT_NEAR(part.gradient[i], (above.value - below.value) / (2 * kAway), 1e-7) << i;
    for (std::size_t j = 0; j < kPoint.size(); ++j) {
      EXPECT_NEAR(part.hessian[i * 4 + j], (above.gradient[j] - below.gradient[j]) / (2 * kAway),
                  1e-7)
          << i << j;
    }
  }
}

TEST(NestedIntegral, IsThatOfOneEffectWhereTheOtherHasNoVariance) {
  const ClusteredRows rows = Rows();
  const ClusteredRows shifted = WithShiftColumn(rows);
  const GaussHermite rule(25);
  NestedIntegral nested(shifted, Family::kBinomial, rule);
  ClusterIntegral plain(rows, Family::kBinomial, rule);
  ClusterLikelihood part, one, two;
  ASSERT_TRUE(nested.Evaluate({0, 1}, {-0.2, 0.7, 1.1, 0}, part));
  ASSERT_TRUE(plain.Evaluate(0, {-0.2, 0.7}, 1.1, one) && plain.Evaluate(1, {-0.2, 0.7}, 1.1, two));
  EXPECT_NEAR(part.value, one.value + two.value, 1e-12);
  EXPECT_NEAR(part.gradient[2], one.gradient[2] + two.gradient[2], 1e-12);
  EXPECT_NEAR(part.gradient[3], 0, 1e-12);
}

TEST(NestedIntegral, TakesGroupsAndTheirClustersByKey) {
  EXPECT_EQ(ClustersByOuterGroup(Rows()), (std::vector<std::vector<std::size_t>>{{2}, {1, 0}}));
}

}  // namespace
}  // namespace clinnova::stats
