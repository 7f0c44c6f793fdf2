// SPDX-License-Identifier: Apache-2.0
#include "stats/survival_distribution.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

constexpr SurvivalDistribution kAll[] = {
    SurvivalDistribution::kWeibull, SurvivalDistribution::kExponential,
    SurvivalDistribution::kLognormal, SurvivalDistribution::kLoglogistic};

TEST(SurvivalDistribution, DerivativesAreThoseOfTheLogarithms) {
  const double h = 1e-5;
  for (const SurvivalDistribution kind : kAll) {
    for (const double z : {-4.0, -0.3, 0.0, 0.9, 2.5}) {
      for (const auto term : {LogDensity, LogSurvival}) {
        const LogTerm at = term(kind, z);
        EXPECT_NEAR(at.first, (term(kind, z + h).value - term(kind, z - h).value) / (2 * h), 1e-8);
        EXPECT_NEAR(at.second, (term(kind, z + h).first - term(kind, z - h).first) / (2 * h), 1e-8);
        EXPECT_LE(at.second, 0);
      }
    }
  }
}

TEST(SurvivalDistribution, DensityIsTheSlopeOfTheSurvival) {
  const double h = 1e-5;
  for (const SurvivalDistribution kind : kAll) {
    for (const double z : {-2.0, 0.4, 1.3}) {
      const double slope =
          (std::exp(LogSurvival(kind, z - h).value) - std::exp(LogSurvival(kind, z + h).value)) /
          (2 * h);
      EXPECT_NEAR(std::exp(LogDensity(kind, z).value), slope, 1e-9);
    }
  }
}

TEST(SurvivalDistribution, NormalTailGoesOnWhereItsProbabilityUnderflows) {
  const LogTerm below = LogSurvival(SurvivalDistribution::kLognormal, 29.999999);
  const LogTerm above = LogSurvival(SurvivalDistribution::kLognormal, 30.000001);
  EXPECT_NEAR(above.value - below.value, 2e-6 * below.first, 1e-10);
  EXPECT_NEAR(above.first / below.first, 1, 1e-6);
  EXPECT_NEAR(above.second / below.second, 1, 1e-4);
  EXPECT_TRUE(std::isfinite(LogSurvival(SurvivalDistribution::kLognormal, 200).value));
}

TEST(SurvivalDistribution, ListsTheWordsThereAre) {
  EXPECT_EQ(*ParseSurvivalDistribution(""), SurvivalDistribution::kWeibull);
  EXPECT_EQ(ParseSurvivalDistribution("gamma").error().message,
            "distribution: found \"gamma\", expected one of weibull, exponential, lognormal, "
            "loglogistic");
}

}  // namespace
}  // namespace clinnova::stats
