// SPDX-License-Identifier: Apache-2.0
// What travels in a round of a linear mixed model, and the site's side of it.
//
// Reveals, over all sites together: X'X, X'y and y'y (weighted), the sum of the logarithms of the
// weights; the same products within clusters; for every theta asked for,
// sums over clusters of shrunken products of cluster means. With the site as cluster, the site's effect
// and its error, a shrunken mean residual of the site, by name (EffectsBlock).
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

/// Ordinary least squares, which later rounds take the residuals of.
struct LeastSquaresParameters {
  FrameClaim claim;
  std::int64_t information_exponent = 0;
  std::int64_t score_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(information_exponent);
    a(score_exponent);
  }
};
/// Lower triangle of X'X; X'y; y'y, all weighted; the sum of ln weight; rows of weight 0.
enum LeastSquaresBlock {
  kCrossProducts,
  kOutcomeProducts,
  kOutcomeSquares,
  kLogWeights,
  kWithoutWeight
};

/// W = (X, r) with r the residual of `beta` divided by 2^residual_exponent; sums of its products at points
/// of theta. Matrices are lower triangles by rows.
struct ProfileParameters {
  FrameClaim claim;
  std::vector<double> beta;
  std::int64_t residual_exponent = 0;
  std::vector<double> thetas;  ///< point after point
  bool derivatives = false;    ///< also first and second derivatives in theta
  bool within = false;         ///< also what does not depend on theta, and the counts
  std::int64_t within_exponent = 0;
  std::int64_t between_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
    a(residual_exponent);
    a(thetas);
    a(derivatives);
    a(within);
    a(within_exponent);
    a(between_exponent);
  }
};
enum ProfileBlock {
  kWithin,           ///< R'R
  kBetween,          ///< per point and derivative, W'V^-1 W less R'R, and its derivatives
  kLogDeterminants,  ///< per point and derivative
  kClusterCounts     ///< levels of the first group and of the second
};

/// Effects of the sites themselves.
struct EffectsParameters {
  FrameClaim claim;
  std::vector<double> beta;  ///< standardised scale, complete
  std::vector<double> theta;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(beta);
    a(theta);
  }
};
/// Per site: the effects; the lower triangle of their covariance over s2; whether it has a row.
enum EffectsBlock { kEffects, kEffectCovariances, kSitePresent };

extern const federation::TypedStep<LeastSquaresParameters> kLeastSquaresStep;
extern const federation::TypedStep<ProfileParameters> kProfileStep;
extern const federation::TypedStep<EffectsParameters> kEffectsStep;

}  // namespace clinnova::stats
