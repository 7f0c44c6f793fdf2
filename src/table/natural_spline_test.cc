// SPDX-License-Identifier: Apache-2.0
#include "table/natural_spline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

namespace clinnova::table {
namespace {

std::vector<double> Basis(const NaturalSpline& spline, double x) {
  std::vector<double> values(spline.columns());
  spline.Evaluate(x, values.data(), 1);
  return values;
}

NaturalSpline Make(const std::vector<double>& knots) {
  auto spline = NaturalSpline::Create(knots);
  EXPECT_TRUE(spline) << spline.error().message;
  return *spline;
}

std::vector<double> Numbers(const std::string& text) {
  std::vector<double> numbers;
  std::stringstream stream(text);
  for (std::string cell; stream >> cell;) numbers.push_back(std::stod(cell));
  return numbers;
}

TEST(NaturalSpline, EqualsSplinesNs) {
  // Lines of "knots", each followed by its "x" lines: the argument, then the basis as R has it. B-splines follow.
  std::ifstream file(std::string(CLINNOVA_TABLE_REFERENCE) + "/reference_spline.txt");
  std::vector<double> knots;
  int compared = 0;
  for (std::string line; std::getline(file, line) && line.rfind("degree", 0) != 0;) {
    const std::vector<double> numbers = Numbers(line.substr(line.find(' ')));
    if (line.rfind("knots", 0) == 0) {
      knots = numbers;
      continue;
    }
    const std::vector<double> basis = Basis(Make(knots), numbers[0]);
    ASSERT_EQ(basis.size() + 1, numbers.size());
    for (std::size_t c = 0; c < basis.size(); ++c) {
      EXPECT_NEAR(basis[c], numbers[c + 1], 1e-14 * std::max(1.0, std::fabs(numbers[c + 1])))
          << line;
    }
    ++compared;
  }
  EXPECT_GT(compared, 60);
}

TEST(NaturalSpline, IsLinearBeyondTheBoundaryAndSmoothAtKnots) {
  const NaturalSpline spline = Make({-2, 0.5, 1, 7});
  for (double knot : {-2.0, 0.5, 1.0, 7.0}) {
    const auto below = Basis(spline, knot - 1e-7);
    const auto above = Basis(spline, knot + 1e-7);
    const auto at = Basis(spline, knot);
    for (std::size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(below[c], above[c], 1e-6);
      EXPECT_NEAR((above[c] - at[c]) / 1e-7, (at[c] - below[c]) / 1e-7, 1e-5);
    }
  }
  for (double base : {-30.0, 20.0}) {
    const auto a = Basis(spline, base);
    const auto b = Basis(spline, base + 1);
    const auto c = Basis(spline, base + 2);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(b[k] - a[k], c[k] - b[k], 1e-12);
  }
}

TEST(NaturalSpline, TakesTiedKnots) {
  for (const std::vector<double>& knots :
       {std::vector<double>{0, 0, 1, 2}, {0, 1, 2, 2}, {0, 1, 1, 2}}) {
    const NaturalSpline spline = Make(knots);
    for (double x : {-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0}) {
      for (double value : Basis(spline, x)) EXPECT_TRUE(std::isfinite(value)) << x;
    }
  }
}

TEST(NaturalSpline, PassesNotANumberOn) {
  for (double value : Basis(Make({0, 1, 2}), std::nan(""))) EXPECT_TRUE(std::isnan(value));
}

TEST(NaturalSpline, RefusesKnotsThatCannotBe) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& knots :
       {std::vector<double>{}, {1}, {1, 1}, {2, 1}, {0, 2, 1}, {0, infinity}, {std::nan(""), 1}}) {
    const auto spline = NaturalSpline::Create(knots);
    ASSERT_FALSE(spline);
    EXPECT_EQ(spline.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(spline.error().message.find("expected two or more ascending"), std::string::npos);
  }
}

}  // namespace
}  // namespace clinnova::table
