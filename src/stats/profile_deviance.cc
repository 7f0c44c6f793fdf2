// SPDX-License-Identifier: Apache-2.0
#include "stats/profile_deviance.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kTwoPi = 6.283185307179586476925;

void AddScaled(const Matrix& from, double factor, Matrix& to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    for (std::size_t j = 0; j < to.size(); ++j) to[i][j] += factor * from[i][j];
  }
}

/// matrix * v.
std::vector<double> Times(const Matrix& matrix, const std::vector<double>& v) {
  std::vector<double> result(matrix.size());
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    long double sum = 0;
    for (std::size_t j = 0; j < v.size(); ++j) {
      sum += static_cast<long double>(matrix[i][j]) * v[j];
    }
    result[i] = static_cast<double>(sum);
  }
  return result;
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  long double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<long double>(a[i]) * b[i];
  return static_cast<double>(sum);
}

/// Leading p x p part, without the aliased columns.
Matrix Information(const Matrix& products, const std::vector<bool>& aliased) {
  const std::size_t p = aliased.size();
  Matrix information(p, std::vector<double>(p));
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j < p; ++j) {
      if (!aliased[i] && !aliased[j]) information[i][j] = products[i][j];
    }
  }
  return information;
}

Matrix Multiply(const Matrix& a, const Matrix& b) {
  const std::size_t n = a.size();
  Matrix product(n, std::vector<double>(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t m = 0; m < n; ++m) {
      if (a[i][m] == 0) continue;
      for (std::size_t j = 0; j < n; ++j) product[i][j] += a[i][m] * b[m][j];
    }
  }
  return product;
}

double TraceOf(const Matrix& a) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i][i];
  return sum;
}

double TraceOfProduct(const Matrix& a, const Matrix& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a.size(); ++j) sum += a[i][j] * b[j][i];
  }
  return sum;
}

/// Gradient and Hessian of `result`, whose value is known; `direction` is (-beta, 1).
void Differentiate(const ProfileSums& sums, const ProfileProblem& problem, std::size_t k, double m,
                   const std::vector<double>& direction, ProfileDeviance& result) {
  const bool restricted = problem.criterion == Criterion::kRestricted;
  const double rss = result.residual_sum;
  std::vector<std::vector<double>> pushed;  // the columns of M_i (-beta, 1), kept rows of X
  std::vector<double> rss_first(k);
  std::vector<Matrix> ratio;  // A^-1 A_i
  for (std::size_t i = 0; i < k; ++i) {
    std::vector<double> image = Times(sums.products[1 + i], direction);
    rss_first[i] = Dot(direction, image);
    image.pop_back();
    for (std::size_t j = 0; j < image.size(); ++j) {
      if (problem.aliased[j]) image[j] = 0;
    }
    pushed.push_back(std::move(image));
    if (restricted) {
      ratio.push_back(
          Multiply(result.unscaled, Information(sums.products[1 + i], problem.aliased)));
    }
  }
  result.gradient.resize(k);
  result.hessian.assign(k, std::vector<double>(k));
  for (std::size_t i = 0; i < k; ++i) {
    result.gradient[i] = sums.log_determinants[1 + i] + m * rss_first[i] / rss +
                         (restricted ? TraceOf(ratio[i]) : 0);
    const std::vector<double> solved = Times(result.unscaled, pushed[i]);
    for (std::size_t j = 0; j <= i; ++j) {
      const std::size_t at = SecondDerivativeAt(k, i, j);
      const double rss_second =
          Dot(direction, Times(sums.products[at], direction)) - 2 * Dot(solved, pushed[j]);
      double second = sums.log_determinants[at] +
                      m * (rss_second / rss - rss_first[i] * rss_first[j] / (rss * rss));
      if (restricted) {
        second += TraceOfProduct(result.unscaled, Information(sums.products[at], problem.aliased)) -
                  TraceOfProduct(ratio[i], ratio[j]);
      }
      result.hessian[i][j] = result.hessian[j][i] = second;
    }
  }
}

}  // namespace

std::size_t DerivativeCount(std::size_t k, bool derivatives) {
  return derivatives ? 1 + k + k * (k + 1) / 2 : 1;
}

std::size_t SecondDerivativeAt(std::size_t k, std::size_t i, std::size_t j) {
  const auto [low, high] = std::minmax(i, j);
  return 1 + k + high * (high + 1) / 2 + low;
}

ProfileSums ProfileSums::At(const std::vector<double>& step) const {
  const std::size_t k = step.size();
  ProfileSums moved{{products[0]}, {log_determinants[0]}};
  const auto add = [&](std::size_t which, double factor) {
    AddScaled(products[which], factor, moved.products[0]);
    moved.log_determinants[0] += factor * log_determinants[which];
  };
  for (std::size_t i = 0; i < k; ++i) {
    add(1 + i, step[i]);
    for (std::size_t j = 0; j < k; ++j) add(SecondDerivativeAt(k, i, j), step[i] * step[j] / 2);
  }
  return moved;
}

ProfileDeviance DevianceOf(const ProfileSums& sums, const ProfileProblem& problem) {
  ProfileDeviance result;
  const std::size_t p = problem.aliased.size();
  const Matrix& products = sums.products[0];
  const SymmetricFactor factor(Information(products, problem.aliased), 1e-15);
  if (factor.rank() != problem.rank) return result;
  std::vector<double> right(products[p].begin(), products[p].begin() + static_cast<long>(p));
  for (std::size_t j = 0; j < p; ++j) {
    if (problem.aliased[j]) right[j] = 0;
  }
  result.beta = factor.Solve(right);
  std::vector<double> direction(p + 1, 1.0);
  for (std::size_t j = 0; j < p; ++j) direction[j] = -result.beta[j];
  result.residual_sum = Dot(direction, Times(products, direction));
  if (!(result.residual_sum > 0)) return result;
  result.unscaled = factor.Inverse();
  result.log_information = factor.LogDeterminant();
  const bool restricted = problem.criterion == Criterion::kRestricted;
  const double m = problem.n - (restricted ? static_cast<double>(problem.rank) : 0);
  result.deviance = sums.log_determinants[0] +
                    m * (1 + core::Log(kTwoPi * result.residual_sum / m)) +
                    (restricted ? result.log_information : 0);
  result.valid = std::isfinite(result.deviance);
  const auto count = static_cast<double>(sums.products.size());
  const auto k = static_cast<std::size_t>((std::sqrt(8 * count + 1) - 3) / 2 + 0.5);
  if (result.valid && k > 0) Differentiate(sums, problem, k, m, direction, result);
  return result;
}

std::vector<double> DescentStep(const ProfileDeviance& at) {
  const std::size_t k = at.gradient.size();
  std::vector<double> downhill(k);
  double largest = 0;
  for (std::size_t i = 0; i < k; ++i) {
    downhill[i] = -at.gradient[i];
    for (std::size_t j = 0; j < k; ++j) largest = std::max(largest, std::fabs(at.hessian[i][j]));
  }
  double damping = 0;
  for (int attempt = 0; attempt < 60; ++attempt) {
    Matrix damped = at.hessian;
    for (std::size_t i = 0; i < k; ++i) damped[i][i] += damping;
    const SymmetricFactor factor(damped, 1e-13);
    if (factor.rank() == k) return factor.Solve(downhill);
    damping = damping == 0 ? 1e-3 * largest + 1e-300 : 4 * damping;
  }
  return std::vector<double>(k);
}

}  // namespace clinnova::stats
