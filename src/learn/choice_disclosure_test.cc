// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_disclosure.h"

#include <gtest/gtest.h>

namespace clinnova::learn {
namespace {

using Counts = std::vector<std::int64_t>;

TEST(PolicyTold, IsNoPolicyThatDiffersFromADrugForEverybodyByFew) {
  EXPECT_TRUE(PolicyTold(Counts{60, 40}, 5));
  EXPECT_TRUE(PolicyTold(Counts{100, 0}, 5));  // the drug itself
  EXPECT_FALSE(PolicyTold(Counts{99, 1}, 5));
  EXPECT_FALSE(PolicyTold(Counts{4, 96}, 5));
  EXPECT_TRUE(PolicyTold(Counts{5, 95}, 5));
  EXPECT_FALSE(PolicyTold(Counts{97, 2, 1}, 5));
  // Few are given a drug, and every drug is not given to many: no sum is over those few.
  EXPECT_TRUE(PolicyTold(Counts{50, 48, 2}, 5));
}

TEST(PolicyTold, IsEveryPolicyWithoutRules) {
  EXPECT_TRUE(PolicyTold(Counts{99, 1}, 0));
  EXPECT_TRUE(PoliciesTold(Counts{50, 1, 1, 48}, 2, 0).first);
}

TEST(PoliciesTold, AreNotTwoThatDifferByFew) {
  // By the arm of the first, then of the second.
  const auto told = [](const Counts& given, std::size_t arms) {
    const TwoPoliciesTold both = PoliciesTold(given, arms, 5);
    return std::pair(both.first, both.second);
  };
  EXPECT_EQ(told({40, 10, 10, 40}, 2), std::pair(true, true));
  EXPECT_EQ(told({48, 1, 1, 50}, 2), std::pair(false, true));
  EXPECT_EQ(told({48, 0, 0, 52}, 2), std::pair(true, true));   // the same policy
  EXPECT_EQ(told({1, 50, 48, 1}, 2), std::pair(false, true));  // their sum less both arms'
  EXPECT_EQ(told({0, 50, 50, 0}, 2), std::pair(true, true));
  EXPECT_EQ(told({1, 30, 0, 0, 0, 30, 30, 0, 1}, 3), std::pair(true, true));
  // One that nearly is a drug is not told, and the other only beside the drugs.
  EXPECT_EQ(told({58, 2, 40, 0}, 2), std::pair(true, false));
  EXPECT_EQ(told({60, 38, 2, 0}, 2), std::pair(false, true));
}

TEST(HiddenParts, AreThoseInWhichThePolicyDiffersFromADrugByFew) {
  // Given: by part and arm.
  EXPECT_EQ(HiddenParts({50, 60}, Counts{20, 30, 30, 30}, 2, 5), (std::vector<bool>{false, false}));
  EXPECT_EQ(HiddenParts({50, 60}, Counts{50, 0, 30, 30}, 2, 5), (std::vector<bool>{false, false}));
  // Of two parts the other's would tell it; of three the second that is hidden is one in which many are given another drug.
  EXPECT_EQ(HiddenParts({50, 60}, Counts{48, 2, 30, 30}, 2, 5), (std::vector<bool>{true, true}));
  EXPECT_EQ(HiddenParts({50, 40, 60, 90}, Counts{48, 2, 40, 0, 30, 30, 40, 50}, 2, 5),
            (std::vector<bool>{true, false, true, false}));
  EXPECT_EQ(HiddenParts({3, 60, 40}, Counts{2, 1, 40, 20, 20, 20}, 2, 5),
            (std::vector<bool>{true, false, true}));
  EXPECT_EQ(HiddenParts({50, 60}, Counts{48, 2, 30, 30}, 2, 0), (std::vector<bool>{false, false}));
}

TEST(Totals, AreByTheFirstArmOrTheSecond) {
  const Counts cells = {1, 2, 3, 4};
  EXPECT_EQ(RowTotals(cells, 2), (Counts{3, 7}));
  EXPECT_EQ(ColumnTotals(cells, 2), (Counts{4, 6}));
}

}  // namespace
}  // namespace clinnova::learn
