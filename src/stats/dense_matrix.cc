// SPDX-License-Identifier: Apache-2.0
#include "stats/dense_matrix.h"

#include <algorithm>
#include <cmath>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kPivotTolerance = 1e-12;

/// to += factor * from.
void AddScaled(const double* from, double factor, std::size_t count, double* to) {
  for (std::size_t j = 0; j < count; ++j) to[j] += factor * from[j];
}

/// L of `a`; root_of(i, pivot) is L's entry i of the diagonal, 0 for a column of 0.
template <typename RootOf>
DenseMatrix FactorOf(const DenseMatrix& a, RootOf root_of) {
  DenseMatrix factor(a.rows, a.rows);
  for (std::size_t i = 0; i < a.rows; ++i) {
    double* row = factor.row(i);
    for (std::size_t j = 0; j < i; ++j) {
      const double* other = factor.row(j);
      if (other[j] == 0) continue;
      double sum = a.at(i, j);
      for (std::size_t m = 0; m < j; ++m) sum -= row[m] * other[m];
      row[j] = sum / other[j];
    }
    double pivot = a.at(i, i);
    for (std::size_t m = 0; m < i; ++m) pivot -= row[m] * row[m];
    row[i] = root_of(i, pivot);
  }
  return factor;
}

}  // namespace

DenseMatrix Multiply(const DenseMatrix& a, const DenseMatrix& b) {
  DenseMatrix product(a.rows, b.columns);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t m = 0; m < a.columns; ++m) {
      if (a.at(i, m) != 0) AddScaled(b.row(m), a.at(i, m), b.columns, product.row(i));
    }
  }
  return product;
}

DenseMatrix MultiplyTransposed(const DenseMatrix& a, const DenseMatrix& b) {
  DenseMatrix product(a.columns, b.columns);
  for (std::size_t m = 0; m < a.rows; ++m) {
    for (std::size_t i = 0; i < a.columns; ++i) {
      if (a.at(m, i) != 0) AddScaled(b.row(m), a.at(m, i), b.columns, product.row(i));
    }
  }
  return product;
}

DenseMatrix Transposed(const DenseMatrix& a) {
  DenseMatrix transposed(a.columns, a.rows);
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < a.columns; ++j) transposed.at(j, i) = a.at(i, j);
  }
  return transposed;
}

double TraceOfProduct(const DenseMatrix& a, const DenseMatrix& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < a.columns; ++j) sum += a.at(i, j) * b.at(j, i);
  }
  return sum;
}

void AddIdentity(DenseMatrix& a) {
  for (std::size_t i = 0; i < a.rows; ++i) a.at(i, i) += 1;
}

DenseMatrix CholeskyFactor(const DenseMatrix& a, const std::vector<double>& floors) {
  return FactorOf(a, [&](std::size_t i, double pivot) {
    const double floor = floors.empty() ? 0 : floors[i];
    return pivot > std::max(kPivotTolerance * a.at(i, i), floor) ? std::sqrt(pivot) : 0;
  });
}

DenseMatrix CholeskyFactorAboveIdentity(const DenseMatrix& a) {
  return FactorOf(a, [](std::size_t, double pivot) { return std::sqrt(std::max(pivot, 1.0)); });
}

void SolveLower(const DenseMatrix& l, DenseMatrix& b) {
  for (std::size_t i = 0; i < l.rows; ++i) {
    const double pivot = l.at(i, i);
    for (std::size_t m = 0; m < i; ++m) AddScaled(b.row(m), -l.at(i, m), b.columns, b.row(i));
    for (std::size_t j = 0; j < b.columns; ++j) b.at(i, j) = pivot > 0 ? b.at(i, j) / pivot : 0;
  }
}

void SolveTransposed(const DenseMatrix& l, DenseMatrix& b) {
  for (std::size_t i = l.rows; i-- > 0;) {
    const double pivot = l.at(i, i);
    for (std::size_t m = i + 1; m < l.rows; ++m) {
      AddScaled(b.row(m), -l.at(m, i), b.columns, b.row(i));
    }
    for (std::size_t j = 0; j < b.columns; ++j) b.at(i, j) = pivot > 0 ? b.at(i, j) / pivot : 0;
  }
}

double LogDeterminant(const DenseMatrix& l) {
  double sum = 0;
  for (std::size_t i = 0; i < l.rows; ++i) sum += 2 * core::Log(l.at(i, i));
  return sum;
}

}  // namespace clinnova::stats
