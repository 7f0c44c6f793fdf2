// SPDX-License-Identifier: Apache-2.0
// Mixed models: rows share effects by cluster (a centre, a patient), named in the formula as `(1 | g)` or
// `(x | g)`. A linear model is lme4's lmer (linear_mixed.h), one
// for binomial and poisson outcomes its glmer (generalised_mixed.h).
//
// All rows of a cluster must be at one site, as a patient's are; with g = site the sites are the clusters.
// Reveals: what linear_mixed_steps.h and generalised_mixed_steps.h say. Needs rules 1 to 4 of privacy.md.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "mixed".
Method MixedMethod();

}  // namespace clinnova::stats
