// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_net_benefit.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "learn/choice_disclosure.h"

namespace clinnova::learn {

std::vector<double> ThresholdsOf(const ChoiceOptions& options, bool binary) {
  if (!options.evaluation.net_benefit) return {};
  if (!options.thresholds.empty() || !binary) return options.thresholds;
  std::vector<double> thresholds;
  for (int t = 0; t <= 20; ++t) thresholds.push_back(t / 100.0);
  return thresholds;
}

Switch SwitchOf(std::span<const double> towards, std::size_t reference,
                std::span<const double> thresholds) {
  Switch best{.arm = reference};
  for (std::size_t a = 0; a < towards.size(); ++a) {
    if (towards[a] > towards[best.arm]) best.arm = a;
  }
  const double gain = towards[best.arm] - towards[reference];
  while (best.level < thresholds.size() && gain > thresholds[best.level]) ++best.level;
  return best;
}

double NetBenefitOf(const Switch& how, std::size_t threshold, const ChoiceBatch& batch,
                    std::size_t row, std::size_t reference, double sign, double t) {
  if (how.level <= threshold) return 0;
  return sign * (batch.score[how.arm][row] - batch.score[reference][row]) - t;
}

std::vector<std::int64_t> SwitchedAbove(const federation::PooledSums& sums, std::size_t reference,
                                        std::size_t thresholds) {
  std::vector<std::int64_t> above(thresholds);
  std::int64_t persons = 0;
  for (std::size_t t = thresholds; t-- > 0;) {
    persons += sums.Count(kSwitchedRows, reference * thresholds + t);
    above[t] = persons;
  }
  return above;
}

CountsBeside CountsBesideThresholds(const std::vector<std::int64_t>& given, std::size_t reference,
                                    int minimum_count) {
  const std::int64_t everybody = std::accumulate(given.begin(), given.end(), std::int64_t{0});
  CountsBeside beside{.known = {everybody, 0}};
  auto& to = PolicyTold(given, minimum_count) ? beside.known : beside.secret;
  to.push_back(everybody - given[reference]);
  return beside;
}

std::vector<std::int64_t> SwitchedInto(const std::vector<std::int64_t>& switched,
                                       const CountsBeside& beside, int minimum_count) {
  const std::vector<bool> told =
      ToldThresholds(switched, beside.known, beside.secret, minimum_count);
  std::vector<std::int64_t> into;
  std::int64_t last = -1;
  for (std::size_t t = 0; t < told.size(); ++t) {
    if (told[t]) last = static_cast<std::int64_t>(t);
    into.push_back(last);
  }
  return into;
}

NetBenefitSums NetBenefitFrom(const federation::PooledSums& sums, std::size_t reference,
                              const std::vector<double>& thresholds,
                              std::vector<std::int64_t> switched, std::vector<std::int64_t> into) {
  NetBenefitSums net{.reference = reference,
                     .thresholds = thresholds,
                     .switched = std::move(switched),
                     .into = std::move(into)};
  const std::size_t size = thresholds.size();
  for (auto* part : {&net.gain, &net.gain_squared, &net.squared_changes}) part->assign(size, 0);
  // What is above the next threshold is above this one, too.
  for (std::size_t t = size; t-- > 0;) {
    const bool last = t + 1 == size;
    net.gain[t] = sums.Number(kSwitchedGain, t) + (last ? 0 : net.gain[t + 1]);
    net.gain_squared[t] =
        sums.Number(kSwitchedGainSquared, t) + (last ? 0 : net.gain_squared[t + 1]);
    net.squared_changes[t] = sums.Number(kSquaredChanges, 1 + t);
  }
  return net;
}

ChoiceEstimate RuleNetBenefit(const NetBenefitSums& sums, std::size_t threshold, std::int64_t n,
                              double confidence_level) {
  const auto persons = static_cast<long double>(n);
  const auto switched = static_cast<long double>(sums.switched[threshold]);
  const long double t = sums.thresholds[threshold];
  const long double total = sums.gain[threshold] - t * switched;
  const long double squares =
      sums.gain_squared[threshold] - 2 * t * sums.gain[threshold] + t * t * switched;
  const auto variance =
      static_cast<double>((squares - total * total / persons) / (persons - 1) / persons);
  return NormalEstimate(
      static_cast<double>(total / persons),
      std::sqrt(std::max(0.0, variance) + FoldCovariance(sums.squared_changes[threshold], n)),
      confidence_level);
}

std::vector<bool> ToldThresholds(std::span<const std::int64_t> switched,
                                 std::span<const std::int64_t> known,
                                 std::span<const std::int64_t> secret, int minimum_count) {
  std::vector<bool> told;
  std::vector<std::int64_t> open(known.begin(), known.end());
  for (const std::int64_t count : switched) {
    const auto apart = [&](std::int64_t other) { return std::abs(count - other) >= minimum_count; };
    const bool small = count > 0 && count < minimum_count;
    told.push_back(!small && std::ranges::all_of(secret, apart) &&
                   std::ranges::all_of(
                       open, [&](std::int64_t other) { return other == count || apart(other); }));
    if (told.back()) open.push_back(count);
  }
  return told;
}

}  // namespace clinnova::learn
