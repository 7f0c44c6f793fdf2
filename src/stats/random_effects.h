// SPDX-License-Identifier: Apache-2.0
// The random part of a mixed model: which rows share effects, on which columns, and what one cluster
// contributes under a given relative covariance of its effects.
//
//   y = X b + Z u + e,  var(u) = s2 L L',  var(e) = s2 I       L lower triangular, by rows: theta
//
// A cluster with Z'Z = G has, whatever the columns W, W'V^-1 W = R'R + B'K B with V = I + Z L L' Z',
// B the least-squares coefficients of W on Z, R what is left, and K = (G^-1 + L L')^-1. R'R does not depend
// on theta, and K is found without subtracting: nothing cancels when clusters differ much more than their
// members do.
// Source: D. Bates, M. Maechler, B. Bolker, S. Walker, J. Stat. Softw. 67(1), 2015; the derivatives are
// those of K = (G^-1 + S)^-1: dK = -K dS K, and d ln|I + G S| = tr(K dS).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/analysis.h"
#include "stats/model_frame.h"
#include "table/design.h"

namespace clinnova::stats {

/// Effects of one cluster at most.
inline constexpr std::size_t kMaximumEffects = 5;

/// `(1 | g)`, `(x | g)`, `(0 + x | g)` on the columns of a design, `(1 | outer/g)`, and crossed `(1 | g) + (1 | outer)`.
struct RandomEffects {
  std::string group;     ///< the column that names the cluster
  std::string label;     ///< as lme4 calls it: "g", or "g:outer"
  std::string outer;     ///< groups of clusters with an intercept of their own; may be empty
  bool crossed = false;  ///< clusters are not inside the outer groups
  std::vector<std::string> names;    ///< of the effects: "(Intercept)", then design columns' names
  std::vector<std::size_t> columns;  ///< of the design, one per effect
  bool intercept = true;             ///< the first effect is the intercept

  std::size_t size() const { return names.size(); }
  /// Entries of theta: those of L, then the relative standard deviation of the outer group's effect.
  std::size_t parameters() const { return size() * (size() + 1) / 2 + (outer.empty() ? 0 : 1); }
};

/// The random part of the analysis' formula; `(1 | site) + (1 | g)` is nested, as whole clusters are at a site.
/// kInvalidInput for a formula without one, with more than two terms or two of which one has a slope, with a slope that is no fixed effect, or
/// with more than kMaximumEffects effects.
Result<RandomEffects> RandomEffectsOf(const federation::Analysis& analysis,
                                      const table::Formula& formula, const table::Design& design);

/// What to add to a standardised column so that it is the original one times its scale: 0 beside a random
/// intercept, which takes the shift up.
std::vector<double> EffectShifts(const RandomEffects& effects, const FrameClaim& claim);

/// A square matrix of at most kMaximumEffects rows.
struct SmallMatrix {
  std::array<double, kMaximumEffects * kMaximumEffects> values{};

  double& at(std::size_t i, std::size_t j) { return values[i * kMaximumEffects + j]; }
  double at(std::size_t i, std::size_t j) const { return values[i * kMaximumEffects + j]; }
};

SmallMatrix Product(const SmallMatrix& a, const SmallMatrix& b, std::size_t size);
SmallMatrix Transposed(const SmallMatrix& a, std::size_t size);
double Trace(const SmallMatrix& a, std::size_t size);
/// L with L L' = a, for a non-negative `a`: a column whose pivot is less than 1e-12 of its diagonal is 0.
SmallMatrix CholeskyFactor(const SmallMatrix& a, std::size_t size);
/// The lower triangular matrix with these entries, by rows.
SmallMatrix LowerTriangular(const double* entries, std::size_t size);

/// ln|I + G S| and K of a cluster, S = L L' given by theta, with the first and second derivatives in theta.
class ClusterShrinkage {
 public:
  /// `gram_factor` is CholeskyFactor(G).
  ClusterShrinkage(const SmallMatrix& gram_factor, const double* theta, std::size_t size);

  const SmallMatrix& k() const { return k_; }
  double log_determinant() const { return log_determinant_; }
  /// (S^-1 + G)^-1, the effects' covariance given the outcomes, over s2.
  SmallMatrix EffectCovariance(const SmallMatrix& gram_factor) const;

  /// Derivative i (i, j with i <= j) of the logarithm and of K.
  double LogDeterminant(std::size_t i) const;
  SmallMatrix K(std::size_t i) const;
  double LogDeterminant(std::size_t i, std::size_t j) const;
  SmallMatrix K(std::size_t i, std::size_t j) const;

 private:
  SmallMatrix CovarianceDerivative(std::size_t i) const;
  SmallMatrix CovarianceDerivative(std::size_t i, std::size_t j) const;

  std::size_t size_;
  SmallMatrix lambda_;
  SmallMatrix k_;
  double log_determinant_ = 0;
};

}  // namespace clinnova::stats
