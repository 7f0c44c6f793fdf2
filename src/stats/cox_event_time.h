// SPDX-License-Identifier: Apache-2.0
// What one event time gives to Cox's partial likelihood, from the risk set's sums and those of who dies then.
//
// Efron takes d deaths at once as d steps m = 0 … d - 1 with phi_m = risk - (m / d) dying. With staying = risk - dying
// and g = 1 - m / d this is phi_m = staying + g dying, so that every sum over steps is a sum of powers of g over
// powers of phi0_m, which are numbers, times products of the two sums, which do not depend on m: O(d + p^2) instead of
// O(d p^2), with weights that are all positive. Pure functions.
// Source: B. Efron, J. Am. Stat. Assoc. 72 (1977); N. Breslow, Biometrics 30 (1974).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace clinnova::stats {

enum class Ties : std::uint8_t { kEfron, kBreslow };

/// One event time of a stratum: sums over Efron's steps, each with the mean covariates mean_m = phi1_m / phi0_m. By
/// Breslow, d times phi = risk. With case weights each step counts as the mean weight of those who die.
struct EventTime {
  std::size_t stratum = 0;
  std::size_t index = 0;  ///< into the stratum's axis
  std::int64_t deaths = 0;
  long double weight = 0;                ///< of those who die; their number without case weights
  long double log_risk = 0;              ///< of ln phi0
  long double hazard = 0;                ///< of 1 / phi0
  long double hazard_variance = 0;       ///< of 1 / phi0^2
  std::vector<long double> hazard_mean;  ///< of mean_m / phi0
  long double own_hazard = 0;            ///< of (1 - m / d) / phi0: what those dying are exposed to
  std::vector<long double> own_hazard_mean;
  std::vector<long double> mean;      ///< of mean_m
  std::vector<long double> variance;  ///< of the covariates' variance, lower triangle by rows
};
using UseEventTime = std::function<void(const EventTime&)>;

/// Fills what follows `weight` in `at`. `risk` and `dying` are sums of r, r x and r x x' (lower triangle by rows), r
/// being weight * e^(x'beta), over p covariates; dying is not read for one death, nor by Breslow.
void SumSteps(std::span<const long double> risk, std::span<const long double> dying, std::size_t p,
              Ties ties, EventTime& at);

}  // namespace clinnova::stats
