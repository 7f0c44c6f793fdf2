// SPDX-License-Identifier: Apache-2.0
// Knots of ns(x, df) terms from the pooled values of x: interior knots at their quantiles (type 7), boundary
// knots at their ends, as R's splines::ns. Nine rounds for all terms of a formula together.
//
// Reveals: the knots. Where disclosure rules hold the boundary knots are the minimum_count-th values from either end
// (privacy.md, rule 9); the spline is linear beyond them.
#pragma once

#include "core/error.h"
#include "federation/federation.h"
#include "table/design.h"

namespace clinnova::stats {

/// Adds to `facts.knots` what `design` lacks.
Result<void> FindKnots(federation::Federation& federation, const federation::Analysis& analysis,
                       const table::Design& design, table::DesignFacts& facts);

/// The steps that FindKnots may run.
std::vector<const federation::Step*> SplineKnotSteps();

}  // namespace clinnova::stats
