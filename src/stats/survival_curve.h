// SPDX-License-Identifier: Apache-2.0
// What curves over time share: their groups' names, the interval around a probability, and how many people a
// published time stands for.
//
//   const Limits limits = ConfidenceLimits(Interval::kLog, 0.8, 0.1, 1.96);   // 0.8 * exp(-+ 1.96 * 0.1)
//
// Reveals nothing by itself: it works on what the coordinator already has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "stats/model_frame.h"

namespace clinnova::stats {

/// Counts on a dense grid up to this many cells save the round that finds the times.
inline constexpr std::size_t kDenseTimeCells = 1 << 14;

/// The scale on which an interval is symmetric.
enum class Interval : std::uint8_t { kLog, kLogLog, kPlain, kLogit, kArcsin, kNone };

struct Limits {
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

/// The interval that survival's survfit gives around a probability, of which `log_error` is the error of the
/// logarithm and `quantile` the normal's; not a number where there is none.
Limits ConfidenceLimits(Interval type, double probability, double log_error, double quantile);

/// The option conf_type: "log" (default), "log-log", "plain", "logit", "arcsin" or "none".
Result<Interval> IntervalOf(const federation::Analysis& analysis);

/// "sex=male, factor(score)=1": a combination of the design's strata columns as R names it; empty when there are none.
/// The first columns are called as `labels` say; those before `first` are left out.
std::string StratumName(const ModelFrame& frame, std::size_t stratum,
                        const std::vector<std::string>& labels = {}, std::size_t first = 0);

/// How the formula writes the groups on its right side, for methods whose formula names groups there.
Result<std::vector<std::string>> GroupLabels(const federation::Analysis& analysis);

}  // namespace clinnova::stats
