// SPDX-License-Identifier: Apache-2.0
#include "stats/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace clinnova::stats {
namespace {

using LongMatrix = std::vector<std::vector<long double>>;

constexpr int kMaximumSweeps = 60;
constexpr long double kEqualSize = 1 - 1e-9L;

/// Makes a[i][j] zero by a rotation of rows and columns i and j; false when it is as good as zero.
bool Rotate(LongMatrix& a, LongMatrix& vectors, std::size_t i, std::size_t j) {
  const long double size = std::sqrt(std::fabs(a[i][i]) * std::fabs(a[j][j]));
  if (std::fabs(a[i][j]) <= std::numeric_limits<long double>::epsilon() * size) return false;
  const long double theta = (a[j][j] - a[i][i]) / (2 * a[i][j]);
  const long double t = (theta < 0 ? -1 : 1) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
  const long double c = 1 / std::sqrt(t * t + 1);
  const long double s = t * c;
  const long double moved = t * a[i][j];
  a[i][i] -= moved;
  a[j][j] += moved;
  a[i][j] = a[j][i] = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const long double vi = vectors[k][i];
    const long double vj = vectors[k][j];
    vectors[k][i] = c * vi - s * vj;
    vectors[k][j] = s * vi + c * vj;
    if (k == i || k == j) continue;
    const long double ai = a[k][i];
    const long double aj = a[k][j];
    a[k][i] = a[i][k] = c * ai - s * aj;
    a[k][j] = a[j][k] = s * ai + c * aj;
  }
  return true;
}

/// 1 or -1, such that the leading entry of the column becomes positive.
long double SignOf(const LongMatrix& vectors, std::size_t column) {
  long double largest = 0;
  for (const auto& row : vectors) largest = std::max(largest, std::fabs(row[column]));
  for (const auto& row : vectors) {
    if (std::fabs(row[column]) >= largest * kEqualSize) return row[column] < 0 ? -1 : 1;
  }
  return 1;
}

}  // namespace

SymmetricEigen EigenOf(const Matrix& matrix) {
  const std::size_t p = matrix.size();
  LongMatrix a(p, std::vector<long double>(p));
  LongMatrix vectors = a;
  for (std::size_t i = 0; i < p; ++i) {
    vectors[i][i] = 1;
    for (std::size_t j = 0; j < p; ++j) a[i][j] = matrix[i][j];
  }
  bool rotated = true;
  for (int sweep = 0; rotated && sweep < kMaximumSweeps; ++sweep) {
    rotated = false;
    for (std::size_t i = 0; i + 1 < p; ++i) {
      for (std::size_t j = i + 1; j < p; ++j) rotated = Rotate(a, vectors, i, j) || rotated;
    }
  }
  std::vector<std::size_t> order(p);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return a[i][i] > a[j][j]; });
  SymmetricEigen eigen;
  eigen.vectors.assign(p, std::vector<double>(p));
  for (std::size_t c = 0; c < p; ++c) {
    eigen.values.push_back(static_cast<double>(a[order[c]][order[c]]));
    const long double sign = SignOf(vectors, order[c]);
    for (std::size_t i = 0; i < p; ++i) {
      eigen.vectors[i][c] = static_cast<double>(sign * vectors[i][order[c]]);
    }
  }
  return eigen;
}

}  // namespace clinnova::stats
