// SPDX-License-Identifier: Apache-2.0
// Generalised linear models, equal to R's glm on the pooled rows.
//
// Fisher scoring on the pooled columns' standard scale: each round carries the score, the information and
// the fit's sums at one coefficient vector. Rounds: one for the model frame, one for R's starting step, one
// for each Newton step, one more for robust errors.
// Source: P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd ed. 1989; the sandwich is that of
// A. Zeileis, J. Stat. Softw. 16(9), 2006.
//
// Reveals, to the hub and the researcher: the pooled score and information at each iterate. Needs rules
// 1 to 4 of privacy.md. A cluster's rows are taken to be at one site (a patient is).
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "glm".
Method GlmMethod();

}  // namespace clinnova::stats
