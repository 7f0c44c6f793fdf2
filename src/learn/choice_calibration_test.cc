// SPDX-License-Identifier: Apache-2.0
// The numbers of a whole analysis are held against R by tests/golden (choice_*).
#include "learn/choice_calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "learn/choice_discrimination.h"

namespace clinnova::learn {
namespace {

/// `persons` at each of 60 predictions from 0.2 to 0.8, of whom the part `truth` of the prediction has the outcome.
template <typename Truth>
std::vector<std::int64_t> Counts(std::int64_t persons, Truth truth) {
  std::vector<std::int64_t> counts(2 * kScoreBins);
  for (int i = 0; i < 60; ++i) {
    const double p = 0.2 + 0.01 * i;
    const auto with = std::llround(static_cast<double>(persons) * truth(p));
    counts[ScoreIndex(0, true, p)] += with;
    counts[ScoreIndex(0, false, p)] += persons - with;
  }
  return counts;
}

TEST(CalibrationCurve, IsTheDiagonalWherePredictionsAreTrue) {
  const auto curve = CalibrationCurveOf(Counts(100'000, [](double p) { return p; }), 5);
  ASSERT_TRUE(curve);
  EXPECT_LT(curve->average, 0.002);
  EXPECT_LT(*curve->ninth_tenth, 0.003);
  for (const auto& [predicted, observed] : curve->points) EXPECT_NEAR(observed, predicted, 0.003);
}

TEST(CalibrationCurve, FollowsWhatALineCannot) {
  // Right below one half, half as far from it above.
  const auto curve = CalibrationCurveOf(
      Counts(100'000, [](double p) { return p < 0.5 ? p : 0.5 + (p - 0.5) / 2; }), 5);
  ASSERT_TRUE(curve);
  EXPECT_NEAR(curve->average, 0.0375, 0.003);
  EXPECT_LT(curve->median, curve->average);
  EXPECT_NEAR(*curve->ninth_tenth, 0.12, 0.006);
  EXPECT_EQ(curve->points.front().first, 0.25);
  EXPECT_NEAR(curve->points.front().second, 0.25, 0.01);
  EXPECT_EQ(curve->points.back().first, 0.75);
  EXPECT_NEAR(curve->points.back().second, 0.625, 0.01);
}

TEST(CalibrationCurve, IsNoneWherePredictionsOrOutcomesDoNotVary) {
  std::vector<std::int64_t> alike(2 * kScoreBins);
  alike[ScoreIndex(0, true, 0.5)] = 20;
  alike[ScoreIndex(0, false, 0.5)] = 20;
  EXPECT_FALSE(CalibrationCurveOf(alike, 0));
  EXPECT_FALSE(CalibrationCurveOf(Counts(10, [](double) { return 1; }), 0));
  EXPECT_FALSE(CalibrationCurveOf(Counts(10, [](double p) { return p > 0.5; }), 0));
  EXPECT_FALSE(CalibrationCurveOf(std::vector<std::int64_t>(2 * kScoreBins), 5));
}

/// Rule 9: a point of the curve lies within the predictions of at least so many persons, and E90 below those of as many.
TEST(CalibrationCurve, TellsNothingOfTheOutermostPersons) {
  std::vector<std::int64_t> counts =
      Counts(1, [](double p) { return std::fmod(1000 * p, 20) < 10; });
  const auto open = CalibrationCurveOf(counts, 0);
  const auto closed = CalibrationCurveOf(counts, 12);  // of 60
  ASSERT_TRUE(open && closed);
  EXPECT_EQ(open->points.front().first, 0.25);
  EXPECT_EQ(closed->points.front().first, 0.35);
  EXPECT_EQ(closed->points.back().first, 0.65);
  EXPECT_TRUE(open->ninth_tenth);
  EXPECT_FALSE(closed->ninth_tenth);
}

/// The example of pmsampsize: 623, 662 and 221.
TEST(PersonsNeeded, AreThoseOfPmsampsize) {
  const NeededPersons needed = PersonsNeeded(0.288, 0.174, 24);
  EXPECT_EQ(needed.shrinkage, 623);
  EXPECT_EQ(needed.optimism, 662);
  EXPECT_EQ(needed.overall_risk, 221);
  const NeededPersons of_trees = PersonsNeeded(0.288, 0.174, {});
  EXPECT_FALSE(of_trees.shrinkage || of_trees.optimism);
  EXPECT_EQ(of_trees.overall_risk, 221);
  const NeededPersons of_nothing = PersonsNeeded(-0.01, 0.5, 4);
  EXPECT_FALSE(of_nothing.shrinkage || of_nothing.optimism);
  EXPECT_EQ(of_nothing.overall_risk, 385);
}

TEST(SampleSize, KnowsWhatThePredictionsExplain) {
  const auto size = SampleSizeOf(Counts(1000, [](double p) { return p; }), 4);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->persons, 60'000);
  EXPECT_EQ(size->events, 29'700);
  double explained = 0;
  for (int i = 0; i < 60; ++i) {
    const double p = 0.2 + 0.01 * i;
    explained += (p * std::log(p / 0.495) + (1 - p) * std::log((1 - p) / 0.505)) / 60;
  }
  EXPECT_NEAR(size->r_squared, 1 - std::exp(-2 * explained), 1e-4);
  EXPECT_LT(SampleSizeOf(Counts(1000, [](double p) { return 1 - p; }), 4)->r_squared, 0);
  EXPECT_FALSE(SampleSizeOf(Counts(1000, [](double) { return 0; }), 4));
}

TEST(DistanceQuantile, IsTheSmallestThatTheShareReaches) {
  EXPECT_EQ(DistanceQuantile({{0.3, 1}, {0.1, 2}, {0.2, 1}}, 0.5, 4), 0.1);
  EXPECT_EQ(DistanceQuantile({{0.3, 1}, {0.1, 2}, {0.2, 1}}, 0.9, 4), 0.3);
}

}  // namespace
}  // namespace clinnova::learn
