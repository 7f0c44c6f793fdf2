// SPDX-License-Identifier: Apache-2.0
// Two crossed random intercepts, `(1 | a) + (1 | b)`: what the rows that hang together add to the sums of a linear mixed
// model. Rows hang together that share a level of a or b, directly or over others; all of them must be at one site.
//
//   V = I + theta_1^2 Z_1 Z_1' + theta_2^2 Z_2 Z_2',   M = W'V^-1 W,   ln|V|
//
// from C = Z'Z, B = Z'W and W'W of the part, by the Cholesky factor of A = I + L C L, L = diag(theta). With
// G_i = Z_i'V^-1 W and S_ij = Z_i'V^-1 Z_j:
//   dM / dtheta_i = -2 theta_i G_i'G_i,   d ln|V| / dtheta_i = 2 theta_i tr S_ii,
//   d2M / dtheta_i dtheta_j = -2 [i = j] G_i'G_i + 4 theta_i theta_j (G_i'S_ij G_j + G_j'S_ji G_i),
//   d2 ln|V| / dtheta_i dtheta_j = 2 [i = j] tr S_ii - 4 theta_i theta_j |S_ij|^2.
// Source: D. Bates et al., J. Stat. Softw. 67(1), 2015, for the model.
// Reveals nothing by itself. Cost: the cube of a part's number of levels, for each point of theta.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/error.h"
#include "federation/exact_sums.h"
#include "stats/nested_clusters.h"

namespace clinnova::stats {

/// The rows of one level of a and one of b: sums over rows of weight, weight * W, weight * W W' (lower triangle).
struct CrossedCell {
  std::int64_t first = 0;   ///< names the level of a
  std::int64_t second = 0;  ///< of b
  double weight = 0;
  std::vector<double> sums;
  std::vector<double> squares;
};

/// Rows that hang together.
struct CrossedPart {
  std::size_t first_levels = 0;
  std::size_t second_levels = 0;
  std::size_t columns = 0;
  std::vector<double> gram;     ///< C, row by row; levels of a, then of b, each ascending
  std::vector<double> cross;    ///< B, row by row
  std::vector<double> squares;  ///< W'W, lower triangle by rows
};

/// kInvalidInput (`too_many_levels`) for a part of more than 3,000 levels.
Result<std::vector<CrossedPart>> PartsOf(std::vector<CrossedCell> cells);

/// Adds the part's M and ln|V| at theta = (theta_1, theta_2), and their derivatives.
void AddCrossedPart(const CrossedPart& part, const double* theta, const NestedTarget& target,
                    federation::ExactSums& sums);

}  // namespace clinnova::stats
