// SPDX-License-Identifier: Apache-2.0
#include "table/orthogonal_polynomial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace clinnova::table {
namespace {

// R: p <- poly(c(1, 2, 4, 7, 11), 2); attr(p, "coefs"): alpha 5, 7; norm2 1, 5, 66, 514.8.
const std::vector<double> kOfFive = {0, 1, 5, 7, 5, 66, 514.8};

TEST(OrthogonalPolynomial, FindsItsCoefficientsDegreeByDegree) {
  const std::vector<double> values = {1, 2, 4, 7, 11};
  OrthogonalPolynomial polynomial(0, 1, 5);
  for (int d = 0; d <= 2; ++d) {
    double norm = 0;
    double shifted = 0;
    for (const double x : values) {
      const double p = polynomial.Monic(polynomial.Scaled(x));
      norm += p * p;
      shifted += x * p * p;
    }
    if (d > 0) polynomial.AddNorm(norm);
    if (d < 2) polynomial.AddAlpha(shifted / norm);
  }
  EXPECT_EQ(polynomial.degree(), 2U);
  std::vector<double> found = polynomial.Coefficients();
  ASSERT_EQ(found.size(), kOfFive.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], kOfFive[i], 1e-13 * std::max(1.0, kOfFive[i])) << i;
  }
}

TEST(OrthogonalPolynomial, EqualsPoly) {
  const auto polynomial = OrthogonalPolynomial::FromCoefficients(kOfFive, 2);
  ASSERT_TRUE(polynomial);
  double row[2];
  polynomial->Evaluate(3, row, 1);  // R: predict(p, 3)
  EXPECT_NEAR(row[0], -0.24618298195866545, 1e-15);
  EXPECT_NEAR(row[1], -0.22918388365077616, 1e-15);
  polynomial->Evaluate(std::numeric_limits<double>::quiet_NaN(), row, 1);
  EXPECT_TRUE(std::isnan(row[0]) && std::isnan(row[1]));
}

TEST(OrthogonalPolynomial, RefusesWhatIsNone) {
  EXPECT_TRUE(OrthogonalPolynomial::FromCoefficients({0, 1, 5}, 0));
  EXPECT_FALSE(OrthogonalPolynomial::FromCoefficients({0, 1, 5}, 1));
  EXPECT_FALSE(OrthogonalPolynomial::FromCoefficients({0, 0, 1, 5, 5}, 1));
  EXPECT_FALSE(OrthogonalPolynomial::FromCoefficients({0, 1, 1, 5, 0}, 1));
  EXPECT_FALSE(OrthogonalPolynomial::FromCoefficients(
      {std::numeric_limits<double>::infinity(), 1, 1, 5, 5}, 1));
}

}  // namespace
}  // namespace clinnova::table
