// SPDX-License-Identifier: Apache-2.0
#include "table/b_spline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace clinnova::table {
namespace {

std::vector<double> Basis(const BSpline& spline, double x) {
  std::vector<double> values(spline.columns());
  spline.Evaluate(x, values.data(), 1);
  return values;
}

std::vector<double> Numbers(const std::string& text) {
  std::vector<double> numbers;
  std::stringstream stream(text);
  for (std::string cell; stream >> cell;) numbers.push_back(std::stod(cell));
  return numbers;
}

TEST(BSpline, EqualsSplinesBs) {
  // After the natural splines, lines of "degree" and "knots", each followed by its "x" lines: the argument, then the basis.
  std::ifstream file(std::string(CLINNOVA_TABLE_REFERENCE) + "/reference_spline.txt");
  int degree = 0;
  std::vector<double> knots;
  int compared = 0;
  for (std::string line; std::getline(file, line);) {
    const std::vector<double> numbers = Numbers(line.substr(line.find(' ')));
    if (line.rfind("degree", 0) == 0) degree = static_cast<int>(numbers[0]);
    if (line.rfind("knots", 0) == 0) knots = numbers;
    if (degree == 0 || line.rfind("x", 0) != 0) continue;
    const auto spline = BSpline::Create(knots, degree);
    ASSERT_TRUE(spline);
    const std::vector<double> basis = Basis(*spline, numbers[0]);
    ASSERT_EQ(basis.size() + 1, numbers.size());
    // R expands about a point inside the interval, so that beyond the boundary it loses what cancels there.
    const bool outside = numbers[0] < knots.front() || numbers[0] > knots.back();
    double largest = 1;
    for (const double value : basis) largest = std::max(largest, std::fabs(value));
    for (std::size_t c = 0; c < basis.size(); ++c) {
      EXPECT_NEAR(basis[c], numbers[c + 1], (outside ? 1e-12 : 1e-14) * largest) << line;
    }
    ++compared;
  }
  EXPECT_GT(compared, 280);
}

TEST(BSpline, HasNoValueOfNoNumber) {
  const auto spline = BSpline::Create({0, 1, 3}, 2);
  ASSERT_TRUE(spline);
  for (const double value : Basis(*spline, std::numeric_limits<double>::quiet_NaN())) {
    EXPECT_TRUE(std::isnan(value));
  }
}

TEST(BSpline, RefusesWhatIsNoBasis) {
  EXPECT_FALSE(BSpline::Create({1}, 3));
  EXPECT_FALSE(BSpline::Create({2, 1}, 3));
  EXPECT_FALSE(BSpline::Create({1, 1}, 3));
  EXPECT_FALSE(BSpline::Create({0, std::numeric_limits<double>::infinity()}, 3));
  EXPECT_FALSE(BSpline::Create({0, 1}, 0));
  const auto high = BSpline::Create({0, 1}, kMaximumSplineDegree + 1);
  ASSERT_FALSE(high);
  EXPECT_EQ(high.error().message, "degree: found 21, expected 1 to 20");
}

}  // namespace
}  // namespace clinnova::table
