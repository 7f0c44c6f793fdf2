// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_negative_binomial.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Counts(const std::string& formula, const std::string& more = "") {
  return "method = \"glm\"\nfamily = \"negative_binomial\"\nformula = \"" + formula + "\"\n" + more;
}

TEST(NegativeBinomial, IsTheGeometricDistributionAtThetaOne) {
  const double mu = 2.5;
  for (const double y : {0.0, 1.0, 7.0, 64.0, 65.0, 300.0}) {
    const double expected = -std::log1p(mu) + y * std::log(mu / (1 + mu));
    EXPECT_NEAR(LogNegativeBinomial(y, mu, 1), expected, 1e-12 * (1 + std::fabs(expected))) << y;
  }
}

TEST(NegativeBinomial, DerivativesAreThoseOfTheLikelihood) {
  const double h = 1e-4;
  for (const double y : {0.0, 1.0, 5.0, 64.0, 65.0, 2.5}) {
    for (const double theta : {0.3, 2.0, 40.0}) {
      const auto at = [&](double t) { return LogNegativeBinomial(y, 3.2, t); };
      const ThetaDerivatives found = DifferentiateTheta(y, 3.2, theta);
      EXPECT_NEAR(found.score, (at(theta + h) - at(theta - h)) / (2 * h), 2e-6) << y << theta;
      const double second =
          DifferentiateTheta(y, 3.2, theta + h).score - DifferentiateTheta(y, 3.2, theta - h).score;
      EXPECT_NEAR(found.information, -second / (2 * h), 5e-6) << y << theta;
    }
  }
}

TEST(NegativeBinomial, DevianceIsTwiceTheLikelihoodMissing) {
  for (const double y : {1.0, 4.0, 80.0}) {
    const double missing = LogNegativeBinomial(y, y, 1.7) - LogNegativeBinomial(y, 2.2, 1.7);
    EXPECT_NEAR(NegativeBinomialDeviance(y, 2.2, 3, 1.7), 2 * 3 * missing, 1e-11);
  }
  EXPECT_EQ(NegativeBinomialDeviance(5, 5, 1, 2), 0);
}

TEST(NegativeBinomial, MeanAndThetaOfCounts) {
  // theta is the root of sum psi(y + theta) - psi(theta) + ln(theta / (theta + mean)).
  const Table table = MakeTable({{"y", {0, 0, 1, 2, 3, 9, 0, 1}}});
  const Answer answer = RunOne(Counts("y ~ 1"), Split(table, {0, 1, 2, 0, 1, 2, 0, 1}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.True("/converged"));
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), std::log(2.0), 1e-14);
  const double theta = answer.Number("/theta");
  double score = 0;
  double information = 0;
  for (const double y : {0, 0, 1, 2, 3, 9, 0, 1}) {
    score += DifferentiateTheta(y, 2, theta).score;
    information += DifferentiateTheta(y, 2, theta).information;
  }
  EXPECT_NEAR(score, 0, 1e-13);
  EXPECT_NEAR(answer.Number("/se_theta"), 1 / std::sqrt(information), 1e-12);
  EXPECT_NEAR(answer.Number("/terms/0/std_error"), std::sqrt((1 / 2.0 + 1 / theta) / 8), 1e-13);
  EXPECT_NEAR(answer.Number("/deviance"), answer.Number("/null_deviance"), 1e-12);
  EXPECT_NEAR(answer.Number("/aic"), -2 * answer.Number("/log_lik") + 4, 1e-12);
  EXPECT_LE(answer.Number("/iterations"), 10);
}

TEST(NegativeBinomial, SaysThatThetaIsInfinite) {
  const Table table = MakeTable({{"y", {3, 4, 3, 4, 3, 4}}, {"x", {1, 2, 3, 4, 5, 6}}});
  const Answer answer = RunOne(Counts("y ~ x"), {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_TRUE(answer.IsNull("/theta"));
  EXPECT_TRUE(answer.IsNull("/terms/1/estimate"));
  EXPECT_NE(answer.Texts("/warnings")[0].find("theta is infinite"), std::string::npos);
}

TEST(NegativeBinomial, SaysWhatIsWrong) {
  const Table table = MakeTable({{"y", {3, -4, 3, 4}}, {"x", {1, 2, 3, 4}}});
  EXPECT_NE(RunOne(Counts("y ~ x"), {table}).error().message.find("outside the range of family"),
            std::string::npos);
  EXPECT_EQ(RunOne(Counts("y ~ x", "link = \"logit\"\n"), {table}).error().message,
            "analysis \"a\": link: found \"logit\", expected for family negative_binomial one of "
            "log, identity, sqrt");
  EXPECT_FALSE(RunOne(Counts("cbind(y, x) ~ 1"), {table}));
}

}  // namespace
}  // namespace clinnova::stats
