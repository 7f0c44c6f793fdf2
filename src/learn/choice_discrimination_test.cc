// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_discrimination.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace clinnova::learn {
namespace {

struct Person {
  double q;
  bool is_case;
};

std::vector<std::int64_t> Counts(const std::vector<Person>& persons) {
  std::vector<std::int64_t> counts(2 * kScoreBins);
  for (const Person& person : persons) ++counts[ScoreIndex(0, person.is_case, person.q)];
  return counts;
}

TEST(Auc, CountsPairsAndHalfOfTies) {
  // Cases 0.7, 0.4, 0.9; controls 0.2, 0.4, 0.6: 3 + 1.5 + 3 of 9 pairs, DeLong's variance as pROC has it.
  const auto auc = AucOf(
      Counts({{0.7, true}, {0.4, true}, {0.9, true}, {0.2, false}, {0.4, false}, {0.6, false}}));
  ASSERT_TRUE(auc);
  EXPECT_DOUBLE_EQ(auc->auc, 7.5 / 9);
  EXPECT_NEAR(auc->variance, 1 / 36.0 + 1 / 108.0, 1e-15);
}

TEST(Auc, IsNoneWithoutBothKinds) {
  EXPECT_FALSE(AucOf(Counts({{0.7, true}, {0.3, true}})));
  EXPECT_FALSE(AucOf(Counts({{0.7, false}})));
  const auto single = AucOf(Counts({{0.7, true}, {0.3, false}, {0.4, false}}));
  ASSERT_TRUE(single);
  EXPECT_TRUE(std::isnan(single->variance));
}

TEST(Auc, TakesCertaintyAsTheOutermostBins) {
  EXPECT_EQ(ScoreIndex(0, false, 0), 0u);
  EXPECT_EQ(ScoreIndex(0, false, 1), kScoreBins - 1);
  EXPECT_EQ(ScoreIndex(0, true, 0.5), kScoreBins + kScoreBins / 2);
  EXPECT_EQ(ScoreIndex(2, true, 0), 5 * kScoreBins);
}

TEST(Auc, AddsArms) {
  std::vector<std::int64_t> two = Counts({{0.7, true}, {0.2, false}});
  const std::vector<std::int64_t> second = Counts({{0.3, true}, {0.6, false}});
  two.insert(two.end(), second.begin(), second.end());
  EXPECT_DOUBLE_EQ(AucOf(OverArms(two))->auc, 3 / 4.0);  // pairs across arms count, too
}

TEST(ErrorSizes, AreMeanSquareAndExplainedPart) {
  // q = 1, 2, 3; y = 1, 3, 2.
  const ErrorSizes errors = ErrorSizesOf(std::vector<double>{6, 14, 13, 6, 14}, 3);
  EXPECT_DOUBLE_EQ(errors.mean_square, 2 / 3.0);
  EXPECT_DOUBLE_EQ(errors.explained, 0);
  EXPECT_TRUE(std::isnan(ErrorSizesOf(std::vector<double>{1, 1, 2, 4, 8}, 2).explained));
}

TEST(ScoreGroups, AreOfLikeSizeAsFarAsBinsAllow) {
  std::vector<Person> persons;
  for (int i = 0; i < 400; ++i) persons.push_back({0.1 + 0.002 * i, i % 3 == 0});
  const auto groups = ScoreGroupsOf(Counts(persons));
  ASSERT_EQ(groups.size(), kScoreGroups);
  EXPECT_EQ(groups.front(), 0);
  for (std::size_t g = 1; g < groups.size(); ++g) {
    const auto below = std::ranges::count_if(persons, [&](const Person& person) {
      return static_cast<std::int64_t>(ScoreBin(person.q)) < groups[g];
    });
    EXPECT_NEAR(static_cast<double>(below), 20.0 * static_cast<double>(g), 3);
  }
  const std::vector<Person> alike(30, Person{0.4, true});
  EXPECT_EQ(ScoreGroupsOf(Counts(alike)), (std::vector<std::int64_t>{0}));
}

TEST(Auc, TakesCoarserBins) {
  // Controls in bins 0, 0, 1; cases in 1, 2: 5 + 1/2 of 6 pairs.
  EXPECT_NEAR(AucOf(std::vector<std::int64_t>{2, 1, 0, 0, 1, 1})->auc, 5.5 / 6, 1e-15);
}

}  // namespace
}  // namespace clinnova::learn
