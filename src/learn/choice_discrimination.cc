// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_discrimination.h"

#include <algorithm>
#include <limits>

#include "core/deterministic_math.h"
#include "learn/choice_rows.h"
#include "stats/roc_curve.h"

namespace clinnova::learn {

std::size_t ScoreBin(double probability) {
  const double q = std::clamp(probability, 1e-12, 1 - 1e-12);
  const double from = core::Log(q) - core::Log1p(-q) + kScoreBin * kScoreBins / 2;
  return EvenBin(from, kScoreBin, kScoreBins);
}

std::size_t ScoreIndex(std::size_t arm, bool is_case, double probability) {
  return (2 * arm + (is_case ? 1 : 0)) * kScoreBins + ScoreBin(probability);
}

std::optional<Auc> AucOf(std::span<const std::int64_t> counts) {
  std::vector<stats::RocGroup> groups;
  stats::RocGroup all;
  const std::size_t bins = counts.size() / 2;
  for (std::size_t b = 0; b < bins; ++b) {
    const stats::RocGroup group{.controls = counts[b], .cases = counts[bins + b]};
    all.controls += group.controls;
    all.cases += group.cases;
    if (group.controls + group.cases > 0) groups.push_back(group);
  }
  if (all.cases == 0 || all.controls == 0) return {};
  const stats::RocCurve curve(groups);
  return Auc{.auc = curve.auc(), .variance = curve.variance()};
}

std::vector<std::int64_t> OverArms(const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> all(2 * kScoreBins);
  for (std::size_t i = 0; i < counts.size(); ++i) all[i % (2 * kScoreBins)] += counts[i];
  return all;
}

std::vector<std::int64_t> ScoreGroupsOf(std::span<const std::int64_t> all) {
  std::int64_t total = 0;
  for (const std::int64_t count : all) total += count;
  std::vector<std::int64_t> first = {0};
  std::int64_t so_far = 0;
  for (std::size_t b = 0; b + 1 < kScoreBins; ++b) {
    so_far += all[b] + all[kScoreBins + b];
    // The group is full once it reaches the next twentieth.
    const bool full = so_far * static_cast<std::int64_t>(kScoreGroups) >=
                      static_cast<std::int64_t>(first.size()) * total;
    if (full && so_far < total) first.push_back(static_cast<std::int64_t>(b) + 1);
  }
  return first;
}

std::array<double, kPredictionParts> PredictionParts(double q, double y) {
  return {q, q * q, q * y, y, y * y};
}

ErrorSizes ErrorSizesOf(std::span<const double> sums, std::int64_t n) {
  const auto persons = static_cast<long double>(n);
  const long double squares = static_cast<long double>(sums[4]) - 2 * sums[2] + sums[1];
  const long double spread = sums[4] - static_cast<long double>(sums[3]) * sums[3] / persons;
  return {.mean_square = static_cast<double>(squares / persons),
          .explained = spread > 0 ? static_cast<double>(1 - squares / spread)
                                  : std::numeric_limits<double>::quiet_NaN()};
}

}  // namespace clinnova::learn
