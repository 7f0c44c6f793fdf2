// SPDX-License-Identifier: Apache-2.0
// Rule 7, differencing: two analyses of one study about the same variable must not be about nearly the same persons.
//
//   CLINNOVA_TRY(CheckDifferences(federation, analysis));     // before the analysis runs
//
// An analysis is about the persons who have a value in every column that it names, and of every expression: sqrt(x - 10) leaves out
// whose x is below 10. Where a variable's sums are told over
// one such set of persons and, by another analysis, over a set that differs by one to minimum_count - 1 persons, the difference is
// theirs: nested models on different complete cases. One round of counts, only where an earlier analysis shares a
// variable and names other columns beside it; each site finds in the approved study whom to compare, the hub cannot choose. kRefused
// (`differencing`); the study must name the same columns in both, or leave one out. So it is within one analysis, whose poly(x, k)
// is of all who have x and its other sums of the complete cases.
// Reveals: over all sites, how many persons are in one set and not in the other.
#pragma once

#include "federation/federation.h"

namespace clinnova::stats {

/// Nothing is asked where minimum_count is 0. Judged by the coordinator: a hub that does not ask compares sums of two sets
/// that each are of minimum_count persons or more.
Result<void> CheckDifferences(federation::Federation& federation,
                              const federation::Analysis& analysis);

/// The step of that round, which every method's analyses may be asked.
const federation::Step& CaseDifferenceStep();

}  // namespace clinnova::stats
