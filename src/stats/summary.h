// SPDX-License-Identifier: Apache-2.0
// Counts, moments and exact quantiles of variables, each over its own present values.
//
// Equal to R's mean, var, sd, quantile(type = 7), and to the adjusted Fisher-Pearson skewness G1 and kurtosis
// G2 (D. N. Joanes, C. A. Gill, The Statistician 47, 1998). Rounds: 8 for all quantiles of
// all variables, the first of which carries counts and sums too, and the second the central moments; 2 without.
// Reveals: the sums; quantiles at least minimum_count persons from either end. Rule 9 of privacy.md.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "summary".
Method SummaryMethod();

}  // namespace clinnova::stats
