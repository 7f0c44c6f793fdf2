// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_judgement.h"

#include <gtest/gtest.h>

namespace clinnova::learn {
namespace {

/// Rule, two arms, practice, random; independent estimates with these standard errors.
PolicyValues Values(std::vector<double> values, std::vector<double> errors) {
  PolicyValues policies{.n = 500, .arms = 2, .values = std::move(values)};
  policies.covariance.assign(errors.size(), std::vector<double>(errors.size()));
  for (std::size_t i = 0; i < errors.size(); ++i) policies.covariance[i][i] = errors[i] * errors[i];
  return policies;
}

TEST(PolicyValues, TheGainIsOverTheBestDrugAndItsLowerBoundOverEveryDrug) {
  // Arm 0 looks best; arm 1 is hardly known, and so decides the lower bound.
  const PolicyValues policies = Values({0.6, 0.5, 0.49, 0.4, 0.45}, {0, 0.03, 0.2, 0, 0});
  EXPECT_EQ(policies.BestArm(), 0u);
  const ChoiceEstimate gain = policies.GainOverBest();
  EXPECT_DOUBLE_EQ(gain.estimate, 0.1);
  EXPECT_DOUBLE_EQ(gain.std_error, 0.03);
  EXPECT_NEAR(gain.low, 0.11 - 1.959963984540054 * 0.2, 1e-12);
  // The upper bound allows for both drugs: the quantile of 1 - 0.025 / 2.
  EXPECT_NEAR(gain.high, 0.1 + 2.241402727604945 * 0.03, 1e-12);
  EXPECT_NEAR(gain.p_value, 0.58231937, 1e-8);  // 2 * pnorm(-0.55)
}

TEST(PolicyValues, LowerOutcomesCanBeTheBetterOnes) {
  PolicyValues policies = Values({0.3, 0.5, 0.4, 0.4, 0.45}, {0.01, 0.01, 0.01, 0, 0});
  policies.sign = -1;
  EXPECT_EQ(policies.BestArm(), 1u);
  EXPECT_NEAR(policies.GainOverBest().estimate, 0.1, 1e-15);
  EXPECT_GT(policies.GainOverBest().low, 0);
}

TEST(PolicyValues, ARuleThatIsOneDrugGainsNothing) {
  PolicyValues policies = Values({0.5, 0.5, 0.3, 0.4, 0.45}, {0.02, 0.02, 0.02, 0, 0});
  policies.covariance[0][1] = policies.covariance[1][0] = 0.02 * 0.02;
  const ChoiceEstimate gain = policies.GainOverBest();
  EXPECT_EQ(gain.estimate, 0);
  EXPECT_EQ(gain.low, 0);
  EXPECT_EQ(gain.p_value, 1);
}

TEST(FoldCovariance, IsAFifthOfTheVarianceOfWhatFoldsChange) {
  EXPECT_DOUBLE_EQ(FoldCovariance(80, 400), 16 / 160000.0);
  EXPECT_EQ(FoldCovariance(0, 400), 0);  // stable rules
}

}  // namespace
}  // namespace clinnova::learn
