// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_rows.h"

#include <gtest/gtest.h>

#include <cmath>

#include "learn/choice_steps.h"

namespace clinnova::learn {
namespace {

/// Two folds of two arms; cells by fold, arm and outcome 0, 1, other.
ChoiceSplit Split(std::vector<std::int64_t> cells, std::size_t columns = 3) {
  ChoiceSplit split;
  split.claim.center.assign(columns, 0.0);
  split.folds = 3;
  split.cells = std::move(cells);
  return split;
}
const std::vector<std::int64_t> kLarge = {20, 20, 0, 30, 10, 0, 20, 20, 0,
                                          20, 20, 0, 20, 20, 0, 20, 20, 0};

TEST(ChoiceCells, LargeOnesAreAllowed) {
  EXPECT_TRUE(CheckCells(Split(kLarge), 2, 5));
  EXPECT_EQ(Split(kLarge).Cell(2, 0, 1), 40);
}

TEST(ChoiceCells, AFoldWithFewPersonsOfAnOutcomeIsRefused) {
  std::vector<std::int64_t> cells = kLarge;
  cells[4] = 3;  // fold 1, arm 2, outcome 1
  const auto refused = CheckCells(Split(cells), 2, 5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "rare_level");
  EXPECT_TRUE(CheckCells(Split(cells), 2, 3));
  EXPECT_TRUE(CheckCells(Split(cells), 2, 0));
  cells[5] = 40;  // a continuous outcome: only persons count
  EXPECT_TRUE(CheckCells(Split(cells), 2, 5));
}

TEST(ChoiceCells, TheSmallestTrainingSetMustBearTheColumns) {
  // Without its two largest folds an arm has 40 persons: 13 columns at most.
  EXPECT_TRUE(CheckCells(Split(kLarge, 13), 2, 5));
  const auto refused = CheckCells(Split(kLarge, 14), 2, 5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "too_many_parameters");
}

TEST(SetWithout, CountsAllRowsThenEachFoldThenEveryTwo) {
  for (const std::size_t folds : {2U, 3U, 5U, 20U}) {
    std::size_t set = 1;
    for (std::size_t f = 0; f < folds; ++f) EXPECT_EQ(SetWithout(folds, f, f), set++);
    for (std::size_t f = 0; f < folds; ++f) {
      for (std::size_t g = f + 1; g < folds; ++g, ++set) {
        EXPECT_EQ(SetWithout(folds, f, g), set);
        EXPECT_EQ(SetWithout(folds, g, f), set);
      }
    }
  }
}

TEST(EvenBin, TakesWhatLiesOutsideIntoTheFirstOrTheLast) {
  EXPECT_EQ(EvenBin(0.25, 0.25, 4), 1u);
  EXPECT_EQ(EvenBin(0.24, 0.25, 4), 0u);
  EXPECT_EQ(EvenBin(1, 0.25, 4), 3u);
  EXPECT_EQ(EvenBin(1e300, 1e-300, 4), 3u);
  EXPECT_EQ(EvenBin(-1, 0.25, 4), 0u);
  EXPECT_EQ(EvenBin(std::nan(""), 0.25, 4), 0u);
}

}  // namespace
}  // namespace clinnova::learn
