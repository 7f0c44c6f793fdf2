// SPDX-License-Identifier: Apache-2.0
#include "stats/survival_curve.h"

#include <algorithm>
#include <cmath>

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
    case Interval::kLogit: {
      if (probability == 1) return {};
      const double odds = probability / (1 - probability);
      const double width = quantile * log_error * (1 + odds);
      const double centre = core::Log(odds);
      return {1 - 1 / (1 + core::Exp(centre - width)), 1 - 1 / (1 + core::Exp(centre + width))};
    }
    case Interval::kArcsin: {
      if (probability == 1) return {};
      constexpr double kRightAngle = 1.5707963267948966;
      const double centre = std::asin(std::sqrt(probability));
      const double width = quantile * log_error * std::sqrt(probability / (1 - probability)) / 2;
      const double low = std::sin(std::max(0.0, centre - width));
      const double high = std::sin(std::min(kRightAngle, centre + width));
      return {low * low, high * high};
    }
    case Interval::kNone: return {};
  }
  return {};
}

Result<Interval> IntervalOf(const federation::Analysis& analysis) {
  constexpr std::string_view kTypes[] = {"log", "log-log", "plain", "logit", "arcsin", "none"};
  constexpr Interval kIntervals[] = {Interval::kLog,   Interval::kLogLog, Interval::kPlain,
                                     Interval::kLogit, Interval::kArcsin, Interval::kNone};
  CLINNOVA_ASSIGN(const std::string type, analysis.Choice("conf_type", kTypes));
  return kIntervals[std::find(std::begin(kTypes), std::end(kTypes), type) - std::begin(kTypes)];
}

Result<std::vector<std::string>> GroupLabels(const federation::Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string text, analysis.Text("formula"));
  CLINNOVA_ASSIGN(const table::Formula formula, table::Formula::Parse(text));
  std::vector<std::string> labels;
  for (const table::Term& term : formula.terms()) {
    labels.push_back(term.factors.size() == 1 ? term.factors[0].text : "");
  }
  return labels;
}

std::string StratumName(const ModelFrame& frame, std::size_t stratum,
                        const std::vector<std::string>& labels, std::size_t first) {
  std::string name;
  const auto& strata = frame.design().strata();
  for (std::size_t s = strata.size(); s-- > first;) {
    const std::size_t levels = std::max<std::size_t>(1, strata[s].levels.size());
    const std::string part =
        (s < labels.size() ? labels[s] : strata[s].name) + "=" + strata[s].levels[stratum % levels];
    name = name.empty() ? part : part + ", " + name;
    stratum /= levels;
  }
  return name;
}

}  // namespace clinnova::stats
