// SPDX-License-Identifier: Apache-2.0
#include "stats/multinomial.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;
using Strings = std::vector<std::string>;

std::string Multinomial(const std::string& formula, const std::string& more = "") {
  return "method = \"multinomial\"\nformula = \"" + formula + "\"\n" + more;
}

/// counts[x][level] persons with x = 0, 1 and levels "a", "b", "c".
Table Persons(const std::vector<std::vector<int>>& counts) {
  Strings y;
  std::vector<double> x;
  for (std::size_t group = 0; group < counts.size(); ++group) {
    for (std::size_t level = 0; level < 3; ++level) {
      for (int i = 0; i < counts[group][level]; ++i) {
        y.emplace_back(1, static_cast<char>('a' + level));
        x.push_back(static_cast<double>(group));
      }
    }
  }
  return MakeTable({{"y", y}, {"x", x}});
}

TEST(Multinomial, IsTheLogOfRatiosOfCounts) {
  const Table table = Persons({{10, 20, 5}, {8, 6, 12}});
  std::vector<std::size_t> site_of_row;
  for (std::size_t i = 0; i < table.rows; ++i) site_of_row.push_back(i % 4);
  const Answer answer = RunOne(Multinomial("y ~ x"), Split(table, site_of_row, 4));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Text("/terms/0/y_level"), "b");
  EXPECT_EQ(answer.Text("/terms/3/y_level"), "c");
  EXPECT_EQ(answer.Text("/terms/3/term"), "x");
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), std::log(2.0), 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), std::log(6.0 / 8) - std::log(2.0), 1e-13);
  EXPECT_NEAR(answer.Number("/terms/3/estimate"), std::log(12.0 / 8) - std::log(0.5), 1e-13);
  EXPECT_NEAR(answer.Number("/terms/0/std_error"), std::sqrt(1 / 10.0 + 1 / 20.0), 1e-13);
  EXPECT_NEAR(answer.Number("/vcov/values/0/2"), 1 / 10.0, 1e-13);
  EXPECT_EQ(answer.Text("/vcov/names/2"), "c:(Intercept)");
  double log_likelihood = 0;
  for (const double count : {10, 20, 5}) log_likelihood += count * std::log(count / 35);
  for (const double count : {8, 6, 12}) log_likelihood += count * std::log(count / 26);
  EXPECT_NEAR(answer.Number("/log_lik"), log_likelihood, 1e-11);
  EXPECT_EQ(answer.Number("/edf"), 4);
}

TEST(Multinomial, IsLogisticRegressionForTwoLevels) {
  const Table table = MakeTable({{"y", {"no", "yes", "no", "yes", "yes", "no", "yes", "no"}},
                                 {"x", {1, 2, 3, 4, 5, 4, 2, 1}}});
  const Answer multinomial = RunOne(Multinomial("y ~ x"), {table});
  const Answer glm =
      RunOne("method = \"glm\"\nfamily = \"binomial\"\nformula = \"y ~ x\"\n", {table});
  ASSERT_TRUE(multinomial && glm) << multinomial.error().message;
  for (const std::string term : {"/terms/0", "/terms/1"}) {
    EXPECT_NEAR(multinomial.Number(term + "/estimate"), glm.Number(term + "/estimate"), 1e-12);
    EXPECT_NEAR(multinomial.Number(term + "/std_error"), glm.Number(term + "/std_error"), 1e-12);
  }
}

TEST(Multinomial, GivesNoEstimateWhenALevelIsMissingInAGroup) {
  const Answer answer = RunOne(Multinomial("y ~ x"), {Persons({{10, 20, 5}, {8, 6, 0}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_TRUE(answer.IsNull("/terms/0/estimate"));
}

TEST(Multinomial, RefusesMoreParametersThanRule2Allows) {
  // 2 levels times 3 columns on 15 rows; the columns by themselves are 3.
  std::vector<double> x;
  std::vector<double> z;
  for (int i = 0; i < 15; ++i) {
    x.push_back(100 + i);  // sizes alike: nobody dominates a sum
    z.push_back(100 + i * i % 7);
  }
  Strings levels;
  for (int i = 0; i < 15; ++i) levels.emplace_back(1, static_cast<char>('a' + i % 3));
  const Table wide = MakeTable({{"y", levels}, {"x", x}, {"z", z}});
  const Answer answer = RunOne(Multinomial("y ~ x + z"), {wide}, {.minimum_count = 5});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "too_many_parameters");
  EXPECT_TRUE(RunOne(Multinomial("y ~ x + z"), {wide}));
}

TEST(Multinomial, SaysWhatIsWrong) {
  const Table table = MakeTable({{"y", {"a", "b", "c", "a"}}, {"x", {1, 2, 3, 5}}});
  const auto message = [&](const std::string& study) {
    return RunOne(study, {table}).error().message;
  };
  EXPECT_NE(message(Multinomial("log(x) ~ y")).find("expected a factor"), std::string::npos);
  EXPECT_NE(message(Multinomial("y ~ x", "link = \"probit\"\n")).find("expected one of logit"),
            std::string::npos);
  EXPECT_NE(message(Multinomial("y ~ offset(x)")).find("offset() is not there"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::stats
