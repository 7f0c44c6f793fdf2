// SPDX-License-Identifier: Apache-2.0
// What one cluster adds to the log-likelihood of a generalised linear mixed model with several random effects, by
// Laplace's approximation, with gradient and Hessian in the coefficients b and the entries theta of L (random_effects.h).
//
//   ln of the integral over v of f(y | x'b + z'L v) phi(v)  ~  h(m) - ln|H| / 2,   h = ln f - v'v / 2,  H = -h'' at the mode m
//
// The mode moves with the parameters: two Newton steps on quantities that carry their first and second derivatives
// along make its derivatives exact, and those of the whole follow by the chain rule. Canonical links: binomial with
// logit, poisson with log. One effect per cluster gives what cluster_integral.h gives with one node.
// Source: J. C. Pinheiro, D. M. Bates, J. Comput. Graph. Stat. 4 (1995); D. Bates et al., J. Stat. Softw. 67(1), 2015.
#pragma once

#include <vector>

#include "stats/cluster_integral.h"
#include "stats/clustered_rows.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

/// A cluster's effects given the outcomes: their mode, and H^-1, in units of L.
struct ClusterModes {
  std::vector<double> mode;
  SmallMatrix covariance;
};

/// Thread rule: one per thread.
class LaplaceCluster {
 public:
  /// `rows` is not owned and outlives this; `shifts` are EffectShifts.
  LaplaceCluster(const ClusteredRows& rows, Family family, const RandomEffects& effects,
                 std::vector<double> shifts);

  /// At (b, theta). False when a mean is not finite or no mode is found. Only value, gradient and hessian of the result
  /// are set.
  bool Evaluate(std::size_t cluster, const std::vector<double>& point, ClusterLikelihood& result);
  /// The modes at (b, theta); false as Evaluate.
  bool Modes(std::size_t cluster, const std::vector<double>& point, ClusterModes& modes);

 private:
  /// A function of (b, theta) with first and second derivatives, the latter full, row by row.
  struct Jet {
    double value = 0;
    std::vector<double> slope;
    std::vector<double> curve;
  };
  class RowSum;

  void Begin(std::size_t cluster, const std::vector<double>& point);
  bool FindMode();
  /// -h'' at v, in doubles.
  SmallMatrix Curvature(const std::vector<double>& v, std::vector<double>& slope) const;
  Jet Constant(double value) const;
  Jet Times(const Jet& a, const Jet& b) const;
  static void AddTo(Jet& to, const Jet& from, double factor);
  /// L v, with v carrying its derivatives.
  std::vector<Jet> Pull(const std::vector<Jet>& v) const;
  /// Linear predictor of a row and its slope, given L v.
  double Predictor(std::size_t row, const std::vector<Jet>& pull, std::vector<double>& slope) const;
  void StepModes(std::vector<Jet>& v) const;
  Jet LogDeterminant(std::vector<std::vector<Jet>> h) const;
  Jet Logarithm(const Jet& a) const;

  ClusterRowDensity density_;
  const ClusteredRows& rows_;  // not owned
  std::size_t columns_;
  std::size_t effects_;
  std::size_t size_;       ///< parameters
  std::vector<double> z_;  ///< row by row, all rows
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::vector<double> eta_;          ///< of the cluster's rows at v = 0
  std::vector<std::vector<Jet>> l_;  ///< L, [row][column], column <= row
  std::vector<double> mode_;
  SmallMatrix inverse_;  ///< H^-1 at the mode
};

}  // namespace clinnova::stats
