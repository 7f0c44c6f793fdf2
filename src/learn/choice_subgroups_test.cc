// SPDX-License-Identifier: Apache-2.0
// The numbers of a whole analysis are held against R by tests/golden (choice_*).
#include "learn/choice_subgroups.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::learn {
namespace {

TEST(SubgroupFit, IsTheMeanDifferenceWithItsError) {
  // y - q = 0.8, -0.3, 0.4, -0.5 of q = 0.2, 0.3, 0.6, 0.5.
  std::vector<double> sums(kPredictionParts);
  for (const auto& [q, y] : {std::pair(0.2, 1.0), {0.3, 0.0}, {0.6, 1.0}, {0.5, 0.0}}) {
    for (std::size_t i = 0; i < kPredictionParts; ++i) sums[i] += PredictionParts(q, y)[i];
  }
  const SubgroupFit fit = SubgroupFitOf(sums, 4, 0.95);
  EXPECT_DOUBLE_EQ(fit.observed, 0.5);
  EXPECT_DOUBLE_EQ(fit.predicted, 0.4);
  EXPECT_NEAR(fit.difference.estimate, 0.1, 1e-15);
  const double error = std::sqrt((0.49 + 0.16 + 0.09 + 0.36) / 3 / 4);
  EXPECT_NEAR(fit.difference.std_error, error, 1e-14);
  EXPECT_NEAR(fit.difference.high, 0.1 + 1.959963984540054 * error, 1e-14);
  EXPECT_NEAR(fit.errors.mean_square, (0.64 + 0.09 + 0.16 + 0.25) / 4, 1e-15);
}

TEST(SubgroupBenefit, IsTheMeanGainAndItsSlopeOnThePrediction) {
  // Gains of 0.5, -0.3, 0.7, 0.1 where 0.2, 0, 0.4, 0.2 were predicted.
  const std::vector<std::pair<double, double>> persons = {
      {0.2, 0.5}, {0, -0.3}, {0.4, 0.7}, {0.2, 0.1}};
  std::vector<double> sums(kContrastParts);
  for (const auto& [d, gain] : persons) {
    const double parts[] = {d, d * d, gain, gain * gain, d * gain};
    for (std::size_t i = 0; i < kContrastParts; ++i) sums[i] += parts[i];
  }
  const SubgroupBenefit benefit = SubgroupBenefitOf(sums, 4, 0.95);
  EXPECT_DOUBLE_EQ(benefit.predicted, 0.2);
  EXPECT_DOUBLE_EQ(benefit.gain.estimate, 0.25);
  EXPECT_NEAR(benefit.gain.std_error, std::sqrt((0.0625 + 0.3025 + 0.2025 + 0.0225) / 3 / 4),
              1e-14);
  EXPECT_NEAR(*benefit.slope, (0.2 * 0.55 + 0.2 * 0.45) / 0.08, 1e-12);
  EXPECT_FALSE(SubgroupBenefitOf(std::vector<double>{0.4, 0.04, 1, 1, 0.1}, 4, 0.95).slope);
}

TEST(HiddenOutcomes, AreOfFewPersonsWithOrWithoutTheOutcome) {
  using Hidden = std::vector<bool>;
  const Hidden none = {false, false};
  EXPECT_EQ(HiddenOutcomes({50, 50}, {20, 30}, none, 5), none);
  // Two of fifty have it: with everybody's number the other group's would tell.
  EXPECT_EQ(HiddenOutcomes({50, 50}, {2, 30}, none, 5), (Hidden{true, true}));
  EXPECT_EQ(HiddenOutcomes({50, 50}, {2, 30}, none, 0), none);
  EXPECT_EQ(HiddenOutcomes({50, 50}, {}, none, 5), none);  // a continuous outcome
  const Hidden hidden = HiddenOutcomes({50, 50, 40}, {48, 30, 10}, {false, false, false}, 5);
  EXPECT_TRUE(hidden[0]);
  EXPECT_TRUE(hidden[1] || hidden[2]);
  EXPECT_EQ(HiddenOutcomes({50, 50}, {20, 30}, {true, true}, 5), (Hidden{true, true}));
}

}  // namespace
}  // namespace clinnova::learn
