// SPDX-License-Identifier: Apache-2.0
#include "learn/tree.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace clinnova::learn {
namespace {

std::vector<Feature> Features() {
  return {{.name = "crp", .column = 0, .levels = 0, .cuts = {1, 5, 20}},
          {.name = "drug", .column = 1, .levels = 3, .cuts = {}}};
}

/// crp up to 5 left (missing too); the others by drug.
Tree Sample() {
  Tree tree(5);
  tree[0] = {.leaf = false,
             .split = {.feature = 0, .bin = 1, .left_levels = {}, .missing_left = true}};
  tree[0].left = 1;
  tree[0].persons = 90;
  tree[1].value = 0.25;
  tree[2] = {.leaf = false, .split = {.feature = 1, .bin = 0, .left_levels = {1, 0, 1}}};
  tree[2].left = 3;
  tree[2].sites = 2;
  tree[3].value = -1;
  tree[4].value = 2;
  return tree;
}

TEST(Tree, SendsARowToItsLeaf) {
  const auto leaf = [](std::uint8_t crp, std::uint8_t drug) {
    const std::uint8_t bins[] = {crp, drug};
    return LeafOf(Sample(), Features(), bins);
  };
  EXPECT_EQ(leaf(1, 1), 1U);
  EXPECT_EQ(leaf(4, 1), 1U);  // missing
  EXPECT_EQ(leaf(2, 0), 3U);
  EXPECT_EQ(leaf(3, 1), 4U);
  EXPECT_EQ(leaf(3, 3), 4U);  // a missing drug goes right
  const std::uint8_t bins[] = {2, 2};
  EXPECT_EQ(ScoreOf({.base = 0.5, .trees = {Sample(), Sample()}}, Features(), bins), -1.5);
}

TEST(Tree, BinsAreClosedAbove) {
  const std::vector<double> cuts = {1, 5, 20};
  EXPECT_EQ(BinOf(cuts, 1), 0);
  EXPECT_EQ(BinOf(cuts, std::nextafter(1, 2)), 1);
  EXPECT_EQ(BinOf(cuts, 20), 2);
  EXPECT_EQ(BinOf(cuts, 1e300), 3);
  EXPECT_EQ(BinOf({}, 7), 0);
}

TEST(Tree, ComesBackFromItsBytes) {
  const Tree tree = Sample();
  const auto back = UnpackTree(PackTree(tree), Features());
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->size(), tree.size());
  for (std::size_t at = 0; at < tree.size(); ++at) {
    EXPECT_EQ((*back)[at].leaf, tree[at].leaf);
    EXPECT_EQ((*back)[at].value, tree[at].value);
    EXPECT_EQ((*back)[at].persons, tree[at].persons);
    EXPECT_EQ((*back)[at].sites, tree[at].sites);
    EXPECT_TRUE(tree[at].leaf || (*back)[at].split == tree[at].split);
  }
}

TEST(Tree, RefusesBytesThatAreNone) {
  const auto refused = [](const core::Bytes& bytes) {
    const auto tree = UnpackTree(bytes, Features());
    return !tree && tree.error().code == ErrorCode::kRefused;
  };
  core::Bytes bytes = PackTree(Sample());
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({bytes.begin(), bytes.end() - 1}));
  Tree loop = Sample();
  loop[2].left = 1;  // back to a node before it
  EXPECT_TRUE(refused(PackTree(loop)));
  Tree beyond = Sample();
  beyond[2].left = 4;
  EXPECT_TRUE(refused(PackTree(beyond)));
  Tree feature = Sample();
  feature[0].split.feature = 2;
  EXPECT_TRUE(refused(PackTree(feature)));
  Tree bin = Sample();
  bin[0].split.bin = 4;
  EXPECT_TRUE(refused(PackTree(bin)));
  Tree levels = Sample();
  levels[2].split.left_levels.clear();
  EXPECT_TRUE(refused(PackTree(levels)));
  Tree infinite = Sample();
  infinite[4].value = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(refused(PackTree(infinite)));
}

}  // namespace
}  // namespace clinnova::learn
