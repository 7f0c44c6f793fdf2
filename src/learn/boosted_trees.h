// SPDX-License-Identifier: Apache-2.0
// The method "boosted_trees": xgboost's gradient boosted trees over all sites.
//
//   method = "boosted_trees"
//   formula = "low_activity ~ das28 + age + crp + sex"
//   objective = "logistic"                 # squared, poisson; cox with Surv(time, status)
//   trees = 100
//   depth = 3
//   learning_rate = 0.1
//
// The learner is boosting.h; formula_rows.h says which rows and folds; tree_metrics.h how good it is. Result: `model`,
// the document that predicts for a patient (tree_document.h), `importance`, `metrics` {"train", "cross_validated" or
// "test"}, `cross_site` (each site by the model of the others), `cuts` per number.
// Where disclosure rules hold, `cross_site` needs release_sites = true: a model with and one without a site show what
// that site adds. Then it also has each site's own numbers.
//
// Reveals: what the headers named above say. Rules 1, 3, 10 and 11 of privacy.md are enforced.
#pragma once

#include "stats/method.h"

namespace clinnova::learn {

/// The method "boosted_trees".
stats::Method BoostedTreesMethod();

}  // namespace clinnova::learn
