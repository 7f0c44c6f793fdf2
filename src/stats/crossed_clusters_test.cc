// SPDX-License-Identifier: Apache-2.0
#include "stats/crossed_clusters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

struct Row {
  std::int64_t a;
  std::int64_t b;
  double w[2];
};
/// Seven rows of three levels of a and two of b, which all hang together; W is (1, x).
const Row kRows[] = {{5, 1, {1, 0.3}}, {5, 1, {1, -1}},  {5, 2, {1, 0.8}}, {7, 2, {1, 2}},
                     {7, 2, {1, 0.1}}, {9, 1, {1, -.7}}, {9, 1, {1, 1.9}}};

std::vector<CrossedPart> Parts() {
  std::vector<CrossedCell> cells;
  for (const Row& row : kRows) {
    cells.push_back(
        {row.a, row.b, 1, {row.w[0], row.w[1]}, {1, row.w[1] * row.w[0], row.w[1] * row.w[1]}});
  }
  return *PartsOf(std::move(cells));
}

/// Number `which` of the matrices' element `element` (0 to 2), or of the logarithms (3).
double At(double first, double second, std::size_t which, std::size_t element) {
  using namespace federation;
  const Layout layout{{ScaledBlock("matrices", 18, 10), WideBlock("logarithms", 6)}};
  ExactSums sums(layout);
  const double theta[] = {first, second};
  for (const CrossedPart& part : Parts()) AddCrossedPart(part, theta, {0, 1, 0, true}, sums);
  const auto pooled = PooledSums::Decode(layout, sums.Seal(core::Hash{}));
  return element == 3 ? pooled->Number(1, which) : pooled->Number(0, which * 3 + element);
}

TEST(CrossedClusters, IsTheInverseOfTheDenseCovariance) {
  constexpr std::size_t n = std::size(kRows);
  double v[n][n + 2];
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      v[i][j] = (i == j) + 0.36 * (kRows[i].a == kRows[j].a) + 0.64 * (kRows[i].b == kRows[j].b);
    }
    v[i][n] = kRows[i].w[0];
    v[i][n + 1] = kRows[i].w[1];
  }
  double logarithm = 0;  // by Gauss's elimination
  for (std::size_t m = 0; m < n; ++m) {
    logarithm += std::log(v[m][m]);
    for (std::size_t i = 0; i < n; ++i) {
      const double factor = v[i][m] / v[m][m];
      for (std::size_t j = m; i != m && j < n + 2; ++j) v[i][j] -= factor * v[m][j];
    }
  }
  double expected[3] = {0, 0, 0};
  for (std::size_t i = 0; i < n; ++i) {
    expected[0] += kRows[i].w[0] * v[i][n] / v[i][i];
    expected[1] += kRows[i].w[1] * v[i][n] / v[i][i];
    expected[2] += kRows[i].w[1] * v[i][n + 1] / v[i][i];
  }
  for (std::size_t element = 0; element < 3; ++element)
    EXPECT_NEAR(At(0.6, 0.8, 0, element), expected[element], 1e-12);
  EXPECT_NEAR(At(0.6, 0.8, 0, 3), logarithm, 1e-12);
  EXPECT_NEAR(At(0, 0, 0, 0), 7, 1e-13);
  EXPECT_NEAR(At(0, 0, 0, 3), 0, 1e-13);
}

TEST(CrossedClusters, DerivativesAreThoseOfTheValue) {
  constexpr double kStep = 1e-5;
  for (const double second : {0.8, 1e-4}) {
    const auto slope = [&](std::size_t which, std::size_t element, bool of_second) {
      const double a = of_second ? 0 : kStep;
      const double b = of_second ? kStep : 0;
      return (At(0.6 + a, second + b, which, element) - At(0.6 - a, second - b, which, element)) /
             (2 * kStep);
    };
    for (std::size_t element = 0; element < 4; ++element) {
      EXPECT_NEAR(At(0.6, second, 1, element), slope(0, element, false), 2e-8) << element;
      EXPECT_NEAR(At(0.6, second, 2, element), slope(0, element, true), 2e-8) << element;
      EXPECT_NEAR(At(0.6, second, 3, element), slope(1, element, false), 2e-8) << element;
      EXPECT_NEAR(At(0.6, second, 4, element), slope(1, element, true), 2e-8) << element;
      EXPECT_NEAR(At(0.6, second, 5, element), slope(2, element, true), 2e-8) << element;
    }
  }
}

TEST(CrossedClusters, PartsHaveNoLevelInCommon) {
  const auto cell = [](std::int64_t a, std::int64_t b) {
    return CrossedCell{a, b, 2, {2.0}, {2.0}};
  };
  const auto parts = PartsOf({cell(1, 1), cell(2, 1), cell(3, 4), cell(3, 5), cell(6, 6)});
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 3U);
  std::size_t levels = 0;
  for (const CrossedPart& part : *parts) levels += part.first_levels + part.second_levels;
  EXPECT_EQ(levels, 8U);
}

}  // namespace
}  // namespace clinnova::stats
