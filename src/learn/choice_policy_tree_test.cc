// SPDX-License-Identifier: Apache-2.0
// The search against one that tries every tree on the rows themselves. The whole is held against R by tests/golden
// (choice_policy_tree), what sites refuse by tests/disclosure.
#include "learn/choice_policy_tree.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "learn/choice_fixture.h"

namespace clinnova::learn {
namespace {

using federation::Int128;

/// Persons with bins of three columns (the last a factor of three levels) and whole scores by arm.
struct Person {
  std::vector<std::uint8_t> bins;
  std::vector<int> scores;
};
struct World {
  std::vector<Feature> features;
  std::vector<Person> persons;
  std::vector<bool> missing;
};
World Draw(std::size_t persons, std::size_t arms, bool missing, std::uint64_t seed) {
  World world;
  world.missing = {missing, false, false};
  std::mt19937_64 random(seed);
  for (const std::size_t bins : {4U, 3U, 3U}) {
    Feature feature;
    feature.name = std::string(1, static_cast<char>('a' + world.features.size()));
    if (world.features.size() == 2) {
      feature.levels = bins;
    } else {
      for (std::size_t c = 1; c < bins; ++c) feature.cuts.push_back(static_cast<double>(c) + 0.5);
    }
    world.features.push_back(feature);
  }
  for (std::size_t i = 0; i < persons; ++i) {
    Person& person = world.persons.emplace_back();
    for (const Feature& feature : world.features) {
      person.bins.push_back(static_cast<std::uint8_t>(random() % feature.bins()));
    }
    if (missing && random() % 5 == 0) person.bins[0] = 4;
    for (std::size_t a = 0; a < arms; ++a) {
      const int better = (person.bins[0] > 1) == (a == 1) ? 2 : 0;
      person.scores.push_back(static_cast<int>(random() % 9) - 4 + better);
    }
  }
  return world;
}

Tree Found(const World& world, std::size_t arms, std::int64_t depth, std::int64_t least,
           int sign = 1) {
  const PolicyCells cells(world.features, depth);
  const std::vector<PolicyGroups> groups = SingleBins(cells);
  const PolicyGrouping grouping(cells, groups);
  PolicySums sums{.scores = std::vector<Int128>(grouping.size() * arms),
                  .persons = std::vector<std::int64_t>(grouping.size()),
                  .sites = std::vector<std::int64_t>(grouping.size(), 2)};
  for (const Person& person : world.persons) {
    cells.ForEach(person.bins, [&](std::size_t cell) {
      const std::size_t group = grouping.GroupOf(cell);
      ++sums.persons[group];
      for (std::size_t a = 0; a < arms; ++a)
        sums.scores[group * arms + a] += sign * person.scores[a];
    });
  }
  return PolicySearch(world.features, cells, groups, grouping, world.missing, arms)
      .Find(sums, depth, least);
}

using Rows = std::vector<const Person*>;

std::int64_t Value(const Rows& rows, std::size_t arms) {
  std::vector<std::int64_t> sums(arms);
  for (const Person* person : rows) {
    for (std::size_t a = 0; a < arms; ++a) sums[a] += person->scores[a];
  }
  return *std::ranges::max_element(sums);
}

/// The largest sum that a tree of so many questions can have, by trying all on the rows; -1e9 where it cannot be.
std::int64_t Largest(const World& world, const Rows& rows, std::size_t arms, std::int64_t depth,
                     std::int64_t least) {
  if (static_cast<std::int64_t>(rows.size()) < least) return -1000000000;
  std::int64_t best = Value(rows, arms);
  if (depth == 0) return best;
  for (std::size_t f = 0; f < world.features.size(); ++f) {
    const Feature& feature = world.features[f];
    for (std::size_t b = 0; b < feature.bins(); ++b) {
      for (const bool missing_left : {false, true}) {
        Rows sides[2];
        for (const Person* person : rows) {
          const std::uint8_t bin = person->bins[f];
          const bool left = bin == feature.bins() ? missing_left
                            : feature.factor()    ? bin == b
                                                  : bin <= b;
          sides[left ? 0 : 1].push_back(person);
        }
        best = std::max(best, Largest(world, sides[0], arms, depth - 1, least) +
                                  Largest(world, sides[1], arms, depth - 1, least));
      }
    }
  }
  return best;
}

std::int64_t ValueOf(const World& world, const Tree& tree) {
  std::int64_t sum = 0;
  for (const Person& person : world.persons) {
    const std::size_t leaf = LeafOf(tree, world.features, person.bins.data());
    sum += person.scores[static_cast<std::size_t>(tree[leaf].value)];
  }
  return sum;
}

TEST(PolicySearch, FindsTheLargestSumOfAllTrees) {
  int trees = 0;
  for (const std::int64_t depth : {1, 2}) {
    for (const std::size_t arms : {2U, 3U}) {
      for (const bool missing : {false, true}) {
        for (const std::int64_t least : {1, 10}) {
          for (std::uint64_t seed = 0; seed < 10; ++seed, ++trees) {
            const World world = Draw(60, arms, missing, seed);
            Rows rows;
            for (const Person& person : world.persons) rows.push_back(&person);
            const Tree tree = Found(world, arms, depth, least);
            EXPECT_EQ(ValueOf(world, tree), Largest(world, rows, arms, depth, least))
                << depth << " " << arms << " " << missing << " " << least << " " << seed;
          }
        }
      }
    }
  }
  EXPECT_EQ(trees, 160);
}

TEST(PolicySearch, LeavesHaveThePersonsThatTheySay) {
  const World world = Draw(200, 3, true, 3);
  const Tree tree = Found(world, 3, 2, 25);
  std::vector<std::int64_t> persons(tree.size());
  for (const Person& person : world.persons) {
    ++persons[LeafOf(tree, world.features, person.bins.data())];
  }
  ASSERT_GT(tree.size(), 3u);
  for (std::size_t n = 0; n < tree.size(); ++n) {
    if (!tree[n].leaf) continue;
    EXPECT_EQ(tree[n].persons, persons[n]);
    EXPECT_GE(tree[n].persons, 25);
    EXPECT_EQ(tree[n].sites, 2);
  }
}

TEST(PolicySearch, OfEqualTreesTheFirstCounts) {
  // Columns a and b say the same; arms 1 and 2 are alike. Nothing is better than arm 0 where c is not asked.
  World world = Draw(0, 3, false, 1);
  for (int i = 0; i < 40; ++i) {
    const bool high = i % 2 == 1;
    const std::uint8_t bin = high ? 2 : 0;
    world.persons.push_back({{bin, bin, 1}, high ? std::vector{0, 1, 1} : std::vector{1, 0, 0}});
  }
  const Tree tree = Found(world, 3, 2, 10);
  ASSERT_EQ(tree.size(), 3u);  // a second question adds nothing
  EXPECT_EQ(tree[0].split.feature, 0);
  EXPECT_EQ(tree[0].split.bin, 0);
  EXPECT_FALSE(tree[0].split.missing_left);
  EXPECT_EQ(tree[1].value, 0);
  EXPECT_EQ(tree[2].value, 1);
  for (Person& person : world.persons) person.scores = {1, 1, 1};
  const Tree none = Found(world, 3, 2, 10);
  ASSERT_EQ(none.size(), 1u);
  EXPECT_EQ(none[0].value, 0);
}

TEST(PolicySearch, AsksNothingThatWouldDivideAGroupOfBins) {
  const World world = Draw(400, 2, false, 5);
  const PolicyCells cells(world.features, 2);
  std::vector<PolicyGroups> groups = SingleBins(cells);
  for (std::size_t f = 0; f < 3; ++f) {  // a and b: below or above the first cut; c: nothing
    const std::vector<std::int64_t> own =
        f < 2 ? std::vector<std::int64_t>{0, 1} : std::vector<std::int64_t>{0};
    groups[cells.PlaneOf(f, f)].rows = own;
    for (std::size_t g = f + 1; g < 3; ++g) {
      groups[cells.PlaneOf(f, g)].rows = own;
      groups[cells.PlaneOf(f, g)].columns = g < 2 ? own : std::vector<std::int64_t>{0};
    }
  }
  groups[cells.PlaneOf(0, 1)].columns = {0};
  const PolicyGrouping grouping(cells, groups);
  ASSERT_TRUE(PolicyGrouping::Fits(cells, groups));
  PolicySums sums{.scores = std::vector<Int128>(grouping.size() * 2),
                  .persons = std::vector<std::int64_t>(grouping.size()),
                  .sites = std::vector<std::int64_t>(grouping.size(), 2)};
  for (const Person& person : world.persons) {
    cells.ForEach(person.bins, [&](std::size_t cell) {
      ++sums.persons[grouping.GroupOf(cell)];
      for (std::size_t a = 0; a < 2; ++a) {
        sums.scores[grouping.GroupOf(cell) * 2 + a] += person.scores[a];
      }
    });
  }
  const Tree tree =
      PolicySearch(world.features, cells, groups, grouping, world.missing, 2).Find(sums, 2, 1);
  for (const TreeNode& node : tree) {
    if (node.leaf) continue;
    EXPECT_EQ(node.split.bin, 0);
    EXPECT_EQ(node.split.feature, 0);  // b is not told beside a, and no question is left below a's
  }
}

TEST(LeavesOf, AreWordsThatAPhysicianReads) {
  const table::Table table = table::MakeTable({{"crp", std::vector<double>{1}},
                                               {"sex", std::vector<std::string>{"F"}},
                                               {"site", std::vector<std::string>{"s1"}}});
  Feature crp;
  crp.name = "crp";
  crp.column = *table.schema.Find("crp");
  crp.cuts = {3, 12.3};
  Feature sex;
  sex.name = "sex";
  sex.column = *table.schema.Find("sex");
  sex.levels = 1;
  Tree tree(5);
  tree[0].leaf = false;
  tree[0].split.feature = 0;
  tree[0].split.bin = 1;
  tree[0].split.missing_left = true;
  tree[0].left = 1;
  tree[1].leaf = false;
  tree[1].split.feature = 1;
  tree[1].split.left_levels = {1};
  tree[1].left = 3;
  tree[2].value = 1;
  tree[2].persons = 30;
  const auto leaves = LeavesOf(tree, {crp, sex}, table.schema, {true, false});
  ASSERT_EQ(leaves.size(), 3u);
  EXPECT_EQ(leaves[0].when, "(crp <= 12.3 or missing) and sex is F");
  EXPECT_EQ(leaves[1].when, "(crp <= 12.3 or missing) and sex is not F");
  EXPECT_EQ(leaves[2].when, "crp > 12.3");
  EXPECT_EQ(leaves[2].arm, 1u);
  EXPECT_EQ(leaves[2].persons, 30);
  tree[0].split.bin = 2;
  tree[0].split.missing_left = false;
  const auto known = LeavesOf(tree, {crp, sex}, table.schema, {true, false});
  EXPECT_EQ(known[1].when, "crp is known and sex is not F");
  EXPECT_EQ(known[2].when, "crp is missing");
  // Twice the same column: what the second answer says is enough.
  tree[0].split.bin = 1;
  tree[1].split = tree[0].split;
  tree[1].split.bin = 0;
  const auto twice = LeavesOf(tree, {crp, sex}, table.schema, {false, false});
  EXPECT_EQ(twice[0].when, "crp <= 3");
  EXPECT_EQ(twice[1].when, "crp <= 12.3 and crp > 3");
  EXPECT_EQ(LeavesOf({tree[2]}, {crp, sex}, table.schema, {true, false})[0].when, "everybody");
}

}  // namespace
}  // namespace clinnova::learn
