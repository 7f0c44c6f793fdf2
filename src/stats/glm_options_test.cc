// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_options.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/glm_rows.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Glm(const std::string& more) {
  return "method = \"glm\"\nformula = \"y ~ x\"\n" + more;
}

TEST(GlmOptions, KnowTheNegativeBinomialFamily) {
  const auto study = StudyOf(Glm("family = \"negative_binomial\"\nlink = \"sqrt\"\n"));
  const auto family = GlmFamilyOf(study.analyses()[0]);
  ASSERT_TRUE(family);
  EXPECT_TRUE(family->negative_binomial);
  EXPECT_EQ(family->family, Family::kPoisson);
  EXPECT_EQ(family->link, Link::kSqrt);
  EXPECT_EQ(family->theta, 0);
  const auto unknown = GlmFamilyOf(StudyOf(Glm("family = \"normal\"\n")).analyses()[0]);
  ASSERT_FALSE(unknown);
  EXPECT_TRUE(unknown.error().message.ends_with("quasipoisson, negative_binomial"));
}

TEST(Ridge, ShrinksTheSlopeAndLeavesTheMean) {
  // x - mean = -2 … 2, so that the slope is sum (x - mean) y / (10 + ridge).
  const Table table = MakeTable({{"x", {1, 2, 3, 4, 5}}, {"y", {2, 1, 4, 3, 7}}});
  const Answer answer = RunOne(Glm("ridge = 2.0\n"), Split(table, {0, 1, 2, 1, 0}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), 1.0, 1e-13);
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), 3.4 - 3, 1e-12);
  EXPECT_NEAR(answer.Number("/effective_df"), 1 + 10.0 / 12, 1e-13);
  const double dispersion = answer.Number("/dispersion");
  EXPECT_NEAR(dispersion, answer.Number("/deviance") / 3, 1e-13);
  EXPECT_NEAR(answer.Number("/terms/1/std_error"), std::sqrt(dispersion / 12), 1e-13);
}

TEST(Ridge, HasAnswersWhereTheMaximumLikelihoodHasNone) {
  const Table separated = MakeTable({{"x", {1, 2, 3, 4, 5, 6}}, {"y", {0, 0, 0, 1, 1, 1}}});
  EXPECT_TRUE(RunOne(Glm("family = \"binomial\"\nridge = 0.5\n"), {separated}).True("/converged"));
  const Table collinear =
      MakeTable({{"x", {1, 2, 3, 4, 5}}, {"z", {1, 2, 3, 4, 5}}, {"y", {2, 1, 4, 3, 7}}});
  const Answer answer =
      RunOne("method = \"glm\"\nformula = \"y ~ x + z\"\nridge = 2.0\n", {collinear});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_NEAR(answer.Number("/terms/1/estimate"), 12.0 / 22, 1e-12);
  EXPECT_NEAR(answer.Number("/terms/2/estimate"), 12.0 / 22, 1e-12);
}

TEST(Ridge, SaysWhatIsWrong) {
  const Table table = MakeTable({{"x", {1, 2, 3, 4}}, {"y", {2, 1, 4, 3}}});
  const auto message = [&](const std::string& more) {
    return RunOne(Glm(more), {table}).error().message;
  };
  EXPECT_EQ(message("ridge = -1.0\n"),
            "analysis \"a\": ridge: found a negative number, expected 0 or more");
  EXPECT_EQ(message("ridge = 1.0\nrobust = \"HC1\"\n"),
            "analysis \"a\": robust: found beside ridge, expected \"none\"");
  EXPECT_EQ(message("ridge = 1.0\nfamily = \"negative_binomial\"\n"),
            "analysis \"a\": ridge: is not there yet for family negative_binomial");
}

}  // namespace
}  // namespace clinnova::stats
