// SPDX-License-Identifier: Apache-2.0
// Cumulative incidence of one of several competing events by the Aalen-Johansen estimator, with the errors of
// survival's survfit (multi-state), and Gray's test between groups, from counts alone.
//
//   F_j(t) = sum over t_k <= t of S(t_k-) d_jk / n_k
//
// The error is the infinitesimal jackknife: the root of the sum over persons of the square of their influence
// on F_j(t). Persons at risk share one influence; those who left carry theirs on by a linear map, so that sums of
// squares and products are carried instead of persons (T. M. Therneau, vignette "Methods" of survival 3.5). It differs from
// the Aalen-type variance of cmprsk::cuminc in the third digit of usual data.
// Sources: O. Aalen, S. Johansen, Scand. J. Stat. 5 (1978); R. J. Gray, Ann. Stat. 16 (1988), rho = 0.
//
// Reveals nothing by itself: it works on counts that the coordinator already has.
#pragma once

#include <optional>
#include <vector>

#include "stats/cause_counts.h"

namespace clinnova::stats {

struct IncidencePoint {
  double time = 0;
  std::int64_t at_risk = 0;  ///< just before the time
  std::int64_t events = 0;   ///< of the curve's cause
  std::int64_t others = 0;   ///< of other causes
  std::int64_t censored = 0;
  double incidence = 0;
  double std_error = 0;
  bool before_all = false;  ///< before anybody leaves: the incidence is 0 with certainty
};

/// The curve of counts.causes[cause] in a stratum, at every time at which someone leaves.
std::vector<IncidencePoint> CumulativeIncidence(const CauseCounts& counts, std::size_t cause,
                                                std::size_t stratum);

struct GrayTest {
  double statistic = 0;
  std::size_t degrees_of_freedom = 0;
};

/// Gray's test that counts.causes[cause] has one cumulative incidence in all groups, equal to cmprsk::cuminc; the counts' strata are
/// combinations of strata, within which groups are compared, and, varying fastest, `groups` groups. Nothing where fewer than
/// two groups have anyone, or the covariance is singular. Without left truncation.
std::optional<GrayTest> TestOfGray(const CauseCounts& counts, std::size_t groups,
                                   std::size_t cause);

}  // namespace clinnova::stats
