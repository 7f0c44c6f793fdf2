// SPDX-License-Identifier: Apache-2.0
#include "stats/multiple_imputation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;
using table::Table;

std::string Imputed(const std::string& formula, const std::string& more = "") {
  return "method = \"multiple_imputation\"\nformula = \"" + formula + "\"\n" + more;
}

/// y = 1 + 2 x + noise; y is missing where z, which depends on y, is large: complete cases mislead, z helps.
Table MissingAtRandom(int rows) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> z;
  for (int r = 0; r < rows; ++r) {
    x.push_back(normal(random));
    const double outcome = 1 + 2 * x.back() + normal(random);
    z.push_back(outcome + 0.5 * normal(random));
    y.push_back(z.back() > 1.5 ? kNa : outcome);
  }
  return MakeTable({{"x", x}, {"y", y}, {"z", z}});
}

TEST(MultipleImputation, FindsWhatCompleteCasesMiss) {
  const Table table = MissingAtRandom(2000);
  const Answer complete = RunOne("method = \"glm\"\nformula = \"y ~ x\"\n", {table});
  ASSERT_TRUE(complete) << complete.error().message;
  EXPECT_LT(complete.Number("/terms/0/estimate"), 0.8);
  const Answer answer = RunOne(
      Imputed("y ~ x", "imputation_variables = [\"z\"]\nimputations = 20\ncycles = 2\n"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/n"), 2000);
  EXPECT_EQ(answer.Number("/n_missing"), 0);
  EXPECT_GT(answer.Number("/n_incomplete"), 700);
  EXPECT_EQ(answer.Text("/variables_imputed/0/model"), "normal");
  EXPECT_TRUE(answer.IsNull("/variables_imputed/1/model"));
  for (const int j : {0, 1}) {
    const std::string term = "/terms/" + std::to_string(j);
    EXPECT_NEAR(answer.Number(term + "/estimate"), 1 + j, 4 * answer.Number(term + "/std_error"));
    EXPECT_GT(answer.Number(term + "/std_error"), std::sqrt(answer.Number(term + "/within")));
  }
}

TEST(MultipleImputation, IsTheModelItselfWhereNothingIsMissing) {
  const Table table = MakeTable({{"x", {1, 2, 3, 4, 5, 6}}, {"y", {2, 1, 4, 3, 7, 5}}});
  const Answer glm = RunOne("method = \"glm\"\nformula = \"y ~ x\"\n", {table});
  const Answer answer = RunOne(Imputed("y ~ x"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), glm.Number("/terms/1/estimate"), 1e-14);
  EXPECT_NEAR(answer.Number("/terms/1/std_error"), glm.Number("/terms/1/std_error"), 1e-14);
  EXPECT_EQ(answer.Number("/terms/1/between"), 0);
  EXPECT_EQ(answer.Size("/warnings"), 0U);
}

TEST(MultipleImputation, DrawsByTheSeed) {
  const Table table = MissingAtRandom(100);
  const auto estimate = [&](const std::string& seed) {
    return RunOne(Imputed("y ~ x", "seed = " + seed + "\n"), {table}).Number("/terms/1/estimate");
  };
  EXPECT_EQ(estimate("7"), estimate("7"));
  EXPECT_NE(estimate("7"), estimate("8"));
}

TEST(MultipleImputation, TellsIdenticalRowsApartByTheirId) {
  // Half of the rows are missing and alike: without an id they all get the same value.
  std::vector<double> y;
  std::vector<double> id;
  for (int r = 0; r < 400; ++r) {
    y.push_back(r % 2 == 0 ? kNa : std::sin(r));
    id.push_back(r);
  }
  const Table table = MakeTable({{"y", y}, {"id", id}});
  const Answer alike = RunOne(Imputed("y ~ 1", "imputations = 20\n"), {table});
  const Answer apart = RunOne(Imputed("y ~ 1", "imputations = 20\nrow_id = \"id\"\n"), {table});
  ASSERT_TRUE(alike && apart) << alike.error().message << apart.error().message;
  EXPECT_EQ(alike.Size("/warnings"), 1U);
  EXPECT_EQ(apart.Size("/warnings"), 0U);
  EXPECT_GT(alike.Number("/terms/0/between"), 20 * apart.Number("/terms/0/between"));
}

TEST(MultipleImputation, SaysWhatCannotBeImputed) {
  const Table table =
      MakeTable({{"x", {1, 2, 3, 4, 5, 6, 7, 8}}, {"b", {0, 0, 0, kNa, 1, 1, kNa, 1}}});
  const Answer answer = RunOne(Imputed("x ~ b"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_NE(answer.Text("/warnings/0").find("b is separated"), std::string::npos);

  const Table empty = MakeTable({{"x", {1, 2, 3}}, {"y", {kNa, kNa, kNa}}});
  EXPECT_EQ(RunOne(Imputed("x ~ y"), {empty}).error().code, ErrorCode::kFailed);
}

TEST(MultipleImputation, NamesTheOptionThatIsWrong) {
  const Table table = MissingAtRandom(50);
  const auto message = [&](const std::string& formula, const std::string& more) {
    const Answer answer = RunOne(Imputed(formula, more), {table});
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidInput) << answer.text();
    return answer.error().message;
  };
  EXPECT_NE(message("y ~ x", "imputations = 1\n").find("2 to 200"), std::string::npos);
  EXPECT_NE(message("y ~ x", "cycles = 0\n").find("1 to 100"), std::string::npos);
  EXPECT_NE(message("y ~ factor(x)", "").find("declared as a factor"), std::string::npos);
  EXPECT_NE(message("y ~ x + strata(z)", "").find("strata()"), std::string::npos);
  EXPECT_NE(message("y ~ ns(x, df = 3)", "").find("found ns(x, df = 3), which would be made of"),
            std::string::npos);
  EXPECT_NE(message("y ~ poly(x, 2)", "").find("expected raw = TRUE"), std::string::npos);
  EXPECT_NE(message("y ~ x", "imputation_variables = [\"crp\"]\n").find("crp"), std::string::npos);
  EXPECT_NE(message("y ~ x", "imputation_method = \"pmm\"\n").find("use \"model\""),
            std::string::npos);
  EXPECT_NE(message("y ~ x", "imputation_method = \"cart\"\n").find("expected \"model\""),
            std::string::npos);
  EXPECT_NE(message("y ~ x", "family = \"beta\"\n").find("family"), std::string::npos);
}

TEST(MultipleImputation, SaysTheSameUnderTheRules) {
  const Table table = MissingAtRandom(300);
  const std::string study = Imputed("y ~ x", "imputation_variables = [\"z\"]\n");
  const Answer lifted = RunOne(study, {table});
  const Answer held = RunOne(study, {table}, {.minimum_count = 5});
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held.Number("/terms/1/estimate"), lifted.Number("/terms/1/estimate"));
  EXPECT_EQ(held.Number("/terms/1/std_error"), lifted.Number("/terms/1/std_error"));
}

TEST(MultipleImputation, LetsNoPersonDecideACoefficient) {
  Table table = MissingAtRandom(200);
  std::vector<double>& z = table.columns[2].numbers;
  z = table.columns[0].numbers;
  const auto seen = std::find_if(table.columns[1].numbers.begin(), table.columns[1].numbers.end(),
                                 [](double y) { return !std::isnan(y); });
  z[static_cast<std::size_t>(seen - table.columns[1].numbers.begin())] += 0.5;
  const Answer answer = RunOne(Imputed("y ~ x + z"), {table}, {.minimum_count = 5});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "leverage") << answer.error().message;
}

TEST(MultipleImputation, IsHeldToTheRules) {
  const Table table =
      MakeTable({{"x", {1, 2, 3, 4, 5, 6, 7, 8, 9}}, {"y", {3, 1, 4, 1, 5, 9, kNa, 6, 5}}});
  const Answer answer = RunOne(Imputed("y ~ x"), {table}, {.minimum_count = 5});
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_TRUE(RunOne(Imputed("y ~ x"), {table}));
  // A term that tells few persons apart, which no variable's counts show.
  const Answer rare = RunOne(Imputed("y ~ x + I(x > 2.2)", "imputations = 2\n"),
                             {MissingAtRandom(200)}, {.minimum_count = 10});
  EXPECT_EQ(rare.error().code, ErrorCode::kRefused);
  EXPECT_EQ(rare.error().reason, "rare_level");
}

}  // namespace
}  // namespace clinnova::stats
