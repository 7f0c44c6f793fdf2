// SPDX-License-Identifier: Apache-2.0
// Multinomial logistic regression, equal to R's nnet::multinom on the pooled rows: ln P(level k) / P(first level) =
// x'beta_k for every level but the first in use, which is the reference.
//
// Newton's iteration on all coefficients together: one round for the model frame and one for each step. Errors come
// from the information at the maximum, as multinom's Hessian. Source: A. Agresti, "Categorical Data Analysis", 3rd
// ed. 2013, section 8.1.
//
// Reveals, to the hub and the researcher: the pooled likelihood, score and information at each iterate, and the
// weight of each level. Needs rules 1 to 4 of privacy.md; the parameters that rule 2 counts are those of all levels.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "multinomial".
Method MultinomialMethod();

}  // namespace clinnova::stats
