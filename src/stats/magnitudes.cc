// SPDX-License-Identifier: Apache-2.0
#include "stats/magnitudes.h"

#include <algorithm>
#include <cmath>

#include "stats/model_frame.h"

namespace clinnova::stats {

using federation::DisclosureLimits;

void Magnitudes::See(double value) {
  const double size = std::fabs(value);
  indicator_ = indicator_ && (value == 0 || value == 1);
  total_ += size;
  second_ = std::max(second_, std::min(size, largest_));
  largest_ = std::max(largest_, size);
  if (size > 0) {
    ++powers_[static_cast<std::size_t>(std::clamp(ExponentOf(size), kLowest, kHighest) - kLowest)];
  }
}

bool Magnitudes::Within(double sum, const DisclosureLimits& limits) const {
  return largest_ <= limits.dominance_one * sum && largest_ + second_ <= limits.dominance_two * sum;
}

bool Magnitudes::Proven(const DisclosureLimits& limits) const {
  return indicator_ || Within(total_, limits);
}

double Magnitudes::Bound(int without) const {
  double bound = 0;
  std::int64_t skip = without;
  for (int power = kHighest; power > kLowest; --power) {
    const std::int64_t persons = powers_[static_cast<std::size_t>(power - kLowest)];
    const std::int64_t skipped = std::min(skip, persons);
    skip -= skipped;
    bound += std::ldexp(static_cast<double>(persons - skipped), power - 1);
  }
  if (bound == 0) return 0;
  // Two bits of it: enough for the rule, and too few to be taken apart.
  const double unit = std::ldexp(1.0, std::ilogb(bound) - 1);
  return std::floor(bound / unit) * unit;
}

Result<void> HoldDominance(const Magnitudes& own, double claimed,
                           const federation::SiteView& site) {
  const double bound = own.Bound(site.minimum_count);
  if (claimed < bound) {
    return Fail(ErrorCode::kRefused, "a sum of sizes below what this site alone has",
                "false_claim");
  }
  if (own.Proven(site.limits) || own.Within(claimed - bound + own.total_, site.limits)) return {};
  return Fail(ErrorCode::kRefused, "one or two persons are too large a part of a sum", "dominance");
}

}  // namespace clinnova::stats
