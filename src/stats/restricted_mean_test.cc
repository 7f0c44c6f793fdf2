// SPDX-License-Identifier: Apache-2.0
#include "stats/restricted_mean.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Mean(const std::string& right, const std::string& more = "") {
  return "method = \"rmst\"\nformula = \"Surv(t, d) ~ " + right + "\"\n" + more;
}

// Group a: S = 3/4 from 1, 1/2 from 2, censored at 4; group b: S = 2/3 from 2, censored at 5.
Table Seven() {
  return MakeTable({{"t", {1, 2, 4, 4, 2, 5, 5}},
                    {"d", {1, 1, 0, 0, 1, 0, 0}},
                    {"g", {"a", "a", "a", "a", "b", "b", "b"}}});
}

TEST(RestrictedMean, IsTheAreaUnderEachCurve) {
  const Answer answer = RunOne(Mean("g", "tau = 3\n"), Split(Seven(), {0, 1, 2, 0, 1, 2, 0}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Text("/groups/0/stratum"), "g=a");
  EXPECT_NEAR(answer.Number("/groups/0/estimate"), 1 + 0.75 + 0.5, 1e-15);
  // From 1 on 1.25 lies beyond, from 2 on 0.5.
  const double a = std::sqrt(1.25 * 1.25 * (1.0 / (4 * 3)) + 0.5 * 0.5 * (1.0 / (3 * 2)));
  const double b = std::sqrt(std::pow(2.0 / 3, 2) * (1.0 / (3 * 2)));
  EXPECT_NEAR(answer.Number("/groups/0/std_error"), a, 1e-15);
  EXPECT_NEAR(answer.Number("/groups/1/estimate"), 2 + 2.0 / 3, 1e-15);
  EXPECT_NEAR(answer.Number("/difference/estimate"), 8.0 / 3 - 2.25, 1e-15);
  EXPECT_NEAR(answer.Number("/difference/std_error"), std::sqrt(a * a + b * b), 1e-15);
  EXPECT_EQ(answer.Text("/difference/contrast"), "g=b - g=a");
  EXPECT_NEAR(answer.Number("/ratio/estimate"), 8.0 / 3 / 2.25, 1e-15);
  EXPECT_EQ(answer.Number("/n"), 7);
}

TEST(RestrictedMean, GoesByDefaultAsFarAsAllCurvesAreKnown) {
  EXPECT_EQ(RunOne(Mean("g"), {Seven()}).Number("/tau"), 4);
  // Group a now ends in an event: its curve is zero from there on, and that of b is known to 5.
  const Table ends =
      MakeTable({{"t", {1, 3, 2, 5}}, {"d", {1, 1, 1, 0}}, {"g", {"a", "a", "b", "b"}}});
  const Answer answer = RunOne(Mean("g"), {ends});
  EXPECT_EQ(answer.Number("/tau"), 5);
  EXPECT_NEAR(answer.Number("/groups/0/estimate"), 1 + 0.5 * 2, 1e-15);
  // Both end in an event.
  const Table both =
      MakeTable({{"t", {1, 3, 2, 5}}, {"d", {1, 1, 1, 1}}, {"g", {"a", "a", "b", "b"}}});
  EXPECT_EQ(RunOne(Mean("g"), {both}).Number("/tau"), 5);
}

TEST(RestrictedMean, ComparesEachFurtherGroupWithTheFirst) {
  const Table three = MakeTable({{"t", {1, 3, 2, 5, 4, 6}},
                                 {"d", {1, 0, 1, 0, 1, 0}},
                                 {"g", {"a", "a", "b", "b", "c", "c"}}});
  const Answer answer = RunOne(Mean("g", "tau = 3\n"), {three});
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/difference"), 2u);
  EXPECT_EQ(answer.Text("/ratio/1/contrast"), "g=c / g=a");
  const Answer one = RunOne(Mean("1", "tau = 3\n"), {three});
  EXPECT_TRUE(one.IsNull("/difference"));
  EXPECT_FALSE(one.Has("/groups/0/stratum"));
}

TEST(RestrictedMean, KeepsToWhereTenAreAtRiskUnderTheDisclosureRules) {
  std::vector<double> t;
  std::vector<double> d;
  for (int i = 1; i <= 40; ++i) {
    t.push_back(i);
    d.push_back(i % 2);
  }
  const Table table = MakeTable({{"t", t}, {"d", d}});
  const Answer answer = RunOne(Mean("1"), {table}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/tau"), 31);  // ten are at risk at 31
  const Answer open = RunOne(Mean("1", "tau = 31\n"), {table});
  EXPECT_EQ(answer.Number("/groups/0/estimate"), open.Number("/groups/0/estimate"));
  const Answer early = RunOne(Mean("1", "tau = 9\n"), {table}, {.minimum_count = 5});
  EXPECT_TRUE(early.IsNull("/groups/0/estimate"));
  EXPECT_EQ(early.Texts("/suppressed")[0], "groups[0].estimate");
  const Answer late = RunOne(Mean("1", "tau = 41\n"), {table}, {.minimum_count = 5});
  EXPECT_EQ(late.error().message,
            "analysis \"a\": tau: found 41, expected at most 36, which 5 of every group reach");
}

TEST(RestrictedMean, SuppressesComparisonsWithASuppressedGroup) {
  std::vector<double> t;
  std::vector<std::string> g;
  for (int i = 1; i <= 40; ++i) {
    t.push_back(i);
    g.push_back(i % 2 == 0 || i > 30 ? "b" : "a");
  }
  const Table table = MakeTable({{"t", t}, {"d", std::vector<double>(40, 1)}, {"g", g}});
  const Answer answer = RunOne(Mean("g", "tau = 18\n"), {table}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/difference/estimate"));
  const std::vector<std::string> suppressed = answer.Texts("/suppressed");
  EXPECT_EQ(suppressed[suppressed.size() - 2], "difference");
  EXPECT_EQ(suppressed.back(), "ratio");
}

TEST(RestrictedMean, SaysWhatIsWrong) {
  EXPECT_EQ(RunOne(Mean("g", "tau = 4.5\n"), {Seven()}).error().message,
            "analysis \"a\": tau: found 4.5, expected at most 4, the follow-up of every group");
  EXPECT_FALSE(RunOne(Mean("g", "tau = 0\n"), {Seven()}));
  EXPECT_EQ(RunOne("method = \"rmst\"\nformula = \"t ~ g\"\n", {Seven()}).error().message,
            "analysis \"a\": formula: found \"t ~ g\", expected Surv(time, status) before ~");
}

}  // namespace
}  // namespace clinnova::stats
