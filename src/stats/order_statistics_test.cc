// SPDX-License-Identifier: Apache-2.0
#include "stats/order_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace clinnova::stats {
namespace {

using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::PooledSums;

/// Order statistics `ranks` of values spread over sites, as an algorithm would find them.
std::vector<double> Find(const std::vector<std::vector<double>>& sites,
                         const std::vector<std::int64_t>& ranks) {
  OrderStatisticSearch search;
  for (const std::int64_t rank : ranks) search.Want(0, rank);
  int rounds = 0;
  while (!search.Done()) {
    const std::vector<KeyInterval> targets = search.targets();
    const Layout layout{{CountBlock("keys", targets.size() * kKeyParts)}};
    ExactSums total(layout);
    for (const std::vector<double>& values : sites) {
      ExactSums mine(layout);
      CountKeys(values, 0, targets, search.shift(), 0, mine);
      total.Merge(mine);
    }
    search.Absorb(PooledSums::Decode(layout, total.Seal(core::Hash{}))->Counts(0));
    ++rounds;
  }
  EXPECT_EQ(rounds, 8);
  std::vector<double> found;
  for (const std::int64_t rank : ranks) found.push_back(search.Value(0, rank));
  return found;
}

TEST(OrderedKey, OrdersAsTheValuesDo) {
  const double smallest = std::numeric_limits<double>::denorm_min();
  const std::vector<double> ascending = {-std::numeric_limits<double>::max(),
                                         -1,
                                         -smallest,
                                         0,
                                         smallest,
                                         0.5,
                                         1,
                                         std::nextafter(1.0, 2.0),
                                         1e300};
  for (std::size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(OrderedKey(ascending[i - 1]), OrderedKey(ascending[i])) << i;
  }
  for (const double value : ascending) EXPECT_EQ(ValueOfKey(OrderedKey(value)), value);
  EXPECT_EQ(OrderedKey(-0.0), OrderedKey(0.0));
}

TEST(OrderStatisticSearch, FindsEveryRankOfTiedAndExtremeValues) {
  const std::vector<std::vector<double>> sites = {
      {3, -1e300, 3}, {}, {-0.0, 0.0, 3, 1e-310}, {-7.25}};
  std::vector<double> sorted = {-1e300, -7.25, 0, 0, 1e-310, 3, 3, 3};
  std::vector<std::int64_t> ranks = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(Find(sites, ranks), sorted);
}

TEST(OrderStatisticSearch, AgreesWithSortingRandomValues) {
  std::mt19937_64 random(11);
  std::vector<std::vector<double>> sites(5);
  std::vector<double> all;
  for (int i = 0; i < 2000; ++i) {
    const double value = std::ldexp(std::uniform_real_distribution<double>(-1, 1)(random),
                                    static_cast<int>(random() % 60) - 30);
    sites[random() % sites.size()].push_back(value);
    all.push_back(value);
  }
  std::sort(all.begin(), all.end());
  const std::vector<std::int64_t> ranks = {1, 2, 500, 1000, 1001, 1999, 2000};
  const std::vector<double> found = Find(sites, ranks);
  for (std::size_t i = 0; i < ranks.size(); ++i)
    EXPECT_EQ(found[i], all[static_cast<std::size_t>(ranks[i]) - 1]);
}

TEST(Type7, GivesRsOrdersAndWeights) {
  const QuantileOrders median = Type7(4, 0.5);  // index 2.5
  EXPECT_EQ(median.lower, 2);
  EXPECT_EQ(median.upper, 3);
  EXPECT_EQ(median.weight, 0.5);
  const QuantileOrders quarter = Type7(5, 0.25);  // index 2, exactly
  EXPECT_EQ(quarter.lower, 2);
  EXPECT_EQ(quarter.upper, 2);
  EXPECT_EQ(quarter.weight, 0);
  EXPECT_EQ(Type7(5, 0).lower, 1);
  EXPECT_EQ(Type7(5, 1).upper, 5);
  EXPECT_EQ(Type7(1, 0.3).upper, 1);
  EXPECT_EQ(Interpolate(median, 2, 4), 3);
  EXPECT_EQ(Interpolate(quarter, 2, 1e300), 2);
}

}  // namespace
}  // namespace clinnova::stats
