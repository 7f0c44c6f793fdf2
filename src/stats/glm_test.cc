// SPDX-License-Identifier: Apache-2.0
#include "stats/glm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;
using table::Table;

std::string Glm(const std::string& formula, const std::string& more = "") {
  return "method = \"glm\"\nformula = \"" + formula + "\"\n" + more;
}

TEST(Glm, IsLeastSquaresForTheGaussianFamily) {
  // x - mean = -2 … 2; slope = sum (x - mean) y / 10.
  const Table table = MakeTable({{"x", {1, 2, 3, 4, 5}}, {"y", {2, 1, 4, 3, 7}}});
  const Answer answer = RunOne(Glm("y ~ x"), Split(table, {0, 1, 2, 1, 0}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.True("/converged"));
  EXPECT_EQ(answer.Text("/terms/1/term"), "x");
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), 1.2, 1e-14);
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), 3.4 - 3 * 1.2, 1e-13);
  const double residual = 21.2 - 10 * 1.2 * 1.2;  // total less explained
  EXPECT_NEAR(answer.Number("/deviance"), residual, 1e-12);
  EXPECT_NEAR(answer.Number("/null_deviance"), 21.2, 1e-12);
  EXPECT_NEAR(answer.Number("/dispersion"), residual / 3, 1e-12);
  EXPECT_NEAR(answer.Number("/terms/1/std_error"), std::sqrt(residual / 3 / 10), 1e-13);
  EXPECT_EQ(answer.Number("/df_residual"), 3);
}

TEST(Glm, IsTheLogOddsRatioOfATwoByTwoTable) {
  // x = 0: 10 of 40; x = 1: 30 of 50.
  std::vector<double> x;
  std::vector<double> y;
  const auto add = [&](double level, int events, int persons) {
    for (int i = 0; i < persons; ++i) {
      x.push_back(level);
      y.push_back(i < events);
    }
  };
  add(0, 10, 40);
  add(1, 30, 50);
  const Answer answer = RunOne(Glm("y ~ x", "family = \"binomial\"\n"),
                               {MakeTable({{"x", x}, {"y", y}})}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), std::log(10.0 / 30), 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), std::log((30.0 / 20) / (10.0 / 30)), 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/std_error"),
              std::sqrt(1 / 30.0 + 1 / 20.0 + 1 / 10.0 + 1 / 30.0), 1e-13);
  EXPECT_EQ(answer.Text("/ratio"), "odds ratio");
}

