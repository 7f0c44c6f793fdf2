// SPDX-License-Identifier: Apache-2.0
#include "learn/random_forest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "learn/learners.h"
#include "stats/study_fixture.h"

namespace clinnova::learn {
namespace {

using stats::Answer;
using stats::RunOne;
using table::Table;

/// y = 2 where x > 5 else 0, plus noise; z says nothing.
std::vector<Table> Sites(std::size_t rows) {
  Table table;
  for (const char* name : {"id", "y", "d", "x", "z"}) {
    table.schema.columns.push_back({.name = name, .levels = {}});
  }
  table.schema.columns.push_back(
      {.name = "site", .kind = table::ColumnKind::kFactor, .levels = {"s1"}});
  table.columns.resize(6);
  table.rows = rows;
  std::mt19937_64 random(12);
  std::normal_distribution<double> normal;
  std::vector<std::size_t> site_of_row;
  for (std::size_t r = 0; r < rows; ++r) {
    const double x = static_cast<double>(random() % 1000) / 100;
    const double y = (x > 5 ? 2 : 0) + normal(random) / 2;
    const double values[] = {static_cast<double>(r), y, y > 1 ? 1.0 : 0.0, x, normal(random)};
    for (std::size_t c = 0; c < 5; ++c) table.columns[c].numbers.push_back(values[c]);
    table.columns[5].codes.push_back(0);
    site_of_row.push_back(r % 3);
  }
  return stats::Split(table, site_of_row, 3);
}

std::string Forest(const std::string& options) {
  [[maybe_unused]] static const bool kRegistered = (RegisterLearners(), true);
  return "method = \"random_forest\"\nid = \"id\"\n" + options;
}

TEST(RandomForest, FindsTheStepAndIsHonestAboutIt) {
  const Answer answer =
      RunOne(Forest("formula = \"y ~ x + z\"\ntrees = 60\ndepth = 6\n"), Sites(600));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Text("/importance/0/variable"), "x");
  EXPECT_GT(answer.Number("/importance/0/gain"), 0.6);
  // The noise has variance 1/4: no forest does better than an error of 1/2 on rows that it did not see.
  EXPECT_GT(answer.Number("/metrics/out_of_bag/rmse"), 0.48);
  EXPECT_LT(answer.Number("/metrics/out_of_bag/rmse"), 0.62);
  EXPECT_LT(answer.Number("/metrics/train/rmse"), answer.Number("/metrics/out_of_bag/rmse"));
  EXPECT_EQ(answer.Number("/metrics/out_of_bag/n"), 600);
  EXPECT_EQ(answer.Size("/model/arms/y/trees"), 60U);
}

TEST(RandomForest, LeavesOutOfATreeAboutTheShareThatABootstrapDoes) {
  // With one tree, what is out of its bag is e^-1 of the rows.
  const Answer answer = RunOne(Forest("formula = \"d ~ x\"\ntrees = 1\n"), Sites(3000));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/metrics/out_of_bag/n") / 3000, std::exp(-1), 0.03);
  EXPECT_GT(answer.Number("/metrics/out_of_bag/auc"), 0.9);
}

TEST(RandomForest, GivesChancesThatAreCalibratedOnAverage) {
  const Answer answer =
      RunOne(Forest("formula = \"d ~ x + z\"\ntrees = 40\n"), Sites(900), {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GT(answer.Number("/metrics/out_of_bag/auc"), 0.95);
  const double base = answer.Number("/model/arms/d/base_score");
  EXPECT_NEAR(base, answer.Number("/metrics/train/events") / 900, 1e-12);
}

TEST(RandomForest, SaysWhatIsWrong) {
  const auto message = [](const std::string& options) {
    const Answer answer = RunOne(Forest(options), Sites(60));
    EXPECT_FALSE(answer) << options;
    return answer.error().message;
  };
  EXPECT_NE(message("formula = \"y ~ x\"\ncolumns_per_node = 2\n").find("columns_per_node"),
            std::string::npos);
  EXPECT_NE(message("formula = \"y ~ x + offset(z)\"\n").find("offset"), std::string::npos);
  EXPECT_NE(message("formula = \"y ~ x\"\nmtry = 2\n").find("mtry"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::learn
