// SPDX-License-Identifier: Apache-2.0
#include "stats/imputation_chain.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

TEST(CholeskyRoot, IsTheLowerTriangle) {
  const Matrix root = CholeskyRoot({{4, 2, 0}, {2, 10, 3}, {0, 3, 5}});
  EXPECT_EQ(root[0], (std::vector<double>{2, 0, 0}));
  EXPECT_EQ(root[1], (std::vector<double>{1, 3, 0}));
  EXPECT_EQ(root[2], (std::vector<double>{0, 1, 2}));
}

TEST(CholeskyRoot, KeepsZeroRows) {
  const Matrix root = CholeskyRoot({{4, 0, 2}, {0, 0, 0}, {2, 0, 5}});
  EXPECT_EQ(root[1], (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(root[2], (std::vector<double>{1, 0, 2}));
}

ImputationClaim Claim() {
  ImputationClaim claim;
  claim.variables.resize(3);
  claim.variables[0].observed = 90;
  claim.variables[1] = {.categorical = true, .level_counts = {40, 0, 50, 10}, .observed = 100};
  claim.variables[2].observed = 100;
  return claim;
}

TEST(ImputationClaim, CountsTheColumnsOfAModel) {
  const ImputationClaim claim = Claim();
  EXPECT_EQ(claim.variables[1].categories(), 3U);
  EXPECT_EQ(claim.columns(0), 4U);  // 1, two levels, a number
  EXPECT_EQ(claim.columns(1), 3U);
}

TEST(ImputationClaim, IsHeldToTheRules) {
  EXPECT_TRUE(CheckImputation(Claim(), 5));
  ImputationClaim rare = Claim();
  rare.variables[1].level_counts[3] = 4;
  EXPECT_EQ(CheckImputation(rare, 5).error().reason, "rare_level");
  EXPECT_TRUE(CheckImputation(rare, 0));
  ImputationClaim few = Claim();
  few.variables[0].observed = 11;
  EXPECT_EQ(CheckImputation(few, 5).error().reason, "too_many_parameters");
}

}  // namespace
}  // namespace clinnova::stats
