// SPDX-License-Identifier: Apache-2.0
#include "stats/summary.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;
using table::Table;

const std::string kX = "method = \"summary\"\nvariables = [\"x\"]\n";

TEST(Summary, GivesMomentsAndQuantiles) {
  const Table table = MakeTable({{"x", {1, 2, 4, kNa, 5}}});
  const Answer answer = RunOne(kX, Split(table, {0, 1, 0, 1, 2}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  const std::string v = "/variables/0";
  EXPECT_EQ(answer.Number(v + "/n"), 4);
  EXPECT_EQ(answer.Number(v + "/n_missing"), 1);
  EXPECT_EQ(answer.Number(v + "/mean"), 3);
  EXPECT_NEAR(answer.Number(v + "/variance"), 10.0 / 3, 1e-15);
  EXPECT_NEAR(answer.Number(v + "/sd"), std::sqrt(10.0 / 3), 1e-15);
  EXPECT_EQ(answer.Number(v + "/skewness"), 0);
  // g2 = (34/4) / (10/4)^2 - 3 = -1.64; 3 / 2 * (5 * -1.64 + 6) = -3.3
  EXPECT_NEAR(answer.Number(v + "/kurtosis"), -3.3, 1e-13);
  EXPECT_EQ(answer.Numbers(v + "/quantiles"), (std::vector<double>{1.75, 3, 4.25}));
  EXPECT_EQ(answer.Number("/rounds"), 8);
}

TEST(Summary, KeepsTheDigitsOfADistantMean) {
  const double far = 1e12;
  const Answer answer = RunOne(kX, {MakeTable({{"x", {far + 1, far + 2, far + 4, far + 5}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/variables/0/variance"), 10.0 / 3, 1e-14);
}

TEST(Summary, LeavesOutWhatAConstantDoesNotHave) {
  const Answer one = RunOne(kX, {MakeTable({{"x", {3.5}}})});
  ASSERT_TRUE(one);
  EXPECT_EQ(one.Number("/variables/0/mean"), 3.5);
  EXPECT_TRUE(one.IsNull("/variables/0/variance"));
  EXPECT_TRUE(one.IsNull("/variables/0/kurtosis"));
  const Answer none = RunOne(kX, {MakeTable({{"x", {kNa, kNa}}})});
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(none.Number("/variables/0/n"), 0);
  EXPECT_TRUE(none.IsNull("/variables/0/mean"));
  EXPECT_TRUE(none.IsNull("/variables/0/quantiles/1"));
}

TEST(Summary, CountsLevelsAndHidesRareOnes) {
  std::vector<std::string> f(30, "a");
  for (std::size_t r = 0; r < 12; ++r) f[r] = "b";
  for (std::size_t r = 28; r < 30; ++r) f[r] = "c";
  const std::string study = "method = \"summary\"\nvariables = [\"f\"]\n";
  const Answer open = RunOne(study, {MakeTable({{"f", f}})});
  ASSERT_TRUE(open);
  EXPECT_EQ(open.Number("/variables/0/counts/a"), 16);
  EXPECT_EQ(open.Number("/variables/0/counts/c"), 2);
  const Answer kept = RunOne(study, {MakeTable({{"f", f}})}, {.minimum_count = 5});
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept.IsNull("/variables/0/counts/c"));
  // n is told: another level must be hidden too, or 2 is n less the others.
  EXPECT_TRUE(kept.IsNull("/variables/0/counts/b"));
  EXPECT_EQ(kept.Number("/variables/0/counts/a"), 16);
}

TEST(Summary, SuppressesQuantilesNearTheEnds) {
  std::vector<double> x;
  for (int i = 1; i <= 21; ++i) x.push_back(i);
  const std::string study =
      kX + "quantiles = [0, 0.15, 0.2, 0.5, 0.8, 0.85, 1]\n";  // orders 1 4 5 11 17 18 21
  const Answer answer = RunOne(study, {MakeTable({{"x", x}})}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  for (const int hidden : {0, 1, 5, 6}) {
    EXPECT_TRUE(answer.IsNull("/variables/0/quantiles/" + std::to_string(hidden))) << hidden;
  }
  EXPECT_EQ(answer.Number("/variables/0/quantiles/2"), 5);
  EXPECT_EQ(answer.Number("/variables/0/quantiles/3"), 11);
  EXPECT_EQ(answer.Number("/variables/0/quantiles/4"), 17);
  EXPECT_EQ(answer.Size("/suppressed"), 4u);
  const Answer open = RunOne(study, {MakeTable({{"x", x}})});
  EXPECT_EQ(open.Number("/variables/0/quantiles/0"), 1);
  EXPECT_EQ(open.Number("/variables/0/quantiles/6"), 21);
}

TEST(Summary, HidesMomentsOfFewValues) {
  std::vector<double> x(20, kNa);
  x[0] = x[1] = x[2] = 7;
  const Answer answer = RunOne(kX, {MakeTable({{"x", x}})}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/variables/0/mean"));
  EXPECT_TRUE(answer.IsNull("/variables/0/quantiles/1"));
  EXPECT_EQ(answer.Texts("/suppressed")[0], "variables[0].mean");
  EXPECT_EQ(answer.Size("/suppressed"), 8u);  // five moments, three quantiles
}

TEST(Summary, CountsRowsThatHaveAnyOfTheVariables) {
  const Answer answer = RunOne("method = \"summary\"\nvariables = [\"x\", \"z\"]\n",
                               {MakeTable({{"x", {1, kNa, 3, kNa}}, {"z", {kNa, kNa, 1, 2}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/n"), 3);
  EXPECT_EQ(answer.Number("/n_missing"), 1);
  EXPECT_EQ(answer.Number("/variables/0/n"), 2);
}

TEST(Summary, SaysWhatIsWrong) {
  const Table table = MakeTable({{"x", {1.0}}});
  EXPECT_EQ(RunOne("method = \"summary\"\nvariables = [\"y\"]\n", {table}).error().message,
            "analysis \"a\": variables: found \"y\", expected one of x, site");
  EXPECT_EQ(RunOne("method = \"summary\"\n", {table}).error().message,
            "analysis \"a\": variables: found none, expected a list of columns");
  EXPECT_EQ(RunOne(kX + "quantiles = [1.5]\n", {table}).error().message,
            "analysis \"a\": quantiles: found [1.5], expected numbers between 0 and 1");
}

}  // namespace
}  // namespace clinnova::stats
