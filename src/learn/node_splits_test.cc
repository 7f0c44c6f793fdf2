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

}  // namespace
}  // namespace clinnova::learn
