// SPDX-License-Identifier: Apache-2.0
#include "stats/risk_time.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

TEST(TimeAxis, DenominatorPutsTimesOnAGrid) {
  const TimeAxis days{
      .denominator = 365.25, .step = 0, .cells = 1000, .times = {}, .binned = false};
  for (const int day : {0, 1, 7, 365, 999}) {
    const double years = day / 365.25;
    EXPECT_EQ(days.IndexOf(years), static_cast<std::size_t>(day));
    EXPECT_EQ(days.Time(static_cast<std::size_t>(day)), years);
  }
  EXPECT_EQ(days.IndexOf(1000 / 365.25), days.size());
  EXPECT_EQ(days.AtRiskThrough(3 / 365.25), 4u);
  EXPECT_EQ(days.BeforeEntry(3 / 365.25), 4u);
  EXPECT_EQ(days.BeforeEntry(-1), 0u);
}

TEST(TimeAxis, StepRoundsUp) {
  const TimeAxis axis{.denominator = 0, .step = 0.1, .cells = 100, .times = {}, .binned = false};
  EXPECT_EQ(axis.IndexOf(0), 0u);
  EXPECT_EQ(axis.IndexOf(0.05), 1u);
  EXPECT_EQ(axis.IndexOf(0.3), 3u);  // 0.3 / 0.1 is a little below 3
  EXPECT_EQ(axis.IndexOf(0.1 * 7), 7u);
  EXPECT_EQ(axis.IndexOf(0.31), 4u);
  for (int k = 0; k < 100; ++k)
    EXPECT_EQ(axis.IndexOf(axis.Time(static_cast<std::size_t>(k))), static_cast<std::size_t>(k));
}

TEST(TimeAxis, ListHoldsItsTimesOnly) {
  const TimeAxis axis{
      .denominator = 0, .step = 0, .cells = 0, .times = {0.5, 1.5, 4}, .binned = false};
  EXPECT_EQ(axis.size(), 3u);
  EXPECT_EQ(axis.IndexOf(1.5), 1u);
  EXPECT_EQ(axis.IndexOf(1), axis.size());
  EXPECT_EQ(axis.AtRiskThrough(1.5), 2u);
  EXPECT_EQ(axis.AtRiskThrough(1.4), 1u);
  EXPECT_EQ(axis.BeforeEntry(0.5), 1u);  // one who enters at 0.5 is at risk from 1.5 on
  EXPECT_EQ(axis.BeforeEntry(0.4), 0u);
  TimeAxis bins = axis;
  bins.binned = true;
  EXPECT_EQ(bins.IndexOf(1), 1u);
  EXPECT_EQ(bins.IndexOf(5), bins.size());
}

TEST(TimeAxis, TakesTimesThatRoundingKeepsApartAsOne) {
  TimeAxis axis;
  axis.times = {0.3, 0.1 + 0.2, 5.7, 6};
  JoinSameTimes(axis);
  EXPECT_EQ(axis.times, (std::vector<double>{0.3, 5.7, 6}));
  EXPECT_EQ(axis.IndexOf(0.1 + 0.2), 0u);
  EXPECT_EQ(axis.IndexOf(5.699999999999999), 1u);
  EXPECT_EQ(axis.IndexOf(5.69), axis.size());
  EXPECT_EQ(axis.AtRiskThrough(5.699999999999999), 2u);
  EXPECT_EQ(axis.BeforeEntry(5.699999999999999), 2u);
  axis.binned = true;
  EXPECT_EQ(axis.IndexOf(0.1 + 0.2), 0u);
  EXPECT_EQ(axis.IndexOf(0.31), 1u);
}

