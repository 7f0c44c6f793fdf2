// SPDX-License-Identifier: Apache-2.0
// The partial likelihood of an elastic net for survival times, ties by Breslow's method as in glmnet.
//
// Strata as in `cox`: by site unless told otherwise. Then each site has its own risk sets, and a round carries the
// likelihoods of all lambdas. With strata that cross sites the risk sets' sums travel, on times merged until each has
// ten exits where disclosure rules hold, for one coefficient vector a round.
//
// Reveals: by site, the pooled score, information, log-likelihood and its largest possible value; else the risk-set
// sums (cox_likelihood.h). Needs rule 9 of privacy.md.
#pragma once

#include <memory>

#include "federation/federation.h"
#include "stats/elastic_net_source.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// Rounds: one for the columns' spread and the saturated likelihood, and what finding the event times takes.
Result<std::unique_ptr<NetSource>> CoxNetSource(federation::Federation& federation,
                                                const federation::Analysis& analysis,
                                                const ModelFrame& frame, PenaltyUnits units);

/// The steps that it may run.
std::vector<const federation::Step*> CoxNetSteps();

}  // namespace clinnova::stats
