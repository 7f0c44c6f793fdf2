// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_policy_cells.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "learn/choice_fixture.h"
#include "learn/choice_inputs.h"

namespace clinnova::learn {
namespace {

Feature Number(const std::string& name, std::vector<double> cuts) {
  Feature feature;
  feature.name = name;
  feature.cuts = std::move(cuts);
  return feature;
}

TEST(CutsOfHistogram, LieBetweenValuesAndAreShort) {
  // A twentieth of a standard deviation wide, from 5 below the mean: ages around 50, the deviation 10.
  std::vector<std::int64_t> ages(kInputBins);
  for (int age = 30; age < 70; ++age) ages[InputBin(age, 50, 10)] += 10;
  const std::vector<double> cuts = CutsOfHistogram(ages, 50, 10, 4);
  EXPECT_EQ(cuts, (std::vector<double>{39.8, 49.8, 59.8}));
  // Two values, far from each other: one cut in the middle.
  std::vector<std::int64_t> two(kInputBins);
  two[InputBin(0, 0.3, 0.46)] = 70;
  two[InputBin(1, 0.3, 0.46)] = 30;
  EXPECT_EQ(CutsOfHistogram(two, 0.3, 0.46, 8), (std::vector<double>{0.5}));
  // One value: none.
  std::vector<std::int64_t> one(kInputBins);
  one[100] = 5;
  EXPECT_TRUE(CutsOfHistogram(one, 7, 1, 8).empty());
  // A bin that holds most does not make those above it narrow.
  std::vector<std::int64_t> heap(kInputBins);
  heap[90] = 60;
  for (std::size_t b = 91; b < 131; ++b) heap[b] = 1;
  EXPECT_EQ(CutsOfHistogram(heap, 0, 1, 10).size(), 4u);
}

TEST(DropCutsNear, LeavesNoneThatTellsFewPersonsFromASubgroup) {
  std::vector<std::int64_t> ages(kInputBins);
  for (int age = 30; age < 70; ++age) ages[InputBin(age, 50, 10)] += 2;
  // Above 39.8 and below 40 there is nobody, from 40 to 41.8 four, to 45.2 more.
  const auto left = [&](double cut, std::int64_t minimum) {
    std::vector<double> cuts = {cut};
    DropCutsNear({40, 65}, ages, 50, 10, minimum, cuts);
    return cuts.size();
  };
  EXPECT_EQ(left(39.8, 5), 0u);
  EXPECT_EQ(left(41.8, 5), 0u);
  EXPECT_EQ(left(41.8, 4), 1u);
  EXPECT_EQ(left(45.2, 5), 1u);
  EXPECT_EQ(left(66.2, 5), 0u);
  EXPECT_EQ(left(1e6, 5), 1u);
  EXPECT_EQ(left(40, 0), 1u);  // without disclosure rules
}

TEST(PolicyCells, ARowIsInOneCellOfEveryPlane) {
  const std::vector<Feature> features = {Number("a", {0}), Number("b", {0, 1}), Number("c", {})};
  const PolicyCells cells(features, 2);
  ASSERT_EQ(cells.planes().size(), 6u);
  EXPECT_EQ(cells.size(), 3u + 12 + 6 + 4 + 8 + 2);
  for (std::size_t f = 0; f < 3; ++f) {
    for (std::size_t g = f; g < 3; ++g) {
      EXPECT_EQ(cells.planes()[cells.PlaneOf(f, g)].first, f);
      EXPECT_EQ(cells.planes()[cells.PlaneOf(f, g)].second, g);
    }
  }
  std::set<std::vector<std::size_t>> seen;
  for (std::uint8_t a = 0; a < 3; ++a) {
    for (std::uint8_t b = 0; b < 4; ++b) {
      std::vector<std::size_t> in;
      cells.ForEach(std::vector<std::uint8_t>{a, b, 0}, [&](std::size_t cell) {
        EXPECT_LT(cell, cells.size());
        in.push_back(cell);
      });
      EXPECT_EQ(in.size(), 6u);
      seen.insert(in);
    }
  }
  EXPECT_EQ(seen.size(), 12u);
  const PolicyCells alone(features, 1);
  EXPECT_EQ(alone.planes().size(), 3u);
  EXPECT_EQ(alone.PlaneOf(2, 2), 2u);
}

/// Random persons of two features in two folds; every person counts in a cell of each plane.
struct Drawn {
  std::vector<Feature> features;
  PolicyCells cells;
  PolicyCounts counts;
};
Drawn Draw(std::size_t persons, std::uint64_t seed) {
  const std::vector<Feature> features = {Number("a", {1, 2, 3, 4, 5}), Number("b", {1, 2, 3})};
  PolicyCells cells(features, 2);
  PolicyCounts counts{.folds = 2};
  counts.persons.assign(2 * cells.size(), 0);
  counts.sites.assign(2 * cells.size(), 0);
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < persons; ++i) {
    const std::vector<std::uint8_t> bins = {
        static_cast<std::uint8_t>(std::min(random() % 6, random() % 6)),
        static_cast<std::uint8_t>(random() % 4)};
    const std::size_t fold = random() % 2;
    cells.ForEach(bins, [&](std::size_t cell) { ++counts.persons[fold * cells.size() + cell]; });
  }
  for (std::size_t i = 0; i < counts.persons.size(); ++i) {
    counts.sites[i] = std::min<std::int64_t>(counts.persons[i], 3);
  }
  return {features, cells, counts};
}

TEST(JoinCells, LeavesNoCellOfFewPersonsAndNoneFinerThanItsColumns) {
  const PolicyShown shown = [](std::int64_t persons, std::int64_t sites) {
    return persons == 0 || (persons >= 5 && sites >= 2);
  };
  std::size_t pairs = 0;
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U, 6U}) {
    const Drawn drawn = Draw(120, seed);
    const std::vector<PolicyGroups> groups = JoinCells(drawn.cells, drawn.counts, shown);
    ASSERT_TRUE(PolicyGrouping::Fits(drawn.cells, groups));
    const PolicyGrouping grouping(drawn.cells, groups);
    const PolicyCounts joined = grouping.Sum(drawn.counts);
    for (std::size_t i = 0; i < joined.persons.size(); ++i) {
      EXPECT_TRUE(shown(joined.persons[i], joined.sites[i])) << seed << " " << i;
    }
    const std::size_t pair = drawn.cells.PlaneOf(0, 1);
    pairs += groups[pair].rows.size() * groups[pair].columns.size();
    EXPECT_LT(grouping.size(), drawn.cells.size());
  }
  EXPECT_GT(pairs, 6u * 4);  // more than one of each, on average
}

