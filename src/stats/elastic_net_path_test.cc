// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_path.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

TEST(ElasticNetPath, FallsEquallyInTheLogarithm) {
  const std::vector<double> path = LambdaPath(8, 100, 3, 4, 0.001);
  ASSERT_EQ(path.size(), 4u);
  EXPECT_EQ(path[0], 8);
  EXPECT_NEAR(path[1], 0.8, 1e-15);
  EXPECT_NEAR(path[3], 0.008, 1e-17);
  EXPECT_NEAR(LambdaPath(1, 5, 3, 2, 0)[1], 1e-4, 1e-19);
  EXPECT_NEAR(LambdaPath(1, 3, 5, 2, 0)[1], 1e-2, 1e-17);
}

TEST(ElasticNetPath, BeginsWhereTheFirstTermComesIn) {
  const NetProblem problem{10, {0, 2, 0.5, 1}, {false, false, false, true}, 1};
  const std::vector<double> score = {99, 20, -10, 99};  // intercept and held columns do not count
  EXPECT_DOUBLE_EQ(LargestLambda(problem, 1, score), 2);
  EXPECT_DOUBLE_EQ(LargestLambda(problem, 0.5, score), 4);
  EXPECT_DOUBLE_EQ(LargestLambda(problem, 0, score), 2000);
}

TEST(ElasticNetPath, PenalisesInTheColumnsUnits) {
  const NetProblem problem{10, {0, 2}, {false, false}, 4};
  const Penalties penalties = PenaltiesOf(problem, 0.25, 0.1);
  EXPECT_EQ(penalties.lasso[0], 0);
  EXPECT_DOUBLE_EQ(penalties.lasso[1], 0.05);
  EXPECT_DOUBLE_EQ(penalties.ridge[1], 0.1 * 0.75 / 4 * 4);
  EXPECT_DOUBLE_EQ(PenaltyOf(penalties, {7, -3}), 0.05 * 3 + penalties.ridge[1] * 4.5);
}

TEST(ElasticNetPath, EndsWhereNothingIsGained) {
  const std::vector<double> flat = {0, 0.2, 0.3, 0.4, 0.5, 0.5000001, 0.6};
  EXPECT_EQ(EndOfPath("gaussian", flat, 7).length, 6u);
  EXPECT_EQ(EndOfPath("binomial", flat, 7).length, 6u);
  // poisson looks back over four lambdas
  EXPECT_EQ(EndOfPath("poisson", flat, 7).length, 7u);
  EXPECT_EQ(EndOfPath("poisson", {0, 0.5, 0.50001, 0.50002, 0.50003, 0.50004, 0.5}, 7).length, 6u);
}

TEST(ElasticNetPath, EndsEarlierForCox) {
  EXPECT_EQ(EndOfPath("cox", {0, 0.5, 0.5001, 0.5002, 0.5003, 0.5004, 0.6}, 7).length, 6u);
  EXPECT_EQ(EndOfPath("cox", {0, 0.2, 0.4, 0.6, 0.9, 0.995, 0.999}, 9).length, 6u);
}

TEST(ElasticNetPath, EndsWhereAllIsExplainedButNotBeforeFive) {
  EXPECT_EQ(EndOfPath("binomial", {0, 0.5, 0.9995, 0.9996, 0.9997, 0.9998}, 9).length, 5u);
  const PathEnd open = EndOfPath("binomial", {0, 0.5, 0.9}, 9);
  EXPECT_EQ(open.length, 3u);
  EXPECT_FALSE(open.reached);
  EXPECT_TRUE(EndOfPath("binomial", {0, 0.5, 0.9}, 3).reached);
}

TEST(ElasticNetPath, InterpolatesBetweenLambdas) {
  const std::vector<double> lambdas = {4, 2, 1};
  const std::vector<std::vector<double>> betas = {{0, 10}, {1, 20}, {3, 20}};
  EXPECT_EQ(InterpolatedPath(lambdas, betas, 9), betas[0]);
  EXPECT_EQ(InterpolatedPath(lambdas, betas, 0.1), betas[2]);
  EXPECT_EQ(InterpolatedPath(lambdas, betas, 2), betas[1]);
  EXPECT_EQ(InterpolatedPath(lambdas, betas, 3), (std::vector<double>{0.5, 15}));
}

// Numbers of glmnet:::cvstats for folds of 2, 3 and 5 rows.
TEST(ElasticNetPath, SummarisesFoldsAsCvGlmnet) {
  const CrossValidation summary =
      Summarise({{4, 2, 1.5}, {5, 2.2, 2.4}, {4.5, 1.8, 1.6}}, {2, 3, 5});
  EXPECT_NEAR(summary.mean[0], 4.55, 1e-15);
  EXPECT_NEAR(summary.mean[1], 1.96, 1e-15);
  EXPECT_NEAR(summary.std_error[0], std::sqrt((2 * 0.3025 + 3 * 0.2025 + 5 * 0.0025) / 10 / 2),
              1e-15);
  EXPECT_EQ(summary.minimum, 2u);
  EXPECT_EQ(summary.one_error, 1u);
}

}  // namespace
}  // namespace clinnova::stats
