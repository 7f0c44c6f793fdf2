// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_residuals.h"

#include <cmath>
#include <numeric>

namespace clinnova::learn {

std::size_t ResidualBin(double residual, double scale) {
  const double distance = (std::abs(residual) / scale - 1) * kResidualParts;
  if (distance <= 0) return 0;
  constexpr auto kLast = static_cast<double>(kResidualBins - 1);
  return static_cast<std::size_t>(distance < kLast ? std::ceil(distance) : kLast);
}

std::optional<double> OutcomeHalfWidth(std::span<const std::int64_t> counts, double scale,
                                       double level, int minimum_count) {
  const std::int64_t n = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  // Not one more for a level such as 0.9, which no double is.
  const auto rank = static_cast<std::int64_t>(std::ceil(static_cast<double>(n + 1) * level - 1e-9));
  if (!(scale > 0) || rank > n) return std::nullopt;
  std::int64_t nearer = 0;
  for (std::size_t bin = 0; bin + 1 < counts.size(); ++bin) {
    nearer += counts[bin];
    if (nearer < rank) continue;
    if (n - nearer < minimum_count) return std::nullopt;
    return scale * (1 + static_cast<double>(bin) / kResidualParts);
  }
  return std::nullopt;
}

}  // namespace clinnova::learn
