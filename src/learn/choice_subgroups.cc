// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_subgroups.h"

#include <algorithm>
#include <cmath>

namespace clinnova::learn {

SubgroupFit SubgroupFitOf(std::span<const double> sums, std::int64_t n, double confidence_level) {
  const auto persons = static_cast<long double>(n);
  SubgroupFit fit{.observed = static_cast<double>(sums[3] / persons),
                  .predicted = static_cast<double>(sums[0] / persons),
                  .errors = ErrorSizesOf(sums, n)};
  const long double mean = (static_cast<long double>(sums[3]) - sums[0]) / persons;
  const long double squares = static_cast<long double>(sums[4]) - 2 * sums[2] + sums[1];
  const auto variance =
      static_cast<double>((squares - persons * mean * mean) / (persons - 1) / persons);
  fit.difference = NormalEstimate(static_cast<double>(mean), std::sqrt(std::max(0.0, variance)),
                                  confidence_level);
  return fit;
}

SubgroupBenefit SubgroupBenefitOf(std::span<const double> sums, std::int64_t n,
                                  double confidence_level) {
  const auto persons = static_cast<long double>(n);
  const long double predicted = sums[0] / persons;
  const long double gain = sums[2] / persons;
  const auto variance =
      static_cast<double>((sums[3] - persons * gain * gain) / (persons - 1) / persons);
  SubgroupBenefit benefit{.predicted = static_cast<double>(predicted)};
  benefit.gain = NormalEstimate(static_cast<double>(gain), std::sqrt(std::max(0.0, variance)),
                                confidence_level);
  const long double spread = sums[1] - persons * predicted * predicted;
  if (spread > 1e-12L * persons) {
    benefit.slope = static_cast<double>((sums[4] - persons * predicted * gain) / spread);
  }
  return benefit;
}

}  // namespace clinnova::learn
