// SPDX-License-Identifier: Apache-2.0
// Cumulative incidence with case weights or left truncation: Aalen and Johansen's estimate from weighted counts, with
// the errors of survival's survfit (multi-state).
//
//   F_j(t) = sum over t_k <= t of S(t_k-) d_jk / n_k, d and n being sums of weights
//
// The error is the infinitesimal jackknife: the root of the sum over persons of (w dF_j/dw)^2. What a person's weight does to F_j is a
// linear function of F_j(t) once she has left, and the same path for all who are at risk but for what happened before
// they came. Both need few numbers of a person, known once the curve is, so that one more round of sums by time gives the
// errors at every time:
//   left at x:             alpha + a F_j(t)
//   at risk, entered at e: V_j(t) + gamma - A(e) F_j(t),   gamma = A(e) F_j(e) - V_j(e)
// with A = sum of d / (n (n - d)) and V_j the path of one at risk from the beginning. With the option `id` (person_rows.h)
// rows of a person that follow each other in a group are one, and whoever leaves a group and comes back has the sum of
// both influences squared.
// Sources: O. Aalen, S. Johansen, Scand. J. Stat. 5 (1978); T. M. Therneau, vignette "Methods" of survival 3.5.
//
// Reveals, to the hub: sums of weights by group, time and event, and of those squares and products, over all sites; to
// the sites the curves. Where disclosure rules hold, times are merged until each has ten exits (rule 9), and the curves
// are those of the merged times.
#pragma once

#include <vector>

#include "federation/federation.h"
#include "stats/cause_counts.h"
#include "stats/cumulative_incidence.h"

namespace clinnova::stats {

/// The curves of every cause and group, [cause * groups + group], from the counts of groups (CauseCounts::ByGroup): one round, two with
/// case weights. Counts in the points are of persons.
Result<std::vector<std::vector<IncidencePoint>>> WeightedIncidence(
    federation::Federation& federation, const federation::Analysis& analysis,
    const ModelFrame& frame, const CauseCounts& counts);

/// The steps that it may run.
std::vector<const federation::Step*> WeightedIncidenceSteps();

}  // namespace clinnova::stats
