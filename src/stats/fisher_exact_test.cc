// SPDX-License-Identifier: Apache-2.0
#include "stats/fisher_exact.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

TEST(FisherExact, TastesTea) {
  const auto test = FisherExactTest({3, 1, 1, 3}, 2, 2, 0.95);
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->p_value, 34.0 / 70, 1e-15);  // 1 + 16 + 16 + 1 of 70
  // The odds w with (16 w + 2 * 36 w^2 + 3 * 16 w^3 + 4 w^4) / (1 + 16 w + 36 w^2 + 16 w^3 + w^4) = 3.
  const double w = *test->odds_ratio;
  const double total = 1 + 16 * w + 36 * w * w + 16 * std::pow(w, 3) + std::pow(w, 4);
  const double mean = (16 * w + 72 * w * w + 48 * std::pow(w, 3) + 4 * std::pow(w, 4)) / total;
  EXPECT_NEAR(mean, 3, 1e-14);
  const double high = *test->conf_high;
  EXPECT_NEAR((1 + 16 * high + 36 * high * high + 16 * std::pow(high, 3)) /
                  (1 + 16 * high + 36 * high * high + 16 * std::pow(high, 3) + std::pow(high, 4)),
              0.025, 1e-15);
}

TEST(FisherExact, HasEndsAtEmptyCells) {
  const auto none = FisherExactTest({0, 5, 4, 3}, 2, 2, 0.95);
  EXPECT_EQ(*none->odds_ratio, 0);
  EXPECT_EQ(*none->conf_low, 0);
  EXPECT_TRUE(std::isfinite(*none->conf_high));
  const auto all = FisherExactTest({5, 0, 3, 4}, 2, 2, 0.95);
  EXPECT_TRUE(std::isinf(*all->odds_ratio));
  EXPECT_TRUE(std::isinf(*all->conf_high));
  EXPECT_GT(*all->conf_low, 0);
  EXPECT_EQ(FisherExactTest({0, 0, 3, 4}, 2, 2, 0.95).error().message,
            "the table has only one row or column with counts");
}

TEST(FisherExact, KeepsTheDigitsOfLargeTables) {
  // By symmetry the transposed and the mirrored table have the same p-value.
  const auto test = FisherExactTest({60000, 50000, 50000, 41000}, 2, 2, 0.95);
  const auto mirrored = FisherExactTest({50000, 60000, 41000, 50000}, 2, 2, 0.95);
  EXPECT_NEAR(test->p_value / mirrored->p_value, 1, 1e-12);
  EXPECT_NEAR(*test->odds_ratio * *mirrored->odds_ratio, 1, 1e-12);
  EXPECT_LT(FisherExactTest({900, 20, 30, 1000}, 2, 2, 0.95)->p_value, 1e-300);
}

TEST(FisherExact, CountsLargerTables) {
  // Margins 2 2 by 1 1 2: five tables. Weights 1/prod(cell!): (0 0 2) 1/4, (1 1 0) 1/4, (1 0 1), (0 1 1) 1 each.
  const auto test = FisherExactTest({0, 0, 2, 1, 1, 0}, 2, 3, 0.95);
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->p_value, 1.0 / 3, 1e-15);  // (1/2 + 1/2) of (1/2 + 1/2 + 1 + 1)
  EXPECT_FALSE(test->odds_ratio);
  std::vector<std::int64_t> large(100, 50);
  EXPECT_FALSE(FisherExactTest(large, 10, 10, 0.95));
}

TEST(FisherExact, IsAnOptionOfTheTable) {
  std::vector<std::string> x;
  std::vector<std::string> y;
  for (int i = 0; i < 40; ++i) {
    x.emplace_back(i < 20 ? "a" : "b");
    y.emplace_back(i % 20 < (i < 20 ? 14 : 3) ? "u" : "v");
  }
  const table::Table table = table::MakeTable({{"x", x}, {"y", y}});
  const std::string study = "method = \"table\"\nvariables = [\"x\", \"y\"]\nfisher = true\n";
  const Answer answer = RunOne(study, {table});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GT(answer.Number("/fisher/estimate"), 5);
  const Answer kept = RunOne(study, {table}, {.minimum_count = 5});
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_TRUE(kept.IsNull("/fisher"));  // three in a cell: hidden, and the test with it
  EXPECT_NE(RunOne("method = \"table\"\nvariables = [\"x\"]\nfisher = true\n", {table})
                .error()
                .message.find("expected two"),
            std::string::npos);
}

}  // namespace
}  // namespace clinnova::stats
