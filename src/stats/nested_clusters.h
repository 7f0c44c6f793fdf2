// SPDX-License-Identifier: Apache-2.0
// Clusters inside groups that have an effect of their own, `(1 | outer/g)`: what one outer group adds to the sums
// of a linear mixed model once its clusters' effects are taken out.
//
// Clusters of weight k = n / (1 + n theta_1^2) and mean B add to an outer group of kappa = sum k, mean
// b = sum k B / kappa: sum k (B - b)(B - b)' + kappa / (1 + rho kappa) b b' and ln(1 + rho kappa),
// rho = theta_2^2. Nothing is subtracted that is large beside what is left.
// Source: the elimination of D. Bates et al., J. Stat. Softw. 67(1), 2015, for two nested intercepts.
#pragma once

#include <cstddef>
#include <vector>

#include "federation/exact_sums.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

/// The clusters of one outer group, in an order that follows from their numbers.
struct OuterGroup {
  std::size_t clusters = 0;
  std::size_t columns = 0;
  std::vector<double> means;              ///< column by column
  std::vector<SmallMatrix> gram_factors;  ///< root of the number of rows
};

/// Where the sums go: matrices are lower triangles by rows, in the order of ProfileSums.
struct NestedTarget {
  std::size_t matrices_block = 0;
  std::size_t logarithms_block = 0;
  std::size_t first = 0;     ///< number of the point's first matrix
  bool derivatives = false;  ///< all six, else the value
};

/// Adds the group's part at theta = (theta_1, theta_2).
void AddOuterGroup(const OuterGroup& group, const double* theta, const NestedTarget& target,
                   federation::ExactSums& sums);

}  // namespace clinnova::stats
