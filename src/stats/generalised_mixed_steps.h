// SPDX-License-Identifier: Apache-2.0
// What travels in a round of a generalised linear mixed model, and the site's side of it.
//
// Reveals, over all sites together: the log-likelihood with its gradient and Hessian at each point asked for,
// sums over clusters of integrals that a site takes alone. With the site as cluster, the site's effect and its
// error by name (kSiteEffectsStep).
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

struct IntegralParameters {
  FrameClaim claim;
  std::int64_t variances = 1;  ///< entries of theta
  std::vector<double> points;  ///< point after point, each (b, theta) on the standardised scale

  std::size_t size() const { return claim.center.size() + static_cast<std::size_t>(variances); }
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(variances);
    a(points);
  }
};
/// Per point the value, the gradient, the Hessian's lower triangle by rows; whether a mean was not finite.
enum IntegralBlock { kLogLikelihoods, kGradients, kHessians, kInvalidPoints, kIntegralClusters };

/// One point: per site its effects L m, the lower triangle of their covariance given the outcomes, and whether it has a
/// row.
enum SiteEffectsBlock { kSiteEffect, kSiteEffectCovariance, kSiteHasRows };

/// Nodes of the quadrature: the option `quadrature`, 1 for Laplace's approximation, at most 100; 25 by default for one
/// random intercept. kInvalidInput for more than one node with other effects, for which there is Laplace's alone.
Result<std::size_t> QuadratureOf(const federation::Analysis& analysis,
                                 const RandomEffects& effects);

extern const federation::TypedStep<IntegralParameters> kIntegralStep;
extern const federation::TypedStep<IntegralParameters> kSiteEffectsStep;

}  // namespace clinnova::stats
