// SPDX-License-Identifier: Apache-2.0
#include "stats/nested_clusters.h"

#include <array>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

/// Value, first and second derivative in theta_1.
constexpr std::size_t kOrders = 3;
/// Value; theta_1; theta_2; then the second ones (1,1), (2,1), (2,2).
constexpr std::size_t kMatrices = 6;

/// The clusters' weights with derivatives, their total, and the weighted mean with derivatives.
struct Weighted {
  std::array<std::vector<double>, kOrders> k;
  std::array<double, kOrders> kappa{};
  std::array<double, kOrders> logarithm{};
  std::array<std::vector<double>, kOrders> mean;
};

Weighted Weigh(const OuterGroup& group, const double* theta) {
  Weighted weighted;
  std::array<std::vector<double>, kOrders> total;
  for (std::vector<double>& sums : total) sums.resize(group.columns);
  for (std::size_t c = 0; c < group.clusters; ++c) {
    const ClusterShrinkage shrinkage(group.gram_factors[c], theta, 1);
    const std::array<double, kOrders> k = {shrinkage.k().at(0, 0), shrinkage.K(0).at(0, 0),
                                           shrinkage.K(0, 0).at(0, 0)};
    weighted.logarithm[0] += shrinkage.log_determinant();
    weighted.logarithm[1] += shrinkage.LogDeterminant(0);
    weighted.logarithm[2] += shrinkage.LogDeterminant(0, 0);
    for (std::size_t order = 0; order < kOrders; ++order) {
      weighted.k[order].push_back(k[order]);
      weighted.kappa[order] += k[order];
      for (std::size_t j = 0; j < group.columns; ++j) {
        total[order][j] += k[order] * group.means[j * group.clusters + c];
      }
    }
  }
  const auto& kappa = weighted.kappa;
  for (std::vector<double>& mean : weighted.mean) mean.resize(group.columns);
  for (std::size_t j = 0; j < group.columns; ++j) {
    const double b = weighted.mean[0][j] = total[0][j] / kappa[0];
    const double b1 = weighted.mean[1][j] = (total[1][j] - kappa[1] * b) / kappa[0];
    weighted.mean[2][j] = (total[2][j] - kappa[2] * b - 2 * kappa[1] * b1) / kappa[0];
  }
  return weighted;
}

/// sum k (B - b)(B - b)', with the derivatives of k.
void AddInside(const OuterGroup& group, const Weighted& weighted, const NestedTarget& target,
               federation::ExactSums& sums) {
  std::vector<double> centred(group.means.size());
  for (std::size_t j = 0; j < group.columns; ++j) {
    for (std::size_t c = 0; c < group.clusters; ++c) {
      const std::size_t at = j * group.clusters + c;
      centred[at] = group.means[at] - weighted.mean[0][j];
    }
  }
  const std::size_t triangle = group.columns * (group.columns + 1) / 2;
  constexpr std::array<std::size_t, kOrders> kMatrixOfOrder = {0, 1, 3};
  for (std::size_t order = 0; order < (target.derivatives ? kOrders : 1); ++order) {
    sums.AddWeightedGram(target.matrices_block, (target.first + kMatrixOfOrder[order]) * triangle,
                         {centred.data(), group.clusters, group.columns}, weighted.k[order].data(),
                         group.clusters);
  }
}

/// Coefficients of b b', b b_1' + b_1 b', b_1 b_1', b b_2' + b_2 b' in each matrix, and the logarithms.
struct OuterCoefficients {
  std::array<std::array<double, 4>, kMatrices> of{};
  std::array<double, kMatrices> logarithm{};
};

OuterCoefficients CoefficientsOf(const Weighted& weighted, double theta) {
  const auto [kappa, kappa1, kappa2] = weighted.kappa;
  const double rho = theta * theta;
  const double rho1 = 2 * theta;
  const double d = 1 + rho * kappa;
  const double g = kappa / d;
  const double g_kappa = 1 / (d * d);
  const double g_rho = -g * g;
  const double g_mixed = -2 * g / (d * d);
  OuterCoefficients result;
  result.of[0] = {g, 0, 0, 0};
  result.of[1] = {g_kappa * kappa1, g, 0, 0};
  result.of[2] = {g_rho * rho1, 0, 0, 0};
  result.of[3] = {-2 * rho / (d * d * d) * kappa1 * kappa1 + g_kappa * kappa2, 2 * g_kappa * kappa1,
                  2 * g - 2 * kappa, g};
  result.of[4] = {rho1 * g_mixed * kappa1, rho1 * g_rho, 0, 0};
  result.of[5] = {2 * g * g * g * rho1 * rho1 + 2 * g_rho, 0, 0, 0};
  const double pull = rho / d;
  result.logarithm = {weighted.logarithm[0] + core::Log(d),
                      weighted.logarithm[1] + pull * kappa1,
                      g * rho1,
                      weighted.logarithm[2] - pull * pull * kappa1 * kappa1 + pull * kappa2,
                      kappa1 * rho1 / (d * d),
                      2 * g - g * g * rho1 * rho1};
  return result;
}

}  // namespace

void AddOuterGroup(const OuterGroup& group, const double* theta, const NestedTarget& target,
                   federation::ExactSums& sums) {
  const Weighted weighted = Weigh(group, theta);
  AddInside(group, weighted, target, sums);
  const OuterCoefficients coefficients = CoefficientsOf(weighted, theta[1]);
  const auto& b = weighted.mean;
  const std::size_t triangle = group.columns * (group.columns + 1) / 2;
  for (std::size_t which = 0; which < (target.derivatives ? kMatrices : 1); ++which) {
    sums.Add(target.logarithms_block, target.first + which, coefficients.logarithm[which]);
    const auto& factor = coefficients.of[which];
    std::size_t at = (target.first + which) * triangle;
    for (std::size_t i = 0; i < group.columns; ++i) {
      for (std::size_t j = 0; j <= i; ++j, ++at) {
        const double value =
            factor[0] * b[0][i] * b[0][j] + factor[1] * (b[0][i] * b[1][j] + b[1][i] * b[0][j]) +
            factor[2] * b[1][i] * b[1][j] + factor[3] * (b[0][i] * b[2][j] + b[2][i] * b[0][j]);
        sums.Add(target.matrices_block, at, value);
      }
    }
  }
}

}  // namespace clinnova::stats
