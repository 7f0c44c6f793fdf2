// SPDX-License-Identifier: Apache-2.0
// Log densities of the exponential families, from deterministic_math.h alone: the same bits on every
// machine, so that a site's step may add them up into a log-likelihood.
//
// Saddle-point form after C. Loader, Fast and accurate computation of binomial probabilities (2000), which
// keeps its digits where ln Gamma cancels; largest difference from R's dbinom, dpois and dgamma with
// log = TRUE over distributions_reference.R: 1e-13 relative, or 1e-14 absolute for values near 0.
// Outside the support the log density is -infinity; a parameter out of its range or a NaN gives NaN.
// Counts that are not integers are answered by the same formula (R warns and answers -infinity).
#pragma once

namespace clinnova::core {

/// ln P(K = successes) for `trials` trials with probability 0 <= p <= 1.
double LogBinomialDensity(double successes, double trials, double p);

/// ln P(K = count) for a Poisson mean >= 0.
double LogPoissonDensity(double count, double mean);

/// ln of the gamma density at x for shape > 0 and scale > 0 (mean = shape * scale).
double LogGammaDensity(double x, double shape, double scale);

}  // namespace clinnova::core
