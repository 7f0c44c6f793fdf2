// SPDX-License-Identifier: Apache-2.0
// Sums over sites of powers of the weights w = 1 / (v + tau^2) of their estimates y, times powers of y - c, and what
// follows from them; meta_analysis.h has the equations. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "federation/exact_sums.h"
#include "stats/site_estimate.h"

namespace clinnova::stats {

/// Sites that must be behind a sum where disclosure rules hold: with two, each could tell the other's.
inline constexpr std::int64_t kFewestSites = 3;

/// Powers of the weight that a round may carry.
inline constexpr std::size_t kMostPowers = 3;

/// The site's side: adds, for each power m of w, from 1, w^m, w^m (y - c), w^m (y - c)^2: three numbers one after the other.
void AddWeighted(const SiteEstimate& estimate, double tau2, double center, std::size_t powers,
                 std::size_t block, federation::ExactSums& sums);

/// One round's sums at a tau^2, with what follows from them.
struct WeightedSums {
  double w[kMostPowers] = {};    ///< of w, w^2, w^3
  double we[kMostPowers] = {};   ///< times y - mu
  double wee[kMostPowers] = {};  ///< times (y - mu)^2
  double mean = 0;               ///< mu, the weighted mean at this tau^2
};
/// From the pooled sums of AddWeighted with this center; of at least one estimate.
WeightedSums WeightedSumsFrom(const federation::PooledSums& sums, std::size_t block,
                              std::size_t powers, double center);

/// metafor's typical variance within sites, of `estimates` estimates; `fixed` at tau^2 = 0, of two powers.
double TypicalVariance(const WeightedSums& fixed, std::int64_t estimates);
/// R. DerSimonian's and N. Laird's tau^2.
double MomentTau2(const WeightedSums& fixed, std::int64_t estimates);

/// Where the mean is, and where a further site's truth is expected.
struct MetaIntervals {
  double low = 0, high = 0;
  double prediction_low = 0, prediction_high = 0;
};
/// `quantile`: of the distribution of the mean over its error, for half of an interval.
MetaIntervals IntervalsAround(double mean, double std_error, double tau2, double quantile);

}  // namespace clinnova::stats
