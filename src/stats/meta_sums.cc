// SPDX-License-Identifier: Apache-2.0
#include "stats/meta_sums.h"

#include <algorithm>
#include <cmath>

namespace clinnova::stats {

void AddWeighted(const SiteEstimate& estimate, double tau2, double center, std::size_t powers,
                 std::size_t block, federation::ExactSums& sums) {
  const double weight = 1 / (estimate.variance + tau2);
  const double error = estimate.estimate - center;
  double power = 1;
  for (std::size_t m = 0; m < powers; ++m) {
    power *= weight;
    sums.Add(block, 3 * m, power);
    sums.Add(block, 3 * m + 1, power * error);
    sums.Add(block, 3 * m + 2, power * error * error);
  }
}

WeightedSums WeightedSumsFrom(const federation::PooledSums& sums, std::size_t block,
                              std::size_t powers, double center) {
  WeightedSums at;
  // About the center c first; then about the mean, by the binomial of (y - c) - (mu - c).
  const double shift = sums.Number(block, 1) / sums.Number(block, 0);
  at.mean = center + shift;
  for (std::size_t m = 0; m < powers; ++m) {
    const long double w = sums.Number(block, 3 * m);
    const long double we = sums.Number(block, 3 * m + 1);
    at.w[m] = static_cast<double>(w);
    at.we[m] = m == 0 ? 0 : static_cast<double>(we - shift * w);
    at.wee[m] =
        static_cast<double>(sums.Number(block, 3 * m + 2) - 2 * shift * we + shift * shift * w);
  }
  return at;
}

double TypicalVariance(const WeightedSums& fixed, std::int64_t estimates) {
  return static_cast<double>(estimates - 1) * fixed.w[0] / (fixed.w[0] * fixed.w[0] - fixed.w[1]);
}

double MomentTau2(const WeightedSums& fixed, std::int64_t estimates) {
  return std::max(0.0, (fixed.wee[0] - static_cast<double>(estimates - 1)) /
                           (fixed.w[0] - fixed.w[1] / fixed.w[0]));
}

MetaIntervals IntervalsAround(double mean, double std_error, double tau2, double quantile) {
  const double width = quantile * std_error;
  const double further = quantile * std::sqrt(tau2 + std_error * std_error);
  return {.low = mean - width,
          .high = mean + width,
          .prediction_low = mean - further,
          .prediction_high = mean + further};
}

}  // namespace clinnova::stats
