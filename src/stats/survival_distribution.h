// SPDX-License-Identifier: Apache-2.0
// The error distributions of accelerated failure time models: ln of density and survival of the standardised log time
// with two derivatives, as R's survival::survreg.distributions has them. Everything here is deterministic arithmetic.
//
//   const LogTerm term = event ? LogDensity(kind, z) : LogSurvival(kind, z);
#pragma once

#include <string_view>

#include "core/error.h"

namespace clinnova::stats {

/// Of the logarithm of time: smallest extreme value for kWeibull and, with scale 1, kExponential; normal for
/// kLognormal; logistic for kLoglogistic.
enum class SurvivalDistribution { kWeibull, kExponential, kLognormal, kLoglogistic };

/// "weibull" (also ""), "exponential", "lognormal", "loglogistic"; kInvalidInput lists them.
Result<SurvivalDistribution> ParseSurvivalDistribution(std::string_view word);

struct LogTerm {
  double value;
  double first;   ///< d / dz
  double second;  ///< d^2 / dz^2, never above 0
};
LogTerm LogDensity(SurvivalDistribution distribution, double z);
LogTerm LogSurvival(SurvivalDistribution distribution, double z);

}  // namespace clinnova::stats
