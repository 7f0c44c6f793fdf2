// SPDX-License-Identifier: Apache-2.0
#include "federation/site_runner.h"

#include <gtest/gtest.h>

#include "federation/counting_fixture.h"

namespace clinnova::federation {
namespace {

SiteRunner Runner(std::vector<double> x, int minimum_count = 2) {
  return SiteRunner({.study = CountingStudy(),
                     .table = table::MakeTable({{"x", std::move(x)}}),
                     .steps = &CountingSteps(),
                     .minimum_count = minimum_count,
                     .threads = 1});
}

PooledSums Decoded(const SiteRunner& runner, const RoundRequest& request) {
  const auto elements = runner.Contribute(request, core::Hash{});
  if (!elements) throw std::runtime_error(elements.error().message);
  return *PooledSums::Decode(*runner.LayoutOf(request), *elements);
}

TEST(SiteRunner, ContributesItsSums) {
  const PooledSums sums = Decoded(Runner({0.25, 0.5, -0.125}), CountingRequest());
  EXPECT_EQ(sums.Count(kRows), 3);
  EXPECT_EQ(sums.Number(kTotal), 0.625);
  EXPECT_EQ(sums.Number(kBounded), 0.625);
  EXPECT_TRUE(sums.FlaggedBlocks().empty());
}

TEST(SiteRunner, BelowTheThresholdContributesAsIfEmpty) {
  const SiteRunner small = Runner({0.25}, 2);
  EXPECT_EQ(small.table().rows, 0u);
  const PooledSums sums = Decoded(small, CountingRequest());
  EXPECT_EQ(sums.Count(kRows), 0);
  EXPECT_EQ(sums.Number(kTotal), 0);
  EXPECT_EQ(Decoded(Runner({0.25}, 1), CountingRequest()).Count(kRows), 1);
  EXPECT_EQ(Decoded(Runner({0.25}, 0), CountingRequest()).Count(kRows), 1);
  EXPECT_EQ(Decoded(Runner({0.25, 0.5}, 2), CountingRequest()).Count(kRows), 2);
}

TEST(SiteRunner, RefusesWhatTheStudyDoesNotApprove) {
  struct Case {
    void (*change)(RoundRequest&);
    std::string reason;
  };
  const std::vector<Case> cases = {
      {[](RoundRequest& r) { r.analysis = "b"; }, "unknown_analysis"},
      {[](RoundRequest& r) { r.analysis = ""; }, "unknown_analysis"},
      {[](RoundRequest& r) { r.step = "other.all"; }, "unapproved_step"},
      {[](RoundRequest& r) { r.step = "no.such"; }, "unapproved_step"},
      {[](RoundRequest& r) { r.exponents.pop_back(); }, "wrong_layout"},
      {[](RoundRequest& r) { r.exponents.push_back(0); }, "wrong_layout"},
      {[](RoundRequest& r) { r.exponents[0] = 19; }, "wrong_layout"},  // below the layout's own
      {[](RoundRequest& r) { r.exponents[1] = 10; }, "wrong_layout"},  // a wide block has none
      {[](RoundRequest& r) { r.exponents[2] = -1; }, "wrong_layout"},
      {[](RoundRequest& r) { r.exponents[2] = 601; }, "wrong_layout"},
      {[](RoundRequest& r) { r.exponents[2] = INT64_MAX; }, "wrong_layout"},
      {[](RoundRequest& r) { r.parameters = core::Encode(CountingParameters{std::nan("")}); },
       "parameters_not_finite"},
  };
  const SiteRunner runner = Runner({0.25, 0.5});
  for (std::size_t i = 0; i < cases.size(); ++i) {
    RoundRequest request = CountingRequest();
    cases[i].change(request);
    const auto refused = runner.Contribute(request, core::Hash{});
    ASSERT_FALSE(refused) << i;
    EXPECT_EQ(refused.error().code, ErrorCode::kRefused) << i;
    EXPECT_EQ(refused.error().reason, cases[i].reason) << i;
    EXPECT_FALSE(runner.LayoutOf(request)) << i;
  }
}

TEST(SiteRunner, TakesARaisedExponent) {
  RoundRequest request = CountingRequest(1000);
  const SiteRunner runner = Runner({0.25, 0.5});
  EXPECT_EQ(Decoded(runner, request).FlaggedBlocks(), (std::vector<std::size_t>{kBounded}));
  request.exponents[kBounded] = 10;
  const PooledSums sums = Decoded(runner, request);
  EXPECT_TRUE(sums.FlaggedBlocks().empty());
  EXPECT_EQ(sums.Number(kBounded), 750);
  EXPECT_EQ(runner.LayoutOf(request)->blocks[kBounded].exponent, 10);
}

TEST(SiteRunner, VoidRoundTellsNoNumber) {
  const SiteRunner runner = Runner({0.25, 0.5});
  const RoundRequest request = CountingRequest(1000);
  const auto a = runner.Contribute(request, core::Blake2b(core::Bytes(1)));
  const auto b = runner.Contribute(request, core::Blake2b(core::Bytes(2)));
  ASSERT_TRUE(a && b);
  EXPECT_NE(*a, *b);  // noise in place of sums
  EXPECT_EQ(*a, *runner.Contribute(request, core::Blake2b(core::Bytes(1))));
}

TEST(SiteRunner, BugInAStepEndsTheRoundOnly) {
  RoundRequest request = CountingRequest();
  request.step = "count.throwing";
  request.exponents = {20};
  const SiteRunner runner = Runner({0.25, 0.5});
  const auto failed = runner.Contribute(request, core::Hash{});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kFailed);
  EXPECT_EQ(failed.error().reason, "internal");
  EXPECT_TRUE(runner.Contribute(CountingRequest(), core::Hash{}));
}

TEST(SiteRunner, PassesTheStepsOwnError) {
  const SiteRunner runner({.study = CountingStudy(),
                           .table = table::MakeTable({{"y", {1.0, 2.0}}}),
                           .steps = &CountingSteps(),
                           .minimum_count = 2,
                           .threads = 1});
  const auto failed = runner.Contribute(CountingRequest(), core::Hash{});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "no_column");
}

TEST(SiteRunner, HoldsTheStepsGuardBeforeItSums) {
  const auto refused = Runner({0.25, kUnspeakable}).Contribute(CountingRequest(), core::Hash{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_EQ(refused.error().reason, "dominance");
  // Public data have no rule to hold.
  EXPECT_TRUE(Runner({0.25, kUnspeakable}, 0).Contribute(CountingRequest(), core::Hash{}));
}

TEST(SiteRunner, RefusesAStepThatOnlySaysItCounts) {
  RoundRequest request = CountingRequest();
  request.step = "count.pretending";
  request.exponents = {20, 0};
  const auto refused = Runner({0.25, 0.5}).Contribute(request, core::Hash{});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "unguarded_step");
}

}  // namespace
}  // namespace clinnova::federation
