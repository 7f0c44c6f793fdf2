// SPDX-License-Identifier: Apache-2.0
// Ordinal regression, equal to R's MASS::polr on the pooled rows: P(level <= k) = F(threshold_k - x'beta), levels in
// their declared order, F by `link` (logit, probit, loglog, cloglog, cauchit). Signs are polr's: a positive
// coefficient moves towards higher levels.
//
// Newton's iteration on thresholds and coefficients together. Rounds: one for the model frame, one with the expected
// information for the first step, one for each Newton step. Errors come from the observed information at the maximum,
// as polr's Hessian. Source: P. McCullagh, J. R. Stat. Soc. B 42 (1980).
//
// Reveals, to the hub and the researcher: the pooled likelihood, score and information at each iterate, and the
// weight of each level. Needs rules 1 to 4 of privacy.md, which the model frame holds; the outcome's levels are among
// the levels that rule 3 looks at.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "ordinal".
Method OrdinalMethod();

}  // namespace clinnova::stats
