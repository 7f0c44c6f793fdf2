// SPDX-License-Identifier: Apache-2.0
#include "stats/combat.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Combat(const std::string& more) {
  return "method = \"combat\"\nvariables = [\"a\", \"b\", \"c\"]\n" + more;
}

/// Three features; `shift` is added to each, `age` runs within every site.
Table Site(int rows, double shift, double spread) {
  std::vector<double> a, b, c, age, centre;
  for (int r = 0; r < rows; ++r) {
    age.push_back(r % 7);
    a.push_back(1 + 0.5 * age.back() + shift + spread * std::sin(r));
    b.push_back(2 - age.back() + 1.5 * shift + spread * std::cos(2 * r));
    c.push_back(3 + 0.5 * shift + spread * std::sin(3 * r + 1));
    centre.push_back(shift);
  }
  return MakeTable({{"a", a}, {"b", b}, {"c", c}, {"age", age}, {"centre", centre}});
}

TEST(Combat, KeepsCovariatesAndTakesSitesAway) {
  const Answer answer =
      RunOne(Combat("covariates = [\"age\"]\n"),
             {Site(60, 0, 1), Site(80, 3, 2), Site(50, -1, 0.5)}, {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/n"), 190);
  EXPECT_EQ(answer.Text("/features/0/variable"), "a");
  EXPECT_EQ(answer.Text("/features/0/coefficients/0/term"), "age");
  EXPECT_NEAR(answer.Number("/features/0/coefficients/0/estimate"), 0.5, 0.1);
  EXPECT_NEAR(answer.Number("/features/1/coefficients/0/estimate"), -1, 0.1);
  // What is left of a's variance: age's, 0.25 * 4, and the pooled one.
  const double pooled = answer.Number("/features/0/pooled_variance");
  EXPECT_NEAR(answer.Number("/features/0/variance"), 1 + pooled, 0.25);
  EXPECT_FALSE(answer.Has("/per_site"));
}

TEST(Combat, RefusesACovariateThatIsTheSite) {
  const Answer answer =
      RunOne(Combat("covariates = [\"centre\"]\n"), {Site(60, 0, 1), Site(80, 3, 2)});
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(answer.error().message.find("centre is confounded with the site"), std::string::npos);
}

TEST(Combat, LeavesAFeatureAloneThatDoesNotVaryAtASite) {
  Table still = Site(40, 1, 1);
  for (double& value : still.columns[2].numbers) value = 0.1;
  const Answer answer = RunOne(Combat(""), {Site(60, 0, 1), still});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.True("/features/0/adjusted"));
  EXPECT_FALSE(answer.True("/features/2/adjusted"));
  EXPECT_FALSE(answer.Has("/features/2/mean"));
  EXPECT_EQ(answer.Size("/warnings"), 1U);
}

TEST(Combat, AdjustsMeansOnlyWhereASiteHasOneRow) {
  const Answer answer = RunOne(Combat(""), {Site(60, 0, 1), Site(1, 3, 2)});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.True("/mean_only"));
  EXPECT_FALSE(RunOne(Combat(""), {Site(60, 0, 1), Site(2, 3, 2)}).True("/mean_only"));
}

TEST(Combat, NeedsNumericFeatures) {
  const Table text =
      MakeTable({{"a", {1, 2, 3, 5}}, {"b", {1, 4, 3, 2}}, {"c", {"x", "y", "x", "y"}}});
  const Answer answer = RunOne(Combat(""), {text});
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(RunOne(Combat(""), {Site(20, 0, 1)}, {.minimum_count = 25}).error().code,
            ErrorCode::kRefused);
}

}  // namespace
}  // namespace clinnova::stats
