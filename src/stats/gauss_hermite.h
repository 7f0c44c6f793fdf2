// SPDX-License-Identifier: Apache-2.0
// Gauss-Hermite quadrature: the integral of exp(-t^2) f(t) is the sum of weight f(node), exact for polynomials
// up to degree 2 n - 1.
//
//   const GaussHermite rule(25);
//   for (i) sum += rule.lifted_weights[i] * g(rule.nodes[i]);   // the integral of g(t), g ~ exp(-t^2)
//
// Source: G. H. Golub, J. H. Welsch, Math. Comp. 23 (1969), for the weights as sums of squares of the orthonormal
// functions; nodes by bisection between those of the rule one smaller. Deterministic arithmetic: the same
// bits at every site.
#pragma once

#include <cstddef>
#include <vector>

namespace clinnova::stats {

struct GaussHermite {
  /// 1 <= points <= 100.
  explicit GaussHermite(std::size_t points);

  std::vector<double> nodes;           ///< ascending
  std::vector<double> lifted_weights;  ///< weight exp(node^2)
};

}  // namespace clinnova::stats
