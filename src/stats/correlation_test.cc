// SPDX-License-Identifier: Apache-2.0
#include "stats/correlation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;
using table::Table;

const Table kTable = MakeTable({{"x", {1, 2, 3, 4, kNa, 100}},
                                {"y", {2, 1, 4, 3, 9, 5}},
                                {"same", {7, 7, 7, 7, 7, 7}},
                                {"g", {"a", "b", "a", "b", "a", "b"}}});

TEST(Correlation, OfValuesAndOfRanks) {
  const std::string study = "method = \"correlation\"\nvariables = [\"x\", \"y\"]\n";
  const Answer pearson = RunOne(study, Split(kTable, {0, 1, 0, 1, 0, 1}, 2));
  ASSERT_TRUE(pearson) << pearson.error().message;
  EXPECT_EQ(pearson.Number("/n"), 5);
  EXPECT_EQ(pearson.Number("/n_missing"), 1);
  // x: mean 22, squares 7610; y: mean 3, squares 10; products 198.
  EXPECT_NEAR(pearson.Number("/values/0/1"), 198 / std::sqrt(7610.0 * 10), 1e-15);
  EXPECT_EQ(pearson.Number("/values/1/1"), 1);
  EXPECT_EQ(pearson.Number("/correlation/values/1/0"), pearson.Number("/values/0/1"));
  EXPECT_TRUE(pearson.IsNull("/p_values/values/0/0"));
  const Answer spearman = RunOne(study + "type = \"spearman\"\n", {kTable});
  ASSERT_TRUE(spearman) << spearman.error().message;
  EXPECT_NEAR(spearman.Number("/values/0/1"), 0.8, 1e-15);  // 1 - 6 * 4 / (5 * 24)
}

TEST(Correlation, IsNotDefinedForAConstant) {
  for (const char* type : {"pearson", "spearman"}) {
    const Answer answer =
        RunOne("method = \"correlation\"\nvariables = [\"y\", \"same\"]\ntype = \"" +
                   std::string(type) + "\"\n",
               {kTable});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer.IsNull("/values/0/1")) << type;
    EXPECT_EQ(answer.Number("/values/0/0"), 1) << type;
    EXPECT_EQ(answer.Size("/warnings"), 1u) << type;
  }
}

TEST(Correlation, SaysWhatIsWrong) {
  const auto message = [](const std::string& options) {
    return RunOne("method = \"correlation\"\n" + options, {kTable}).error().message;
  };
  EXPECT_EQ(message("variables = [\"x\"]\n"),
            "analysis \"a\": variables: found 1, expected at least two numeric columns");
  EXPECT_EQ(message("variables = [\"x\", \"g\"]\n"),
            "analysis \"a\": variables: g is a factor, expected a number");
  EXPECT_EQ(message("variables = [\"x\", \"x\"]\n"),
            "analysis \"a\": variables: found \"x\" twice");
  EXPECT_EQ(message("variables = [\"x\", \"z\"]\n"),
            "analysis \"a\": variables: column \"z\": not in the table, expected one of: x, y, "
            "same, g, site");
}

TEST(Correlation, HoldsTheDisclosureRules) {
  for (const char* type : {"pearson", "spearman"}) {
    const Answer answer = RunOne("method = \"correlation\"\nvariables = [\"x\", \"y\"]\ntype = \"" +
                                     std::string(type) + "\"\n",
                                 {kTable}, {.minimum_count = 3});
    EXPECT_EQ(answer.error().code, ErrorCode::kRefused) << type;
    const bool ranks = std::string(type) == "spearman";  // which nobody dominates
    EXPECT_EQ(answer.error().reason, ranks ? "too_many_parameters" : "dominance") << type;
  }
}

}  // namespace
}  // namespace clinnova::stats
