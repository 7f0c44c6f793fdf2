// SPDX-License-Identifier: Apache-2.0
#include "stats/conditional_logistic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Conditional(const std::string& formula, const std::string& more = "") {
  return "method = \"conditional_logistic\"\nformula = \"" + formula + "\"\n" + more;
}

struct Pairs {
  std::vector<double> set, y, x;

  void Add(int count, double x_of_case, double x_of_other) {
    for (int i = 0; i < count; ++i) {
      const double number = set.empty() ? 0 : set.back() + 1;
      set.insert(set.end(), {number, number});
      y.insert(y.end(), {1, 0});
      x.insert(x.end(), {x_of_case, x_of_other});
    }
  }
  Table table() const { return MakeTable({{"set", set}, {"y", y}, {"x", x}}); }
};

/// 12 pairs in which only the case was exposed, 5 in which only the other was, 9 without a difference.
Pairs TwentySixPairs() {
  Pairs pairs;
  pairs.Add(12, 1, 0);
  pairs.Add(5, 0, 1);
  pairs.Add(9, 1, 1);
  return pairs;
}

TEST(ConditionalLogistic, IsTheRatioOfDiscordantPairs) {
  const Table table = TwentySixPairs().table();
  std::vector<std::size_t> site_of_row;
  for (std::size_t r = 0; r < table.rows; ++r) site_of_row.push_back(r / 2 % 3);
  for (const std::string ties : {"exact", "efron", "breslow"}) {
    const Answer answer = RunOne(Conditional("y ~ x + strata(set)", "ties = \"" + ties + "\"\n"),
                                 Split(table, site_of_row, 3));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.Text("/terms/0/term"), "x");
    EXPECT_NEAR(answer.Number("/terms/0/estimate"), std::log(12.0 / 5), 1e-13);
    EXPECT_NEAR(answer.Number("/terms/0/odds_ratio"), 12.0 / 5, 1e-12);
    EXPECT_NEAR(answer.Number("/terms/0/std_error"), std::sqrt(1 / 12.0 + 1 / 5.0), 1e-13);
    EXPECT_NEAR(answer.Number("/log_lik_null"), -26 * std::log(2.0), 1e-13);
    EXPECT_EQ(answer.Number("/n_sets"), 26);
    EXPECT_EQ(answer.Number("/n_events"), 26);
  }
}

TEST(ConditionalLogistic, SetsOfTwoSitesAreTwoSets) {
  Table table = TwentySixPairs().table();
  // The same numbers at both sites.
  const Answer both = RunOne(Conditional("y ~ x + strata(set)"), {table, table});
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(both.Number("/n_sets"), 52);
  EXPECT_NEAR(both.Number("/terms/0/estimate"), std::log(12.0 / 5), 1e-13);
}

TEST(ConditionalLogistic, LeavesOutWhatDoesNotVaryWithinSets) {
  Pairs pairs = TwentySixPairs();
  std::vector<double> age;
  for (const double set : pairs.set) age.push_back(40.1 + set / 7);
  const Table table = MakeTable({{"set", pairs.set}, {"y", pairs.y}, {"x", pairs.x}, {"age", age}});
  const Answer answer = RunOne(Conditional("y ~ age + x + strata(set)"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/terms/0/estimate"));
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), std::log(12.0 / 5), 1e-13);
  EXPECT_EQ(answer.Size("/warnings"), 1U);
}

TEST(ConditionalLogistic, GivesNoEstimateWhenMonotone) {
  Pairs pairs;
  pairs.Add(12, 1, 0);
  const Answer answer = RunOne(Conditional("y ~ x + strata(set)"), {pairs.table()});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_TRUE(answer.IsNull("/terms/0/estimate"));
}

TEST(ConditionalLogistic, RefusesFewSets) {
  Pairs pairs = TwentySixPairs();
  const std::string study = Conditional("y ~ x + strata(set)");
  EXPECT_TRUE(RunOne(study, {pairs.table()}, {.minimum_count = 5}));
  // One large set in place of many.
  std::fill(pairs.set.begin(), pairs.set.end(), 1);
  const Answer answer = RunOne(study, {pairs.table()}, {.minimum_count = 5});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_EQ(answer.error().reason, "rare_level");
}

TEST(ConditionalLogistic, SaysWhatIsWrong) {
  const Table table = MakeTable({{"set", {1, 1, 2, 2}}, {"y", {0, 1, 2, 0}}, {"x", {1, 2, 3, 5}}});
  const auto message = [&](const std::string& study) {
    return RunOne(study, {table}).error().message;
  };
  EXPECT_EQ(message(Conditional("y ~ x")),
            "analysis \"a\": formula: found \"y ~ x\", expected strata(set), which names the "
            "matched sets");
  EXPECT_EQ(message(Conditional("y ~ x + strata(set)")),
            "analysis \"a\": the outcome is neither 0 nor 1 in 1 rows");
  EXPECT_NE(message(Conditional("Surv(x, y) ~ x + strata(set)")).find("expected an outcome"),
            std::string::npos);
  EXPECT_NE(message(Conditional("y ~ x + strata(set)", "ties = \"none\"\n"))
                .find("expected one of exact"),
            std::string::npos);
  EXPECT_NE(message(Conditional("y ~ x + strata(set)", "weights = \"x\"\n"))
                .find("expected ties = \"efron\" or \"breslow\""),
            std::string::npos);
  const Table none = MakeTable({{"set", {1, 1, 2, 2}}, {"y", {0, 0, 1, 1}}, {"x", {1, 2, 3, 5}}});
  EXPECT_NE(
      RunOne(Conditional("y ~ x + strata(set)"), {none}).error().message.find("no set has both"),
      std::string::npos);
}

}  // namespace
}  // namespace clinnova::stats