TEST(Glm, IsTheRatioOfRatesWithAnOffset) {
  // 6 events in 12 person-years against 10 in 5.
  const Table table = MakeTable({{"x", {0, 0, 1, 1}}, {"y", {2, 4, 7, 3}}, {"t", {4, 8, 3, 2}}});
  const Answer answer = RunOne(Glm("y ~ x + offset(log(t))", "family = \"poisson\"\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), std::log(0.5), 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), std::log(4.0), 1e-13);
}

TEST(Glm, RobustErrorsOfAMean) {
  // y ~ 1: HC0 = sum (y - mean)^2 / n^2; HC1 multiplies by n / (n - 1); clusters add their residuals first.
  const Table table = MakeTable({{"y", {1, 2, 3, 6}}, {"id", {7, 7, 9, 9}}});
  const double hc0 = 14.0 / 16;
  const auto variance = [&](const std::string& formula, const std::string& robust) {
    const Answer answer = RunOne(Glm(formula, "robust = \"" + robust + "\"\n"), {table});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer.Number("/vcov/values/0/0");
  };
  EXPECT_NEAR(variance("y ~ 1", "HC0"), hc0, 1e-14);
  EXPECT_NEAR(variance("y ~ 1", "HC1"), hc0 * 4 / 3, 1e-14);
  EXPECT_NEAR(variance("y ~ 1 + cluster(id)", "cluster"), (9.0 + 9.0) / 16 * 2, 1e-13);
  const Answer none = RunOne(Glm("y ~ 1", "robust = \"cluster\"\n"), {table});
  EXPECT_EQ(none.error().message,
            "analysis \"a\": robust: \"cluster\" needs cluster(id) in the formula");
}

TEST(Glm, LeavesOutRowsOfWeightZero) {
  const Table weighted =
      MakeTable({{"x", {1, 2, 3, 4, 9}}, {"y", {2, 1, 4, 3, 99}}, {"w", {1, 2, 1, 1, 0}}});
  const Table repeated = MakeTable({{"x", {1, 2, 2, 3, 4}}, {"y", {2, 1, 1, 4, 3}}});
  const Answer a = RunOne(Glm("y ~ x", "weights = \"w\"\n"), {weighted});
  const Answer b = RunOne(Glm("y ~ x"), {repeated});
  ASSERT_TRUE(a && b) << a.error().message;
  EXPECT_NEAR(a.Number("/terms/1/estimate"), b.Number("/terms/1/estimate"), 1e-13);
  EXPECT_NEAR(a.Number("/deviance"), b.Number("/deviance"), 1e-12);
  EXPECT_EQ(a.Number("/n"), 4);
}

TEST(Glm, DropsCollinearTermsAsRDoes) {
  const Table table =
      MakeTable({{"x", {1, 2, 3, 4, 5}}, {"z", {2, 4, 6, 8, 10}}, {"y", {2, 1, 4, 3, 7}}});
  const Answer answer = RunOne(Glm("y ~ x + z"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), 1.2, 1e-13);
  EXPECT_TRUE(answer.IsNull("/terms/2/estimate"));
  EXPECT_EQ(
      answer.Texts("/warnings"),
      (std::vector<std::string>{"not estimable, because collinear with the terms before: z"}));
}

TEST(Glm, GivesNoEstimateWhenSeparated) {
  const Table table = MakeTable({{"x", {1, 2, 3, 4, 5, 6}}, {"y", {0, 0, 0, 1, 1, 1}}});
  const Answer answer = RunOne(Glm("y ~ x", "family = \"binomial\"\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_TRUE(answer.IsNull("/terms/1/estimate"));
  EXPECT_EQ(answer.Size("/warnings"), 1u);
}

TEST(Glm, RefusesARareOutcome) {  // rule 3
  std::vector<double> x;
  std::vector<double> y(40);
  for (int i = 0; i < 40; ++i) x.push_back(i % 7);
  for (const std::size_t r : {3u, 14u, 25u, 36u}) y[r] = 1;
  const std::string study = Glm("y ~ x", "family = \"binomial\"\n");
  const Answer rare = RunOne(study, {MakeTable({{"x", x}, {"y", y}})}, {.minimum_count = 5});
  ASSERT_FALSE(rare);
  EXPECT_EQ(rare.error().code, ErrorCode::kRefused);
  EXPECT_EQ(rare.error().reason, "rare_level");
  EXPECT_TRUE(RunOne(study, {MakeTable({{"x", x}, {"y", y}})}));
  y[39] = 1;
  EXPECT_TRUE(RunOne(study, {MakeTable({{"x", x}, {"y", y}})}, {.minimum_count = 5}));
}

TEST(Glm, FitsAModelWithoutCoefficients) {
  const Table table = MakeTable({{"y", {1, 2, 3}}, {"z", {1, 1, 5}}});
  const Answer nothing = RunOne(Glm("y ~ 0"), {table});
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_TRUE(nothing.True("/converged"));
  EXPECT_EQ(nothing.Size("/terms"), 0u);
  EXPECT_NEAR(nothing.Number("/deviance"), 14, 1e-14);
  EXPECT_EQ(nothing.Number("/df_residual"), 3);
  const std::string firth = Glm("y > 1 ~ 0", "family = \"binomial\"\nfirth = true\n");
  EXPECT_EQ(RunOne(firth, {table}).error().code, ErrorCode::kInvalidInput);
  const Answer offset = RunOne(Glm("y ~ offset(z) - 1"), {table});
  ASSERT_TRUE(offset) << offset.error().message;
  EXPECT_NEAR(offset.Number("/deviance"), 0 + 1 + 4, 1e-14);
}

TEST(Glm, ClosesInFastWhereTheLinkIsNotCanonical) {
  // Few rows far from the line, where Fisher's scoring gains less than a digit a step.
  const Table table = MakeTable({{"x", {0, 1, 2, 3, 4, 5, 6, 7}}, {"y", {9, 1, 7, 2, 1, 6, 1, 8}}});
  for (const std::string more :
       {"family = \"gaussian\"\nlink = \"log\"\n", "family = \"Gamma\"\nlink = \"log\"\n",
        "family = \"gaussian\"\nlink = \"inverse\"\n"}) {
    const Answer answer = RunOne(Glm("y ~ x + I(x^2)", more), {table});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer.True("/converged")) << more;
    EXPECT_LE(answer.Number("/iterations"), 12) << more;
  }
}

TEST(Glm, KeepsTheDigitsOfRobustErrorsWhateverTheRange) {
  // One mean per group under an inverse link: the error of 1 / mean is sqrt(sum of squares) / n / mean^2. The outcome of
  // group b is a million times that of group a.
  const std::vector<double> a = {1, 2, 3, 6};
  std::vector<double> y = a;
  for (const double value : a) y.push_back(1e6 * value);
  const Table table = MakeTable({{"y", y},
                                 {"g", {"a", "a", "a", "a", "b", "b", "b", "b"}},
                                 {"id", {1, 2, 3, 4, 5, 6, 7, 8}}});
  const double error = std::sqrt(14.0) / 4 / 9;
  for (const bool clustered : {false, true}) {
    const std::string robust =
        clustered ? "robust = \"cluster\"\ncluster = \"id\"\n" : "robust = \"HC0\"\n";
    const Answer answer = RunOne(Glm("y ~ 0 + g", "family = \"Gamma\"\n" + robust), {table});
    ASSERT_TRUE(answer) << answer.error().message;
    const double expected = error * (clustered ? std::sqrt(8.0 / 7) : 1);
    EXPECT_NEAR(answer.Number("/terms/0/std_error") / expected, 1, 1e-10);
    EXPECT_NEAR(answer.Number("/terms/1/std_error") / (1e-6 * expected), 1, 1e-10);
  }
}

TEST(Glm, SaysThatARateIsZero) {
  const Table table = MakeTable({{"g", {"a", "a", "a", "b", "b", "b"}}, {"y", {1, 3, 2, 0, 0, 0}}});
  const Answer answer = RunOne(Glm("y ~ g", "family = \"poisson\"\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_NE(answer.Text("/warnings/0").find("no event at all"), std::string::npos);
  EXPECT_TRUE(answer.IsNull("/terms/0/estimate"));
}

TEST(Glm, RefusesWhatItWouldLeaveOut) {
  const Table table = MakeTable({{"y", {1, 2, 3, 5}}, {"x", {1, 0, 1, 2}}, {"g", {1, 1, 2, 2}}});
  const struct {
    std::string formula, part;
  } cases[] = {{"y ~ x + (1 | g)", "found a random effect, which is for method \"mixed\""},
               {"y ~ x + strata(g)", "found strata(g), which method glm does not have"},
               {"y ~ x + cluster(g)", "expected robust = \"cluster\" beside it"}};
  for (const auto& c : cases) {
    const Answer answer = RunOne(Glm(c.formula), {table});
    ASSERT_FALSE(answer) << c.formula;
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(answer.error().message.find(c.part), std::string::npos) << answer.error().message;
  }
  EXPECT_TRUE(RunOne(Glm("y ~ x + cluster(g)", "robust = \"cluster\"\n"), {table}));
}

TEST(Glm, SaysWhatIsWrong) {
  const Table table = MakeTable({{"x", {1, 2, 3, 4}}, {"y", {1, 2, 3, 4}}, {"w", {1, -1, 1, 1}}});
  struct Case {
    std::string study, message;
  };
  const std::vector<Case> cases = {
      {Glm("y ~ x", "family = \"normal\"\n"),
       "analysis \"a\": family: found \"normal\", expected one of "},
      {Glm("y ~ x", "family = \"binomial\"\n"),
       "analysis \"a\": the outcome is outside the range of family binomial with its link in 3 "
       "rows"},
      {Glm("y ~ x", "robust = \"HC9\"\n"),
       "analysis \"a\": robust: found \"HC9\", expected one of none, HC0"},
      {Glm("cbind(y, x) ~ w"),
       "analysis \"a\": formula: cbind(successes, failures) needs a binomial family"},
      {Glm("Surv(y, x) ~ w"), ""},
      {Glm("y ~ x", "ridge = -1.0\n"), "analysis \"a\": ridge: "},
      {Glm("y ~ x", "unheard = 1\n"),
       "analysis \"a\": unheard: unknown option of method glm, expected one of formula"},
  };
  for (const Case& c : cases) {
    const Answer answer = RunOne(c.study, {table});
    ASSERT_FALSE(answer) << c.study;
    EXPECT_EQ(answer.error().message.substr(0, c.message.size()), c.message);
  }
  EXPECT_FALSE(RunOne(Glm("y ~ x", "weights = \"w\"\n"), {table}));
}

}  // namespace
}  // namespace clinnova::stats
