// SPDX-License-Identifier: Apache-2.0
#include "stats/order_statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/check.h"

namespace clinnova::stats {
namespace {

constexpr std::uint64_t kSign = 1ULL << 63;

}  // namespace

std::uint64_t OrderedKey(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // -0 becomes 0
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double ValueOfKey(std::uint64_t key) {
  return std::bit_cast<double>((key & kSign) != 0 ? key & ~kSign : ~key);
}

void CountKeys(std::span<const double> values, std::uint64_t variable,
               std::span<const KeyInterval> targets, std::int64_t shift, std::size_t block,
               federation::ExactSums& sums) {
  for (std::size_t t = 0; t < targets.size(); ++t) {
    if (targets[t].variable != variable) continue;
    std::vector<std::int64_t> counts(kKeyParts);
    for (const double value : values) {
      const std::uint64_t key = OrderedKey(value);
      if (key < targets[t].low) continue;
      const std::uint64_t part = (key - targets[t].low) >> shift;
      if (part < kKeyParts) ++counts[part];
    }
    for (std::size_t part = 0; part < kKeyParts; ++part) {
      if (counts[part] != 0) sums.AddCount(block, t * kKeyParts + part, counts[part]);
    }
  }
}

void OrderStatisticSearch::Want(std::uint64_t variable, std::int64_t k) {
  CLINNOVA_CHECK(k >= 1 && shift_ == 56);
  wanted_[{variable, k}] = State{0, k};
}

std::vector<KeyInterval> OrderStatisticSearch::targets() const {
  std::vector<KeyInterval> targets;
  for (const auto& [key, state] : wanted_) targets.push_back({key.first, state.low});
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  return targets;
}

void OrderStatisticSearch::Absorb(const std::vector<std::int64_t>& counts) {
  const std::vector<KeyInterval> asked = targets();
  CLINNOVA_CHECK(counts.size() == asked.size() * kKeyParts);
  for (auto& [key, state] : wanted_) {
    const KeyInterval interval{key.first, state.low};
    const auto at = static_cast<std::size_t>(
        std::lower_bound(asked.begin(), asked.end(), interval) - asked.begin());
    std::size_t part = 0;
    while (part + 1 < kKeyParts && state.rank > counts[at * kKeyParts + part]) {
      state.rank -= counts[at * kKeyParts + part];
      ++part;
    }
    state.low += static_cast<std::uint64_t>(part) << shift_;
  }
  shift_ -= 8;
}

double OrderStatisticSearch::Value(std::uint64_t variable, std::int64_t k) const {
  const auto found = wanted_.find({variable, k});
  CLINNOVA_CHECK(found != wanted_.end() && shift_ < 0);
  return ValueOfKey(found->second.low);
}

QuantileOrders Type7(std::int64_t n, double probability) {
  const double index = 1 + static_cast<double>(std::max<std::int64_t>(n - 1, 0)) * probability;
  QuantileOrders orders;
  orders.lower = static_cast<std::int64_t>(std::floor(index));
  orders.upper = static_cast<std::int64_t>(std::ceil(index));
  orders.weight = index - std::floor(index);
  return orders;
}

double Interpolate(const QuantileOrders& orders, double lower, double upper) {
  if (orders.weight == 0 || lower == upper) return lower;
  return (1 - orders.weight) * lower + orders.weight * upper;
}

}  // namespace clinnova::stats
