// SPDX-License-Identifier: Apache-2.0
#include "stats/nested_clusters.h"

#include <gtest/gtest.h>

#include <cmath>

namespace clinnova::stats {
namespace {

/// Three clusters of 4, 1 and 9 rows, means of two columns.
OuterGroup Group() {
  OuterGroup group;
  group.clusters = 3;
  group.columns = 2;
  group.means = {1, 1, 1, 0.3, -1.2, 0.7};
  for (const double rows : {4.0, 1.0, 9.0}) {
    SmallMatrix factor;
    factor.at(0, 0) = std::sqrt(rows);
    group.gram_factors.push_back(factor);
  }
  return group;
}

/// Number `which` of the matrices' element `element` (0 to 2), or of the logarithms (3).
double At(double inner, double outer, std::size_t which, std::size_t element) {
  using namespace federation;
  const Layout layout{{ScaledBlock("matrices", 18, 10), WideBlock("logarithms", 6)}};
  ExactSums sums(layout);
  const double theta[] = {inner, outer};
  AddOuterGroup(Group(), theta, {0, 1, 0, true}, sums);
  const auto pooled = PooledSums::Decode(layout, sums.Seal(core::Hash{}));
  return element == 3 ? pooled->Number(1, which) : pooled->Number(0, which * 3 + element);
}

TEST(NestedClusters, IsTheInverseOfTheNestedCovariance) {
  // On the clusters' means the covariance is diag(1 / n + a^2) + b^2.
  constexpr double kInner = 0.6;
  constexpr double kOuter = 0.8;
  const double weights[] = {1 / (1.0 / 4 + 0.36), 1 / (1 + 0.36), 1 / (1.0 / 9 + 0.36)};
  const double means[] = {0.3, -1.2, 0.7};
  double kappa = 0;
  double first = 0;
  double second = 0;
  double logarithm = 0;
  for (int c = 0; c < 3; ++c) {
    kappa += weights[c];
    first += weights[c] * means[c];
    second += weights[c] * means[c] * means[c];
  }
  for (const double rows : {4.0, 1.0, 9.0}) logarithm += std::log(1 + 0.36 * rows);
  const double f = 0.64 / (1 + 0.64 * kappa);
  EXPECT_NEAR(At(kInner, kOuter, 0, 0), kappa - f * kappa * kappa, 1e-13);
  EXPECT_NEAR(At(kInner, kOuter, 0, 1), first - f * kappa * first, 1e-13);
  EXPECT_NEAR(At(kInner, kOuter, 0, 2), second - f * first * first, 1e-13);
  EXPECT_NEAR(At(kInner, kOuter, 0, 3), logarithm + std::log(1 + 0.64 * kappa), 1e-13);
}

TEST(NestedClusters, DerivativesAreThoseOfTheValue) {
  constexpr double kStep = 1e-5;
  const auto slope = [](std::size_t which, std::size_t element, bool outer) {
    const double a = outer ? 0 : kStep;
    const double b = outer ? kStep : 0;
    return (At(0.6 + a, 0.8 + b, which, element) - At(0.6 - a, 0.8 - b, which, element)) /
           (2 * kStep);
  };
  for (std::size_t element = 0; element < 4; ++element) {
    EXPECT_NEAR(At(0.6, 0.8, 1, element), slope(0, element, false), 1e-8) << element;
    EXPECT_NEAR(At(0.6, 0.8, 2, element), slope(0, element, true), 1e-8) << element;
    EXPECT_NEAR(At(0.6, 0.8, 3, element), slope(1, element, false), 1e-8) << element;
    EXPECT_NEAR(At(0.6, 0.8, 4, element), slope(1, element, true), 1e-8) << element;
    EXPECT_NEAR(At(0.6, 0.8, 5, element), slope(2, element, true), 1e-8) << element;
  }
}

}  // namespace
}  // namespace clinnova::stats
