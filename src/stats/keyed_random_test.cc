// SPDX-License-Identifier: Apache-2.0
#include "stats/keyed_random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace clinnova::stats {
namespace {

// From tests/golden/reference/keyed_random.py.
TEST(KeyedRandom, IsWhatItsDescriptionSays) {
  const KeyedRandom row(42, "row");
  EXPECT_EQ(row.Uniform(0), 0.9192898637466045);
  EXPECT_EQ(row.Uniform(1), 0.9322522795553307);
  EXPECT_EQ(row.Uniform(1ULL << 32 | 7), 0.3793348321805365);
  EXPECT_EQ(KeyedRandom(-1, "").Uniform(0), 0.2550701988723992);
}

TEST(KeyedRandom, LooksIndependentOverCountersAndKeys) {
  double sum = 0;
  double square = 0;
  double neighbours = 0;
  double rows = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    const KeyedRandom row(1, std::to_string(i));
    const double z = row.Normal(3);
    sum += z;
    square += z * z;
    neighbours += z * row.Normal(4);
    rows += z * KeyedRandom(1, std::to_string(i + 1)).Normal(3);
  }
  const double five_errors = 5 / std::sqrt(kDraws);
  EXPECT_NEAR(sum / kDraws, 0, five_errors);
  EXPECT_NEAR(square / kDraws, 1, five_errors * std::sqrt(2));
  EXPECT_NEAR(neighbours / kDraws, 0, five_errors);
  EXPECT_NEAR(rows / kDraws, 0, five_errors);
}

}  // namespace
}  // namespace clinnova::stats
