// SPDX-License-Identifier: Apache-2.0
#include "federation/in_process.h"

#include <gtest/gtest.h>

#include "federation/counting_fixture.h"

namespace clinnova::federation {
namespace {

using table::MakeTable;

Result<std::unique_ptr<InProcessFederation>> Create(std::vector<table::Table> tables,
                                                    std::vector<std::string> names,
                                                    int minimum_count = 0) {
  return InProcessFederation::Create({.study = CountingStudy(),
                                      .site_names = std::move(names),
                                      .tables = std::move(tables),
                                      .steps = &CountingSteps(),
                                      .minimum_count = minimum_count,
                                      .threads = 1});
}

TEST(InProcessFederation, NeedsASiteAndATableForEach) {
  EXPECT_FALSE(Create({}, {}));
  EXPECT_FALSE(Create({MakeTable({{"x", {1.0}}})}, {"a", "b"}));
  const auto differ = Create({MakeTable({{"x", {1.0}}}), MakeTable({{"y", {1.0}}})}, {"a", "b"});
  ASSERT_FALSE(differ);
  EXPECT_EQ(differ.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(differ.error().message, "the sites' tables do not stand under one schema");
}

TEST(InProcessFederation, AddsTheSites) {
  const auto federation =
      Create({MakeTable({{"x", {0.5, 0.25}}}), MakeTable({{"x", {-0.125}}})}, {"a", "b"});
  ASSERT_TRUE(federation) << federation.error().message;
  EXPECT_EQ((*federation)->sites(), (std::vector<std::string>{"a", "b"}));
  const auto sums =
      (*federation)->Sum(CountingStudy().analyses()[0], kCounting, CountingParameters{1});
  ASSERT_TRUE(sums) << sums.error().message;
  EXPECT_EQ(sums->Count(kRows), 3);
  EXPECT_EQ(sums->Number(kTotal), 0.625);
}

TEST(InProcessFederation, LeavesOutTheSiteBelowTheThreshold) {
  const auto federation =
      Create({MakeTable({{"x", {0.5, 0.25}}}), MakeTable({{"x", {-0.125}}})}, {"a", "b"}, 2);
  ASSERT_TRUE(federation);
  EXPECT_EQ((*federation)->minimum_count(), 2);
  const auto sums =
      (*federation)->Sum(CountingStudy().analyses()[0], kCounting, CountingParameters{1});
  ASSERT_TRUE(sums);
  EXPECT_EQ(sums->Count(kRows), 2);
  EXPECT_EQ(sums->Number(kTotal), 0.75);
}

TEST(InProcessFederation, NamesTheSiteThatFails) {
  const auto federation = Create({MakeTable({{"x", {0.5}}})}, {"basel"});
  ASSERT_TRUE(federation);
  const auto sums =
      (*federation)->Sum(CountingStudy().analyses()[0], kThrowing, CountingParameters{1});
  ASSERT_FALSE(sums);
  EXPECT_EQ(sums.error().message, "site basel: a bug");
}

}  // namespace
}  // namespace clinnova::federation
