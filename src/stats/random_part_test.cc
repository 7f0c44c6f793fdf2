// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "federation/study.h"
#include "stats/random_effects.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<std::size_t>;

Result<RandomPart> PartOf(const std::string& text) {
  const federation::Study study = StudyOf("method = \"mixed\"\nformula = \"y ~ 1\"");
  const table::Table table = table::MakeTable({{"y", {1, 2}},
                                               {"x", {1, 2}},
                                               {"z", {1, 2}},
                                               {"g", {1, 2}},
                                               {"h", {1, 2}},
                                               {"k", {1, 2}},
                                               {"arm", {"drug", "none"}}});
  CLINNOVA_ASSIGN(const table::Formula formula, table::Formula::Parse(text));
  CLINNOVA_ASSIGN(const table::Design design, table::Design::Create(formula, table.schema, {}, {}));
  return RandomPartOf(study.analyses().front(), formula, design);
}

TEST(RandomPart, PutsTheTermsOfAGroupTogether) {
  const auto part = PartOf("y ~ x + z + (0 + x | g) + (1 + z | g)");
  ASSERT_TRUE(part) << part.error().message;
  ASSERT_EQ(part->groups.size(), 1U);
  const RandomEffects& effects = part->groups[0];
  EXPECT_EQ(effects.names, (Names{"(Intercept)", "z", "x"}));
  EXPECT_EQ(effects.columns, (Numbers{0, 2, 1}));
  EXPECT_TRUE(effects.intercept);
  EXPECT_TRUE(effects.Correlated(0, 1));
  EXPECT_FALSE(effects.Correlated(0, 2));
  EXPECT_TRUE(effects.Shiftable(1));
  EXPECT_FALSE(effects.Shiftable(2));
  EXPECT_EQ(effects.parameters(), 4U);
}

TEST(RandomPart, TwoBarsMakeEffectsUncorrelated) {
  const auto part = PartOf("y ~ x + z + (x + z || g)");
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->groups[0].names, (Names{"(Intercept)", "x", "z"}));
  EXPECT_EQ(part->parameters(), 3U);
}

TEST(RandomPart, PutsTheGroupAroundAnotherLast) {
  const auto nested = PartOf("y ~ x + (x | g/h)");
  ASSERT_TRUE(nested) << nested.error().message;
  EXPECT_TRUE(nested->nested);
  EXPECT_EQ(nested->groups[0].label, "h:g");
  EXPECT_EQ(nested->groups[1].label, "g");
  EXPECT_EQ(nested->parameters(), 6U);
  const auto mixed = PartOf("y ~ x + (1 | g) + (x | g:h)");
  EXPECT_FALSE(mixed);
  const auto more = PartOf("y ~ x + (1 | g/h) + (0 + x | g)");
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_EQ(more->groups[1].names, (Names{"(Intercept)", "x"}));
  EXPECT_EQ(more->parameters(), 3U);
  const auto crossed = PartOf("y ~ x + (1 | g) + (x | h)");
  ASSERT_TRUE(crossed) << crossed.error().message;
  EXPECT_FALSE(crossed->nested);
  EXPECT_EQ(crossed->groups[0].label, "g");
}

TEST(RandomPart, TakesOnlySlopesThatHaveTheFixedEffectsColumns) {
  const auto part = PartOf("y ~ arm * x + (arm * x | g)");
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->groups[0].size(), 4U);
  EXPECT_TRUE(PartOf("y ~ 0 + arm + (0 + arm | g)"));
  EXPECT_TRUE(PartOf("y ~ x + (0 + x | g)"));
  for (const char* other : {"y ~ arm + (0 + arm | g)", "y ~ arm + (arm || g)",
                            "y ~ 0 + arm + (arm | g)", "y ~ arm * x + (arm:x | g)"}) {
    const auto wrong = PartOf(other);
    ASSERT_FALSE(wrong) << other;
    EXPECT_NE(wrong.error().message.find("with all its levels"), std::string::npos)
        << wrong.error().message;
  }
}

TEST(RandomPart, SaysWhatIsNotThere) {
  const struct {
    std::string formula, message;
  } cases[] = {
      {"y ~ x + (1 | g) + (1 | h) + (1 | k)",
       "formula: found random effects of g, h, k, which are not there, expected terms (1 | g), (x "
       "| g)"},
      {"y ~ x + (1 | g/h/k)", "formula: found random effects of groups nested three deep"},
      {"y ~ x + (1 | g/h) + (1 | k)", "formula: found random effects of g/h, g, k"},
      {"y ~ x + (1 | g) + (x | g)",
       "formula: found the random effect (Intercept) by g twice, expected it once"},
      {"y ~ 1 + (x | g)", "formula: found the random slope x, expected it as a fixed effect too"},
  };
  for (const auto& c : cases) {
    const auto part = PartOf(c.formula);
    ASSERT_FALSE(part) << c.formula;
    EXPECT_NE(part.error().message.find(c.message), std::string::npos) << part.error().message;
  }
}

/// Two effects that are one, a million times what is left: a hundred rows of each, G = 100 I. By Sherman and Morrison
/// K = G - n^2 t^2 1 1' / (1 + 2 n t^2).
TEST(ClusterShrinkage, IsANumberWhereEffectsAreOneAndLarge) {
  SmallMatrix root;
  root.at(0, 0) = root.at(1, 1) = 10;
  const CovarianceShape shape{.size = 2, .entries = {{0, 0}, {1, 0}, {1, 1}}};
  const double theta[] = {1e6, 1e6, 0};
  const ClusterShrinkage shrinkage(root, shape, theta);
  EXPECT_NEAR(shrinkage.k().at(0, 0), 50, 1);
  EXPECT_NEAR(shrinkage.k().at(0, 1), -50, 1);
  EXPECT_NEAR(shrinkage.k().at(1, 1), 50, 1);
  EXPECT_NEAR(shrinkage.log_determinant(), std::log(2e14), 0.02);
  EXPECT_NEAR(shrinkage.EffectCovariance(root).at(0, 0), 0.005, 1e-4);
}

}  // namespace
}  // namespace clinnova::stats
