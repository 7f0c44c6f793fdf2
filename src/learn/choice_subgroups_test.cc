// SPDX-License-Identifier: Apache-2.0
// The numbers of a whole analysis are held against R by tests/golden (choice_*).
#include "learn/choice_subgroups.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::learn {
namespace {

TEST(SubgroupFit, IsTheMeanDifferenceWithItsError) {
  // y - q = 0.8, -0.3, 0.4, -0.5 of q = 0.2, 0.3, 0.6, 0.5.
  std::vector<double> sums(kPredictionParts);
  for (const auto& [q, y] : {std::pair(0.2, 1.0), {0.3, 0.0}, {0.6, 1.0}, {0.5, 0.0}}) {
    for (std::size_t i = 0; i < kPredictionParts; ++i) sums[i] += PredictionParts(q, y)[i];
  }
  const SubgroupFit fit = SubgroupFitOf(sums, 4, 0.95);
  EXPECT_DOUBLE_EQ(fit.observed, 0.5);
  EXPECT_DOUBLE_EQ(fit.predicted, 0.4);
  EXPECT_NEAR(fit.difference.estimate, 0.1, 1e-15);
  const double error = std::sqrt((0.49 + 0.16 + 0.09 + 0.36) / 3 / 4);
  EXPECT_NEAR(fit.difference.std_error, error, 1e-14);
  EXPECT_NEAR(fit.difference.high, 0.1 + 1.959963984540054 * error, 1e-14);
  EXPECT_NEAR(fit.errors.mean_square, (0.64 + 0.09 + 0.16 + 0.25) / 4, 1e-15);
}

/// Persons and, of them, with the outcome.
GroupGain Group(std::int64_t n, double cases) {
  GroupGain group;
  group.n = n;
  group.predictions = {0, 0, 0, cases, cases};
  return group;
}

TEST(HiddenOutcomes, AreOfFewPersonsWithOrWithoutTheOutcome) {
  using Hidden = std::vector<bool>;
  const std::vector<GroupGain> even = {Group(50, 20), Group(50, 30)};
  EXPECT_EQ(HiddenOutcomes(even, {false, false}, true, 5), (Hidden{false, false}));
  // Two of fifty have it: with everybody's number the other group's would tell.
  const std::vector<GroupGain> rare = {Group(50, 2), Group(50, 30)};
  EXPECT_EQ(HiddenOutcomes(rare, {false, false}, true, 5), (Hidden{true, true}));
  EXPECT_EQ(HiddenOutcomes(rare, {false, false}, true, 0), (Hidden{false, false}));
  EXPECT_EQ(HiddenOutcomes(rare, {false, false}, false, 5), (Hidden{false, false}));
  const std::vector<GroupGain> nearly_all = {Group(50, 48), Group(50, 30), Group(40, 10)};
  const Hidden hidden = HiddenOutcomes(nearly_all, {false, false, false}, true, 5);
  EXPECT_TRUE(hidden[0]);
  EXPECT_TRUE(hidden[1] || hidden[2]);
  EXPECT_EQ(HiddenOutcomes(even, {true, true}, true, 5), (Hidden{true, true}));
}

}  // namespace
}  // namespace clinnova::learn
