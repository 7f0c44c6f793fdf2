// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_subgroups.h"

#include <algorithm>
#include <cmath>

#include "stats/contingency_table.h"

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

std::vector<bool> HiddenOutcomes(std::span<const GroupGain> groups, const std::vector<bool>& hidden,
                                 bool binary, int minimum_count) {
  if (!binary) return hidden;
  std::vector<std::int64_t> cases;
  std::vector<bool> also = hidden;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    cases.push_back(groups[g].predictions.empty() ? 0 : std::llround(groups[g].predictions[3]));
    const std::int64_t others = groups[g].n - cases.back();
    also[g] = also[g] || (others > 0 && others < minimum_count);
  }
  return stats::HiddenCells(cases, 1, cases.size(), minimum_count, also);
}

}  // namespace clinnova::learn
