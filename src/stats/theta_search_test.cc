// SPDX-License-Identifier: Apache-2.0
#include "stats/theta_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace clinnova::stats {
namespace {

RandomEffects Effects(std::vector<std::size_t> term) {
  RandomEffects effects;
  for (std::size_t a = 0; a < term.size(); ++a) {
    effects.names.emplace_back(a == 0 ? "(Intercept)" : "x");
    effects.columns.push_back(a);
  }
  effects.term = std::move(term);
  return effects;
}

TEST(ThetaSearch, GridHasAllEntriesOfEachPoint) {
  RandomPart part;
  part.groups = {Effects({0})};
  EXPECT_EQ(ThetaGrid(part).size(), 64U);
  part.groups = {Effects({0, 0})};
  const auto slopes = ThetaGrid(part);
  EXPECT_EQ(slopes.size(), 108U);
  EXPECT_NE(std::find(slopes.begin(), slopes.end(), (std::vector<double>{1.5, 0.7 * 0.4, 0.4})),
            slopes.end());
  part.groups = {Effects({0, 1}), Effects({0})};
  const auto apart = ThetaGrid(part);
  EXPECT_EQ(apart.size(), 175U);
  for (const std::vector<double>& point : apart) EXPECT_EQ(point.size(), 3U);
  EXPECT_NE(std::find(apart.begin(), apart.end(), (std::vector<double>{0.3, 1.5, 1000})),
            apart.end());
}

TEST(ThetaSearch, MeasuresAStepByItsRow) {
  RandomPart part;
  part.groups = {Effects({0, 0}), Effects({0})};
  const std::vector<double> theta = {2, 0.5, 0.1, 1000};
  EXPECT_DOUBLE_EQ(ThetaStretch(part, theta, {0, 0, 0, 105.005}), 105.005 / 1000.05);
  EXPECT_DOUBLE_EQ(ThetaStretch(part, theta, {0, 0, -1.1, 10}), 2);
  // A thousandth is little for the second group, and much for the first.
  EXPECT_TRUE(ThetaStands(part, theta, {0, 0, 0, 1e-5}, 1e-7));
  EXPECT_FALSE(ThetaStands(part, theta, {0, 0, 1e-5, 0}, 1e-7));
  EXPECT_TRUE(ThetaStands(part, {1, 0, 0, 1}, {0, 1e-13, 1e-13, 0}, 1e-7));
}

TEST(ThetaSearch, StepsDownFromHillsAndRidges) {
  RandomPart part;
  part.groups = {Effects({0}), Effects({0})};
  ProfileDeviance at;
  // The first entry is on a hill: its step is as long as Newton's and leads down. The second one is Newton's.
  at.gradient = {-0.5, 2e-3};
  at.hessian = {{-1, 0}, {0, 2e-6}};
  const std::vector<double> step = ThetaStep(part, {1, 2000}, at);
  EXPECT_NEAR(step[0], 0.5, 1e-12);
  EXPECT_NEAR(step[1], -1000, 1e-8);
  // A variance of 0 that is none: no slope, but downhill on either side.
  at.gradient = {0, 0.01};
  at.hessian = {{-4, 0}, {0, 2}};
  const std::vector<double> off = ThetaStep(part, {0, 1}, at);
  EXPECT_NEAR(std::fabs(off[0]), 0.3 * 0.05, 1e-12);
  EXPECT_NEAR(off[1], -0.005, 1e-12);
}

}  // namespace
}  // namespace clinnova::stats
