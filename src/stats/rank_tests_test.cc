// SPDX-License-Identifier: Apache-2.0
// wilcoxon and kruskal: what they say of small tables; R's numbers are in tests/golden.
#include <gtest/gtest.h>

#include <cmath>

#include "core/distributions.h"
#include "stats/kruskal.h"
#include "stats/study_fixture.h"
#include "stats/wilcoxon.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

const std::string kWilcoxon = "method = \"wilcoxon\"\nformula = \"y ~ g\"\n";
const std::string kKruskal = "method = \"kruskal\"\nformula = \"y ~ g\"\n";

TEST(Wilcoxon, SumsTheRanksOfTheFirstLevel) {
  // Ranks: 0.1 0.3 0.3 -> 1 2.5 2.5; 5 -> 4; 7 -> 5. a has 1, 2.5, 5: W = 8.5 - 6.
  const Table table = MakeTable({{"y", {0.3, 5, 0.1, 0.3, 7}}, {"g", {"a", "b", "a", "b", "a"}}});
  const Answer answer = RunOne(kWilcoxon, Split(table, {0, 1, 1, 0, 2}, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/statistic"), 2.5);
  const double sigma = std::sqrt(3.0 * 2 / 12 * (6 - 6.0 / 20));
  EXPECT_NEAR(answer.Number("/p_value"), core::NormalTwoSidedP(0.0 / sigma), 1e-15);
  EXPECT_FALSE(answer.Has("/estimate"));
  const Answer uncorrected = RunOne(kWilcoxon + "correct = false\n", {table});
  EXPECT_NEAR(uncorrected.Number("/p_value"), core::NormalTwoSidedP(0.5 / sigma), 1e-15);
}

TEST(Wilcoxon, PointsToKruskalForMoreGroups) {
  const Table table = MakeTable({{"y", {1, 2, 3}}, {"g", {"a", "b", "c"}}});
  EXPECT_NE(RunOne(kWilcoxon, {table}).error().message.find("method kruskal"), std::string::npos);
  EXPECT_NE(RunOne("method = \"wilcoxon\"\nformula = \"y ~ 1\"\n", {table})
                .error()
                .message.find("two groups"),
            std::string::npos);
}

TEST(RankTests, HaveNoAnswerWhereAllValuesAreEqual) {
  const Table table = MakeTable({{"y", {2, 2, 2, 2}}, {"g", {"a", "a", "b", "b"}}});
  for (const std::string& study : {kWilcoxon, kKruskal}) {
    const Answer answer = RunOne(study, {table});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer.IsNull("/p_value"));
    EXPECT_EQ(answer.Size("/warnings"), 1u);
  }
}

TEST(Kruskal, ComparesMeanRanks) {
  const Table table = MakeTable({{"y", {1, 2, 3, 4, 5, 6}}, {"g", {"a", "a", "b", "b", "c", "c"}}});
  const Answer answer = RunOne(kKruskal, {table});
  ASSERT_TRUE(answer) << answer.error().message;
  // 12 / (6 * 7) * (2 * 4 + 2 * 4) with mean ranks 1.5, 3.5, 5.5.
  EXPECT_NEAR(answer.Number("/statistic"), 12.0 / 42 * 16, 1e-15);
  EXPECT_EQ(answer.Number("/parameter"), 2);
}

TEST(RankTests, CoarsenRanksUnderTheThresholdAndSaySo) {
  std::vector<double> y;
  std::vector<std::string> g;
  for (int i = 0; i < 60; ++i) {
    y.push_back(std::sqrt(i + 0.5));
    g.emplace_back(i % 2 == 0 ? "a" : "b");
  }
  const Table table = MakeTable({{"y", y}, {"g", g}});
  const Answer open = RunOne(kWilcoxon, {table});
  const Answer kept = RunOne(kWilcoxon, {table}, {.minimum_count = 5});
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(open.Size("/warnings"), 0u);
  EXPECT_EQ(kept.Size("/warnings"), 1u);
  EXPECT_NEAR(kept.Number("/p_value"), open.Number("/p_value"), 0.05);
  EXPECT_NE(kept.Number("/p_value"), open.Number("/p_value"));
}

}  // namespace
}  // namespace clinnova::stats
