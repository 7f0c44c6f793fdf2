// SPDX-License-Identifier: Apache-2.0
// The effect of a treatment on an outcome from observational data, under the assumptions that the covariates are
// all confounders and that everybody could have had either treatment.
//
//   method = "effect"              estimate = mean outcome had all had JAK, less that had all had anti-TNF
//   outcome = "response"
//   treatment = "drug"             # levels in order: anti-TNF, JAK
//   covariates = ["age", "sex", "das28"]
//   estimator = "aipw"             # ipw, aipw, gcomp, overlap, tmle
//   estimand = "ATE"               # or ATT
//
// Each arm's mean is a ratio of sums over persons (effect_rows.h has the weights, effect_moments.cc the numerators):
// ipw and overlap weigh outcomes (Hajek), gcomp averages the arm's regression over all, aipw adds the weighted
// residuals, tmle first fluctuates the regression along 1 / e_a until they vanish. The propensity is a multinomial
// logit; each arm has its own outcome regression. Standard errors are those of all estimating equations stacked
// (M-estimation), as R's geex finds them: rounds for the models' Newton steps, one for means and derivatives, one for
// the influence functions' products. Contrasts are against the first level.
// Sources: L. A. Stefanski, D. D. Boos, Am. Stat. 56 (2002); J. K. Lunceford, M. Davidian, Stat. Med. 23 (2004);
// M. J. van der Laan, D. Rubin, Int. J. Biostat. 2 (2006).
//
// Reveals, to the hub and the researcher: the pooled score and information of the models at each iterate; per arm
// counts, sums of outcomes, of weights, of columns and their squares (balance), the means' derivatives, and the products
// of influence functions. Needs rules 1 to 4 of privacy.md (treatment by binary outcome and trimming included).
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "effect".
Method EffectMethod();

}  // namespace clinnova::stats