TEST(JoinCells, JoinsNothingWhereThereAreEnough) {
  const Drawn drawn = Draw(5000, 1);
  const std::vector<PolicyGroups> groups =
      JoinCells(drawn.cells, drawn.counts,
                [](std::int64_t persons, std::int64_t) { return persons == 0 || persons >= 5; });
  // But what is missing, which nobody lacks.
  EXPECT_EQ(groups[0].rows, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(groups[1].columns, (std::vector<std::int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(groups[1].rows, groups[0].rows);
}

TEST(PolicyGrouping, ARowsCellsMayNotBeFinerThanTheColumns) {
  const Drawn drawn = Draw(100, 1);
  std::vector<PolicyGroups> groups = SingleBins(drawn.cells);
  EXPECT_TRUE(PolicyGrouping::Fits(drawn.cells, groups));
  groups[drawn.cells.PlaneOf(0, 0)].rows = {0, 3};
  EXPECT_FALSE(PolicyGrouping::Fits(drawn.cells, groups));
  groups[drawn.cells.PlaneOf(0, 1)].rows = {0, 3};
  EXPECT_TRUE(PolicyGrouping::Fits(drawn.cells, groups));
  for (const std::vector<std::int64_t>& wrong :
       {std::vector<std::int64_t>{}, {1, 3}, {0, 3, 3}, {0, 7}}) {
    groups[drawn.cells.PlaneOf(0, 1)].rows = wrong;
    EXPECT_FALSE(PolicyGrouping::Fits(drawn.cells, groups));
  }
}

}  // namespace
}  // namespace clinnova::learn
