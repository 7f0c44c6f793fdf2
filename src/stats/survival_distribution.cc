// SPDX-License-Identifier: Apache-2.0
#include "stats/survival_distribution.h"

#include <cmath>
#include <string>
#include <utility>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kLogRootTwoPi = 0.918938533204672741780;
/// Beyond this the normal survival nears underflow, and Laplace's continued fraction has all digits.
constexpr double kNormalTail = 30;
constexpr std::pair<std::string_view, SurvivalDistribution> kWords[] = {
    {"weibull", SurvivalDistribution::kWeibull},
    {"exponential", SurvivalDistribution::kExponential},
    {"lognormal", SurvivalDistribution::kLognormal},
    {"loglogistic", SurvivalDistribution::kLoglogistic},
    {"", SurvivalDistribution::kWeibull},
};

/// ln(1 + e^z).
double Softplus(double z) {
  return z > 0 ? z + core::Log1p(core::Exp(-z)) : core::Log1p(core::Exp(z));
}

LogTerm NormalSurvival(double z) {
  if (z > kNormalTail) {
    double fraction = z;
    for (int k = 12; k >= 1; --k) fraction = z + k / fraction;  // hazard = z + 1/(z + 2/(z + …
    const double hazard = fraction;
    const double value = -z * z / 2 - kLogRootTwoPi - core::Log(hazard);
    return {value, -hazard, -hazard * (hazard - z)};
  }
  const double survival = core::NormalCdf(-z);
  const double hazard = core::NormalDensity(z) / survival;
  return {core::Log(survival), -hazard, -hazard * (hazard - z)};
}

}  // namespace

Result<SurvivalDistribution> ParseSurvivalDistribution(std::string_view word) {
  for (const auto& [name, distribution] : kWords) {
    if (name == word) return distribution;
  }
  return Fail(ErrorCode::kInvalidInput,
              "distribution: found \"" + std::string(word) +
                  "\", expected one of weibull, exponential, lognormal, loglogistic");
}

LogTerm LogDensity(SurvivalDistribution distribution, double z) {
  switch (distribution) {
    case SurvivalDistribution::kWeibull:
    case SurvivalDistribution::kExponential: {
      const double e = core::Exp(z);
      return {z - e, 1 - e, -e};
    }
    case SurvivalDistribution::kLognormal: return {-z * z / 2 - kLogRootTwoPi, -z, -1};
    case SurvivalDistribution::kLoglogistic: {
      const double lower = core::Expit(z);
      const double upper = core::Expit(-z);
      return {z - 2 * Softplus(z), upper - lower, -2 * lower * upper};
    }
  }
  return {};
}

LogTerm LogSurvival(SurvivalDistribution distribution, double z) {
  switch (distribution) {
    case SurvivalDistribution::kWeibull:
    case SurvivalDistribution::kExponential: {
      const double e = core::Exp(z);
      return {-e, -e, -e};
    }
    case SurvivalDistribution::kLognormal: return NormalSurvival(z);
    case SurvivalDistribution::kLoglogistic: {
      const double lower = core::Expit(z);
      return {-Softplus(z), -lower, -lower * core::Expit(-z)};
    }
  }
  return {};
}

}  // namespace clinnova::stats
