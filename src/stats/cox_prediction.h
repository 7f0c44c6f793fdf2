// SPDX-License-Identifier: Apache-2.0
// Survival that a Cox model predicts for given covariates, equal to R's survfit(fit, newdata):
//
//   newdata = [{age = 60, sex = "female"}, {age = 60, sex = "male"}]
//   times = [365, 730]           # default: every time at which somebody leaves
//
// S(t | x) = exp(-e^(x'b) Lambda(t)). With dL_k the hazard's jump and m_k the risk set's mean covariates at t_k, the variance
// of the cumulative hazard is e^(2 x'b) (sum of dL_k's own variance + D'VD), D = sum of (x - m_k) dL_k.
// Source: T. M. Therneau, P. M. Grambsch, "Modeling Survival Data", Springer 2000, section 10.2.
//
// Reveals: to readers of the result, what cox_baseline.h says of the baseline hazard, at the same times. Computed at
// the coordinator; only without strata.
#pragma once

#include <vector>

#include "stats/cox_likelihood.h"
#include "stats/survival_curve.h"

namespace clinnova::stats {

/// Covariates of one person: standardised design columns without the intercept's, and the offset.
struct CoxProfile {
  std::vector<double> x;
  double offset = 0;
};

/// The rows of the option newdata; empty without it. kInvalidInput names a row's column that is missing, is not in the
/// model, or has no such level.
Result<std::vector<CoxProfile>> CoxProfiles(const federation::Analysis& analysis,
                                            const table::Schema& schema, const ModelFrame& frame);

struct PredictedSurvival {
  double time = 0;
  double survival = 1;
  double hazard_error = 0;  ///< of the cumulative hazard, which is the error of ln S
};

/// The survival of a profile at `times` (ascending), from a solution with one stratum; `covariance` is that of the
/// standardised coefficients.
std::vector<PredictedSurvival> PredictSurvival(const CoxSolution& solution,
                                               const CoxProfile& profile, const Matrix& covariance,
                                               const std::vector<double>& times);

}  // namespace clinnova::stats
