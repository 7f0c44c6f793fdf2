// SPDX-License-Identifier: Apache-2.0
// Generalised linear models, equal to R's glm on the pooled rows.
//
// Fisher scoring on the pooled columns' standard scale: each round carries the score, the information and
// the fit's sums at one coefficient vector. Rounds: one for the model frame, one for R's starting step, one
// for each Newton step, one more for robust errors.
// The negative binomial family's theta (glm_negative_binomial.h), Firth's penalty (glm_firth.h) and a ridge change the
// step, not the rounds. The ridge is a number: it adds ridge / 2 times the sum of the squared coefficients, on the
// columns' own scale and without the intercept, to half the deviance that is minimised.
// Source: P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd ed. 1989; the sandwich is that of
// A. Zeileis, J. Stat. Softw. 16(9), 2006.
//
// Reveals, to the hub and the researcher: the pooled score and information at each iterate, and what the headers
// named above add. Needs rules
// 1 to 4 of privacy.md. A cluster's rows are taken to be at one site (a patient is).
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "glm".
Method GlmMethod();

}  // namespace clinnova::stats
