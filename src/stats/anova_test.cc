// SPDX-License-Identifier: Apache-2.0
#include "stats/anova.h"

#include <gtest/gtest.h>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

// Means 2, 4, 9 of two values each, all spread by 1: between 2 (9 + 1 + 16) = 52, within 3 * 2 = 6.
const Table kTable = MakeTable({{"y", {1, 3, 3, 5, 8, 10}},
                                {"g", {"a", "a", "b", "b", "c", "c"}},
                                {"h", {"u", "v", "u", "v", "u", "v"}}});

TEST(Anova, SplitsTheSumOfSquares) {
  const Answer answer =
      RunOne("method = \"anova\"\nformula = \"y ~ g\"\n", Split(kTable, {0, 1, 0, 1, 0, 1}, 2));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Numbers("/df"), (std::vector<double>{2, 3}));
  EXPECT_NEAR(answer.Numbers("/sumsq")[0], 52, 1e-13);
  EXPECT_NEAR(answer.Numbers("/sumsq")[1], 6, 1e-14);
  EXPECT_NEAR(answer.Number("/statistic"), 13, 1e-13);
  EXPECT_EQ(answer.Text("/terms/0/term"), "g");
  EXPECT_TRUE(answer.IsNull("/terms/1/statistic"));
}

TEST(Anova, LeavesNothingToEitherOfTwoTermsThatSayTheSame) {
  const Table table = MakeTable({{"y", {1, 3, 3, 5, 8, 11}},
                                 {"w", {0, 0, 0, 1, 1, 1}},
                                 {"g", {"a", "a", "a", "b", "b", "b"}},
                                 {"x", {1, 2, 1, 3, 1, 2}}});
  const Answer answer = RunOne("method = \"anova\"\nformula = \"y ~ w + g + x\"\n", {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/terms/0/df"), 0);
  EXPECT_EQ(answer.Number("/terms/1/df"), 0);
  EXPECT_EQ(answer.Number("/terms/2/df"), 1);
  EXPECT_EQ(answer.Texts("/warnings"),
            (std::vector<std::string>{"term w cannot be estimated", "term g cannot be estimated"}));
}

TEST(Anova, TestsNothingWhereTheTermsExplainAll) {
  const Table table = MakeTable({{"y", {3.3, 3.3, 3.3, 3.3, 3.3, 3.3}},
                                 {"x", {1, 2, 4, 3, 1, 2}},
                                 {"g", {"a", "a", "a", "b", "b", "b"}}});
  const Answer answer = RunOne("method = \"anova\"\nformula = \"y ~ x + g\"\n", {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/terms/0/statistic"));
  EXPECT_TRUE(answer.IsNull("/terms/0/p_value"));
  EXPECT_TRUE(answer.IsNull("/p_value/1"));
  EXPECT_NE(answer.Text("/warnings/0").find("there is no test"), std::string::npos);
}

TEST(Anova, TakesTermsAfterThoseThatDoNotContainThem) {
  const Answer answer = RunOne("method = \"anova\"\nformula = \"y ~ g + h\"\n", {kTable});
  ASSERT_TRUE(answer) << answer.error().message;
  // Balanced: the effect of h is 2 in every group, and explains all within them.
  EXPECT_NEAR(answer.Number("/terms/0/sumsq"), 52, 1e-12);
  EXPECT_NEAR(answer.Number("/terms/1/sumsq"), 6, 1e-12);
  EXPECT_EQ(answer.Text("/terms/2/term"), "Residuals");
  EXPECT_EQ(answer.Number("/terms/2/df"), 2);
  const Answer full = RunOne("method = \"anova\"\nformula = \"y ~ g * h\"\n", {kTable});
  EXPECT_NE(full.error().message.find("no row is left"), std::string::npos);
}

TEST(Anova, SaysWhatItCannotTest) {
  const Table constant = MakeTable({{"y", {1, 1, 2, 2}}, {"g", {"a", "a", "b", "b"}}});
  const Answer answer = RunOne("method = \"anova\"\nformula = \"y ~ g\"\n", {constant});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.IsNull("/statistic"));
  const Answer welch =
      RunOne("method = \"anova\"\nformula = \"y ~ g\"\nwelch = true\n", {constant});
  ASSERT_TRUE(welch) << welch.error().message;
  EXPECT_TRUE(welch.IsNull("/p_value"));
  EXPECT_EQ(welch.Size("/warnings"), 1u);
  const Table one = MakeTable({{"y", {1, 2, 3}}, {"g", {"a", "a", "a"}}});
  EXPECT_NE(RunOne("method = \"anova\"\nformula = \"y ~ g\"\n", {one})
                .error()
                .message.find("found one group"),
            std::string::npos);
  EXPECT_EQ(
      RunOne("method = \"anova\"\nformula = \"y ~ g + h\"\nwelch = true\n", {kTable}).error().code,
      ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace clinnova::stats