TEST(FindTimeAxis, TakesRoundedTenthsAsTenths) {
  const std::string study = "method = \"kaplan_meier\"\nformula = \"Surv(t, d) ~ 1\"\n";
  const Answer answer =
      RunOne(study, {table::MakeTable({{"t", {0.1 + 0.2, 0.3, 0.7, 1.2}}, {"d", {1, 1, 0, 1}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/curves/0/time"), (std::vector<double>{0.3, 0.7, 1.2}));
  EXPECT_EQ(answer.Numbers("/curves/0/n_event"), (std::vector<double>{2, 0, 1}));
  EXPECT_LE(answer.Number("/rounds"), 2);
}

TEST(RiskCounts, AtRiskAreThoseYetToLeave) {
  RiskCounts counts;
  counts.axis.times = {1, 2, 3};
  counts.strata = 2;
  counts.events = {1, 0, 2, 0, 1, 0};
  counts.censored = {0, 3, 0, 1, 0, 1};
  EXPECT_EQ(counts.AtRisk(0), (std::vector<std::int64_t>{6, 5, 2}));
  EXPECT_EQ(counts.AtRisk(1), (std::vector<std::int64_t>{3, 2, 1}));
  counts.entries = {0, 1, 0, 0, 0, 0};  // one came after time 2
  EXPECT_EQ(counts.AtRisk(0), (std::vector<std::int64_t>{5, 4, 2}));
}

/// 60 persons with a time of `unit` times 1 to 50, who come late by up to 9 units, in two groups.
table::Table LateComers(double unit) {
  std::vector<double> entry, t, d;
  std::vector<std::string> arm;
  for (int i = 0; i < 60; ++i) {
    const int day = (i * 7919) % 50 + 1;
    t.push_back(day * unit);
    entry.push_back((i * 31) % std::min(day, 10) * unit);
    d.push_back(i % 3 != 0);
    arm.emplace_back(i % 2 == 0 ? "a" : "b");
  }
  return table::MakeTable({{"entry", entry}, {"t", t}, {"d", d}, {"arm", arm}});
}

/// Every way of finding the axis gives the same curves, and the counts come with it: on a short grid, on one too long to
/// be counted cell by cell, and on none.
TEST(FindRiskCounts, TellsTheSameOnAnyTimes) {
  for (const char* response : {"Surv(t, d)", "Surv(entry, t, d)"}) {
    const std::string study =
        "method = \"kaplan_meier\"\nformula = \"" + std::string(response) + " ~ arm\"\n";
    const Answer grid = RunOne(study, {LateComers(1)});
    ASSERT_TRUE(grid) << grid.error().message;
    EXPECT_EQ(grid.Size("/curves"), 2u);
    EXPECT_EQ(grid.Number("/rounds"), 2);
    for (const double unit : {0.7310585786300049, 1000.0}) {
      const Answer other = RunOne(study, {LateComers(unit)});
      ASSERT_TRUE(other) << other.error().message;
      EXPECT_EQ(other.Number("/rounds"), 2);
      for (const std::string curve : {"/curves/0", "/curves/1"}) {
        for (const char* field : {"/estimate", "/n_risk", "/n_event", "/n_censor"})
          EXPECT_EQ(grid.Numbers(curve + field), other.Numbers(curve + field)) << curve << field;
      }
    }
  }
}

/// A step is rounded up to, but an entry must not be: who came at 8 is at risk at 14.
TEST(FindRiskCounts, LetsNobodyInTooLate) {
  const Answer answer =
      RunOne("method = \"kaplan_meier\"\nformula = \"Surv(entry, t, d) ~ 1\"\ntime_grid = 0.0007\n",
             {table::MakeTable(
                 {{"entry", {0, 0.0008, 0}}, {"t", {0.0007, 0.0014, 20}}, {"d", {1, 1, 0}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/curves/0/n_risk"), (std::vector<double>{2, 2, 1}));
}

/// 12,000 times with two ends each are more than the sketch of counts holds; times alone are not.
TEST(FindRiskCounts, FindsManyTimesWithoutTheirCounts) {
  std::vector<double> t, d;
  for (int i = 0; i < 24'000; ++i) {
    t.push_back((std::floor(i / 2.0) + 1) * 0.7310585786300049);
    d.push_back(i % 2);
  }
  const Answer answer = RunOne("method = \"kaplan_meier\"\nformula = \"Surv(t, d) ~ 1\"\n",
                               {table::MakeTable({{"t", t}, {"d", d}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Size("/curves/0/time"), 12'000u);
  EXPECT_EQ(answer.Numbers("/curves/0/n_event"), std::vector<double>(12'000, 1));
  EXPECT_LE(answer.Number("/rounds"), 4);
}

TEST(FindTimeAxis, RoundsUpToTheGridAsked) {
  const Answer answer =
      RunOne("method = \"kaplan_meier\"\nformula = \"Surv(t, d) ~ 1\"\ntime_grid = 7\n",
             {table::MakeTable({{"t", {1, 7, 8, 14, 15}}, {"d", {1, 1, 1, 1, 1}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/curves/0/time"), (std::vector<double>{7, 14, 21}));
  EXPECT_EQ(answer.Numbers("/curves/0/n_event"), (std::vector<double>{2, 2, 1}));
}

TEST(EventAxes, EndWithTheLastExitNotWithTheGrid) {
  RiskCounts counts;
  counts.axis = {.denominator = 1, .step = 0, .cells = 20, .times = {}, .binned = false};
  counts.events.assign(20, 0);
  counts.censored.assign(20, 0);
  for (std::size_t k = 1; k <= 8; ++k) counts.events[k] = counts.censored[k] = 2;
  const std::vector<TimeAxis> axes = EventAxes(counts, 10);  // of 32 exits
  ASSERT_EQ(axes.size(), 1u);
  EXPECT_EQ(axes[0].times, (std::vector<double>{3, 8}));
  EXPECT_EQ(axes[0].exits, (std::vector<std::int64_t>{12, 20}));
}

/// Under the disclosure rules all of a model is that of the same times merged by hand.
TEST(EventAxes, GiveTheModelOfMergedTimes) {
  std::vector<double> t;
  std::vector<double> d;
  std::vector<double> x;
  std::vector<double> merged;
  for (int i = 1; i <= 57; ++i) {
    t.push_back(3 * i);
    d.push_back(i % 3 != 0);
    x.push_back(1 + (i * 37) % 57 / 57.0);
    merged.push_back(i > 40 ? 171 : 30 * ((i + 9) / 10));
  }
  const std::string cox = "method = \"cox\"\nstrata = []\nformula = \"Surv(t, d) ~ x\"\n";
  const auto of = [&](const std::vector<double>& times, int minimum) {
    return RunOne(cox, {table::MakeTable({{"t", times}, {"d", d}, {"x", x}})},
                  {.minimum_count = minimum});
  };
  const Answer ruled = of(t, 5);
  const Answer by_hand = of(merged, 0);
  ASSERT_TRUE(ruled && by_hand) << ruled.error().message;
  EXPECT_EQ(ruled.Size("/baseline"), 5u);
  for (const char* field : {"/terms/0/estimate", "/terms/0/std_error",
                            "/proportional_hazards/0/statistic", "/baseline/4/hazard"}) {
    const double expected = by_hand.Number(field);
    EXPECT_NEAR(ruled.Number(field), expected, 1e-9 * std::fabs(expected)) << field;
  }
}

}  // namespace
}  // namespace clinnova::stats
