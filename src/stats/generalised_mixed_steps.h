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

namespace clinnova::stats {

struct IntegralParameters {
  FrameClaim claim;
  std::vector<double> points;  ///< point after point, each (b, tau) on the standardised scale

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(points);
  }
};
/// Per point the value, the gradient, the Hessian's lower triangle by rows; whether a mean was not finite.
enum IntegralBlock { kLogLikelihoods, kGradients, kHessians, kInvalidPoints, kIntegralClusters };

/// One point: per site its effect tau m, the effect's variance given the outcomes, and whether it has a row.
enum SiteEffectsBlock { kSiteEffect, kSiteEffectVariance, kSiteHasRows };

/// Nodes of the quadrature: the option `quadrature` (25), 1 for Laplace's approximation, at most 100.
Result<std::size_t> QuadratureOf(const federation::Analysis& analysis);

extern const federation::TypedStep<IntegralParameters> kIntegralStep;
extern const federation::TypedStep<IntegralParameters> kSiteEffectsStep;

}  // namespace clinnova::stats
