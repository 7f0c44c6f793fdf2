// SPDX-License-Identifier: Apache-2.0
// One cluster's part of the log-likelihood of a generalised linear mixed model with one normal effect, by
// adaptive Gauss-Hermite quadrature, with its exact gradient and Hessian.
//
//   F = ln of the integral over v of f(y | eta + tau v) phi(v),  eta = x'b + offset
//     ~ ln s + ln sum over k of w_k exp(t_k^2) exp(h(v_k)),  v_k = m + sqrt 2 s t_k,  h = ln f - v^2 / 2
//
// with m the mode of h and s = (-h'')^(-1/2) there; one node is Laplace's approximation. Mode and s move with
// the parameters, and their derivatives are part of F's: gradient and Hessian are those of the approximation
// itself, whatever the number of nodes. Canonical links: binomial with logit, poisson with log.
// Source: J. C. Pinheiro, D. M. Bates, J. Comput. Graph. Stat. 4 (1995); the derivatives are those of the
// implicit function tau sum (y - mu) - m = 0.
#pragma once

#include <cstddef>
#include <vector>

#include "stats/clustered_rows.h"
#include "stats/gauss_hermite.h"
#include "stats/glm_family.h"

namespace clinnova::stats {

struct ClusterLikelihood {
  double value = 0;
  std::vector<double> gradient;  ///< over (b, tau)
  std::vector<double> hessian;   ///< full, row by row
  double mode = 0;               ///< m
  double curvature = 1;          ///< -h'' at the mode
};

/// The density of a row's outcome at a linear predictor, with a canonical link.
class ClusterRowDensity {
 public:
  /// ln f without its constant, its derivative a in eta, and w = -da/deta with two derivatives more.
  struct Value {
    double log_density;
    double a;
    double w;
    double w1;
    double w2;
  };

  /// `rows` is not owned and outlives this.
  ClusterRowDensity(const ClusteredRows& rows, Family family) : rows_(rows), family_(family) {}

  Value At(std::size_t row, double eta) const;
  /// ln of what does not depend on eta.
  double LogConstant(std::size_t row) const;

 private:
  const ClusteredRows& rows_;  // not owned
  Family family_;
};

/// Thread rule: one per thread.
class ClusterIntegral {
 public:
  /// `family` is binomial or poisson. `rows` and `rule` are not owned and outlive this.
  ClusterIntegral(const ClusteredRows& rows, Family family, const GaussHermite& rule);

  /// False when a mean is not finite.
  bool Evaluate(std::size_t cluster, const std::vector<double>& beta, double tau,
                ClusterLikelihood& result);

 private:
  using RowValue = ClusterRowDensity::Value;
  /// A function of (b, tau) with first and second derivatives.
  struct Jet {
    double value = 0;
    std::vector<double> slope;
    std::vector<double> curve;
  };
  /// Sums over the cluster's rows at one v: of a, of the w, of x times them, of x x' times them.
  struct RowSums {
    double a = 0;
    double w = 0;
    double w1 = 0;
    double w2 = 0;
    std::vector<double> x_a;
    std::vector<double> x_w;
    std::vector<double> x_w1;
    std::vector<double> x_w2;
    std::vector<double> gram_w1;
    std::vector<double> gram_w2;
  };

  RowValue At(std::size_t row, double eta) const { return density_.At(first_ + row, eta); }
  bool FindMode(double tau);
  RowSums SumsAtMode(double tau) const;
  void DifferentiateMode(const RowSums& sums, double tau);
  void DifferentiateScale(const RowSums& sums, double tau);
  /// sum of c d d' over rows, d = dx + turn, from the sums of c, c x and c x x'.
  std::vector<double> Outer(double c, const std::vector<double>& x_c,
                            const std::vector<double>& gram, const std::vector<double>& turn) const;
  /// The integrand at one node.
  struct Node {
    double away = 0;    ///< v_k - m
    double v = 0;       ///< v_k
    double height = 0;  ///< ln w_k exp(t_k^2) + h(v_k)
    RowSums sums;
    std::vector<double> row_weights;
    std::vector<double> v_slope;
    std::vector<double> turn;
    std::vector<double> slope;  ///< of h(v_k)
  };
  Node AtNode(std::size_t k, double tau) const;
  /// Adds a node's part of the Hessian but sum w x x', whose weights by row it adds to `row_weights`.
  void AddCurvature(const Node& node, double part, double tau, std::vector<double>& row_weights,
                    std::vector<double>& hessian) const;
  void Combine(double tau, ClusterLikelihood& result) const;

  const ClusteredRows& rows_;  // not owned
  ClusterRowDensity density_;
  const GaussHermite& rule_;  // not owned
  std::size_t size_;          ///< parameters, tau included
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::vector<double> eta_;  ///< of the cluster's rows at v = 0
  double constant_ = 0;      ///< ln of what does not depend on the parameters
  Jet mode_;
  Jet log_scale_;
  double curvature_ = 1;
};

}  // namespace clinnova::stats
