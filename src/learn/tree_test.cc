// SPDX-License-Identifier: Apache-2.0
#include "learn/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

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

/// Of two numbers and a factor, divided at random down to `depth`.
Tree Grown(std::mt19937& random, const std::vector<Feature>& features, int depth) {
  Tree tree(1);
  std::vector<int> level = {0};
  for (std::size_t at = 0; at < tree.size(); ++at) {
    if (level[at] == depth || (at != 0 && random() % 5 == 0)) continue;
    const auto feature = static_cast<std::int32_t>(random() % features.size());
    const Feature& of = features[static_cast<std::size_t>(feature)];
    Split split{.feature = feature, .bin = 0, .left_levels = {}, .missing_left = random() % 2 == 0};
    split.bin = static_cast<std::int32_t>(random() % of.bins());
    for (std::size_t l = 0; l < of.levels; ++l) split.left_levels.push_back(random() % 2);
    tree[at].leaf = false;
    tree[at].split = split;
    tree[at].left = static_cast<std::uint32_t>(tree.size());
    tree.resize(tree.size() + 2);
    level.resize(tree.size(), level[at] + 1);
  }
  return tree;
}

TEST(Tree, FindsTheLeavesOfManyRows) {
  std::mt19937 random(11);
  std::vector<double> cuts(kMostBins - 1);
  std::iota(cuts.begin(), cuts.end(), 0);
  const std::vector<Feature> features = {
      {.name = "crp", .column = 0, .levels = 0, .cuts = {1, 5, 20}},
      {.name = "drug", .column = 1, .levels = 100, .cuts = {}},
      {.name = "age", .column = 2, .levels = 0, .cuts = cuts}};
  for (const int depth : {0, 1, 3, 6, 9}) {
    const Tree tree = Grown(random, features, depth);
    const LeafFinder finder(tree, features);
    for (const std::size_t rows : {0, 1, 7, 8, 1003}) {
      constexpr std::size_t kStride = 4;  // one byte more than there are features
      std::vector<std::uint8_t> bins(rows * kStride);
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t f = 0; f < features.size(); ++f) {
          bins[r * kStride + f] = static_cast<std::uint8_t>(random() % features[f].width());
        }
      }
      std::vector<std::uint32_t> leaves(rows);
      finder.Find(bins.data(), kStride, leaves);
      for (std::size_t r = 0; r < rows; ++r) {
        ASSERT_EQ(leaves[r], LeafOf(tree, features, bins.data() + r * kStride))
            << depth << " " << r;
      }
    }
  }
}

TEST(Tree, BinsManyNumbersAsOne) {
  std::mt19937_64 random(5);
  const double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> cuts;
  for (std::size_t count = 0; count < kMostBins; ++count) {
    std::vector<double> values = {std::nan(""), -kInfinity, kInfinity, 0.0, -0.0};
    for (const double cut : cuts) {
      values.insert(values.end(),
                    {cut, std::nextafter(cut, -kInfinity), std::nextafter(cut, kInfinity)});
    }
    std::vector<std::uint8_t> bins(values.size());
    BinsOf(cuts, values, 255, bins);
    for (std::size_t r = 0; r < values.size(); ++r) {
      ASSERT_EQ(bins[r], std::isnan(values[r]) ? 255 : BinOf(cuts, values[r])) << count << " " << r;
    }
    cuts.push_back(std::ldexp(static_cast<double>(random() >> 12), -40) - 1000);
    std::sort(cuts.begin(), cuts.end());
  }
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
