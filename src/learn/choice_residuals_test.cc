// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_residuals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace clinnova::learn {
namespace {

std::vector<std::int64_t> CountsOf(const std::vector<double>& residuals, double scale = 1) {
  std::vector<std::int64_t> counts(kResidualBins);
  for (const double residual : residuals) ++counts[ResidualBin(residual, scale)];
  return counts;
}

TEST(ChoiceResiduals, BinsHaveTheirUpperEnds) {
  EXPECT_EQ(ResidualBin(0, 2), 0u);
  EXPECT_EQ(ResidualBin(-2, 2), 0u);
  EXPECT_EQ(ResidualBin(2.0625, 2), 1u);
  EXPECT_EQ(ResidualBin(-2.0626, 2), 2u);
  EXPECT_EQ(ResidualBin(32, 2), kResidualBins - 2);
  EXPECT_EQ(ResidualBin(32.01, 2), kResidualBins - 1);
  EXPECT_EQ(ResidualBin(1e300, 1e-300), kResidualBins - 1);
  EXPECT_EQ(ResidualBin(std::numeric_limits<double>::infinity(), 1), kResidualBins - 1);
  EXPECT_EQ(ResidualBin(std::numeric_limits<double>::quiet_NaN(), 1), kResidualBins - 1);
  EXPECT_EQ(ResidualBin(0, 0), kResidualBins - 1) << "0 / 0";
  EXPECT_EQ(OutcomeHalfWidth(CountsOf({4, 4}, 2), 2, 0.5, 0), 4);
  EXPECT_EQ(OutcomeHalfWidth(CountsOf({3.97, 3.97}, 2), 2, 0.5, 0), 4);
}

TEST(ChoiceResiduals, TakesTheRankOfOneMorePerson) {
  std::vector<double> residuals;
  for (int i = 1; i <= 19; ++i) residuals.push_back(1 + i / 32.0);  // one to a bin
  const auto at = [&](double level, int minimum) {
    return OutcomeHalfWidth(CountsOf(residuals), 1, level, minimum);
  };
  EXPECT_EQ(at(0.95, 0), 1 + 19 / 32.0);  // 0.95 * 20 = 19
  EXPECT_EQ(at(0.9, 0), 1 + 18 / 32.0);
  EXPECT_EQ(at(0.91, 0), 1 + 19 / 32.0);
  EXPECT_FALSE(at(0.96, 0)) << "a twentieth person may be anywhere";
  EXPECT_FALSE(at(0.95, 1)) << "the largest of all";
  EXPECT_FALSE(at(0.8, 5)) << "the 16th, which three are beyond";
  EXPECT_EQ(at(0.7, 5), 1 + 14 / 32.0);
  EXPECT_FALSE(OutcomeHalfWidth(CountsOf({}), 1, 0.95, 0));
  EXPECT_FALSE(OutcomeHalfWidth(CountsOf({20, 20}), 1, 0.5, 0)) << "no end of the last bin";
  EXPECT_FALSE(OutcomeHalfWidth(CountsOf({0, 0}), 0, 0.5, 0)) << "predicted without an error";
  // More persons in the bin than the rank asks for, and too few left beyond it.
  EXPECT_FALSE(OutcomeHalfWidth(CountsOf({1, 1, 1, 1, 1, 1, 2, 2, 2}), 1, 0.5, 5));
}

// Over samples the share of new residuals that are within is the level, and a little more for the bins' width.
TEST(ChoiceResiduals, HoldsANewPersonAsOftenAsItSays) {
  std::mt19937_64 random(7);
  std::exponential_distribution<double> skewed;
  int within = 0;
  constexpr int kSamples = 20000;
  for (int sample = 0; sample < kSamples; ++sample) {
    std::vector<double> residuals(39);
    double squares = 0;
    for (double& residual : residuals) {
      residual = skewed(random) - 1;
      squares += residual * residual;
    }
    const double scale = std::sqrt(squares / 39);
    within += std::abs(skewed(random) - 1) <=
              OutcomeHalfWidth(CountsOf(residuals, scale), scale, 0.9, 0).value();
  }
  EXPECT_NEAR(static_cast<double>(within) / kSamples, 0.902, 0.008);
}

}  // namespace
}  // namespace clinnova::learn
