// SPDX-License-Identifier: Apache-2.0
#include "federation/federation.h"

#include <gtest/gtest.h>

#include "federation/counting_fixture.h"
#include "federation/in_process.h"

namespace clinnova::federation {
namespace {

std::unique_ptr<InProcessFederation> TwoSites(std::vector<double> a, std::vector<double> b) {
  auto made = InProcessFederation::Create(
      {.study = CountingStudy(),
       .site_names = {"a", "b"},
       .tables = {table::MakeTable({{"x", std::move(a)}}), table::MakeTable({{"x", std::move(b)}})},
       .steps = &CountingSteps(),
       .minimum_count = 0,
       .threads = 1});
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

Result<PooledSums> Sum(Federation& federation, double scale = 1) {
  return federation.Sum(CountingStudy().analyses()[0], kCounting, CountingParameters{scale});
}

TEST(Federation, RepeatsAVoidRoundWithALargerRange) {
  const auto federation = TwoSites({0.5, 3000}, {-0.25});  // 3000 needs exponent 12: 0, 10, 20
  const auto sums = Sum(*federation);
  ASSERT_TRUE(sums) << sums.error().message;
  EXPECT_EQ(sums->Number(kBounded), 3000.25);
  EXPECT_EQ(sums->Number(kTotal), 3000.25);
  EXPECT_EQ(sums->Count(kRows), 3);
  EXPECT_EQ(sums->layout().blocks[kBounded].exponent, 20);
  EXPECT_EQ(federation->rounds(), 3u);
}

TEST(Federation, RangeGrowsAlikeForEveryPartition) {
  const auto one = TwoSites({0.5, 3000, -0.25}, {});
  const auto two = TwoSites({-0.25}, {3000, 0.5});
  const auto a = Sum(*one);
  const auto b = Sum(*two);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->elements(), b->elements());
  EXPECT_EQ(one->rounds(), two->rounds());
}

TEST(Federation, SaysWhenNoRangeIsLargeEnough) {
  const auto federation = TwoSites({0x1p300}, {1});
  const auto sums = Sum(*federation);
  ASSERT_FALSE(sums);
  EXPECT_EQ(sums.error().code, ErrorCode::kFailed);
  EXPECT_EQ(sums.error().reason, "out_of_range");
  EXPECT_EQ(sums.error().message, "analysis \"a\": a value of total is not finite or above 2^255");
}

TEST(Federation, RootFollowsWhatWasSeen) {
  const auto first = TwoSites({0.5}, {0.25});
  const auto same = TwoSites({0.5}, {0.25});
  const auto moved = TwoSites({0.25}, {0.5});
  const auto other = TwoSites({0.5}, {0.5});
  EXPECT_EQ(first->root(), core::Hash{});
  for (const auto& federation : {&first, &same, &moved, &other}) ASSERT_TRUE(Sum(**federation));
  EXPECT_NE(first->root(), core::Hash{});
  EXPECT_EQ(first->root(), same->root());
  EXPECT_EQ(first->root(), moved->root());  // which site had which row is not to be seen
  EXPECT_NE(first->root(), other->root());
  ASSERT_TRUE(Sum(*first));
  EXPECT_NE(first->root(), same->root());
  EXPECT_EQ(first->rounds(), 2u);
}

TEST(Federation, RefusesAStepOfAnotherMethod) {
  const auto federation = TwoSites({0.5}, {0.25});
  const auto sums = federation->Sum(CountingStudy().analyses()[0], kForeign, CountingParameters{1});
  ASSERT_FALSE(sums);
  EXPECT_EQ(sums.error().code, ErrorCode::kRefused);
  EXPECT_EQ(sums.error().reason, "unapproved_step");
}

}  // namespace
}  // namespace clinnova::federation
