// SPDX-License-Identifier: Apache-2.0
// Dense matrices at a site, of sizes known only at run time: products, and the Cholesky factor of a matrix that may be
// singular. Every sum runs in a fixed order: the same numbers give the same bits on every machine.
#pragma once

#include <cstddef>
#include <vector>

namespace clinnova::stats {

/// Row by row.
struct DenseMatrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> values;

  DenseMatrix() = default;
  DenseMatrix(std::size_t rows_, std::size_t columns_)
      : rows(rows_), columns(columns_), values(rows_ * columns_) {}
  double& at(std::size_t i, std::size_t j) { return values[i * columns + j]; }
  double at(std::size_t i, std::size_t j) const { return values[i * columns + j]; }
  double* row(std::size_t i) { return values.data() + i * columns; }
  const double* row(std::size_t i) const { return values.data() + i * columns; }
};

/// a b.
DenseMatrix Multiply(const DenseMatrix& a, const DenseMatrix& b);
/// a' b.
DenseMatrix MultiplyTransposed(const DenseMatrix& a, const DenseMatrix& b);
DenseMatrix Transposed(const DenseMatrix& a);
/// The trace of a b.
double TraceOfProduct(const DenseMatrix& a, const DenseMatrix& b);
/// Adds 1 to the diagonal.
void AddIdentity(DenseMatrix& a);

/// L, lower triangular, with L L' = a for a non-negative `a`. A column is 0 where what is left of its diagonal is less than 1e-12 of it,
/// or not above its entry in `floors` (empty: 0).
DenseMatrix CholeskyFactor(const DenseMatrix& a, const std::vector<double>& floors = {});
/// The same for an `a` that is the identity and a non-negative matrix: no pivot is below 1, however small beside its diagonal.
DenseMatrix CholeskyFactorAboveIdentity(const DenseMatrix& a);
/// L^-1 b in place of b; 0 in the rows where L has a column of 0.
void SolveLower(const DenseMatrix& l, DenseMatrix& b);
/// L'^-1 b, likewise.
void SolveTransposed(const DenseMatrix& l, DenseMatrix& b);
/// The logarithm of |L|^2 for an L without columns of 0.
double LogDeterminant(const DenseMatrix& l);

}  // namespace clinnova::stats
