// SPDX-License-Identifier: Apache-2.0
#include "stats/ttest.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

const std::string kStudy = "method = \"ttest\"\nformula = \"y ~ g\"\n";

TEST(Ttest, ComparesTwoGroupsOverSites) {
  // a: 1 2 3 (mean 2, variance 1); b: 4 6 8 10 (mean 7, variance 20/3).
  const Table table =
      MakeTable({{"y", {1, 4, 2, 6, 3, 8, 10}}, {"g", {"a", "b", "a", "b", "a", "b", "b"}}});
  const Answer welch = RunOne(kStudy, Split(table, {0, 1, 0, 1, 2, 2, 0}, 3));
  ASSERT_TRUE(welch) << welch.error().message;
  EXPECT_EQ(welch.Number("/estimate"), -5);
  EXPECT_EQ(welch.Number("/estimate1"), 2);
  EXPECT_EQ(welch.Number("/estimate2"), 7);
  EXPECT_NEAR(welch.Number("/std_error"), std::sqrt(2.0), 1e-15);  // 1/3 + 5/3
  EXPECT_NEAR(welch.Number("/statistic"), -5 / std::sqrt(2.0), 1e-15);
  EXPECT_NEAR(welch.Number("/parameter"), 4 / (1.0 / 18 + 25.0 / 27), 1e-13);
  const Answer student = RunOne(kStudy + "equal_variance = true\n", {table});
  EXPECT_EQ(student.Number("/parameter"), 5);
  EXPECT_NEAR(student.Number("/std_error"), std::sqrt(22.0 / 5 * (1.0 / 3 + 1.0 / 4)), 1e-14);
}

TEST(Ttest, HasNoTestWithoutSpread) {
  const Answer answer =
      RunOne(kStudy, {MakeTable({{"y", {1, 1, 2, 2}}, {"g", {"a", "a", "b", "b"}}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/estimate"), -1);
  EXPECT_TRUE(answer.IsNull("/statistic"));
  EXPECT_TRUE(answer.IsNull("/p_value"));
  EXPECT_EQ(answer.Size("/warnings"), 1u);
}

TEST(Ttest, SaysWhatItCannotCompare) {
  const Table three = MakeTable({{"y", {1, 2, 3}}, {"g", {"a", "b", "c"}}});
  EXPECT_NE(RunOne(kStudy, {three}).error().message.find("3 levels with values, expected two"),
            std::string::npos);
  const Table single = MakeTable({{"y", {1, 2, 3}}, {"g", {"a", "b", "b"}}});
  EXPECT_NE(RunOne(kStudy, {single}).error().message.find("found one value in a group"),
            std::string::npos);
  EXPECT_TRUE(RunOne(kStudy + "equal_variance = true\n", {single}));
  EXPECT_NE(RunOne(kStudy + "paired = \"x\"\n", {single}).error().message.find("found without y"),
            std::string::npos);
  EXPECT_NE(RunOne(kStudy + "alternative = \"more\"\n", {single}).error().message.find("two.sided"),
            std::string::npos);
}

TEST(Ttest, RefusesARareOutcomeInAGroup) {
  std::vector<double> y;
  std::vector<std::string> g;
  for (int i = 0; i < 60; ++i) {
    y.push_back(i % 3 == 0 && i != 6 ? 1 : 0);
    g.emplace_back(i < 12 ? "a" : "b");  // a: three of twelve have the outcome
  }
  const Table table = MakeTable({{"y", y}, {"g", g}});
  EXPECT_EQ(RunOne(kStudy, {table}, {.minimum_count = 5}).error().reason, "rare_level");
  EXPECT_TRUE(RunOne(kStudy, {table}, {.minimum_count = 3}));
}

TEST(Ttest, RefusesASmallGroup) {
  std::vector<double> y;
  std::vector<std::string> g;
  for (int i = 0; i < 30; ++i) {
    y.push_back(i % 7);
    g.emplace_back(i < 4 ? "rare" : "usual");
  }
  const Table table = MakeTable({{"y", y}, {"g", g}});
  EXPECT_TRUE(RunOne(kStudy, {table}));
  const Answer kept = RunOne(kStudy, {table}, {.minimum_count = 5});
  EXPECT_EQ(kept.error().code, ErrorCode::kRefused);
  EXPECT_EQ(kept.error().reason, "rare_level");
}

}  // namespace
}  // namespace clinnova::stats
