// SPDX-License-Identifier: Apache-2.0
#include "stats/magnitudes.h"

#include <gtest/gtest.h>

#include "federation/study.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

Magnitudes Of(const std::vector<double>& values) {
  Magnitudes magnitudes;
  magnitudes.See(values);
  return magnitudes;
}

TEST(Magnitudes, ProvesTheRuleByItsOwnRows) {
  const federation::DisclosureLimits limits;
  EXPECT_TRUE(Of(std::vector<double>(10, 3.0)).Proven(limits));  // each a tenth
  EXPECT_FALSE(Of(std::vector<double>(9, 3.0)).Proven(limits));
  std::vector<double> values(30, 1.5);
  EXPECT_TRUE(Of(values).Proven(limits));
  values[7] = -6;
  EXPECT_FALSE(Of(values).Proven(limits));  // 6 of 49.5
  federation::DisclosureLimits two;
  two.dominance_one = 1;
  EXPECT_TRUE(Of({5, 4, 2}).Proven(two));
  EXPECT_FALSE(Of({5, 4, 0.5}).Proven(two));  // 9 of 9.5
}

TEST(Magnitudes, LeavesZerosAndOnesToTheRuleOnCounts) {
  EXPECT_TRUE(Of({0, 1, 0, 0}).Proven({}));
  EXPECT_TRUE(Of({}).Proven({}));
  EXPECT_FALSE(Of({0, 1, 0, 2}).Proven({}));
}

TEST(Magnitudes, BoundsTheSumFromBelowWithoutTheLargest) {
  std::vector<double> values(100, 3.0);
  const double bound = Of(values).Bound(5);
  EXPECT_LE(bound, 95 * 3.0);
  EXPECT_GE(bound, 95 * 3.0 / 4);
  values[3] = values[50] = 1e9;  // no part of it
  EXPECT_EQ(Of(values).Bound(5), bound);
  EXPECT_EQ(Of({1, 2, 3, 4, 5}).Bound(5), 0);
  EXPECT_EQ(Of({}).Bound(5), 0);
}

TEST(Magnitudes, BoundHasTwoBits) {
  const double bound = Of(std::vector<double>(117, 0.7)).Bound(0);  // 117 of at least a half
  EXPECT_EQ(bound, 48);
}

struct Place {
  table::Table table = table::MakeTable({{"x", {1.0}}});
  federation::Study study = *federation::Study::FromToml(
      "[study]\ntitle = \"t\"\n[[analysis]]\nname = \"a\"\nmethod = \"m\"\n", "t.toml");
  federation::SiteCache cache;
  federation::SiteView view{
      .table = table, .analysis = study.analyses().front(), .cache = cache, .minimum_count = 5};
};

TEST(Dominance, TakesWhatTheOthersHaveIntoAccount) {
  Place place;
  const Magnitudes own = Of(std::vector<double>(9, 3.0));
  const double mine = own.Bound(5);
  EXPECT_EQ(HoldDominance(own, mine, place.view).error().reason, "dominance");
  EXPECT_TRUE(HoldDominance(own, mine + 3, place.view));  // 3 of 30
  EXPECT_EQ(HoldDominance(own, mine + 2.5, place.view).error().reason, "dominance");
  EXPECT_EQ(HoldDominance(own, mine - 1, place.view).error().reason, "false_claim");
}

TEST(Dominance, NeedsNoClaimWhereOwnRowsProveIt) {
  Place place;
  const Magnitudes own = Of(std::vector<double>(20, 3.0));
  EXPECT_TRUE(HoldDominance(own, own.Bound(5), place.view));
}

}  // namespace
}  // namespace clinnova::stats
