// SPDX-License-Identifier: Apache-2.0
// What travels in a round of a meta-analysis, and the site's side of it; meta_analysis.h has the equations.
#pragma once

#include <cstdint>

#include "stats/meta_sums.h"
#include "stats/site_estimate.h"

namespace clinnova::stats {

struct MetaParameters {
  EstimateRequest request;
  double tau2 = 0;
  double center = 0;         ///< c: a public number near the estimates, against cancellation
  std::uint64_t powers = 1;  ///< sums of w, … w^powers

  template <class A>
  void Fields(A& a) {
    a(request);
    a(tau2);
    a(center);
    a(powers);
  }
};

/// Blocks of kMetaStep; kMetaSums has for each power m of w, from 1, the sums of w^m, w^m (y - c), w^m (y - c)^2.
enum MetaBlock { kMetaEstimates, kMetaSums };
extern const federation::TypedStep<MetaParameters> kMetaStep;

struct MetaTauParameters {
  EstimateRequest request;
  double center = 0;
  std::vector<double> taus;  ///< at most kMostTaus

  template <class A>
  void Fields(A& a) {
    a(request);
    a(center);
    a(taus);
  }
};
inline constexpr std::size_t kMostTaus = 1000;
/// For each tau the sums of w, w (y - c), w (y - c)^2 and ln w: four numbers one after the other.
extern const federation::TypedStep<MetaTauParameters> kMetaTauStep;

/// Each site's estimate and variance at its own place: the release that `release_sites = true` asks for. Blocks: how
/// many estimates the site has, the estimate, the variance; kRefused (`sites_not_released`) without that option.
extern const federation::TypedStep<MetaParameters> kMetaSitesStep;

}  // namespace clinnova::stats
