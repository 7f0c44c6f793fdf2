// SPDX-License-Identifier: Apache-2.0
// The baseline hazard of Cox's model, equal to R's basehaz(fit, centered = FALSE): cumulated, at covariates of zero
// and reference levels, and at the (weighted) mean of an offset. By Breslow, or by Efron's steps where the model's ties are Efron's.
// Source: N. Breslow, Biometrics 30 (1974), 89-99.
//
// Reveals: to readers of the result, the pooled cumulative hazard at each time at which somebody leaves; where
// disclosure rules hold these are the merged times of ten exits each (privacy.md, rule 9), the last told as one
// that minimum_count persons reach. Computed at the
// coordinator from risk-set sums that it already has; only without strata, since a site's stratum is that site's curve.
#pragma once

#include <vector>

#include "stats/cox_likelihood.h"

namespace clinnova::stats {

struct BaselinePoint {
  double time = 0;
  double hazard = 0;  ///< cumulative
};

/// The cumulative baseline hazard at `times` (ascending) of a solution with one stratum.
std::vector<BaselinePoint> CoxBaseline(const CoxSolution& solution,
                                       const std::vector<double>& times);

}  // namespace clinnova::stats
