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
#include <utility>
#include <vector>

#include "core/error.h"
#include "federation/analysis.h"
#include "stats/model_frame.h"
#include "table/design.h"

namespace clinnova::stats {

/// Effects of one cluster at most.
inline constexpr std::size_t kMaximumEffects = 5;

/// Which entries of a lower triangular L theta holds, in its order; the others are 0.
struct CovarianceShape {
  std::size_t size = 0;
  std::vector<std::pair<std::size_t, std::size_t>> entries;  ///< row, column
};

/// What every level of one group has: effects on columns of a design, as `(1 | g)`, `(x | g)`, `(0 + x | g)` say.
/// Effects of one term are correlated, those of two terms, `(1 | g) + (0 + x | g)`, are not.
struct RandomEffects {
  std::string group;                 ///< the column that names the levels
  std::string label;                 ///< as lme4 calls it: "g", or "g:outer"
  std::vector<std::string> names;    ///< of the effects: "(Intercept)", then design columns' names
  std::vector<std::size_t> columns;  ///< of the design, one per effect
  std::vector<std::size_t> term;     ///< per effect, the number of its term; empty: all of one
  bool intercept = true;             ///< the first effect is the intercept

  std::size_t size() const { return names.size(); }
  bool Correlated(std::size_t a, std::size_t b) const { return term.empty() || term[a] == term[b]; }
  /// Beside a random intercept: a shift of the effect's column is taken up by the intercept.
  bool Shiftable(std::size_t effect) const { return intercept && Correlated(0, effect); }
  CovarianceShape Shape() const;
  /// Entries of theta.
  std::size_t parameters() const { return Shape().entries.size(); }
};

/// The random effects of a formula: of one group, or of two, nested or not.
struct RandomPart {
  /// theta holds the entries of the first group, then those of the second. `site` and, in `(1 | outer/g)`, outer come second.
  std::vector<RandomEffects> groups;
  /// A level of the first group is one only within a level of the second, as in `(1 | outer/g)`.
  bool nested = false;

  std::size_t parameters() const;
};

/// The random part of the analysis' formula. `(x | outer/g)` is (x | g:outer) + (x | outer); whole clusters are at a site, so that
/// `(1 | site) + (1 | g)` is nested.
/// kInvalidInput for a formula without one, with more than two groups, with two intercepts of one group, with a slope that is no
/// fixed effect, or with more than kMaximumEffects effects of a group.
Result<RandomPart> RandomPartOf(const federation::Analysis& analysis, const table::Formula& formula,
                                const table::Design& design);

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
/// L of theta.
SmallMatrix LowerTriangular(const CovarianceShape& shape, const double* theta);
/// The derivative of L L' in entry i of theta, and the second one, in i and j.
SmallMatrix CovarianceDerivative(const CovarianceShape& shape, const SmallMatrix& lambda,
                                 std::size_t i);
SmallMatrix CovarianceCurvature(const CovarianceShape& shape, std::size_t i, std::size_t j);

/// ln|I + G S| and K of a cluster, S = L L' given by theta, with the first and second derivatives in theta.
class ClusterShrinkage {
 public:
  /// `gram_factor` is CholeskyFactor(G).
  /// `shape` is not owned and outlives this.
  ClusterShrinkage(const SmallMatrix& gram_factor, const CovarianceShape& shape,
                   const double* theta);

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
  SmallMatrix CovarianceDerivative(std::size_t i) const {
    return stats::CovarianceDerivative(shape_, lambda_, i);
  }

  const CovarianceShape& shape_;
  std::size_t size_;
  SmallMatrix lambda_;
  SmallMatrix k_;
  double log_determinant_ = 0;
};

}  // namespace clinnova::stats
