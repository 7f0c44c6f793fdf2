// SPDX-License-Identifier: Apache-2.0
#include "stats/laplace_cluster.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/gauss_hermite.h"

namespace clinnova::stats {
namespace {

ClusteredRows TwoClusters() {
  ClusteredRows rows;
  rows.columns = 2;
  rows.first = {0, 4, 7};
  for (const double x : {0.3, -1.2, 0.8, 1.5, -0.4, 0.9, -2.0}) {
    rows.x.push_back(1);
    rows.x.push_back(x);
  }
  rows.y = {1, 0, 1, 1, 0, 1, 0};
  rows.offset = {0, 0.2, 0, -0.1, 0, 0.3, 0};
  rows.weight = {1, 2, 1, 0.5, 1, 1, 3};
  rows.time.assign(7, 0);
  return rows;
}

RandomEffects Effects(std::size_t size) {
  RandomEffects effects;
  effects.names = {"(Intercept)"};
  effects.columns = {0};
  if (size == 2) {
    effects.names.emplace_back("x");
    effects.columns.push_back(1);
  }
  return effects;
}

TEST(LaplaceCluster, IsQuadratureOfOneNodeForOneIntercept) {
  const ClusteredRows rows = TwoClusters();
  const GaussHermite rule(1);
  for (const Family family : {Family::kBinomial, Family::kPoisson}) {
    ClusterIntegral integral(rows, family, rule);
    LaplaceCluster laplace(rows, family, Effects(1), {0});
    for (const std::size_t cluster : {0U, 1U}) {
      ClusterLikelihood one;
      ClusterLikelihood other;
      ASSERT_TRUE(integral.Evaluate(cluster, {0.2, -0.5}, 0.8, one));
      ASSERT_TRUE(laplace.Evaluate(cluster, {0.2, -0.5, 0.8}, other));
      EXPECT_NEAR(one.value, other.value, 1e-13);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(one.gradient[i], other.gradient[i], 1e-12);
        for (std::size_t j = 0; j < 3; ++j)
          EXPECT_NEAR(one.hessian[i * 3 + j], other.hessian[i * 3 + j], 1e-11);
      }
    }
  }
}

TEST(LaplaceCluster, HasTheDerivativesOfItsValue) {
  const ClusteredRows rows = TwoClusters();
  const std::vector<double> point = {0.2, -0.5, 0.9, -0.3, 0.6};
  LaplaceCluster laplace(rows, Family::kPoisson, Effects(2), {0, 0});
  ClusterLikelihood at;
  ASSERT_TRUE(laplace.Evaluate(0, point, at));
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < point.size(); ++i) {
    std::vector<double> moved = point;
    ClusterLikelihood above;
    ClusterLikelihood below;
    moved[i] = point[i] + kStep;
    ASSERT_TRUE(laplace.Evaluate(0, moved, above));
    moved[i] = point[i] - kStep;
    ASSERT_TRUE(laplace.Evaluate(0, moved, below));
    EXPECT_NEAR(at.gradient[i], (above.value - below.value) / (2 * kStep), 1e-8);
    for (std::size_t j = 0; j < point.size(); ++j) {
      EXPECT_NEAR(at.hessian[i * point.size() + j],
                  (above.gradient[j] - below.gradient[j]) / (2 * kStep), 1e-8);
    }
  }
}

TEST(LaplaceCluster, ModeIsWhereTheSlopeVanishes) {
  const ClusteredRows rows = TwoClusters();
  LaplaceCluster laplace(rows, Family::kBinomial, Effects(1), {0});
  ClusterModes modes;
  ASSERT_TRUE(laplace.Modes(1, {0.1, 0.4, 1.3}, modes));
  double slope = -modes.mode[0];
  for (std::size_t r = 4; r < 7; ++r) {
    const double eta = rows.offset[r] + 0.1 + 0.4 * rows.row(r)[1] + 1.3 * modes.mode[0];
    slope += 1.3 * rows.weight[r] * (rows.y[r] - 1 / (1 + std::exp(-eta)));
  }
  EXPECT_NEAR(slope, 0, 1e-13);
}

}  // namespace
}  // namespace clinnova::stats
