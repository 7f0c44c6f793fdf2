// SPDX-License-Identifier: Apache-2.0
#include "stats/gee.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Gee(const std::string& formula, const std::string& more = "") {
  return "method = \"gee\"\nformula = \"" + formula + "\"\nid = \"id\"\n" + more;
}

/// Four persons with two visits each: residuals from the mean 4 are (-3, -1), (-1, 0), (1, 1), (0, 3).
Table Pairs() {
  return MakeTable({{"y", {1, 3, 3, 4, 5, 5, 4, 7}},
                    {"id", {1, 1, 2, 2, 3, 3, 4, 4}},
                    {"t", {1, 2, 1, 2, 1, 2, 1, 2}}});
}

TEST(Gee, EstimatesMeanScaleAndCorrelation) {
  for (const std::string correlation : {"exchangeable", "ar1"}) {
    const Answer answer =
        RunOne(Gee("y ~ 1", "correlation = \"" + correlation + "\"\ntime = \"t\"\n"),
               Split(Pairs(), {0, 0, 1, 1, 2, 2, 0, 0}, 3));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer.True("/converged"));
    EXPECT_NEAR(answer.Number("/terms/0/estimate"), 4, 1e-13);
    EXPECT_NEAR(answer.Number("/scale"), 22.0 / 8, 1e-13);
    // Products of the pairs: 3, 0, 1, 0.
    EXPECT_NEAR(answer.Number("/alpha"), (4.0 / 4) / (22.0 / 8), 1e-12);
    // Sums of the clusters' residuals: -4, -1, 2, 3; the sandwich of a mean.
    EXPECT_NEAR(answer.Number("/terms/0/std_error"), std::sqrt(30.0) / 8, 1e-13);
    EXPECT_NEAR(answer.Number("/terms/0/statistic"), 16 / (30.0 / 64), 1e-10);
    EXPECT_EQ(answer.Number("/clusters"), 4);
    EXPECT_EQ(answer.Number("/max_cluster_size"), 2);
  }
}

TEST(Gee, MeansNothingByTheOutcomesUnit) {
  const std::vector<double> y = {1, 3, 3, 4, 5, 5, 4, 7, 2, 2};
  for (const std::string more :
       {"family = \"gaussian\"\n", "family = \"gaussian\"\nlink = \"log\"\n",
        "family = \"gaussian\"\nlink = \"inverse\"\n", "family = \"Gamma\"\n",
        "family = \"Gamma\"\nlink = \"log\"\n", "family = \"Gamma\"\nlink = \"identity\"\n"}) {
    std::vector<double> p_values;
    for (const int power : {0, -40, -20, 30}) {
      std::vector<double> scaled;
      for (const double value : y) scaled.push_back(std::ldexp(value, power));
      const Table table = MakeTable({{"y", scaled},
                                     {"x", {1, 2, 1, 3, 4, 2, 4, 5, 1, 2}},
                                     {"id", {1, 1, 2, 2, 3, 3, 4, 4, 5, 5}}});
      const Answer answer =
          RunOne(Gee("y ~ x", "correlation = \"exchangeable\"\n" + more), {table});
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_TRUE(answer.True("/converged")) << more << power;
      p_values.push_back(answer.Number("/terms/1/p_value"));
      EXPECT_NEAR(p_values.back() / p_values.front(), 1, 1e-9) << more << power;
    }
  }
}

TEST(Gee, MeansNothingByTheOrderOfRows) {
  const Table table = Pairs();
  const std::string study = Gee("y ~ 1", "correlation = \"ar1\"\ntime = \"t\"\n");
  EXPECT_EQ(RunOne(study, {table}).text(),
            RunOne(study, {Reordered(table, {5, 2, 7, 0, 3, 1, 6, 4})}).text());
}

TEST(Gee, TakesTimeOrOrderAsLag) {
  const Table table = MakeTable({{"y", {1, 3, 3, 4, 5, 5, 4, 7}},
                                 {"id", {1, 1, 2, 2, 3, 3, 4, 4}},
                                 {"t", {1, 3, 2, 4, 5, 7, 1, 3}}});
  const std::string ar1 = "correlation = \"ar1\"\ntime = \"t\"\n";
  const Answer time = RunOne(Gee("y ~ 1", ar1), {table});
  const Answer order = RunOne(Gee("y ~ 1", ar1 + "lag = \"order\"\n"), {table});
  ASSERT_TRUE(time && order) << time.error().message;
  EXPECT_NEAR(time.Number("/alpha") * time.Number("/alpha"), order.Number("/alpha"), 1e-10);
}

TEST(Gee, HidesTheLargestClusterUnderTheRules) {
  std::vector<double> y;
  std::vector<double> id;
  for (int i = 0; i < 60; ++i) {
    y.push_back((i * 7) % 11);
    id.push_back(std::floor(i / 3.0));
  }
  const Answer answer = RunOne(Gee("y ~ 1", "correlation = \"exchangeable\"\n"),
                               {MakeTable({{"y", y}, {"id", id}})}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/max_cluster_size"));
  EXPECT_EQ(answer.Texts("/suppressed"), std::vector<std::string>{"max_cluster_size"});
  const Answer few = RunOne(Gee("y ~ 1"), {MakeTable({{"y", y}, {"id", std::vector<double>(60)}})},
                            {.minimum_count = 5});
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().reason, "too_few_groups");
}

TEST(Gee, SaysThatSingleRowsHaveNoCorrelation) {
  const Answer answer = RunOne(Gee("y ~ 1", "correlation = \"exchangeable\"\n"),
                               {MakeTable({{"y", {1, 3, 3, 4, 5}}, {"id", {1, 2, 3, 4, 5}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/alpha"));
  EXPECT_EQ(answer.Size("/warnings"), 1U);
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), 3.2, 1e-13);
}

TEST(Gee, SaysWhatIsWrong) {
  struct Case {
    std::string study, message;
  };
  const std::vector<Case> cases = {
      {"method = \"gee\"\nformula = \"y ~ 1\"\n", "analysis \"a\": id: "},
      {Gee("y ~ 1", "correlation = \"ar1\"\n"),
       "analysis \"a\": time: correlation \"ar1\" needs the column that orders an id's rows"},
      {Gee("y ~ 1", "correlation = \"unstructured\"\n"),
       "analysis \"a\": correlation: found \"unstructured\", expected one of independence"},
      {Gee("y ~ 1", "correlation = \"ar1\"\ntime = \"id\"\n"),
       "analysis \"a\": time: found 4 rows at the same id as another of their id"},
      {Gee("y ~ (1 | id)"), "analysis \"a\": formula: found a random effect"},
      {Gee("y ~ 1", "family = \"binomial\"\n"),
       "analysis \"a\": the outcome is outside the range of family binomial with its link in 7"},
  };
  for (const Case& c : cases) {
    const Answer answer = RunOne(c.study, {Pairs()});
    ASSERT_FALSE(answer) << c.study;
    EXPECT_EQ(answer.error().message.substr(0, c.message.size()), c.message);
  }
}

}  // namespace
}  // namespace clinnova::stats
