// SPDX-License-Identifier: Apache-2.0
#include "stats/newton.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// ln L = a x - e^x, whose maximum is at ln a with information a; a second parameter stands for nothing.
LikelihoodAt Poisson(double a, const std::vector<double>& at) {
  LikelihoodAt likelihood;
  likelihood.log_likelihood = a * at[0] - std::exp(at[0]);
  likelihood.score = {a - std::exp(at[0]), 0};
  likelihood.information = {{std::exp(at[0]), 0}, {0, 0}};
  return likelihood;
}

TEST(Newton, FindsTheMaximumAndItsInformation) {
  const auto fit = MaximiseLikelihood(
      {0, 7}, [](const std::vector<double>& at) { return Result<LikelihoodAt>(Poisson(5, at)); });
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->converged);
  EXPECT_NEAR(fit->estimate[0], std::log(5.0), 1e-14);
  EXPECT_NEAR(fit->covariance[0][0], 1 / 5.0, 1e-14);
  EXPECT_NEAR(fit->log_likelihood, 5 * std::log(5.0) - 5, 1e-13);
  EXPECT_EQ(fit->log_likelihood_at_start, -1);
  EXPECT_EQ(fit->aliased, (std::vector<bool>{false, true}));
  EXPECT_EQ(fit->estimate[1], 7);
}

TEST(Newton, HalvesStepsThatGoTooFar) {
  // From -4 a full step goes to beyond 200, where e^x is out of reach.
  const auto fit = MaximiseLikelihood({-4, 0}, [](const std::vector<double>& at) {
    LikelihoodAt likelihood = Poisson(5, at);
    likelihood.inside = at[0] < 30;
    return Result<LikelihoodAt>(likelihood);
  });
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->converged);
  EXPECT_NEAR(fit->estimate[0], std::log(5.0), 1e-14);
}

TEST(Newton, ClimbsWhereTheLikelihoodIsNotConcave) {
  // ln L = x^2 - x^4 / 4 with a start that leads through |x| < sqrt(2 / 3), where the information is negative.
  int visits = 0;
  const auto fit = MaximiseLikelihood({2}, [&](const std::vector<double>& at) {
    const double x = ++visits == 2 ? 0.5 : at[0];
    LikelihoodAt likelihood;
    likelihood.log_likelihood = x * x - x * x * x * x / 4 + (visits > 1 ? 10 : 0);
    likelihood.score = {2 * x - x * x * x};
    likelihood.information = {{3 * x * x - 2}};
    return Result<LikelihoodAt>(likelihood);
  });
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->converged);
  EXPECT_NEAR(fit->estimate[0], std::sqrt(2.0), 1e-14);
}

TEST(Newton, SaysWhenTheMaximumIsAtInfinity) {
  // ln L = -ln(1 + e^-x): a separated outcome.
  const auto fit = MaximiseLikelihood({0}, [](const std::vector<double>& at) {
    const double p = 1 / (1 + std::exp(-at[0]));
    LikelihoodAt likelihood;
    likelihood.log_likelihood = -std::log1p(std::exp(-at[0]));
    likelihood.score = {1 - p};
    likelihood.information = {{p * (1 - p)}};
    return Result<LikelihoodAt>(likelihood);
  });
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->converged);
}

TEST(Newton, FailsWhereTheLikelihoodIsNotDefinedAtTheStart) {
  const auto fit = MaximiseLikelihood({0}, [](const std::vector<double>&) {
    LikelihoodAt likelihood;
    likelihood.inside = false;
    return Result<LikelihoodAt>(likelihood);
  });
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().code, ErrorCode::kFailed);
}

TEST(Newton, TransformsParametersAndCovariance) {
  std::vector<double> parameters = {1, 2};
  Matrix covariance = {{4, 0}, {0, 9}};
  ApplyTransform({{1, 0.5}, {0, 2}}, parameters, covariance);
  EXPECT_EQ(parameters, (std::vector<double>{2, 4}));
  EXPECT_EQ(covariance, (Matrix{{4 + 9 * 0.25, 9}, {9, 36}}));
}

}  // namespace
}  // namespace clinnova::stats
