// SPDX-License-Identifier: Apache-2.0
// The coefficients of orthogonal poly(x, k) terms from the pooled values of x (table/orthogonal_polynomial.h): a round for each
// degree, of the sum of squares of its polynomial and of x times those. As in R, of every value of x, also where another variable is
// missing; rows without x are left out, where R stops.
//
// Rounds: k + 3 for all terms of a formula together, more where a site alone does not prove rule 5.
// Reveals, over all sites: how many values there are, their mean and variance, and 2 k moments of them.
// Where disclosure rules hold: there are minimum_count of them or more, at two sites or more, and no person is too much
// of a sum (magnitudes.h); case_differences.h sees to it that these persons are not nearly the complete cases.
#pragma once

#include "core/error.h"
#include "federation/federation.h"
#include "table/design.h"

namespace clinnova::stats {

/// Adds to `facts.polynomials` what `design` lacks. kFailed when x has no more than k distinct values; kRefused by a rule.
Result<void> FindPolynomials(federation::Federation& federation,
                             const federation::Analysis& analysis, const table::Design& design,
                             table::DesignFacts& facts);

/// The steps that FindPolynomials may run.
std::vector<const federation::Step*> PolynomialSteps();

}  // namespace clinnova::stats
