// SPDX-License-Identifier: Apache-2.0
// Small dense symmetric systems at the coordinator, in extended precision, with columns that depend on
// those before them set aside as R does.
#pragma once

#include <cstddef>
#include <vector>

namespace clinnova::stats {

using Matrix = std::vector<std::vector<double>>;

/// The full symmetric matrix from its lower triangle by rows.
Matrix FromLowerTriangle(const std::vector<double>& packed, std::size_t size);

/// L D L' of a symmetric non-negative matrix, columns taken in order. A column whose pivot falls below
/// `tolerance` times its diagonal depends on those before it: it is aliased and left out, as in R's lm.
/// G. W. Stewart, "Matrix Algorithms I", SIAM 1998, section 4.2.
class SymmetricFactor {
 public:
  SymmetricFactor(const Matrix& matrix, double tolerance);

  std::size_t rank() const { return kept_.size(); }
  /// True for columns that depend on those before them.
  const std::vector<bool>& aliased() const { return aliased_; }
  /// Solution of matrix * x = b on the kept columns; 0 at the aliased ones.
  std::vector<double> Solve(const std::vector<double>& b) const;
  /// Inverse on the kept columns; 0 in the rows and columns of the aliased ones.
  Matrix Inverse() const;
  /// Natural logarithm of the determinant over the kept columns.
  double LogDeterminant() const;

 private:
  std::vector<long double> SolveKept(std::vector<long double> b) const;

  std::size_t size_ = 0;
  std::vector<std::size_t> kept_;
  std::vector<bool> aliased_;
  std::vector<std::vector<long double>> lower_;  // unit lower triangle over the kept columns
  std::vector<long double> diagonal_;
};

/// a * b * a' for a square `a`.
Matrix Congruence(const Matrix& a, const Matrix& b);

}  // namespace clinnova::stats
