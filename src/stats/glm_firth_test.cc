// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_firth.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Logistic(const std::string& formula, const std::string& more) {
  return "method = \"glm\"\nfamily = \"binomial\"\nformula = \"" + formula + "\"\n" + more;
}

TEST(Firth, AddsHalfAPersonToEachCellOfATable) {
  // x = 0: 3 of 10; x = 1: all 7 of 7, where the usual estimate is infinite.
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 10; ++i) {
    x.push_back(0);
    y.push_back(i < 3);
  }
  for (int i = 0; i < 7; ++i) {
    x.push_back(1);
    y.push_back(1);
  }
  const Table table = MakeTable({{"x", x}, {"y", y}});
  const Answer answer = RunOne(Logistic("y ~ x", "firth = true\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.True("/converged"));
  const double low = std::log(3.5 / 7.5);
  const double high = std::log(7.5 / 0.5);
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), low, 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), high - low, 1e-12);
  const double p = 3.5 / 11;
  const double q = 7.5 / 8;
  const double i0 = 10 * p * (1 - p);
  const double i1 = 7 * q * (1 - q);
  EXPECT_NEAR(answer.Number("/terms/1/std_error"), std::sqrt(1 / i0 + 1 / i1), 1e-12);
  const double log_likelihood = 3 * std::log(p) + 7 * std::log(1 - p) + 7 * std::log(q);
  EXPECT_NEAR(answer.Number("/log_lik"), log_likelihood + std::log(i0 * i1) / 2, 1e-12);
  EXPECT_NEAR(answer.Number("/deviance"), -2 * log_likelihood, 1e-11);
}

TEST(Firth, DoesNotDependOnTheScaleOfTheColumns) {
  std::vector<double> small;
  std::vector<double> large;
  const std::vector<double> y = {0, 0, 1, 0, 1, 1, 0, 1, 1, 1};
  for (int i = 0; i < 10; ++i) {
    small.push_back(i * 1e-12);
    large.push_back(i * 1e12);
  }
  const Answer a =
      RunOne(Logistic("y ~ x", "firth = true\n"), {MakeTable({{"x", small}, {"y", y}})});
  const Answer b =
      RunOne(Logistic("y ~ x", "firth = true\n"), {MakeTable({{"x", large}, {"y", y}})});
  ASSERT_TRUE(a && b);
  EXPECT_NEAR(a.Number("/terms/1/statistic"), b.Number("/terms/1/statistic"), 1e-12);
  // The determinant of the information is not without a scale: 1e24 squared apart.
  EXPECT_NEAR(b.Number("/log_lik") - a.Number("/log_lik"), 24 * std::log(10.0), 1e-10);
}

TEST(Firth, TellsTheDefaultWhereItWouldHelp) {
  const Table table = MakeTable({{"x", {1, 2, 3, 4, 5, 6}}, {"y", {0, 0, 0, 1, 1, 1}}});
  const Answer without = RunOne(Logistic("y ~ x", ""), {table});
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_NE(without.Texts("/warnings")[0].find("firth = true"), std::string::npos);
  const Answer with = RunOne(Logistic("y ~ x", "firth = true\n"), {table});
  ASSERT_TRUE(with) << with.error().message;
  EXPECT_TRUE(with.True("/converged"));
  EXPECT_LE(with.Number("/iterations"), 15);
}

TEST(Firth, CountsTheThirdMoments) {
  EXPECT_EQ(ThirdMoments(0), 0U);
  EXPECT_EQ(ThirdMoments(1), 1U);
  EXPECT_EQ(ThirdMoments(3), 10U);
}

TEST(Firth, SaysWhatItNeeds) {
  const Table table = MakeTable({{"x", {1, 2, 3, 4}}, {"y", {0, 1, 0, 1}}});
  const auto message = [&](const std::string& study) {
    return RunOne(study, {table}).error().message;
  };
  EXPECT_EQ(message(Logistic("y ~ x", "firth = true\nlink = \"probit\"\n")),
            "analysis \"a\": firth: needs family = \"binomial\" with its logit link");
  EXPECT_EQ(message(Logistic("y ~ x", "firth = true\nridge = 1.0\n")),
            "analysis \"a\": firth: found beside ridge, expected one of them");
  EXPECT_EQ(message(Logistic("y ~ x", "firth = true\nrobust = \"HC0\"\n")),
            "analysis \"a\": robust: found beside firth, expected \"none\"");
  EXPECT_EQ(message("method = \"glm\"\nformula = \"y ~ x\"\nfirth = true\n"),
            "analysis \"a\": firth: needs family = \"binomial\" with its logit link");
}

}  // namespace
}  // namespace clinnova::stats
