// SPDX-License-Identifier: Apache-2.0
#include "core/log_densities.h"

#include <limits>

#include "core/deterministic_math.h"

namespace clinnova::core {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHalfLog2Pi = 0x1.d67f1c864beb5p-1;
constexpr double kLog2Pi = 0x1.d67f1c864beb5p+0;

double Magnitude(double x) { return x < 0.0 ? -x : x; }

/// ln Gamma(n + 1) - (n + 1/2) ln n + n - ln(2 pi) / 2, the error of Stirling's formula, for n > 0.
double StirlingError(double n) {
  if (n < 16.0) return LogGamma(n + 1.0) - (n + 0.5) * Log(n) + n - kHalfLog2Pi;
  const double square = 1.0 / (n * n);
  // B_2k / (2k (2k - 1)): 1/12, -1/360, 1/1260, -1/1680, 1/1188, -691/360360.
  const double series =
      1.0 / 12 +
      square *
          (-1.0 / 360 +
           square * (1.0 / 1260 +
                     square * (-1.0 / 1680 + square * (1.0 / 1188 + square * -691.0 / 360360))));
  return series / n;
}

/// x ln(x / mean) + mean - x, by its series where x is near the mean; both positive.
double Deviance(double x, double mean) {
  if (!(Magnitude(x - mean) < 0.1 * (x + mean))) {
    const double ratio = x / mean;
    // A ratio that overflows or underflows is split.
    const double log_ratio = ratio > 0.0 && ratio < kInfinity ? Log(ratio) : Log(x) - Log(mean);
    return x * log_ratio + mean - x;
  }
  const double v = (x - mean) / (x + mean);
  const double square = v * v;
  double power = 2.0 * x * v;
  double sum = (x - mean) * v;
  for (int j = 3;; j += 2) {
    power *= square;
    const double next = sum + power / j;
    if (next == sum) return next;
    sum = next;
  }
}

/// The Poisson log density for real count > 0 and mean > 0.
double LogPoissonPositive(double count, double mean) {
  return -StirlingError(count) - Deviance(count, mean) - (kHalfLog2Pi + 0.5 * Log(count));
}

}  // namespace

double LogPoissonDensity(double count, double mean) {
  if (!(mean >= 0.0) || mean == kInfinity || count != count) return kNaN;
  if (count < 0.0 || count == kInfinity) return -kInfinity;
  if (count == 0.0) return -mean;
  if (mean == 0.0) return -kInfinity;
  return LogPoissonPositive(count, mean);
}

double LogBinomialDensity(double successes, double trials, double p) {
  if (!(p >= 0.0 && p <= 1.0) || !(trials >= 0.0) || trials == kInfinity ||
      successes != successes) {
    return kNaN;
  }
  if (successes < 0.0 || successes > trials) return -kInfinity;
  const double failures = trials - successes;
  if (successes == 0.0) return trials == 0.0 ? 0.0 : trials * Log1p(-p);
  if (failures == 0.0) return trials * Log(p);
  if (p == 0.0 || p == 1.0) return -kInfinity;
  const double errors = StirlingError(trials) - StirlingError(successes) - StirlingError(failures);
  const double deviance = Deviance(successes, trials * p) + Deviance(failures, trials * (1.0 - p));
  const double variance = kLog2Pi + Log(successes) + Log1p(-successes / trials);
  return errors - deviance - 0.5 * variance;
}

double LogGammaDensity(double x, double shape, double scale) {
  if (!(shape > 0.0) || shape == kInfinity || !(scale > 0.0) || scale == kInfinity || x != x) {
    return kNaN;
  }
  if (x < 0.0 || x == kInfinity) return -kInfinity;
  if (x == 0.0) return shape < 1.0 ? kInfinity : (shape > 1.0 ? -kInfinity : -Log(scale));
  if (shape < 1.0) {
    // The density at shape + 1 times shape / x, which is not in danger of a negative count.
    return LogPoissonPositive(shape, x / scale) + Log(shape / x);
  }
  if (shape == 1.0) return -x / scale - Log(scale);
  return LogPoissonPositive(shape - 1.0, x / scale) - Log(scale);
}

}  // namespace clinnova::core
