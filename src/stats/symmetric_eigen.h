// SPDX-License-Identifier: Apache-2.0
// Eigenvalues and eigenvectors of small symmetric matrices at the coordinator, by Jacobi's rotations in extended
// precision: small eigenvalues of a covariance matrix keep their digits where its scales allow it.
// J. Demmel, K. Veselic, SIAM J. Matrix Anal. Appl. 13 (1992).
//
//   const SymmetricEigen eigen = EigenOf(covariance);
//   eigen.values[0], eigen.vectors[i][0]     // the largest, and entry i of its vector
#pragma once

#include <vector>

#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// Largest value first. Vectors are the columns of `vectors`, of length 1, signed so that the entry of the
/// largest size is positive; of several equal in size to 1e-9, the first.
struct SymmetricEigen {
  std::vector<double> values;
  Matrix vectors;
};
SymmetricEigen EigenOf(const Matrix& matrix);

}  // namespace clinnova::stats
