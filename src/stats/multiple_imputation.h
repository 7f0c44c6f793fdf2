// SPDX-License-Identifier: Apache-2.0
// A generalised linear model on data with missing values: multiple imputation by chained equations, the model on each
// completed table, pooled by Rubin's rules. Nothing is left out; values are assumed missing at random given the
// variables.
//
//   method = "multiple_imputation"
//   formula = "low_activity ~ drug + das28 + crp"
//   family = "binomial"
//   imputation_variables = ["esr"]     # help to predict what is missing
//   imputations = 20
//   cycles = 10
//   seed = 4711
//
// Each variable with missing values is visited in the order of the formula, then of imputation_variables, `cycles`
// times: the sums of its regression on all others (over rows in which it is observed), for all imputations in
// one round; coefficients drawn from their posterior at the coordinator, from the seed; new values drawn at the
// sites. Numbers by linear regression (mice's "norm", without its ridge), two levels or 0 and 1 by logistic
// ("logreg"), more levels by multinomial regression. The first round counts, then follow one round per number and
// visit, one per Newton step of a categorical variable, one for the design, and one per Newton step of the analysis.
//
// A row's random numbers belong to the seed and the row's own values (or its `row_id`), so that the result has the
// same bits however rows are spread over sites. Without row_id, identical incomplete rows are imputed alike.
// Sources: S. van Buuren, K. Groothuis-Oudshoorn, J. Stat. Softw. 45(3) (2011); D. B. Rubin 1987; C. Chang, Y. Deng, X.
// Jiang, Q. Long, Nat. Commun. 11:5467 (2020) for chained equations over sums.
//
// Reveals, to the hub and the researcher: counts per variable and level, sums and sums of squares; the sums of each
// regression at each iterate. Needs rules 1 to 3 of privacy.md.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "multiple_imputation".
Method MultipleImputationMethod();

}  // namespace clinnova::stats
