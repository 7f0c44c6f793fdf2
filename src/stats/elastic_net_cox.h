// SPDX-License-Identifier: Apache-2.0
// The partial likelihood of an elastic net for survival times, ties by Breslow's method as in glmnet.
//
// Strata as in `cox`: by site unless told otherwise. Then each site has its own risk sets, and a round carries the
// likelihoods of all lambdas. With strata that cross sites the risk sets' sums travel, on times merged until each has
// ten exits where disclosure rules hold, for as many coefficient vectors a round as 4 MB hold.
//
// A cross-validation is cv.glmnet's with grouped = TRUE: the loss of a fold is the deviance of all rows less that of the
// training set, both at the training set's coefficients, per event of the fold.
//
// Reveals: by site, the pooled deviance, score and information at each coefficient vector, of all rows and of all but one
// fold; else the risk-set sums of the same. Per fold, rows, events, and of each standardised column the sums and how
// often it is 0 and 1. Needs rules 2, 3 and 9 of privacy.md; where disclosure rules hold, risk sets with and without a
// fold would tell its persons apart, so that a cross-validation needs strata by site there.
#pragma once

#include <cstdint>
#include <memory>

#include "federation/federation.h"
#include "stats/elastic_net_source.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// Rounds: one for the columns' spread and the folds, and what finding the event times takes. `folds` 0: none, or those
/// of `fold_column`. kInvalidInput for folds that cannot be; kRefused by a disclosure rule.
Result<std::unique_ptr<NetSource>> CoxNetSource(federation::Federation& federation,
                                                const federation::Analysis& analysis,
                                                const ModelFrame& frame, PenaltyUnits units,
                                                std::int64_t folds);

/// The steps that it may run.
std::vector<const federation::Step*> CoxNetSteps();

}  // namespace clinnova::stats
