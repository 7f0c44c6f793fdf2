// SPDX-License-Identifier: Apache-2.0
#include "stats/logrank.h"

#include <gtest/gtest.h>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string GroupTest(const std::string& right, const std::string& more = "") {
  return "method = \"logrank\"\nformula = \"Surv(t, d) ~ " + right + "\"\n" + more;
}

// Events at 1 (a), 2 (b), 3 (a), 4 (b), all in one stratum.
Table Four() {
  return MakeTable({{"t", {1, 2, 3, 4}}, {"d", {1, 1, 1, 1}}, {"g", {"a", "b", "a", "b"}}});
}

TEST(Logrank, ComparesObservedWithExpected) {
  const Answer answer = RunOne(GroupTest("g"), Split(Four(), {0, 1, 1, 0}, 2));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/observed"), (std::vector<double>{2, 2}));
  const double expected = 2.0 / 4 + 1.0 / 3 + 1.0 / 2 + 0;  // of a
  EXPECT_NEAR(answer.Numbers("/expected")[0], expected, 1e-15);
  EXPECT_NEAR(answer.Numbers("/expected")[1], 4 - expected, 1e-15);
  const double variance = 1.0 / 4 + 2.0 / 9 + 1.0 / 4;
  EXPECT_NEAR(answer.Number("/statistic"), (2 - expected) * (2 - expected) / variance, 1e-14);
  EXPECT_EQ(answer.Number("/df"), 1);
}

TEST(Logrank, WeighsByTheSurvivalOfAll) {  // rho = 1: Peto and Peto
  const Answer answer = RunOne(GroupTest("g", "rho = 1\n"), {Four()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Numbers("/observed")[0], 1 + 0.5, 1e-15);
  EXPECT_NEAR(answer.Numbers("/expected")[0], 0.5 + 0.75 / 3 + 0.5 / 2, 1e-15);
}

TEST(Logrank, AddsStrata) {
  Table table = MakeTable({{"t", {1, 2, 3, 4, 1, 2, 3, 4}},
                           {"d", {1, 1, 1, 1, 1, 1, 1, 1}},
                           {"g", {"a", "b", "a", "b", "a", "b", "a", "b"}},
                           {"h", {"u", "u", "u", "u", "v", "v", "v", "v"}}});
  const Answer one = RunOne(GroupTest("g"), {Four()});
  const Answer two = RunOne(GroupTest("g + strata(h)"), {table});
  ASSERT_TRUE(one && two) << two.error().message;
  EXPECT_NEAR(two.Number("/statistic"), 2 * one.Number("/statistic"), 1e-14);
  EXPECT_NEAR(two.Numbers("/expected")[0], 2 * one.Numbers("/expected")[0], 1e-14);
}

TEST(Logrank, LeavesOutAGroupThatNobodyIsIn) {
  const Table table = MakeTable(
      {{"t", {1, 2, 3, 4, table::kNa}}, {"d", {1, 1, 1, 1, 1}}, {"g", {"a", "b", "a", "b", "c"}}});
  const Answer answer = RunOne(GroupTest("g"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/df"), 1);
  EXPECT_EQ(answer.Size("/observed"), 2u);
  EXPECT_EQ(answer.Number("/statistic"), RunOne(GroupTest("g"), {Four()}).Number("/statistic"));
}

TEST(Logrank, SaysWhatIsWrong) {
  EXPECT_EQ(RunOne(GroupTest("1"), {Four()}).error().message,
            "analysis \"a\": formula: found \"Surv(t, d) ~ 1\", expected groups to compare on the "
            "right of ~");
  const Table alone = MakeTable({{"t", {1, 2}}, {"d", {1, 1}}, {"g", {"a", "a"}}});
  EXPECT_EQ(RunOne(GroupTest("g"), {alone}).error().message,
            "analysis \"a\": there is only one group");
  EXPECT_EQ(RunOne("method = \"logrank\"\nformula = \"t ~ g\"\n", {Four()}).error().code,
            ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace clinnova::stats
