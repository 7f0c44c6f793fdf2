// SPDX-License-Identifier: Apache-2.0
#include "stats/accelerated_failure.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Aft(const std::string& formula, const std::string& more = "") {
  return "method = \"aft\"\nformula = \"" + formula + "\"\n" + more;
}

Table EightPersons() {
  return MakeTable({{"t", {3, 5, 8, 2, 9, 12, 7, 4}},
                    {"d", {1, 1, 0, 1, 0, 1, 1, 1}},
                    {"x", {0, 1, 1, 0, 1, 1, 0, 0}}});
}

TEST(AcceleratedFailure, ExponentialIsPersonTimePerEvent) {
  const Answer answer = RunOne(Aft("Surv(t, d) ~ 1", "distribution = \"exponential\"\n"),
                               Split(EightPersons(), {0, 1, 2, 0, 1, 2, 0, 1}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Size("/terms"), 1U);
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), std::log(50.0 / 6), 1e-14);
  EXPECT_NEAR(answer.Number("/terms/0/std_error"), 1 / std::sqrt(6.0), 1e-14);
  EXPECT_NEAR(answer.Number("/log_lik"), -6 * std::log(50.0 / 6) - 6, 1e-12);
  EXPECT_EQ(answer.Number("/scale"), 1);
  EXPECT_EQ(answer.Number("/n_events"), 6);
}

TEST(AcceleratedFailure, ExponentialRatioOfTwoGroups) {
  const Answer answer =
      RunOne(Aft("Surv(t, d) ~ x", "distribution = \"exponential\"\n"), {EightPersons()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), std::log(16.0 / 4), 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), std::log(34.0 / 2) - std::log(16.0 / 4), 1e-13);
}

TEST(AcceleratedFailure, LognormalWithoutCensoringIsTheMeanOfLogTimes) {
  const Table table =
      MakeTable({{"t", {1, std::exp(1.0), std::exp(2.0), std::exp(5.0)}}, {"d", {1, 1, 1, 1}}});
  const Answer answer = RunOne(Aft("Surv(t, d) ~ 1", "distribution = \"lognormal\"\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), 2, 1e-13);
  const double scale = std::sqrt(14.0 / 4);
  EXPECT_EQ(answer.Text("/terms/1/term"), "Log(scale)");
  EXPECT_NEAR(answer.Number("/scale"), scale, 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), std::log(scale), 1e-13);
  EXPECT_NEAR(answer.Number("/terms/0/std_error"), scale / 2, 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/std_error"), 1 / std::sqrt(8.0), 1e-13);
  EXPECT_EQ(answer.Number("/df_residual"), 2);
}

TEST(AcceleratedFailure, WeibullScaleOneIsExponential) {
  // The score of ln scale at scale 1 says on which side of 1 the Weibull scale lies.
  const Answer weibull = RunOne(Aft("Surv(t, d) ~ x"), {EightPersons()});
  const Answer exponential =
      RunOne(Aft("Surv(t, d) ~ x", "distribution = \"exponential\"\n"), {EightPersons()});
  ASSERT_TRUE(weibull && exponential) << weibull.error().message;
  EXPECT_GT(weibull.Number("/log_lik"), exponential.Number("/log_lik"));
  EXPECT_LT(weibull.Number("/scale"), 1);
}

TEST(AcceleratedFailure, TimesInOtherUnitsMoveTheInterceptAlone) {
  Table table = EightPersons();
  std::vector<double> seconds;
  for (const double t : table.columns[*table.schema.Find("t")].numbers) seconds.push_back(t * 1e12);
  const Table other = MakeTable({{"t", seconds},
                                 {"d", table.columns[*table.schema.Find("d")].numbers},
                                 {"x", table.columns[*table.schema.Find("x")].numbers}});
  for (const std::string kind : {"weibull", "lognormal", "loglogistic"}) {
    const std::string study = Aft("Surv(t, d) ~ x", "distribution = \"" + kind + "\"\n");
    const Answer a = RunOne(study, {table});
    const Answer b = RunOne(study, {other});
    ASSERT_TRUE(a && b);
    EXPECT_NEAR(b.Number("/terms/0/estimate") - a.Number("/terms/0/estimate"), std::log(1e12),
                1e-12);
    EXPECT_NEAR(b.Number("/terms/1/estimate"), a.Number("/terms/1/estimate"), 1e-12);
    EXPECT_NEAR(b.Number("/scale"), a.Number("/scale"), 1e-12);
  }
}

TEST(AcceleratedFailure, GivesNoEstimateForAGroupWithoutEvent) {
  const Table table =
      MakeTable({{"t", {3, 5, 8, 2, 9, 12}}, {"d", {1, 1, 1, 0, 0, 0}}, {"x", {0, 0, 0, 1, 1, 1}}});
  const Answer answer = RunOne(Aft("Surv(t, d) ~ x"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_TRUE(answer.IsNull("/terms/1/estimate"));
  EXPECT_TRUE(answer.IsNull("/scale"));
}

TEST(AcceleratedFailure, RefusesFewEvents) {
  std::vector<double> t;
  std::vector<double> d(40);
  std::vector<double> x;
  for (int i = 0; i < 40; ++i) {
    t.push_back(1 + i % 9);
    x.push_back(i % 7);
  }
  for (const std::size_t r : {3U, 11U, 20U, 31U}) d[r] = 1;
  const Table few = MakeTable({{"t", t}, {"d", d}, {"x", x}});
  const Answer answer = RunOne(Aft("Surv(t, d) ~ x"), {few}, {.minimum_count = 5});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "rare_level");
  d[5] = 1;
  EXPECT_TRUE(RunOne(Aft("Surv(t, d) ~ x"), {MakeTable({{"t", t}, {"d", d}, {"x", x}})},
                     {.minimum_count = 5}));
}

TEST(AcceleratedFailure, SaysWhatIsWrong) {
  const Table table = MakeTable({{"t", {0, 5, 8, 2}},
                                 {"d", {1, 1, 0, 1}},
                                 {"x", {0, 1, 1, 0}},
                                 {"none", std::vector<double>(4)}});
  const auto message = [&](const std::string& study) {
    return RunOne(study, {table}).error().message;
  };
  EXPECT_EQ(message(Aft("Surv(t, d) ~ x")),
            "analysis \"a\": found 1 times of 0 or less, expected times above 0");
  EXPECT_NE(message(Aft("t ~ x")).find("expected Surv(time, status)"), std::string::npos);
  EXPECT_NE(message(Aft("Surv(t, d) ~ x + cluster(x)")).find("are not there for aft"),
            std::string::npos);
  EXPECT_NE(
      message(Aft("Surv(t, d) ~ x", "distribution = \"gamma\"\n")).find("expected one of weibull"),
      std::string::npos);
  EXPECT_NE(message(Aft("Surv(t + 1, none) ~ x")).find("there is no event"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::stats
