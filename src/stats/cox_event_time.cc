// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_event_time.h"

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

/// A variance below this part of the mean square is what records' rounding to doubles leaves: the covariate is
/// constant in the risk set. Zero then, so that a covariate constant in all of them is seen to be inestimable.
constexpr long double kRounding = 0x1p-48L;

long double WithoutRounding(long double variance, long double square) {
  return variance > kRounding * square ? variance : 0;
}

/// A covariate without variance has no covariance either.
void ClearConstant(std::size_t p, std::vector<long double>& variance) {
  const auto diagonal = [](std::size_t i) { return i * (i + 3) / 2; };
  std::size_t cell = 0;
  for (std::size_t i = 0; i < p; ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      if (variance[diagonal(i)] == 0 || variance[diagonal(j)] == 0) variance[cell] = 0;
    }
  }
}

/// Sums over steps of g^k / phi0^l, times the weight of a step.
struct StepSums {
  long double log_risk = 0;
  long double inverse = 0;           ///< 1 / phi0
  long double g_inverse = 0;         ///< g / phi0
  long double inverse_square = 0;    ///< 1 / phi0^2
  long double g_inverse_square = 0;  ///< g / phi0^2
  long double gg_inverse_square = 0;
};

StepSums SumsOf(long double staying, long double dying, std::int64_t steps, long double weight) {
  StepSums sums;
  for (std::int64_t m = 0; m < steps; ++m) {
    const long double g = static_cast<long double>(steps - m) / static_cast<long double>(steps);
    const long double zero = staying + g * dying;
    const long double inverse = 1 / zero;
    const long double square = inverse * inverse;
    sums.log_risk += static_cast<long double>(core::Log(static_cast<double>(zero)));
    sums.inverse += inverse;
    sums.g_inverse += g * inverse;
    sums.inverse_square += square;
    sums.g_inverse_square += g * square;
    sums.gg_inverse_square += g * g * square;
  }
  for (long double* sum : {&sums.log_risk, &sums.inverse, &sums.g_inverse, &sums.inverse_square,
                           &sums.g_inverse_square, &sums.gg_inverse_square})
    *sum *= weight;
  return sums;
}

/// One step, all of whose risk set stays.
void SumOneStep(std::span<const long double> risk, std::size_t p, EventTime& at) {
  const StepSums sums = SumsOf(risk[0], 0, 1, at.weight);
  at.log_risk = sums.log_risk;
  at.hazard = at.own_hazard = sums.inverse;
  at.hazard_variance = sums.inverse_square;
  std::size_t cell = 0;
  for (std::size_t i = 0; i < p; ++i) {
    at.mean[i] = risk[1 + i] * sums.inverse;
    at.hazard_mean[i] = at.own_hazard_mean[i] = risk[1 + i] * sums.inverse_square;
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      const long double square = risk[1 + p + cell] * sums.inverse;
      at.variance[cell] = square - at.hazard_mean[i] * risk[1 + j];
      if (j == i) at.variance[cell] = WithoutRounding(at.variance[cell], square);
    }
  }
}

void SumEfronSteps(std::span<const long double> risk, std::span<const long double> dying,
                   std::size_t p, EventTime& at) {
  const long double step_weight = at.weight / static_cast<long double>(at.deaths);
  const StepSums sums = SumsOf(risk[0] - dying[0], dying[0], at.deaths, step_weight);
  at.log_risk = sums.log_risk;
  at.hazard = sums.inverse;
  at.hazard_variance = sums.inverse_square;
  at.own_hazard = sums.g_inverse;
  std::size_t cell = 0;
  for (std::size_t i = 0; i < p; ++i) {
    const long double dies = dying[1 + i];
    const long double stays = risk[1 + i] - dies;
    at.mean[i] = stays * sums.inverse + dies * sums.g_inverse;
    at.hazard_mean[i] = stays * sums.inverse_square + dies * sums.g_inverse_square;
    at.own_hazard_mean[i] = stays * sums.g_inverse_square + dies * sums.gg_inverse_square;
    for (std::size_t j = 0; j <= i; ++j, ++cell) {
      const long double second = dying[1 + p + cell];
      const long double squares =
          (risk[1 + p + cell] - second) * sums.inverse + second * sums.g_inverse;
      // Of mean_m mean_m': the sums above for i, once more times what stays and what dies of j.
      at.variance[cell] = squares - (at.hazard_mean[i] * (risk[1 + j] - dying[1 + j]) +
                                     at.own_hazard_mean[i] * dying[1 + j]);
      if (j == i) at.variance[cell] = WithoutRounding(at.variance[cell], squares);
    }
  }
}

}  // namespace

void SumSteps(std::span<const long double> risk, std::span<const long double> dying, std::size_t p,
              Ties ties, EventTime& at) {
  for (auto* vectors : {&at.hazard_mean, &at.own_hazard_mean, &at.mean}) vectors->resize(p);
  at.variance.resize(p * (p + 1) / 2);
  if (ties == Ties::kBreslow || at.deaths == 1) {
    SumOneStep(risk, p, at);
  } else {
    SumEfronSteps(risk, dying, p, at);
  }
  ClearConstant(p, at.variance);
}

}  // namespace clinnova::stats
