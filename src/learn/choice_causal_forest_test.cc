// SPDX-License-Identifier: Apache-2.0
// What a causal forest says of a patient, and which of its leaves it keeps. The numbers of whole forests are held against R by
// tests/golden (choice_causal_forest).
#include "learn/choice_causal_forest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace clinnova::learn {
namespace {

const std::vector<Feature> kFeatures = {{.name = "x", .column = 0, .levels = 0, .cuts = {0, 1}},
                                        {.name = "sex", .column = 1, .levels = 2, .cuts = {}}};

/// Node 0 asks x <= 0; its left side asks the sex.
Tree Asking() {
  Tree tree(5);
  tree[0].leaf = tree[1].leaf = false;
  tree[0].split = {.feature = 0, .bin = 0, .left_levels = {}};
  tree[0].left = 1;
  tree[1].split = {.feature = 1, .bin = 0, .left_levels = {1, 0}};
  tree[1].left = 3;
  tree[0].gain = 7;
  tree[1].gain = 3;
  return tree;
}

CausalTree Leaf(double value, double weight) {
  Tree tree(1);
  tree[0].value = value;
  tree[0].persons = 20;
  return {.nodes = PackTree(tree), .weights = {weight}};
}

const auto kTen = [](std::int64_t persons, std::int64_t sites) {
  return persons >= 10 && sites >= 2;
};

TEST(CausalForest, KeepsLeavesWithEnoughPersonsOfTheOtherHalf) {
  const Tree kept = Pruned(Asking(), {.persons = {30, 12, 10}, .sites = {3, 2, 2}}, kTen);
  ASSERT_EQ(kept.size(), 5U);
  EXPECT_EQ(kept[0].persons, 52);
  EXPECT_EQ(kept[1].persons, 22);
  EXPECT_EQ(kept[2].persons, 30);
  EXPECT_EQ(kept[4].persons, 10);
  EXPECT_EQ(kept[0].gain, 7);
}

/// Leaves are told in the order of the nodes: that of x > 0 first, then those by sex.
TEST(CausalForest, TakesBackASplitBesideALeafOfFew) {
  const Tree by_x = Pruned(Asking(), {.persons = {30, 12, 9}, .sites = {3, 2, 2}}, kTen);
  ASSERT_EQ(by_x.size(), 3U);
  EXPECT_TRUE(by_x[1].leaf);
  EXPECT_EQ(by_x[1].persons, 21);
  EXPECT_EQ(by_x[1].gain, 0);
  const Tree one_site = Pruned(Asking(), {.persons = {30, 12, 10}, .sites = {3, 2, 1}}, kTen);
  EXPECT_EQ(one_site.size(), 3U);
  // Beside a leaf of few no split stands, whatever is on the other side.
  const Tree root = Pruned(Asking(), {.persons = {9, 50, 50}, .sites = {3, 2, 2}}, kTen);
  ASSERT_EQ(root.size(), 1U);
  EXPECT_EQ(root[0].persons, 109);
  // What was joined may be told, or not: then its neighbour is joined, too.
  const Tree still = Pruned(Asking(), {.persons = {30, 4, 5}, .sites = {3, 2, 2}}, kTen);
  EXPECT_EQ(still.size(), 1U);
}

/// Three folds, two arms: a tree without every two folds. A row of fold 1 is asked of those without 1 and 2, and 1 and 3.
TEST(CausalForest, AsksTreesThatHaveNotSeenThePerson) {
  const CausalForest forest{.features = kFeatures,
                            .trees = {Leaf(1, 0.25), Leaf(3, 0.75), Leaf(100, 0.25)}};
  const auto predictor = CausalPredictor::Create(forest, 3, 2);
  ASSERT_TRUE(predictor) << predictor.error().message;
  const std::vector<std::uint8_t> bins = {0, 0};
  const CausalRow row = predictor->Ask(bins, 0);
  // The effect is (1 + 3) / (0.25 + 0.75), of which each arm has half.
  const std::vector<double> together = predictor->Advantages(row, 0, 0);
  EXPECT_DOUBLE_EQ(together[0], 2);
  EXPECT_DOUBLE_EQ(together[1], -2);
  EXPECT_DOUBLE_EQ(predictor->Advantages(row, 0, 1)[0], 1 / 0.25 / 2);
  EXPECT_DOUBLE_EQ(predictor->Advantages(row, 0, 2)[0], 3 / 0.75 / 2);
  EXPECT_DOUBLE_EQ(predictor->Advantages(predictor->Ask(bins, 2), 2, 2)[0], 103.0 / 1.0 / 2);
  EXPECT_EQ(CausalPredictor::BestOf(together, true), 0U);
  EXPECT_EQ(CausalPredictor::BestOf(together, false), 1U);
  EXPECT_EQ(CausalPredictor::BestOf({0, 0}, false), 0U);
}

/// Effects of 1 of a over b, 2 of b over c and 6 of a over c do not agree: by least squares 2, 3 and 5.
TEST(CausalForest, ReconcilesEffectsOfThreeArms) {
  std::vector<CausalTree> trees;
  for (const double effect : {1.0, 6.0, 2.0}) {
    for (int pair = 0; pair < 3; ++pair) trees.push_back(Leaf(effect * 0.25, 0.25));
  }
  const auto predictor =
      CausalPredictor::Create({.features = kFeatures, .trees = std::move(trees)}, 3, 3);
  ASSERT_TRUE(predictor) << predictor.error().message;
  const std::vector<std::uint8_t> bins = {0, 0};
  const std::vector<double> s = predictor->Advantages(predictor->Ask(bins, 1), 1, 1);
  EXPECT_NEAR(s[0] - s[1], 2, 1e-12);
  EXPECT_NEAR(s[1] - s[2], 3, 1e-12);
  EXPECT_NEAR(s[0] + s[1] + s[2], 0, 1e-12);
}

TEST(CausalForest, LeavesCurrentPracticesExpectationAsItWas) {
  ChoiceBatch batch;
  batch.propensity = {{0.5}, {0.2}, {0.3}};
  batch.predicted = {{1}, {2}, {4}};
  batch.chosen = {0};
  const std::vector<double> s = {0.5, -0.75, 0.25};
  TakeCausal({.higher_is_better = false}, s, batch, 0);
  const auto q = [&](std::size_t a) { return batch.predicted[a][0]; };
  EXPECT_NEAR(0.5 * q(0) + 0.2 * q(1) + 0.3 * q(2), 0.5 * 1 + 0.2 * 2 + 0.3 * 4, 1e-12);
  EXPECT_NEAR(q(0) - q(1), 1.25, 1e-12);
  EXPECT_NEAR(q(2) - q(1), 1, 1e-12);
  EXPECT_EQ(batch.chosen[0], 1);
}

/// Chances of two of three arms, each at least the trim, are taken as parts of one.
TEST(CausalForest, ResidualsAreOfTheTwoArmsAlone) {
  ChoiceBatch batch;
  batch.propensity = {{0.3}, {0.001}, {0.699}};
  batch.predicted = {{1}, {5}, {9}};
  batch.design.strata = {{0}};
  batch.design.response = {{2}};
  const CausalResidual first = ResidualOf(batch, 0, 0, 1, 0.02);
  const double chance = 0.3 / 0.32;
  EXPECT_DOUBLE_EQ(first.treatment, 1 - chance);
  EXPECT_DOUBLE_EQ(first.outcome, 2 - (chance * 1 + (1 - chance) * 5));
  batch.design.strata = {{1}};
  EXPECT_DOUBLE_EQ(ResidualOf(batch, 0, 0, 1, 0.02).treatment, -chance);
}

TEST(CausalForest, RefusesTreesThatAreNone) {
  const auto refused = [](std::vector<CausalTree> trees) {
    const auto made =
        CausalPredictor::Create({.features = kFeatures, .trees = std::move(trees)}, 3, 2);
    return made ? std::string() : made.error().reason;
  };
  EXPECT_EQ(refused({Leaf(1, 1), Leaf(1, 1), Leaf(1, 1)}), "");
  EXPECT_EQ(refused({}), "wrong_layout");
  EXPECT_EQ(refused({Leaf(1, 1), Leaf(1, 1)}), "wrong_layout");
  EXPECT_EQ(refused({Leaf(1, 1), Leaf(1, -1), Leaf(1, 1)}), "wrong_layout");
  EXPECT_EQ(refused({Leaf(1, 1), Leaf(1, std::numeric_limits<double>::infinity()), Leaf(1, 1)}),
            "wrong_layout");
  CausalTree none = Leaf(1, 1);
  none.weights.clear();
  EXPECT_EQ(refused({Leaf(1, 1), none, Leaf(1, 1)}), "wrong_layout");
  none.weights = {1, 1};
  EXPECT_EQ(refused({Leaf(1, 1), none, Leaf(1, 1)}), "wrong_layout");
}

TEST(CausalForest, HasAsManyTreesWithoutEveryTwoFolds) {
  EXPECT_EQ(FoldPairs(5), 10U);
  EXPECT_EQ(TreesPerPair({.trees = 200}, 5), 20);
  EXPECT_EQ(TreesPerPair({.trees = 201}, 5), 21);
  EXPECT_EQ(TreesPerPair({.trees = 1}, 20), 1);
  std::vector<bool> seen(FoldPairs(5));
  for (std::size_t f = 0; f < 5; ++f) {
    for (std::size_t g = f + 1; g < 5; ++g) {
      EXPECT_EQ(PairOf(5, f, g), PairOf(5, g, f));
      EXPECT_FALSE(seen[PairOf(5, f, g)]);
      seen[PairOf(5, f, g)] = true;
    }
  }
}

}  // namespace
}  // namespace clinnova::learn
