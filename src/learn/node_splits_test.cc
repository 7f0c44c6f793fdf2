// SPDX-License-Identifier: Apache-2.0
#include "learn/node_splits.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::learn {
namespace {

const NodeUnits kUnits = NodeUnits::For(1000, 0, 0);

/// Sums of `rows` rows of slope g and curvature 1/2 each.
NodeSums Bin(double g, std::int64_t rows) {
  const double unit = std::ldexp(1.0, static_cast<int>(kUnits.fraction_bits));
  return {std::llrint(g * unit) * rows, std::llrint(0.5 * unit) * rows, rows};
}

std::vector<SplitCandidate> Find(const Feature& feature, std::vector<NodeSums> bins,
                                 const SplitRules& rules = {}) {
  return FindSplits({.features = {0}, .first = {0}, .bins = std::move(bins)}, {feature}, kUnits,
                    rules);
}

const Feature kNumber{.name = "x", .column = 0, .levels = 0, .cuts = {1, 2, 3}};
const Feature kFactor{.name = "f", .column = 0, .levels = 5, .cuts = {}};

TEST(NodeSplits, GainWhatTheFormulaSays) {
  const auto found = Find(kNumber, {Bin(-0.5, 10), Bin(-0.5, 10), Bin(0.25, 20), Bin(0.25, 4), {}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].split.bin, 1);
  EXPECT_EQ(found[0].left.rows, 20);
  // G: -10 and 6, H: 10 and 12, lambda 1.
  EXPECT_NEAR(found[0].gain, 100.0 / 11 + 36.0 / 13 - 16.0 / 23, 1e-9);
  EXPECT_NEAR(LeafValue({}, -10, 10), 10.0 / 11, 1e-15);
  EXPECT_NEAR(LeafValue({.alpha = 3}, -10, 10), 7.0 / 11, 1e-15);
  EXPECT_EQ(LeafValue({.alpha = 11}, -10, 10), 0);
  EXPECT_EQ(LeafValue({.max_delta_step = 0.7}, -10, 10), 0.7);
}

TEST(NodeSplits, TakeTheFirstOfEqualGains) {
  const auto found = Find(kNumber, {Bin(-1, 10), {}, Bin(1, 10), {}, {}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].split.bin, 0);
}

TEST(NodeSplits, TryWhatIsMissingOnBothSides) {
  const auto left = Find(kNumber, {Bin(-1, 10), Bin(1, 10), {}, {}, Bin(-1, 5)});
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(left[0].split.missing_left);
  EXPECT_EQ(left[0].left.rows, 15);
  const auto right = Find(kNumber, {Bin(-1, 10), Bin(1, 10), {}, {}, Bin(1, 5)});
  EXPECT_FALSE(right[0].split.missing_left);
  // Present against missing.
  const auto apart = Find(kNumber, {Bin(-1, 5), Bin(-1, 5), Bin(-1, 5), Bin(-1, 5), Bin(1, 20)});
  EXPECT_EQ(apart[0].split.bin, 3);
  EXPECT_FALSE(apart[0].split.missing_left);
}

TEST(NodeSplits, OrderLevelsByTheirLeafValues) {
  const auto found =
      Find(kFactor, {Bin(0.8, 10), Bin(-0.7, 10), Bin(0.9, 10), Bin(-0.6, 10), Bin(0.7, 10), {}});
  ASSERT_EQ(found.size(), 1U);
  const std::vector<std::uint8_t> one = {1, 0, 1, 0, 1};
  EXPECT_EQ(found[0].split.left_levels, one);
  const auto single =
      Find(kFactor, {Bin(0.8, 10), Bin(-0.7, 10), Bin(0.9, 10), Bin(-0.6, 10), Bin(0.7, 10), {}},
           {.max_cat_to_onehot = 6});
  EXPECT_EQ(std::count(single[0].split.left_levels.begin(), single[0].split.left_levels.end(), 1),
            1);
  EXPECT_LT(single[0].gain, found[0].gain);
}

TEST(NodeSplits, KeepToTheRules) {
  const std::vector<NodeSums> bins = {Bin(-1, 9), Bin(1, 30), {}, {}, {}};
  EXPECT_EQ(Find(kNumber, bins).size(), 1U);
  EXPECT_TRUE(Find(kNumber, bins, {.min_rows = 10}).empty());
  EXPECT_TRUE(Find(kNumber, bins, {.min_child_weight = 5}).empty());
  EXPECT_TRUE(Find(kNumber, bins, {.gamma = 1000}).empty());
  EXPECT_TRUE(Find(kNumber, bins, {.least_gain = 1000}).empty());
  const std::vector<NodeSums> small = {Bin(-1e-6, 9), Bin(1e-6, 30), {}, {}, {}};
  EXPECT_TRUE(Find(kNumber, small).empty());
  EXPECT_EQ(Find(kNumber, small, {.least_gain = 0}).size(), 1U);
  EXPECT_TRUE(Find(kNumber, {Bin(0.1, 10), Bin(0.1, 10), {}, {}, {}}, {.lambda = 0}).empty());
}

/// Slopes are -(A - e) (y - m), curvatures (A - e)^2 = 1/2.
const SplitRules kEffects{.lambda = 0,
                          .min_child_weight = 0,
                          .criterion = SplitCriterion::kEffects,
                          .min_curvature_share = 0.05};

TEST(NodeSplits, OfEffectsGainHowFarTheSidesAreApart) {
  const auto found =
      Find(kNumber, {Bin(-0.5, 10), Bin(-0.5, 10), Bin(0.25, 20), Bin(0.25, 4), {}}, kEffects);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].split.bin, 1);
  // The node's effect is 4 / 22; 20 rows on the left pull by 10 - 10 * 4 / 22, over H / n = 1/2.
  const double pull = (10 - 10 * 4.0 / 22) / 0.5;
  EXPECT_NEAR(found[0].gain, pull * pull * (1.0 / 20 + 1.0 / 24), 1e-9);
}

/// The effect is 1 on both sides, though of persons whose treatment varies twice as much the outcome moves with it twice as far.
TEST(NodeSplits, OfEffectsGainNothingWhereTheyAreAlike) {
  NodeSums less = Bin(-0.25, 30);
  less.curvature /= 2;
  EXPECT_TRUE(Find(kNumber, {Bin(-0.5, 10), less, {}, {}, {}}, kEffects).empty());
  EXPECT_FALSE(Find(kNumber, {Bin(-0.5, 10), Bin(-0.25, 30), {}, {}, {}}, kEffects).empty());
}

/// One level against the other is the same division whichever is called left: the first is taken, whatever is rounded.
TEST(NodeSplits, OfEffectsTakeTheFirstOfTwoLevels) {
  const Feature sex{.name = "sex", .column = 0, .levels = 2, .cuts = {}};
  const std::vector<std::uint8_t> first = {1, 0};
  for (int k = 1; k < 100; ++k) {
    const auto found = Find(sex, {Bin(-0.007 * k, 10 + k), Bin(0.3 / k, 70 - k / 2), {}}, kEffects);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].split.left_levels, first) << k;
  }
}

TEST(NodeSplits, OfEffectsKeepAShareOfTheTreatmentsVarianceOnEachSide) {
  const std::vector<NodeSums> bins = {Bin(-1, 4), Bin(1, 96), {}, {}, {}};
  EXPECT_TRUE(Find(kNumber, bins, kEffects).empty());
  EXPECT_EQ(Find(kNumber, {Bin(-1, 6), Bin(1, 94), {}, {}, {}}, kEffects).size(), 1U);
}

}  // namespace
}  // namespace clinnova::learn
