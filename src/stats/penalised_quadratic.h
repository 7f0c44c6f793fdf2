// SPDX-License-Identifier: Apache-2.0
// The minimum of a quadratic with elastic-net penalties, at the coordinator:
//
//   1/2 b' H b - c' b + sum_j lasso_j |b_j| + 1/2 sum_j ridge_j b_j^2
//
//   const std::vector<double> b = MinimisePenalised({hessian, c, lasso, ridge, held}, start);
//
// Coordinate descent finds which coefficients are not zero and their signs; a linear system then gives their
// values, so that the conditions of the minimum hold to rounding and not to a stopping rule. Where the columns in
// use depend on each other the descent alone decides, run until it stands still.
// Source: J. Friedman, T. Hastie, R. Tibshirani, J. Stat. Softw. 33(1), 2010; H. Lee et al., NIPS 19, 2007, for going to
// the nearest sign change. Pure functions.
#pragma once

#include <vector>

#include "stats/linear_algebra.h"

namespace clinnova::stats {

/// Vectors have the size of the matrix.
struct PenalisedQuadratic {
  const Matrix& hessian;             // not owned; symmetric, not negative
  const std::vector<double>& c;      // not owned
  const std::vector<double>& lasso;  // not owned; 0 = no lasso penalty
  const std::vector<double>& ridge;  // not owned
  const std::vector<bool>& held;     // not owned; true: the coefficient stays 0
};

/// The minimum, exact zeros included. `start` only saves time.
std::vector<double> MinimisePenalised(const PenalisedQuadratic& problem, std::vector<double> start);

/// How far b is from the conditions of the minimum: the largest distance of a coordinate's gradient from where it
/// must lie, in units of unit_j; coordinates that are held do not count. `gradient` is c - H b.
double PenaltyViolation(const std::vector<double>& gradient, const std::vector<double>& lasso,
                        const std::vector<double>& ridge, const std::vector<bool>& held,
                        const std::vector<double>& unit, const std::vector<double>& b);

}  // namespace clinnova::stats
