// SPDX-License-Identifier: Apache-2.0
// Values of policies and gains between them, from sums of scores.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "learn/choice_judgement.h"

namespace clinnova::learn {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr ChoiceEstimate kNoEstimate{
    .estimate = kNone, .std_error = kNone, .low = kNone, .high = kNone, .p_value = kNone};

}  // namespace

ChoiceEstimate NormalEstimate(double estimate, double std_error, double confidence_level) {
  const double half = core::NormalQuantile(0.5 + confidence_level / 2) * std_error;
  return {.estimate = estimate,
          .std_error = std_error,
          .low = estimate - half,
          .high = estimate + half};
}

double FoldCovariance(double squared_changes, std::int64_t n) {
  const auto persons = static_cast<double>(n);
  return squared_changes / persons / persons / 5;
}

PolicyValues ValuesFrom(const federation::PooledSums& sums, std::size_t arms,
                        double confidence_level, bool higher_is_better) {
  PolicyValues policies{
      .confidence_level = confidence_level, .sign = higher_is_better ? 1.0 : -1.0, .arms = arms};
  for (const std::int64_t count : sums.Counts(kChosenReceived)) policies.n += count;
  const auto n = static_cast<long double>(policies.n);
  std::vector<double>& totals = policies.totals = {kNone};
  for (const double total : sums.Numbers(kPolicySums)) totals.push_back(total);
  for (const double total : totals) policies.values.push_back(static_cast<double>(total / n));
  const std::size_t size = totals.size();
  policies.covariance.assign(size, std::vector<double>(size, kNone));
  std::size_t at = 0;
  for (std::size_t i = 1; i < size; ++i) {
    for (std::size_t j = 1; j <= i; ++j, ++at) {
      const long double spread =
          sums.Number(kPolicyProducts, at) - static_cast<long double>(totals[i]) * totals[j] / n;
      policies.covariance[i][j] = policies.covariance[j][i] =
          static_cast<double>(spread / (n - 1) / n);
    }
  }
  return policies;
}

bool PolicyValues::Told(std::size_t policy) const { return !std::isnan(values[policy]); }

void PolicyValues::Take(std::size_t policy, double sum, double squares,
                        const std::vector<double>& products, double more) {
  const auto persons = static_cast<long double>(n);
  const auto covariance_of = [&](double product, double total) {
    const long double spread = product - static_cast<long double>(sum) * total / persons;
    return static_cast<double>(spread / (persons - 1) / persons);
  };
  totals[policy] = sum;
  values[policy] = static_cast<double>(sum / persons);
  std::size_t at = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i == policy) continue;
    covariance[i][policy] = covariance[policy][i] = covariance_of(products[at++], totals[i]);
  }
  covariance[policy][policy] = covariance_of(squares, sum) + more;
}

void PolicyValues::Add() {
  totals.push_back(kNone);
  values.push_back(kNone);
  for (auto& row : covariance) row.push_back(kNone);
  covariance.emplace_back(values.size(), kNone);
}

ChoiceEstimate PolicyValues::Value(std::size_t policy) const {
  if (!Told(policy)) return kNoEstimate;
  return NormalEstimate(values[policy], std::sqrt(std::max(0.0, covariance[policy][policy])),
                        confidence_level);
}

ChoiceEstimate PolicyValues::Gain(std::size_t policy, std::size_t other) const {
  const double variance =
      covariance[policy][policy] + covariance[other][other] - 2 * covariance[policy][other];
  ChoiceEstimate gain = NormalEstimate(sign * (values[policy] - values[other]),
                                       std::sqrt(std::max(0.0, variance)), confidence_level);
  gain.p_value = gain.std_error > 0 ? core::NormalTwoSidedP(gain.estimate / gain.std_error) : 1;
  return std::isnan(gain.estimate) ? kNoEstimate : gain;
}

std::size_t PolicyValues::BestArm() const {
  std::size_t best = 0;
  for (std::size_t a = 1; a < arms; ++a) {
    if (sign * values[1 + a] > sign * values[1 + best]) best = a;
  }
  return best;
}

ChoiceEstimate PolicyValues::GainOverBest(std::size_t policy) const {
  if (!Told(policy)) return kNoEstimate;
  ChoiceEstimate gain = Gain(policy, 1 + BestArm());
  const double z = core::NormalQuantile(1 - (1 - confidence_level) / 2 / static_cast<double>(arms));
  gain.high = std::numeric_limits<double>::infinity();
  gain.p_value = 0;
  for (std::size_t a = 0; a < arms; ++a) {
    const ChoiceEstimate over = Gain(policy, 1 + a);
    gain.low = std::min(gain.low, over.low);
    gain.high = std::min(gain.high, over.estimate + z * over.std_error);
    // Two-sided, from the one-sided test that the rule is not better than this drug.
    const double one_sided = over.std_error > 0
                                 ? core::NormalUpperTail(over.estimate / over.std_error)
                                 : (over.estimate > 0 ? 0.0 : 1.0);
    gain.p_value = std::max(gain.p_value, std::min(1.0, 2 * one_sided));
  }
  return gain;
}

}  // namespace clinnova::learn
