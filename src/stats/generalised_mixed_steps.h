// SPDX-License-Identifier: Apache-2.0
// What travels in a round of a generalised linear mixed model, and the site's side of it.
//
// Reveals, over all sites together: the log-likelihood with its gradient and Hessian at each point asked for,
// sums over clusters, or groups of clusters, of integrals that a site takes alone. With the site as cluster, the site's effect and its
// error by name (kSiteEffectsStep).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"
#include "stats/random_effects.h"

namespace clinnova::stats {

/// Whose effects a generalised mixed model has.
struct GeneralisedPart {
  RandomEffects effects;  ///< of one term of one group
  std::optional<RandomEffects>
      outer;  ///< an intercept of the groups that those of `effects` lie in

  /// Entries of theta: those of `effects`, then outer's standard deviation.
  std::size_t parameters() const { return effects.parameters() + (outer ? 1 : 0); }
};

/// (1 | g) or (x | g), or (1 | outer/g): two intercepts, one within the other. kInvalidInput for what else there is.
Result<GeneralisedPart> GeneralisedPartOf(const federation::Analysis& analysis,
                                          const table::Formula& formula,
                                          const table::Design& design);

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
/// Numbers of kIntegralClusters.
enum IntegralCluster { kInnerClusters, kOuterClusters, kIntegralClusterKinds };

/// One point: per site its effects L m, the lower triangle of their covariance given the outcomes, and whether it has a
/// row.
enum SiteEffectsBlock { kSiteEffect, kSiteEffectCovariance, kSiteHasRows };

/// Nodes of the quadrature: the option `quadrature`, 1 for Laplace's approximation, at most 100; 25 by default for random
/// intercepts. kInvalidInput for more than one node with slopes, for which there is Laplace's alone, and for fewer than
/// kFewestNestedNodes with two groups, of which the integral itself is asked for (nested_integral.h).
inline constexpr std::int64_t kFewestNestedNodes = 15;
Result<std::size_t> QuadratureOf(const federation::Analysis& analysis, const GeneralisedPart& part);

extern const federation::TypedStep<IntegralParameters> kIntegralStep;
extern const federation::TypedStep<IntegralParameters> kSiteEffectsStep;

}  // namespace clinnova::stats
