// SPDX-License-Identifier: Apache-2.0
#include "stats/linear_algebra.h"

#include <cmath>

namespace clinnova::stats {

Matrix FromLowerTriangle(const std::vector<double>& packed, std::size_t size) {
  Matrix matrix(size, std::vector<double>(size));
  std::size_t at = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++at) matrix[i][j] = matrix[j][i] = packed[at];
  }
  return matrix;
}

SymmetricFactor::SymmetricFactor(const Matrix& matrix, double tolerance)
    : size_(matrix.size()), aliased_(matrix.size()) {
  for (std::size_t column = 0; column < size_; ++column) {
    std::vector<long double> row(kept_.size());
    long double pivot = matrix[column][column];
    for (std::size_t k = 0; k < kept_.size(); ++k) {
      long double sum = matrix[column][kept_[k]];
      for (std::size_t m = 0; m < k; ++m) sum -= row[m] * diagonal_[m] * lower_[k][m];
      row[k] = sum / diagonal_[k];
      pivot -= row[k] * row[k] * diagonal_[k];
    }
    if (!(pivot > tolerance * matrix[column][column]) || !(pivot > 0)) {
      aliased_[column] = true;
      continue;
    }
    kept_.push_back(column);
    row.push_back(1);
    lower_.push_back(std::move(row));
    diagonal_.push_back(pivot);
  }
}

std::vector<long double> SymmetricFactor::SolveKept(std::vector<long double> b) const {
  const std::size_t n = kept_.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= lower_[i][k] * b[k];
  }
  for (std::size_t i = 0; i < n; ++i) b[i] /= diagonal_[i];
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= lower_[k][i] * b[k];
  }
  return b;
}

std::vector<double> SymmetricFactor::Solve(const std::vector<double>& b) const {
  std::vector<long double> kept(kept_.size());
  for (std::size_t i = 0; i < kept_.size(); ++i) kept[i] = b[kept_[i]];
  kept = SolveKept(std::move(kept));
  std::vector<double> x(size_);
  for (std::size_t i = 0; i < kept_.size(); ++i) x[kept_[i]] = static_cast<double>(kept[i]);
  return x;
}

Matrix SymmetricFactor::Inverse() const {
  Matrix inverse(size_, std::vector<double>(size_));
  for (std::size_t j = 0; j < kept_.size(); ++j) {
    std::vector<long double> unit(kept_.size());
    unit[j] = 1;
    unit = SolveKept(std::move(unit));
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      inverse[kept_[i]][kept_[j]] = static_cast<double>(unit[i]);
    }
  }
  return inverse;
}

double SymmetricFactor::LogDeterminant() const {
  long double sum = 0;
  for (const long double pivot : diagonal_) sum += std::log(pivot);
  return static_cast<double>(sum);
}

Matrix Congruence(const Matrix& a, const Matrix& b) {
  const std::size_t n = a.size();
  std::vector<std::vector<long double>> half(n, std::vector<long double>(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) {
      if (a[i][k] == 0) continue;
      for (std::size_t j = 0; j < n; ++j) half[i][j] += static_cast<long double>(a[i][k]) * b[k][j];
    }
  }
  Matrix result(n, std::vector<double>(n));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      long double sum = 0;
      for (std::size_t k = 0; k < n; ++k) sum += half[i][k] * a[j][k];
      result[i][j] = static_cast<double>(sum);
    }
  }
  return result;
}

}  // namespace clinnova::stats
