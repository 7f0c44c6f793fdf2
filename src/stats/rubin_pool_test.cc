// SPDX-License-Identifier: Apache-2.0
#include "stats/rubin_pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace clinnova::stats {
namespace {

// mice 3.15: pool.scalar(c(1, 1.5, 1.2), c(0.04, 0.05, 0.045), n = 50, k = 3).
TEST(RubinPool, EqualsMice) {
  const std::vector<double> estimates = {1, 1.5, 1.2};
  const std::vector<double> variances = {0.04, 0.05, 0.045};
  const RubinPool pool = PoolByRubin(estimates, variances, 47);
  EXPECT_NEAR(pool.estimate, 1.233333333333333393, 1e-15);
  EXPECT_NEAR(pool.within, 0.044999999999999998, 1e-16);
  EXPECT_NEAR(pool.between, 0.063333333333333339, 1e-16);
  EXPECT_NEAR(pool.total, 0.129444444444444445, 1e-15);
  EXPECT_NEAR(pool.df, 3.616109546992631429, 1e-13);
  EXPECT_NEAR(pool.riv, 1.876543209876543328, 1e-14);
  EXPECT_NEAR(pool.lambda, 0.084444444444444444 / 0.129444444444444445, 1e-14);
  EXPECT_NEAR(pool.fmi, 0.757449308521428, 1e-14);
}

TEST(RubinPool, AddsNothingWhereNothingWasMissing) {
  const std::vector<double> estimates = {2, 2};
  const std::vector<double> variances = {1, 1};
  const RubinPool pool = PoolByRubin(estimates, variances, 47);
  EXPECT_EQ(pool.total, 1);
  EXPECT_NEAR(pool.df, 45.115467645936611518, 1e-11);
  EXPECT_NEAR(pool.fmi, 0.041566674872979263, 1e-14);
}

}  // namespace
}  // namespace clinnova::stats
