// SPDX-License-Identifier: Apache-2.0
// The part of the log-likelihood of a generalised linear mixed model that one outer group has whose members are clusters
// with a normal effect of their own: (1 | outer/g). The integral over a cluster's effect lies within that over the group's,
//
//   F = ln of the integral over u of phi(u) prod over clusters c of exp f_c(b, tau, sigma u)
//
// with f_c the logarithm of cluster c's integral (cluster_integral.h) where sigma u is added to every linear predictor. Both by
// adaptive Gauss-Hermite quadrature; the outer nodes lie about the mode of the integrand in u.
// Gradient and Hessian are those of the integrand, averaged over the nodes (R. A. Fisher's and T. A. Louis', J. R. Stat. Soc. B 44
// (1982), identities): of the integral itself as exactly as it is found, where cluster_integral.h has those of its
// approximation. That wants enough nodes.
// Source: S. Rabe-Hesketh, A. Skrondal, A. Pickles, J. Econom. 128 (2005).
#pragma once

#include <cstddef>
#include <vector>

#include "stats/cluster_integral.h"

namespace clinnova::stats {

/// `rows` with one more column, of ones: what is added to every linear predictor of a cluster has it for coefficient.
ClusteredRows WithShiftColumn(const ClusteredRows& rows);

/// Clusters by outer group, each group's by their key, so that sums over them do not depend on the table's order.
std::vector<std::vector<std::size_t>> ClustersByOuterGroup(const ClusteredRows& rows);

/// Thread rule: one per thread.
class NestedIntegral {
 public:
  /// `shifted` is of WithShiftColumn; it and `rule` are not owned and outlive this.
  NestedIntegral(const ClusteredRows& shifted, Family family, const GaussHermite& rule);

  /// The part of the group whose members are `clusters` at (b, tau, sigma), with derivatives over these. False when a mean is not
  /// finite.
  bool Evaluate(const std::vector<std::size_t>& clusters, const std::vector<double>& point,
                ClusterLikelihood& result);

 private:
  /// Sums of f_c over the group at one u, over (b, shift, tau).
  struct Sums {
    double value = 0;
    std::vector<double> gradient;
    std::vector<double> hessian;
  };
  bool At(const std::vector<std::size_t>& clusters, double u, Sums& sums);
  bool FindMode(const std::vector<std::size_t>& clusters);
  /// The same as derivatives over (b, tau, sigma).
  ClusterLikelihood OverParameters(const Sums& sums, double u) const;

  const GaussHermite& rule_;  // not owned
  ClusterIntegral inner_;
  std::size_t columns_;       ///< p + 1
  std::vector<double> beta_;  ///< (b, shift)
  double tau_ = 0;
  double sigma_ = 0;
  double mode_ = 0;
  double curvature_ = 1;  ///< minus the second derivative at the mode
};

}  // namespace clinnova::stats
