// SPDX-License-Identifier: Apache-2.0
#include "stats/refined_solve.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "federation/registers.h"

namespace clinnova::stats {
namespace {

using federation::Register;

constexpr double kSmallestPivot = 1e-8;
/// A correction this much smaller than the solution is below what extended precision resolves.
constexpr long double kResolved = 1e-18L;
/// Corrections that do not shrink to this part of the one before have met the rounding of the residuals …
constexpr long double kShrinks = 0.1L;
/// … which must then be as small as this.
constexpr long double kRounding = 1e-12L;
constexpr int kMaximumCorrections = 12;

/// Takes factor * row away from `from`.
template <std::size_t kWidth>
[[gnu::always_inline]] inline void TakeAwayBy(const double* row, double factor, std::size_t n,
                                              double* from) {
  std::size_t j = 0;
  for (; j + kWidth <= n; j += kWidth) {
    Register<double, kWidth> x;
    Register<double, kWidth> y;
    std::memcpy(&x, row + j, sizeof x);
    std::memcpy(&y, from + j, sizeof y);
    y -= factor * x;
    std::memcpy(from + j, &y, sizeof y);
  }
  for (; j < n; ++j) from[j] -= factor * row[j];
}
CLINNOVA_FOR_REGISTERS(void, TakeAway,
                       (const double* row, double factor, std::size_t n, double* from),
                       (row, factor, n, from))

/// Turns the upper triangle into that of R, R'R being the matrix: row by row, so that all accesses are in line.
/// False for a matrix that is not clearly positive definite.
bool Factorise(Matrix& upper) {
  const std::size_t n = upper.size();
  std::vector<double> least(n);
  for (std::size_t k = 0; k < n; ++k) least[k] = kSmallestPivot * upper[k][k];
  for (std::size_t k = 0; k < n; ++k) {
    double* row = upper[k].data();
    if (!(row[k] > least[k]) || !(row[k] > 0)) return false;
    const double inverse = 1 / std::sqrt(row[k]);
    for (std::size_t j = k; j < n; ++j) row[j] *= inverse;
    for (std::size_t i = k + 1; i < n; ++i) TakeAway(row + i, row[i], n - i, upper[i].data() + i);
  }
  return true;
}

/// Replaces b by the solution of R'R x = b.
void SolveWith(const Matrix& upper, std::vector<double>& b) {
  const std::size_t n = b.size();
  for (std::size_t k = 0; k < n; ++k) {
    b[k] /= upper[k][k];
    for (std::size_t j = k + 1; j < n; ++j) b[j] -= upper[k][j] * b[k];
  }
  for (std::size_t k = n; k-- > 0;) {
    double sum = b[k];
    for (std::size_t j = k + 1; j < n; ++j) sum -= upper[k][j] * b[j];
    b[k] = sum / upper[k][k];
  }
}

}  // namespace

std::optional<std::vector<double>> SolveRefined(const Matrix& matrix,
                                                const std::vector<double>& b) {
  Matrix upper = matrix;
  if (!Factorise(upper)) return std::nullopt;
  const std::size_t n = b.size();
  std::vector<long double> x(n);
  std::vector<double> correction = b;
  long double before = 0;
  for (int round = 0; round < kMaximumCorrections; ++round) {
    SolveWith(upper, correction);
    long double largest = 0;
    long double size = 0;
    for (std::size_t i = 0; i < n; ++i) {
      x[i] += correction[i];
      largest = std::max(largest, static_cast<long double>(std::fabs(correction[i])));
      size = std::max(size, std::fabs(x[i]));
    }
    if (!std::isfinite(largest)) return std::nullopt;
    const bool stuck = round > 0 && largest > kShrinks * before;
    if (largest <= (stuck ? kRounding : kResolved) * size) {
      return std::vector<double>(x.begin(), x.end());
    }
    if (stuck) return std::nullopt;
    before = largest;
    for (std::size_t i = 0; i < n; ++i) {
      long double residual = b[i];
      for (std::size_t j = 0; j < n; ++j) residual -= matrix[i][j] * x[j];
      correction[i] = static_cast<double>(residual);
    }
  }
  return std::nullopt;
}

}  // namespace clinnova::stats
