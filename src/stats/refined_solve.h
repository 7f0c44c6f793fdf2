// SPDX-License-Identifier: Apache-2.0
// Linear systems with a positive definite matrix, as exactly as SymmetricFactor solves them at a fraction of its
// time: a Cholesky factor in double precision, and residuals in extended precision that correct its solution.
//
//   if (const auto x = SolveRefined(matrix, b)) …   // else matrix is too near to singular: SymmetricFactor says how
//
// Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, chapter 12. Pure functions.
#pragma once

#include <optional>
#include <vector>

#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// The solution of matrix * x = b; empty where a pivot is less than 1e-8 of its diagonal element, or the corrections
/// do not shrink. Only the upper triangle is factorised, all of the matrix is used for residuals.
std::optional<std::vector<double>> SolveRefined(const Matrix& matrix, const std::vector<double>& b);

}  // namespace clinnova::stats
