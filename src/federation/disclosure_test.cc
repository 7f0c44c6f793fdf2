// SPDX-License-Identifier: Apache-2.0
#include "federation/disclosure.h"

#include <gtest/gtest.h>

#include "table/table_fixture.h"

namespace clinnova::federation {
namespace {

TEST(DisclosureLimits, TakesOfEachThresholdTheStricter) {
  DisclosureLimits a;
  a.leverage = 0.3;
  a.exits_per_time = 12;
  a.contributors = 4;
  DisclosureLimits b;
  b.dominance_one = 0.05;
  b.exits_per_time = 20;
  b.information_share = 0.01;
  const DisclosureLimits both = Stricter(a, b);
  EXPECT_EQ(both.leverage, 0.3);
  EXPECT_EQ(both.dominance_one, 0.05);
  EXPECT_EQ(both.dominance_two, 0.9);
  EXPECT_EQ(both.exits_per_time, 20);
  EXPECT_EQ(both.contributors, 4);
  EXPECT_EQ(both.information_share, 0.01);
  EXPECT_EQ(Stricter(b, a), both);
}

TEST(DisclosureLimits, UnlimitedAsksForNothing) {
  EXPECT_EQ(Stricter(Unlimited(), DisclosureLimits{}), DisclosureLimits{});
  for (const LimitKey& key : LimitKeys()) {
    EXPECT_LE(key.lowest, key.highest) << key.name;
    EXPECT_GE(DisclosureLimits{}.*key.member, key.lowest) << key.name;
    EXPECT_LE(DisclosureLimits{}.*key.member, key.highest) << key.name;
  }
}

table::Schema SchemaOfSites(std::vector<std::string> sites) {
  table::Schema schema;
  schema.columns.push_back(
      {.name = "site", .kind = table::ColumnKind::kFactor, .levels = std::move(sites)});
  return schema;
}

TEST(TooFewSites, CountsContributors) {
  const DisclosureLimits limits;
  const table::Schema three = SchemaOfSites({"a", "b", "c"});
  EXPECT_FALSE(TooFewSites(0, three, limits));  // nobody: nothing to tell
  EXPECT_TRUE(TooFewSites(1, three, limits));
  EXPECT_FALSE(TooFewSites(2, three, limits));
  DisclosureLimits strict;
  strict.contributors = 3;
  EXPECT_TRUE(TooFewSites(2, three, strict));
}

TEST(TooFewSites, LeavesTheOwnerOfOneSiteAlone) {
  EXPECT_FALSE(TooFewSites(1, SchemaOfSites({"a"}), DisclosureLimits{}));
  EXPECT_FALSE(TooFewSites(1, table::Schema{}, DisclosureLimits{}));
}

}  // namespace
}  // namespace clinnova::federation
