// SPDX-License-Identifier: Apache-2.0
#include "stats/split_columns.h"

#include <gtest/gtest.h>

#include "stats/model_frame.h"
#include "stats/study_fixture.h"

namespace clinnova::stats {
namespace {

federation::Analysis Trees(const std::string& options) {
  return StudyOf("method = \"boosted_trees\"\n" + options).analyses().front();
}

TEST(SplitColumns, AreThoseOnTheRight) {
  const auto analysis = Trees("formula = \"y ~ crp + factor(stage) + offset(log(years))\"");
  EXPECT_EQ(*SplitColumns(analysis), (std::vector<std::string>{"crp", "factor(stage)"}));
  EXPECT_EQ(*RequiredSplitColumns(analysis), (std::vector<std::string>{"crp", "stage"}));
  EXPECT_EQ(FormulaOf(analysis)->text(), "y ~ 1 + offset(log(years))");
  EXPECT_EQ(DesignOptionsOf(analysis)->also, (std::vector<std::string>{"crp", "stage"}));
}

TEST(SplitColumns, NeedNotBePresentWhereTreesLearnFromMissingValues) {
  const auto analysis = Trees("formula = \"y ~ crp\"\nmissing = \"learn\"\nid = \"person\"");
  EXPECT_TRUE(RequiredSplitColumns(analysis)->empty());
  EXPECT_EQ(DesignOptionsOf(analysis)->also, (std::vector<std::string>{"person"}));
}

TEST(SplitColumns, RefuseTransformationsAndInteractions) {
  for (const char* right : {"log(crp)", "crp * age", "ns(crp, df = 3)", "1", "crp + (1 | site)"}) {
    const auto columns = SplitColumns(Trees("formula = \"y ~ " + std::string(right) + "\""));
    ASSERT_FALSE(columns) << right;
    EXPECT_EQ(columns.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(columns.error().message.find("formula"), std::string::npos);
  }
}

TEST(SplitColumns, HaveNoStrataOrClustersBesideButOfSurvival) {
  const auto of = [](const std::string& formula) {
    return FormulaOf(Trees("formula = \"" + formula + "\""));
  };
  const auto strata = of("y ~ crp + strata(g)");
  ASSERT_FALSE(strata);
  EXPECT_EQ(strata.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(strata.error().message.find("found strata(g), which method boosted_trees does not"),
            std::string::npos);
  const auto cluster = of("y ~ crp + cluster(id)");
  ASSERT_FALSE(cluster);
  EXPECT_NE(cluster.error().message.find("expected no clusters with method boosted_trees"),
            std::string::npos);
  EXPECT_EQ(of("Surv(t, d) ~ crp + strata(g)")->text(), "Surv(t, d) ~ 1 + strata(g)");
}

TEST(SplitColumns, AreOfTreesOnly) {
  EXPECT_TRUE(SplitsColumns(Trees("formula = \"y ~ x\"")));
  const auto glm = StudyOf("method = \"glm\"\nformula = \"y ~ x\"").analyses().front();
  EXPECT_FALSE(SplitsColumns(glm));
}

}  // namespace
}  // namespace clinnova::stats
