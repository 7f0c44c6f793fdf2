// SPDX-License-Identifier: Apache-2.0
#include "stats/outcome_likelihood.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// Four rows of an intercept and one covariate.
OwnOutcomes Four(Family family) {
  OwnOutcomes own;
  own.family = family;
  own.p = 2;
  own.x = {1, -1, 1, 0.5, 1, 2, 1, 0};
  own.y = {0, 1, 1, 0};
  own.offsets = {0, 0.3, 0, -0.2};
  own.events = 2;
  return own;
}

TEST(OutcomeLikelihood, IsThatOfTheFormulas) {
  const std::vector<double> beta = {0.4, -0.7};
  double logistic = 0;
  double poisson = 0;
  const OwnOutcomes own = Four(Family::kBinomial);
  for (std::size_t r = 0; r < 4; ++r) {
    const double eta = own.offsets[r] + beta[0] + beta[1] * own.x[2 * r + 1];
    logistic += own.y[r] * eta - std::log(1 + std::exp(eta));
    poisson += own.y[r] * eta - std::exp(eta);
  }
  EXPECT_NEAR(OutcomeLikelihood(own, beta)->log_likelihood, logistic, 1e-14);
  EXPECT_NEAR(OutcomeLikelihood(Four(Family::kPoisson), beta)->log_likelihood, poisson, 1e-14);
}

TEST(OutcomeLikelihood, HasItsDerivatives) {
  const double h = 1e-5;
  for (const Family family : {Family::kBinomial, Family::kPoisson}) {
    const OwnOutcomes own = Four(family);
    const std::vector<double> beta = {0.4, -0.7};
    const PartialLikelihood at = *OutcomeLikelihood(own, beta);
    for (std::size_t j = 0; j < 2; ++j) {
      std::vector<double> higher = beta;
      std::vector<double> lower = beta;
      higher[j] += h;
      lower[j] -= h;
      const PartialLikelihood high = *OutcomeLikelihood(own, higher);
      const PartialLikelihood low = *OutcomeLikelihood(own, lower);
      EXPECT_NEAR(at.score[j], (high.log_likelihood - low.log_likelihood) / (2 * h), 1e-8);
      EXPECT_NEAR(at.information[j == 0 ? 0 : 2], (low.score[j] - high.score[j]) / (2 * h), 1e-8);
      EXPECT_NEAR(at.information[1], (low.score[1 - j] - high.score[1 - j]) / (2 * h), 1e-8);
    }
  }
}

TEST(OutcomeLikelihood, HoldsFarOut) {
  const OwnOutcomes own = Four(Family::kBinomial);
  EXPECT_NEAR(OutcomeLikelihood(own, {2000, 0})->log_likelihood, -(2000 + 2000 - 0.2), 1e-9);
  EXPECT_EQ(OutcomeLikelihood(own, {0, 2000})->information[2] >= 0, true);
  EXPECT_FALSE(OutcomeLikelihood(Four(Family::kPoisson), {2000, 0}));
}

TEST(OutcomeLikelihood, TellsNothingOfOneOutcome) {
  OwnOutcomes own = Four(Family::kBinomial);
  EXPECT_TRUE(own.Tell());
  own.y = {1, 1, 1, 1};
  own.events = 4;
  EXPECT_FALSE(own.Tell());
  own.family = Family::kPoisson;
  EXPECT_TRUE(own.Tell());
  own.events = 0;
  EXPECT_FALSE(own.Tell());
}

}  // namespace
}  // namespace clinnova::stats
