// SPDX-License-Identifier: Apache-2.0
#include "stats/combat_adjustment.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace clinnova::stats {
namespace {

federation::Analysis AnalysisOf(const std::vector<std::string>& features,
                                const std::vector<std::string>& covariates) {
  auto analysis = federation::Analysis::FromJson(
      {{"name", "a"}, {"method", "combat"}, {"variables", features}, {"covariates", covariates}});
  return std::move(*analysis);
}

TEST(FeatureFormula, HasCovariatesAndFeatures) {
  const auto formula = FeatureFormula(AnalysisOf({"left ear", "b"}, {"age * sex"}));
  ASSERT_TRUE(formula) << formula.error().message;
  EXPECT_EQ(formula->Columns(), (std::vector<std::string>{"age", "sex", "left ear", "b"}));
}

TEST(FeatureFormula, NeedsTwoFeaturesThatAreNoCovariates) {
  EXPECT_FALSE(FeatureFormula(AnalysisOf({"a"}, {})));
  EXPECT_FALSE(FeatureFormula(AnalysisOf({"a", "a"}, {})));
  EXPECT_FALSE(FeatureFormula(AnalysisOf({"a", "b"}, {"log(b)"})));
  EXPECT_FALSE(FeatureFormula(AnalysisOf({"a", "b"}, {"offset(c)"})));
  EXPECT_FALSE(FeatureFormula(AnalysisOf({"a", "b"}, {"c - 1"})));
}

// sva 3.46 on three features of ten rows with these means and variances (it.sol, aprior, bprior).
TEST(AdjustSite, EqualsSva) {
  const auto adjusted = AdjustSite({{0.5, 1.2}, {-0.2, 0.8}, {0.1, 2.0}}, 10, SiteScale::kAdjusted);
  ASSERT_EQ(adjusted.size(), 3U);
  EXPECT_NEAR(adjusted[0].shift, 0.31682400550398948, 1e-14);
  EXPECT_NEAR(adjusted[1].shift, -0.045979851393409009, 1e-14);
  EXPECT_NEAR(adjusted[2].shift, 0.11856450651720266, 1e-14);
  EXPECT_NEAR(adjusted[0].scale, 1.2312232082039449, 1e-14);
  EXPECT_NEAR(adjusted[1].scale, 1.0593989600968892, 1e-14);
  EXPECT_NEAR(adjusted[2].scale, 1.5503076133985272, 1e-14);
}

TEST(AdjustSite, ShrinksMeansOnlyWhenScalesAreKept) {
  // The means' prior: mean 0.1, variance 0.02. sva takes one row of variance 1 here.
  const auto adjusted = AdjustSite({{0.2, 1}, {0, 1}}, 10, SiteScale::kKept);
  EXPECT_NEAR(adjusted[0].shift, (0.02 * 0.2 + 0.1) / 1.02, 1e-15);
  EXPECT_EQ(adjusted[0].scale, 1);
}

}  // namespace
}  // namespace clinnova::stats
