// SPDX-License-Identifier: Apache-2.0
#include "stats/survival_curve.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

constexpr double kQuantile = 1.959963984540054;

TEST(ConfidenceLimits, AreSymmetricOnTheirScale) {
  const Limits log = ConfidenceLimits(Interval::kLog, 0.4, 0.2, kQuantile);
  EXPECT_NEAR(log.low * log.high, 0.16, 1e-15);
  const Limits plain = ConfidenceLimits(Interval::kPlain, 0.4, 0.2, kQuantile);
  EXPECT_NEAR(plain.low + plain.high, 0.8, 1e-15);
  const Limits twice = ConfidenceLimits(Interval::kLogLog, 0.4, 0.2, kQuantile);
  EXPECT_NEAR(std::log(-std::log(twice.low)) + std::log(-std::log(twice.high)),
              2 * std::log(-std::log(0.4)), 1e-14);
}

TEST(ConfidenceLimits, AreSymmetricInLogitAndArcsine) {
  const auto logit = [](double p) { return std::log(p / (1 - p)); };
  const Limits odds = ConfidenceLimits(Interval::kLogit, 0.4, 0.2, kQuantile);
  EXPECT_NEAR(logit(odds.low) + logit(odds.high), 2 * logit(0.4), 1e-14);
  EXPECT_NEAR(logit(odds.high) - logit(odds.low), 2 * kQuantile * 0.2 / 0.6, 1e-14);
  const auto arcsine = [](double p) { return std::asin(std::sqrt(p)); };
  const Limits angle = ConfidenceLimits(Interval::kArcsin, 0.4, 0.2, kQuantile);
  EXPECT_NEAR(arcsine(angle.low) + arcsine(angle.high), 2 * arcsine(0.4), 1e-14);
  EXPECT_EQ(ConfidenceLimits(Interval::kArcsin, 0.9, 2, kQuantile).high, 1);
  EXPECT_TRUE(std::isnan(ConfidenceLimits(Interval::kNone, 0.4, 0.2, kQuantile).low));
}

TEST(ConfidenceLimits, StayWithinAProbability) {
  EXPECT_EQ(ConfidenceLimits(Interval::kLog, 0.9, 1, kQuantile).high, 1);
  EXPECT_EQ(ConfidenceLimits(Interval::kPlain, 0.1, 1, kQuantile).low, 0);
}

TEST(ConfidenceLimits, AreNotThereAtTheEdges) {
  EXPECT_TRUE(std::isnan(ConfidenceLimits(Interval::kLog, 0, 0.1, kQuantile).low));
  EXPECT_TRUE(std::isnan(ConfidenceLimits(Interval::kLogLog, 1, 0.1, kQuantile).high));
}

}  // namespace
}  // namespace clinnova::stats
