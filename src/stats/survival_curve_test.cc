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
