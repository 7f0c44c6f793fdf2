// SPDX-License-Identifier: Apache-2.0
#include "stats/survival_curve.h"

#include <algorithm>

#include "core/deterministic_math.h"

namespace clinnova::stats {

Limits ConfidenceLimits(Interval type, double probability, double log_error, double quantile) {
  if (probability == 0) return {};
  switch (type) {
    case Interval::kLog: {
      const double logarithm = core::Log(probability);
      return {core::Exp(logarithm - quantile * log_error),
              std::min(1.0, core::Exp(logarithm + quantile * log_error))};
    }
    case Interval::kLogLog: {
      if (probability == 1) return {};
      const double logarithm = core::Log(probability);
      const double width = quantile * log_error / logarithm;
      const double centre = core::Log(-logarithm);
      return {core::Exp(-core::Exp(centre - width)), core::Exp(-core::Exp(centre + width))};
    }
    case Interval::kPlain: {
      const double width = quantile * log_error * probability;
      return {std::max(0.0, probability - width), std::min(1.0, probability + width)};
    }
  }
  return {};
}

Result<Interval> IntervalOf(const federation::Analysis& analysis) {
  constexpr std::string_view kTypes[] = {"log", "log-log", "plain"};
  CLINNOVA_ASSIGN(const std::string type, analysis.Choice("conf_type", kTypes));
  if (type == "plain") return Interval::kPlain;
  return type == "log" ? Interval::kLog : Interval::kLogLog;
}

std::string StratumName(const ModelFrame& frame, std::size_t stratum) {
  std::string name;
  const auto& strata = frame.design().strata();
  for (std::size_t s = strata.size(); s-- > 0;) {
    const std::size_t levels = std::max<std::size_t>(1, strata[s].levels.size());
    const std::string part = strata[s].name + "=" + strata[s].levels[stratum % levels];
    name = name.empty() ? part : part + ", " + name;
    stratum /= levels;
  }
  return name;
}

}  // namespace clinnova::stats
