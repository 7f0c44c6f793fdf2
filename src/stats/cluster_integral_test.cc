// SPDX-License-Identifier: Apache-2.0
#include "stats/cluster_integral.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// Two clusters on the columns 1 and x.
ClusteredRows Rows(bool counts) {
  ClusteredRows rows;
  rows.columns = 2;
  rows.first = {0, 4, 7};
  for (const double x : {-1.0, 0.3, 0.8, 2.0, -0.5, 0.1, 1.4}) {
    rows.x.push_back(1);
    rows.x.push_back(x);
  }
  rows.y =
      counts ? std::vector<double>{0, 2, 1, 6, 3, 0, 4} : std::vector<double>{0, 1, 0, 1, 1, 1, 0};
  rows.offset = {0, 0.2, 0, -0.1, 0, 0.3, 0};
  rows.time.assign(7, 0);
  rows.weight.assign(7, 1);
  return rows;
}

/// ln of the integral by the trapezoidal rule, which is exact to rounding for such integrands.
double Trapezoidal(const ClusteredRows& rows, Family family, std::size_t cluster,
                   const std::vector<double>& beta, double tau) {
  constexpr double kStep = 1.0 / 64;
  double sum = 0;
  for (int i = -1024; i <= 1024; ++i) {
    const double v = i * kStep;
    double log_density = -v * v / 2;
    for (std::size_t r = rows.first[cluster]; r < rows.first[cluster + 1]; ++r) {
      const double eta = rows.offset[r] + beta[0] + beta[1] * rows.row(r)[1] + tau * v;
      const double y = rows.y[r];
      log_density += family == Family::kPoisson ? y * eta - std::exp(eta) - std::lgamma(y + 1)
                                                : y * eta - std::log1p(std::exp(eta));
    }
    sum += std::exp(log_density) * kStep;
  }
  return std::log(sum / std::sqrt(2 * std::acos(-1.0)));
}

TEST(ClusterIntegral, IsTheIntegral) {
  const std::vector<double> beta = {0.3, -0.4};
  for (const Family family : {Family::kBinomial, Family::kPoisson}) {
    const ClusteredRows rows = Rows(family == Family::kPoisson);
    const GaussHermite rule(60);
    ClusterIntegral integral(rows, family, rule);
    ClusterLikelihood result;
    for (const std::size_t cluster : {0U, 1U}) {
      for (const double tau : {0.0, 0.4, 1.5}) {
        ASSERT_TRUE(integral.Evaluate(cluster, beta, tau, result));
        EXPECT_NEAR(result.value, Trapezoidal(rows, family, cluster, beta, tau), 1e-11);
      }
    }
  }
}

TEST(ClusterIntegral, OneNodeIsLaplaces) {
  const ClusteredRows rows = Rows(false);
  const GaussHermite rule(1);
  ClusterIntegral integral(rows, Family::kBinomial, rule);
  ClusterLikelihood result;
  ASSERT_TRUE(integral.Evaluate(0, {0.3, -0.4}, 1.1, result));
  double h = -result.mode * result.mode / 2;
  double weights = 0;
  for (std::size_t r = 0; r < 4; ++r) {
    const double eta = rows.offset[r] + 0.3 - 0.4 * rows.row(r)[1] + 1.1 * result.mode;
    const double mu = 1 / (1 + std::exp(-eta));
    h += rows.y[r] * eta - std::log1p(std::exp(eta));
    weights += mu * (1 - mu);
  }
  EXPECT_NEAR(result.curvature, 1 + 1.21 * weights, 1e-13);
  EXPECT_NEAR(result.value, h - std::log(1 + 1.21 * weights) / 2, 1e-13);
}

// Gradient and Hessian are those of the approximation, for few nodes as for many.
TEST(ClusterIntegral, DerivativesAreThoseOfTheValue) {
  for (const Family family : {Family::kBinomial, Family::kPoisson}) {
    const ClusteredRows rows = Rows(family == Family::kPoisson);
    for (const std::size_t points : {1U, 2U, 5U, 25U}) {
      const GaussHermite rule(points);
      ClusterIntegral integral(rows, family, rule);
      const std::vector<double> at = {0.3, -0.4, 0.9};
      const auto evaluate = [&](std::vector<double> parameters) {
        ClusterLikelihood result;
        const double tau = parameters.back();
        parameters.pop_back();
        EXPECT_TRUE(integral.Evaluate(0, parameters, tau, result));
        return result;
      };
      const ClusterLikelihood here = evaluate(at);
      constexpr double kStep = 1e-5;
      for (std::size_t i = 0; i < 3; ++i) {
        std::vector<double> up = at;
        std::vector<double> down = at;
        up[i] += kStep;
        down[i] -= kStep;
        const ClusterLikelihood above = evaluate(up);
        const ClusterLikelihood below = evaluate(down);
        EXPECT_NEAR(here.gradient[i], (above.value - below.value) / (2 * kStep), 2e-9) << points;
        for (std::size_t j = 0; j < 3; ++j) {
          EXPECT_NEAR(here.hessian[i * 3 + j],
                      (above.gradient[j] - below.gradient[j]) / (2 * kStep), 2e-8)
              << points << " " << i << j;
        }
      }
    }
  }
}

TEST(GaussHermite, IntegratesPolynomialsExactly) {
  const double root_pi = std::sqrt(std::acos(-1.0));
  for (const std::size_t points : {1U, 2U, 3U, 25U, 100U}) {
    const GaussHermite rule(points);
    double zeroth = 0;
    double fourth = 0;
    for (std::size_t i = 0; i < points; ++i) {
      const double t = rule.nodes[i];
      zeroth += rule.lifted_weights[i] * std::exp(-t * t);
      fourth += rule.lifted_weights[i] * std::exp(-t * t) * t * t * t * t;
    }
    EXPECT_NEAR(zeroth, root_pi, 1e-13);
    if (points > 2) {
      EXPECT_NEAR(fourth, 0.75 * root_pi, 1e-13);
    }
  }
}

}  // namespace
}  // namespace clinnova::stats
