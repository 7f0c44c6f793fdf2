// SPDX-License-Identifier: Apache-2.0
// Exact pooled order statistics by counting: doubles are mapped to ordered 64-bit keys, and each round
// counts the values of 256 equal parts of the interval of keys that holds the order statistic sought.
// Eight rounds find any number of order statistics of any number of variables (methods.md 1.2).
//
//   OrderStatisticSearch search;
//   search.Want(variable, k);                       // the k-th smallest, k = 1…n
//   for (; !search.Done(); search.Absorb(counts)) { /* a round over search.targets() */ }
//   double value = search.Value(variable, k);
//
// Reveals: the order statistics themselves, each a real person's value; callers ask only for those at least
// minimum_count from either end.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "federation/exact_sums.h"

namespace clinnova::stats {

/// An interval of keys [low, low + 256 parts of 2^shift): what one round counts for one variable.
struct KeyInterval {
  std::uint64_t variable = 0;
  std::uint64_t low = 0;

  template <class A>
  void Fields(A& a) {
    a(variable);
    a(low);
  }
  auto operator<=>(const KeyInterval&) const = default;
};

inline constexpr std::size_t kKeyParts = 256;

/// The key of a finite double: keys order as the values do; -0 and 0 have the same.
std::uint64_t OrderedKey(double value);
double ValueOfKey(std::uint64_t key);

/// The site's side: adds 1 to number t * 256 + part of `block` for each value whose key lies in part `part` of
/// targets[t]. `values` are of variable `variable`.
void CountKeys(std::span<const double> values, std::uint64_t variable,
               std::span<const KeyInterval> targets, std::int64_t shift, std::size_t block,
               federation::ExactSums& sums);

class OrderStatisticSearch {
 public:
  void Want(std::uint64_t variable, std::int64_t k);
  bool Done() const { return shift_ < 0 || wanted_.empty(); }
  /// Bits below a part of this round's intervals: 56, 48, … 0.
  std::int64_t shift() const { return shift_; }
  /// The distinct intervals of this round, sorted.
  std::vector<KeyInterval> targets() const;
  /// Takes the pooled counts of this round, 256 per target in their order.
  void Absorb(const std::vector<std::int64_t>& counts);
  /// The order statistic, once Done().
  double Value(std::uint64_t variable, std::int64_t k) const;

 private:
  struct State {
    std::uint64_t low = 0;
    std::int64_t rank = 0;  ///< of the value sought within the interval, from 1
  };
  std::map<std::pair<std::uint64_t, std::int64_t>, State> wanted_;
  std::int64_t shift_ = 56;
};

/// R's quantile type 7 of n values: orders[lower], orders[upper] and the weight of the upper one.
struct QuantileOrders {
  std::int64_t lower = 1;
  std::int64_t upper = 1;
  double weight = 0;
};
QuantileOrders Type7(std::int64_t n, double probability);
/// The quantile from its two order statistics.
double Interpolate(const QuantileOrders& orders, double lower, double upper);

}  // namespace clinnova::stats
