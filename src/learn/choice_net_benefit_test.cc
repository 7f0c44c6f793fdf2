// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_net_benefit.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::learn {
namespace {

TEST(Thresholds, HaveADefaultForBinaryOutcomesOnly) {
  ChoiceOptions options;
  EXPECT_EQ(ThresholdsOf(options, true).size(), 21u);
  EXPECT_EQ(ThresholdsOf(options, true)[7], 0.07);
  EXPECT_TRUE(ThresholdsOf(options, false).empty());
  options.thresholds = {0.5, 2};
  EXPECT_EQ(ThresholdsOf(options, false), (std::vector<double>{0.5, 2}));
  options.evaluation.net_benefit = false;
  EXPECT_TRUE(ThresholdsOf(options, true).empty());
}

TEST(Switch, IsToTheBestArmWhereItGainsMoreThanTheThreshold) {
  const std::vector<double> thresholds = {0, 0.125, 0.25};
  const auto of = [&](std::vector<double> towards) { return SwitchOf(towards, 1, thresholds); };
  EXPECT_EQ(of({0.5, 0.25, 0.625}).arm, 2u);
  EXPECT_EQ(of({0.5, 0.25, 0.625}).level, 3u);
  EXPECT_EQ(of({0.5, 0.25, 0.25}).level, 2u);    // a gain of 0.25 is not above 0.25
  EXPECT_EQ(of({0.25, 0.25, 0.125}).level, 0u);  // equal: the reference stays
  EXPECT_EQ(of({0.25, 0.25, 0.125}).arm, 1u);
}

TEST(NetBenefit, IsTheMeanGainLessTheThresholdOfThoseSwitched) {
  // Of four persons two are switched, with gains of 0.5 and 0.1: net of 0.2 they have 0.3, -0.1, and 0, 0.
  const NetBenefitSums sums{.thresholds = {0.2},
                            .switched = {2},
                            .gain = {0.6},
                            .gain_squared = {0.26},
                            .squared_changes = {0.32}};
  const ChoiceEstimate net = RuleNetBenefit(sums, 0, 4, 0.95);
  EXPECT_NEAR(net.estimate, 0.05, 1e-15);
  const double variance = (0.25 * 0.25 + 0.15 * 0.15 + 2 * 0.05 * 0.05) / 3 / 4;
  EXPECT_NEAR(net.std_error, std::sqrt(variance + 0.32 / 80), 1e-15);
}

using Counts = std::vector<std::int64_t>;
std::vector<bool> Told(const Counts& switched, const Counts& known, const Counts& secret) {
  return ToldThresholds(switched, known, secret, 5);
}

TEST(ToldThresholds, LeaveOutSmallCountsAndSmallDifferences) {
  EXPECT_EQ(Told({90, 88, 84, 84, 7, 3, 0}, {100, 0, 90}, {}),
            (std::vector<bool>{true, false, true, true, true, false, true}));
  // All but three persons; and three fewer than another table tells.
  EXPECT_EQ(Told({97, 40}, {100, 0, 43}, {}), (std::vector<bool>{false, false}));
}

TEST(ToldThresholds, TellNothingThatAWithheldCountFollowsFrom) {
  EXPECT_EQ(Told({90, 90, 86, 85}, {100, 0}, {90}), (std::vector<bool>{false, false, false, true}));
}

TEST(ToldThresholds, TellEverythingWithoutRules) {
  EXPECT_EQ(ToldThresholds(Counts{99, 98, 1}, Counts{100, 0, 99}, Counts{99}, 0),
            (std::vector<bool>{true, true, true}));
}

TEST(SwitchedInto, IsTheLastThresholdThatMayBeTold) {
  const CountsBeside everybody{.known = {100, 0}};
  // Three of a hundred are not above the first; two lie between the next two; the last has one.
  EXPECT_EQ(SwitchedInto({97, 60, 58, 30, 1}, everybody, 5), (Counts{-1, 1, 1, 3, 3}));
  EXPECT_EQ(SwitchedInto({97, 60, 58, 30, 1}, everybody, 0), (Counts{0, 1, 2, 3, 4}));
  EXPECT_EQ(SwitchedInto({60, 60, 0, 0}, everybody, 5), (Counts{0, 1, 2, 3}));
}

TEST(SwitchedInto, LeavesOutThresholdsNearThoseWhomTheRuleChanges) {
  // Of a hundred the rule gives 62 another drug than the first, and 38 another than the second.
  const CountsBeside first = CountsBesideThresholds({38, 62}, 0, 5);
  EXPECT_EQ(first.known, (Counts{100, 0, 62}));
  EXPECT_EQ(SwitchedInto({62, 60, 50}, first, 5), (Counts{0, 0, 2}));
  EXPECT_EQ(CountsBesideThresholds({38, 62}, 1, 5).known, (Counts{100, 0, 38}));
  // A rule whose value is withheld, as it gives three another drug than the second.
  const CountsBeside second = CountsBesideThresholds({3, 97}, 0, 5);
  EXPECT_EQ(second.known, (Counts{100, 0}));
  EXPECT_EQ(second.secret, Counts{97});
  EXPECT_EQ(SwitchedInto({97, 50}, second, 5), (Counts{-1, 1}));
}

}  // namespace
}  // namespace clinnova::learn
