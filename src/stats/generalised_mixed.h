// SPDX-License-Identifier: Apache-2.0
// Generalised linear mixed models with one random term, equal to lme4's glmer on the pooled rows.
//
//   method = "mixed", formula = "flare ~ drug + age + (1 | patient)", family = "binomial"
//   method = "mixed", formula = "relapses ~ drug + offset(log(years)) + (1 | site)", family = "poisson",
//   quadrature = 1
//
//   method = "mixed", formula = "flare ~ months + (months | patient)", family = "binomial"
//
// The log-likelihood is a sum over clusters of integrals, which a site takes by itself: by quadrature for one random
// intercept (cluster_integral.h), by Laplace's approximation for slopes (laplace_cluster.h). Newton's method on
// coefficients and the entries of the effects' relative factor together. `weights` names case weights. Errors are those
// of the whole Hessian, as glmer's with use.hessian. Links are logit and log.
// `log_lik` is that of the outcomes for every number of nodes; lme4 leaves out what does not depend on the
// parameters where nAGQ > 1, so that its logLik differs by a constant for counts.
// Source: J. C. Pinheiro, D. M. Bates, J. Comput. Graph. Stat. 4 (1995).
//
// Reveals, to the hub and the researcher: what generalised_mixed_steps.h says. Needs rules 1 to 4 of privacy.md;
// refuses fewer clusters than the threshold unless the sites are the clusters.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "federation/federation.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// The result's fields. kInvalidInput for nested or crossed groups.
Result<nlohmann::ordered_json> FitGeneralisedMixed(federation::Federation& federation,
                                                   const federation::Analysis& analysis,
                                                   const ModelFrame& frame);
/// The steps that it runs, beside those of the model frame.
std::vector<const federation::Step*> GeneralisedMixedSteps();

}  // namespace clinnova::stats
