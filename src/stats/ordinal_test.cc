// SPDX-License-Identifier: Apache-2.0
#include "stats/ordinal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;
using Strings = std::vector<std::string>;

std::string Ordinal(const std::string& formula, const std::string& more = "") {
  return "method = \"ordinal\"\nformula = \"" + formula + "\"\n" + more;
}

double Logit(double p) { return std::log(p / (1 - p)); }

/// 20 persons low, 30 mid, 50 top, by levels "a", "b", "c".
Table HundredPersons() {
  Strings y;
  std::vector<double> x;
  for (int i = 0; i < 100; ++i) {
    y.emplace_back(i < 20 ? "a" : i < 50 ? "b" : "c");
    x.push_back((i * 37 + 11) % 17);
  }
  return MakeTable({{"y", y}, {"x", x}});
}

TEST(Ordinal, ThresholdsAreTheCumulativeLogits) {
  std::vector<std::size_t> site_of_row;
  for (std::size_t i = 0; i < 100; ++i) site_of_row.push_back(i % 3);
  const Answer answer = RunOne(Ordinal("y ~ 1"), Split(HundredPersons(), site_of_row, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Size("/terms"), 0U);
  EXPECT_EQ(answer.Text("/thresholds/0/term"), "a|b");
  EXPECT_EQ(answer.Text("/thresholds/1/term"), "b|c");
  EXPECT_NEAR(answer.Number("/thresholds/0/estimate"), Logit(0.2), 1e-14);
  EXPECT_NEAR(answer.Number("/thresholds/1/estimate"), 0, 1e-14);
  EXPECT_NEAR(answer.Number("/thresholds/0/std_error"), 1 / std::sqrt(100 * 0.2 * 0.8), 1e-13);
  const double log_likelihood = 20 * std::log(0.2) + 30 * std::log(0.3) + 50 * std::log(0.5);
  EXPECT_NEAR(answer.Number("/log_lik"), log_likelihood, 1e-11);
  EXPECT_NEAR(answer.Number("/aic"), -2 * log_likelihood + 4, 1e-11);
  EXPECT_EQ(answer.Number("/df_residual"), 98);
}

TEST(Ordinal, IsLogisticRegressionForTwoLevels) {
  const Table table = MakeTable({{"y", {"no", "yes", "no", "yes", "yes", "no", "yes", "no"}},
                                 {"x", {1, 2, 3, 4, 5, 4, 2, 1}}});
  const Answer ordinal = RunOne(Ordinal("y ~ x"), {table});
  const Answer glm =
      RunOne("method = \"glm\"\nfamily = \"binomial\"\nformula = \"y ~ x\"\n", {table});
  ASSERT_TRUE(ordinal && glm) << ordinal.error().message;
  EXPECT_NEAR(ordinal.Number("/terms/0/estimate"), glm.Number("/terms/1/estimate"), 1e-12);
  EXPECT_NEAR(ordinal.Number("/terms/0/std_error"), glm.Number("/terms/1/std_error"), 1e-12);
  EXPECT_NEAR(ordinal.Number("/thresholds/0/estimate"), -glm.Number("/terms/0/estimate"), 1e-12);
  EXPECT_NEAR(ordinal.Number("/deviance"), glm.Number("/deviance"), 1e-11);
}

TEST(Ordinal, TurnsItsSignsWithTheLevels) {
  const Table table = HundredPersons();
  Strings turned;
  for (std::size_t r = 0; r < table.rows; ++r)
    turned.emplace_back(r < 20 ? "c" : r < 50 ? "b" : "a");
  const Table other =
      MakeTable({{"y", turned}, {"x", table.columns[*table.schema.Find("x")].numbers}});
  const Answer a = RunOne(Ordinal("y ~ x"), {table});
  const Answer b = RunOne(Ordinal("y ~ x"), {other});
  ASSERT_TRUE(a && b) << a.error().message;
  EXPECT_NEAR(a.Number("/terms/0/estimate"), -b.Number("/terms/0/estimate"), 1e-13);
  EXPECT_NEAR(a.Number("/log_lik"), b.Number("/log_lik"), 1e-11);
}

TEST(Ordinal, WeightsAreRepetitions) {
  const Table weighted = MakeTable({{"y", {"a", "b", "c", "a", "c", "b"}},
                                    {"x", {1, 2, 3, 3, 2, 5}},
                                    {"w", {2, 1, 2, 1, 1, 0}}});
  const Table repeated =
      MakeTable({{"y", {"a", "a", "b", "c", "c", "a", "c"}}, {"x", {1, 1, 2, 3, 3, 3, 2}}});
  const Answer a = RunOne(Ordinal("y ~ x", "weights = \"w\"\n"), {weighted});
  const Answer b = RunOne(Ordinal("y ~ x"), {repeated});
  ASSERT_TRUE(a && b) << a.error().message;
  EXPECT_NEAR(a.Number("/terms/0/estimate"), b.Number("/terms/0/estimate"), 1e-12);
  EXPECT_NEAR(a.Number("/bic"), b.Number("/bic"), 1e-11);
  EXPECT_EQ(a.Number("/n"), 5);
}

TEST(Ordinal, GivesNoEstimateWhenSeparated) {
  const Table table = MakeTable({{"x", {1, 2, 3, 4, 5, 6}}, {"y", {"a", "a", "b", "b", "c", "c"}}});
  const Answer answer = RunOne(Ordinal("y ~ x"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_TRUE(answer.IsNull("/terms/0/estimate"));
  EXPECT_TRUE(answer.IsNull("/thresholds/0/estimate"));
  EXPECT_TRUE(answer.IsNull("/log_lik"));
}

TEST(Ordinal, RefusesARareLevel) {  // rule 3
  Table table = HundredPersons();
  EXPECT_TRUE(RunOne(Ordinal("y ~ x"), {table}, {.minimum_count = 5}));
  Strings y(97, "a");
  y.insert(y.end(), {"b", "b", "c"});
  const Table rare = MakeTable({{"y", y}, {"x", table.columns[*table.schema.Find("x")].numbers}});
  const Answer answer = RunOne(Ordinal("y ~ x"), {rare}, {.minimum_count = 5});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "rare_level");
}

TEST(Ordinal, SaysWhatIsWrong) {
  const Table table = MakeTable({{"y", {"a", "b", "c", "a"}},
                                 {"x", {1, 2, 3, 5}},
                                 {"one", {"a", "a", "a", "a"}},
                                 {"w", {1, 0, 1, 1}}});
  const auto message = [&](const std::string& study) {
    return RunOne(study, {table}).error().message;
  };
  EXPECT_EQ(message(Ordinal("y ~ x", "link = \"log\"\n")),
            "analysis \"a\": link: found \"log\", expected one of logit, probit, loglog, cloglog, "
            "cauchit");
  EXPECT_NE(message(Ordinal("one ~ x")).find("found one level in use"), std::string::npos);
  EXPECT_NE(message(Ordinal("log(x) ~ y")).find("expected a factor"), std::string::npos);
  EXPECT_NE(message(Ordinal("y ~ 0 + x")).find("expected no - 1"), std::string::npos);
  EXPECT_NE(message(Ordinal("y ~ x", "weights = \"w\"\n")).find("\"b\" of the outcome has no row"),
            std::string::npos);
}

}  // namespace
}  // namespace clinnova::stats
