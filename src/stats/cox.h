// SPDX-License-Identifier: Apache-2.0
// Cox's proportional hazards model, equal to R's coxph on the pooled rows: Efron's or Breslow's ties, strata,
// left truncation and time-varying covariates by Surv(start, stop, status).
//
// Stratified by site (the default), each site computes its own partial likelihood, score and information, and only
// their sum over sites travels: one round per Newton step after the model frame. Otherwise the risk sets' sums at
// the pooled event times travel, and the likelihood is formed at the coordinator.
// `weights` names case weights, offset() terms are part of x'beta, `newdata` asks for predicted survival
// (cox_prediction.h).
// Sources: D. R. Cox, J. R. Stat. Soc. B 34 (1972); B. Efron, J. Am. Stat. Assoc. 72 (1977).
//
// Reveals: stratified by site, the pooled likelihood, score and information at each iterate. Otherwise the sums
// over each risk set: the difference of two consecutive ones is the covariates of those who left in between, so
// that where disclosure rules hold times are merged until each has ten exits (privacy.md, rule 9).
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "cox".
Method CoxMethod();

}  // namespace clinnova::stats
