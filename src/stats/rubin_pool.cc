// SPDX-License-Identifier: Apache-2.0
#include "stats/rubin_pool.h"

#include <algorithm>

namespace clinnova::stats {
namespace {

/// mice takes smaller parts as this one, to keep the degrees of freedom finite.
constexpr double kSmallestLambda = 1e-4;

double BarnardRubin(double imputations, double lambda, double complete_df) {
  lambda = std::max(lambda, kSmallestLambda);
  const double old = (imputations - 1) / (lambda * lambda);
  const double observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - lambda);
  return old * observed / (old + observed);
}

}  // namespace

RubinPool PoolByRubin(std::span<const double> estimates, std::span<const double> variances,
                      double complete_df) {
  RubinPool pool;
  const auto m = static_cast<double>(estimates.size());
  for (const double estimate : estimates) pool.estimate += estimate / m;
  for (const double variance : variances) pool.within += variance / m;
  for (const double estimate : estimates) {
    pool.between += (estimate - pool.estimate) * (estimate - pool.estimate) / (m - 1);
  }
  const double added = (1 + 1 / m) * pool.between;
  pool.total = pool.within + added;
  pool.riv = added / pool.within;
  pool.lambda = added / pool.total;
  pool.df = BarnardRubin(m, pool.lambda, complete_df);
  pool.fmi = (pool.riv + 2 / (pool.df + 3)) / (pool.riv + 1);
  return pool;
}

}  // namespace clinnova::stats
