// SPDX-License-Identifier: Apache-2.0
// The formula behind the keys `outcome`, `treatment` and `covariates` of analyses of treatments: the covariates on
// the right, the treatment as a stratum, so that one design gives outcome, treatment and covariates of a
// complete case.
//
//   outcome = "response"                        response ~ age + ns(crp, df = 3) + strata(drug)
//   treatment = "drug"
//   covariates = ["age", "ns(crp, df = 3)"]
#pragma once

#include "core/error.h"
#include "federation/analysis.h"
#include "table/formula.h"

namespace clinnova::stats {

/// kInvalidInput names the key: a covariate that does not parse, is no term of a linear predictor (offset,
/// strata, cluster, random effects, no intercept) or uses the outcome's or the treatment's column.
Result<table::Formula> TreatmentFormula(const federation::Analysis& analysis);

}  // namespace clinnova::stats
