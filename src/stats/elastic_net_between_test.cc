// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_between.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// A log-likelihood of two coefficients, of the fourth degree in the first.
NetEvaluation At(const std::vector<double>& b) {
  NetEvaluation at;
  at.deviance = -2 * (3 * b[0] - b[0] * b[0] - std::pow(b[0], 4) - b[1] * b[1] + b[0] * b[1]);
  at.score = {3 - 2 * b[0] - 4 * std::pow(b[0], 3) + b[1], b[0] - 2 * b[1]};
  at.information = {2 + 12 * b[0] * b[0], -1, 2};
  return at;
}

TEST(ElasticNetBetween, IsExactForTheFourthDegree) {
  const std::vector<double> left = {-0.5, 1};
  const std::vector<double> right = {1, -1};
  for (const double part : {0.0, 0.2, 0.5, 0.9, 1.0}) {
    const NetBetween between = Between({left, At(left)}, {right, At(right)}, part);
    EXPECT_NEAR(between.beta[0], -0.5 + 1.5 * part, 1e-15);
    const NetEvaluation exact = At(between.beta);
    EXPECT_NEAR(between.score[0], exact.score[0], 1e-14);
    EXPECT_NEAR(between.score[1], exact.score[1], 1e-14);
    EXPECT_NEAR(between.deviance, exact.deviance, 1e-14);
  }
}

TEST(ElasticNetBetween, MultipliesByATriangle) {
  EXPECT_EQ(TimesPacked({1, 2, 3, 4, 5, 6}, {1, 10, 100}), (std::vector<double>{421, 532, 654}));
}

}  // namespace
}  // namespace clinnova::stats
