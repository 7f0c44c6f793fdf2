// SPDX-License-Identifier: Apache-2.0
// Accelerated failure time models of right-censored times, equal to R's survival::survreg on the pooled rows:
// ln T = x'beta + scale * error, with the error's `distribution` weibull, exponential, lognormal or loglogistic.
//
// With Surv(start, stop, status) a person is under observation from `start` on (left truncation), and what she adds is
// divided by the chance to get there; survreg has none of this.
//
// Newton's iteration on beta / scale and 1 / scale, in which these likelihoods have one maximum without left truncation
// (J. Burridge, J. R. Stat. Soc. B 43, 1981); estimates and errors are then those of beta and ln scale, as survreg's. Rounds: one for the
// model frame, one for mean and spread of the log times, one for each Newton step.
// Source: J. D. Kalbfleisch, R. L. Prentice, "The Statistical Analysis of Failure Time Data", 2nd ed. 2002, chapter 3.
//
// Reveals, to the hub and the researcher: sums of the log times and their squares, and the pooled likelihood, score
// and information at each iterate. Needs rules 1 to 4 of privacy.md, and refuses fewer events than the threshold.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "aft".
Method AcceleratedFailureMethod();

}  // namespace clinnova::stats
