// SPDX-License-Identifier: Apache-2.0
#include "stats/theta_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "stats/symmetric_eigen.h"

namespace clinnova::stats {
namespace {

constexpr std::size_t kScalarGrid = 64;
/// A row of L this small is measured by this, not by itself.
constexpr double kSmallRow = 0.05;
/// A curvature below this part of the largest one is taken for as much.
constexpr double kFlat = 1e-6;
constexpr double kOnRidge = 1e-6;
constexpr double kOffRidge = 0.3;
constexpr double kNoMove = 1e-12;

using Points = std::vector<std::vector<double>>;

Points ScalarGrid() {
  Points grid = {{0}};
  for (std::size_t i = 0; i + 1 < kScalarGrid; ++i) {
    grid.push_back({std::ldexp(i % 2 == 0 ? 1 : 1.4142135623730951, static_cast<int>(i / 2) - 10)});
  }
  return grid;
}

/// theta with these sizes of the first effect and of the others, these leaning on the first.
std::vector<double> ThetaOf(const CovarianceShape& shape, double first, double others,
                            double correlation) {
  std::vector<double> theta;
  for (const auto& [row, column] : shape.entries) {
    const double size = row == 0 ? first : others;
    theta.push_back(row == column ? size : size * correlation);
  }
  return theta;
}

/// Sizes that effects may have: the more of them, the fewer combinations there are beside them.
std::vector<double> SizesOf(const RandomPart& part, std::size_t group) {
  if (part.groups[group].size() == 1) return {0.02, 0.1, 0.4, 1.5, 6, 50, 1000};
  if (part.groups.size() == 1) return {0.02, 0.1, 0.4, 1.5, 6, 30};
  if (part.groups[1 - group].size() == 1) return {0.05, 0.3, 1.5, 8, 40};
  return {0.08, 0.8, 8};
}

Points GroupGrid(const RandomPart& part, std::size_t group) {
  const bool alone = part.groups.size() == 1;
  const RandomEffects& effects = part.groups[group];
  const std::vector<double> sizes = SizesOf(part, group);
  const CovarianceShape shape = effects.Shape();
  Points grid;
  if (effects.size() == 1) {
    for (const double size : sizes) grid.push_back({size});
    return grid;
  }
  const bool tied = alone && effects.size() == 2 && effects.Correlated(0, 1);
  for (const double first : sizes) {
    for (const double others : sizes) {
      for (const double correlation : {0.0, -0.7, 0.7}) {
        if (tied || correlation == 0) {
          grid.push_back(ThetaOf(shape, first, others, correlation));
        }
      }
    }
  }
  return grid;
}

/// For each entry of theta the largest of these values in its row of L.
std::vector<double> RowSizes(const RandomPart& part, const std::vector<double>& values) {
  std::vector<double> sizes;
  for (const RandomEffects& effects : part.groups) {
    const CovarianceShape shape = effects.Shape();
    std::vector<double> rows(effects.size());
    const std::size_t first = sizes.size();
    for (std::size_t i = 0; i < shape.entries.size(); ++i) {
      double& row = rows[shape.entries[i].first];
      row = std::max(row, std::fabs(values[first + i]));
    }
    for (const auto& [row, column] : shape.entries) sizes.push_back(rows[row]);
  }
  return sizes;
}

}  // namespace

std::vector<double> ThetaStep(const RandomPart& part, const std::vector<double>& theta,
                              const ProfileDeviance& at) {
  const std::size_t k = theta.size();
  std::vector<double> scale = RowSizes(part, theta);
  for (double& size : scale) size += kSmallRow;
  Matrix hessian = at.hessian;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) hessian[i][j] *= scale[i] * scale[j];
  }
  const SymmetricEigen eigen = EigenOf(hessian);
  double largest = 0;
  for (const double value : eigen.values) largest = std::max(largest, std::fabs(value));
  std::vector<double> step(k);
  for (std::size_t v = 0; v < k; ++v) {
    const double curvature = std::max(std::fabs(eigen.values[v]), kFlat * largest);
    if (!(curvature > 0)) continue;
    double slope = 0;
    for (std::size_t i = 0; i < k; ++i) slope += eigen.vectors[i][v] * scale[i] * at.gradient[i];
    double move = -slope / curvature;
    // On a ridge, as at the variance 0, either way leads down.
    if (eigen.values[v] < -kFlat * largest && std::fabs(move) < kOnRidge) move = kOffRidge;
    for (std::size_t i = 0; i < k; ++i) step[i] += move * eigen.vectors[i][v];
  }
  for (std::size_t i = 0; i < k; ++i) step[i] *= scale[i];
  return step;
}

double ThetaStretch(const RandomPart& part, const std::vector<double>& theta,
                    const std::vector<double>& step) {
  const std::vector<double> sizes = RowSizes(part, theta);
  const std::vector<double> moves = RowSizes(part, step);
  double stretch = 1e-300;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    stretch = std::max(stretch, moves[i] / (sizes[i] + kSmallRow));
  }
  return stretch;
}

bool ThetaStands(const RandomPart& part, const std::vector<double>& theta,
                 const std::vector<double>& step, double tolerance) {
  const std::vector<double> sizes = RowSizes(part, theta);
  const std::vector<double> moves = RowSizes(part, step);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (moves[i] > tolerance * sizes[i] && moves[i] >= kNoMove) return false;
  }
  return true;
}

Points ThetaGrid(const RandomPart& part) {
  if (part.parameters() == 1) return ScalarGrid();
  Points grid = {{}};
  for (std::size_t group = 0; group < part.groups.size(); ++group) {
    Points longer;
    for (const std::vector<double>& start : grid) {
      for (const std::vector<double>& end : GroupGrid(part, group)) {
        longer.push_back(start);
        longer.back().insert(longer.back().end(), end.begin(), end.end());
      }
    }
    grid = std::move(longer);
  }
  return grid;
}

}  // namespace clinnova::stats
