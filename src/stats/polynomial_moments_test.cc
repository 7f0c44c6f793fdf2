// SPDX-License-Identifier: Apache-2.0
#include "stats/polynomial_moments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using Doubles = std::vector<double>;
using table::MakeTable;

/// 300 rows; x has a missing value now and then.
table::Table Rows(double center, double scale) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  Doubles y, x;
  for (int i = 0; i < 300; ++i) {
    const double u = normal(random);
    x.push_back(i % 37 == 5 ? table::kNa : center + scale * u);
    y.push_back(1 + u * u + 0.3 * normal(random));
  }
  return MakeTable({{"y", y}, {"x", x}});
}

std::vector<table::Table> ThreeSites(const table::Table& table) {
  std::vector<std::size_t> site;
  for (std::size_t r = 0; r < table.rows; ++r) site.push_back(r == 0 ? 0 : 1 + r % 2);
  return Split(table, site, 3);
}

constexpr const char* kSquare = "method = \"glm\"\nformula = \"y ~ poly(x, 2)\"";

TEST(PolynomialMoments, MakeColumnsOfSumOneAndNoCorrelation) {
  const Answer answer = RunOne(kSquare, ThreeSites(Rows(50, 10)));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Text("/terms/2/term"), "poly(x, 2)2");
  // Of orthonormal columns, also to the constant, the covariance is sigma^2 I but for 1 / n of the intercept.
  const double variance = answer.Number("/dispersion");
  for (const char* diagonal : {"/vcov/values/1/1", "/vcov/values/2/2"}) {
    EXPECT_NEAR(answer.Number(diagonal), variance, 1e-12 * variance);
  }
  for (const char* other : {"/vcov/values/1/2", "/vcov/values/0/1", "/vcov/values/0/2"}) {
    EXPECT_NEAR(answer.Number(other), 0, 1e-12 * variance);
  }
}

TEST(PolynomialMoments, DoNotDependOnPlaceAndScale) {
  const Answer near = RunOne(kSquare, ThreeSites(Rows(0, 1)));
  for (const double scale : {1e-12, 1e12}) {
    const Answer far = RunOne(kSquare, ThreeSites(Rows(3 * scale, scale)));
    ASSERT_TRUE(far) << far.error().message;
    for (const char* field : {"/terms/1/estimate", "/terms/2/estimate", "/terms/2/std_error"}) {
      EXPECT_NEAR(far.Number(field), near.Number(field), 1e-11 * std::fabs(near.Number(field)));
    }
  }
}

TEST(PolynomialMoments, AreTheSameBitsForEveryPartition) {
  const table::Table table = Rows(1e6, 1);
  const Answer one = RunOne(kSquare, {table});
  const Answer three = RunOne(kSquare, ThreeSites(table));
  ASSERT_TRUE(one && three);
  EXPECT_EQ(one.text(), three.text());
}

TEST(PolynomialMoments, AreTheSameUnderTheRules) {
  const table::Table table = Rows(50, 10);
  const Answer open = RunOne(kSquare, ThreeSites(table));
  const Answer guarded = RunOne(kSquare, ThreeSites(table), {.minimum_count = 5});
  ASSERT_TRUE(guarded) << guarded.error().message;
  // The site of one person contributes nothing.
  EXPECT_NEAR(guarded.Number("/terms/2/estimate"), open.Number("/terms/2/estimate"),
              0.1 * std::fabs(open.Number("/terms/2/estimate")));
}

TEST(PolynomialMoments, NeedMoreValuesThanTheirDegree) {
  Doubles y, x;
  for (int i = 0; i < 60; ++i) {
    y.push_back(i * 0.7 + i % 7);
    x.push_back(i % 3);
  }
  const table::Table table = MakeTable({{"y", y}, {"x", x}, {"same", Doubles(60, 1.5)}});
  EXPECT_TRUE(RunOne(kSquare, {table}));
  for (const char* term : {"poly(x, 3)", "poly(same, 1)"}) {
    const Answer answer =
        RunOne(std::string("method = \"glm\"\nformula = \"y ~ ") + term + "\"", {table});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message,
              std::string("analysis \"a\": ") + term +
                  ": found no more distinct values than its degree, expected more");
  }
}

TEST(SplineKnots, AreCheckedAgainstTheBoundary) {
  const auto error = [](const char* term) {
    return RunOne(std::string("method = \"glm\"\nformula = \"y ~ ") + term + "\"",
                  ThreeSites(Rows(50, 10)))
        .error()
        .message;
  };
  EXPECT_NE(error("bs(x, knots = 500)").find("not between the boundary knots"), std::string::npos);
  EXPECT_NE(error("ns(x, knots = c(-5, 50))").find("not between the boundary knots"),
            std::string::npos);
  EXPECT_EQ(error("ns(x, knots = 50) + bs(x, knots = c(45, 55), degree = 2)"), "");
}

TEST(SplineKnots, AreNotToldWithFewPersonsBetween) {
  const auto of = [](const char* term) {
    return RunOne(std::string("method = \"glm\"\nformula = \"y ~ ") + term + "\"", {Rows(50, 10)},
                  {.minimum_count = 10});
  };
  EXPECT_TRUE(of("ns(x, df = 4)")) << of("ns(x, df = 4)").error().message;
  for (const char* term : {"ns(x, df = 40)", "bs(x, df = 40)"}) {
    EXPECT_NE(of(term).error().message.find("too few values for its knots"), std::string::npos);
  }
}

}  // namespace
}  // namespace clinnova::stats
