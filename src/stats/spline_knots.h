// SPDX-License-Identifier: Apache-2.0
// Knots of ns() and bs() terms from the pooled values of x: interior knots at their quantiles (type 7) unless the formula gives
// them, boundary knots at their ends, as R's package splines. Nine rounds for all terms of a formula together.
//
// Reveals: the knots. Where disclosure rules hold there are minimum_count persons or more between two quantiles, and the boundary
// knots are the minimum_count-th values from either end (privacy.md, rule 9); beyond them ns() is linear, and bs() the polynomial of the interval beside.
#pragma once

#include "core/error.h"
#include "federation/federation.h"
#include "table/design.h"

namespace clinnova::stats {

/// Adds to `facts.knots` what `design` lacks. kFailed for too few values, or knots beyond the boundary knots.
Result<void> FindKnots(federation::Federation& federation, const federation::Analysis& analysis,
                       const table::Design& design, table::DesignFacts& facts);

/// The steps that FindKnots may run.
std::vector<const federation::Step*> SplineKnotSteps();

}  // namespace clinnova::stats
