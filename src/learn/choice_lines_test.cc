// SPDX-License-Identifier: Apache-2.0
// The numbers are held against R's lm and sandwich by tests/golden (choice_*).
#include "learn/choice_lines.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "learn/choice_fixture.h"

namespace clinnova::learn {
namespace {

TEST(ProductsOf, UndoesTheCovariance) {
  // Columns 1, 1, 1 and 1, 2, 6: products 3, 9, 41.
  const stats::Matrix products = ProductsOf({0, 1}, {{0, 0}, {0, 7}}, {1, 3}, 3);
  EXPECT_DOUBLE_EQ(products[0][0], 3);
  EXPECT_DOUBLE_EQ(products[0][1], 9);
  EXPECT_DOUBLE_EQ(products[1][1], 41);
}

/// Two drugs at random; "new" is better by `slope` for each unit of x, and z does nothing.
std::vector<Table> Sites(double slope, std::uint64_t seed, std::size_t sites = 3) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> id, x, z, twice, visits, y;
  std::vector<std::string> drug;
  std::vector<std::size_t> site_of_row;
  for (int i = 0; i < 600; ++i) {
    id.push_back(i);
    site_of_row.push_back(static_cast<std::size_t>(i) % sites);
    x.push_back(normal(random));
    z.push_back(100 + 10 * normal(random));
    twice.push_back(2 * x.back() + 1);
    visits.push_back(i / 3 % 5);
    const bool newer = random() % 2 == 0;
    drug.emplace_back(newer ? "new" : "old");
    y.push_back(z.back() / 10 + (newer ? slope * x.back() : 0) + normal(random));
  }
  return stats::Split(table::MakeTable({{"id", id},
                                        {"x", x},
                                        {"z", z},
                                        {"twice", twice},
                                        {"site_visits1", visits},
                                        {"drug", drug},
                                        {"y", y}}),
                      site_of_row, sites);
}

TEST(LineColumns, AreThoseOfTermsWithoutSites) {
  const auto formula =
      table::Formula::Parse("y ~ x + factor(site) + x:site + site_visits1 + I(site == \"s1\")");
  const auto design = table::Design::Create(*formula, Sites(1, 1)[0].schema, {}, {});
  ASSERT_TRUE(design) << design.error().message;
  std::vector<std::string> names;
  for (const std::int64_t j : LineColumns(*formula, *design)) {
    names.push_back(design->names()[static_cast<std::size_t>(j)]);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"(Intercept)", "x", "site_visits1"}));
}

std::string Analysis(const std::string& covariates, const std::string& more = "") {
  return ChoiceOf(covariates, "heterogeneity") + more;
}

TEST(Heterogeneity, FindsWhoGains) {
  const Answer answer = RunOne(Analysis("[\"x\", \"z\"]"), Sites(2, 1));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/heterogeneity"), 1u);
  EXPECT_EQ(answer.Text("/heterogeneity/0/terms/1/term"), "x");
  EXPECT_NEAR(answer.Number("/heterogeneity/0/terms/1/estimate"), 2, 0.3);
  EXPECT_GT(answer.Number("/heterogeneity/0/terms/1/conf_low"), 1);
  EXPECT_NEAR(answer.Number("/heterogeneity/0/terms/2/estimate"), 0, 0.05);
  EXPECT_LT(answer.Number("/heterogeneity/0/p_value"), 1e-6);
  EXPECT_EQ(answer.Number("/heterogeneity/0/df"), 2);
  // Where low outcomes are good "new" loses what it gained.
  const Answer lower = RunOne(Analysis("[\"x\", \"z\"]", "direction = \"lower\"\n"), Sites(2, 1));
  EXPECT_NEAR(lower.Number("/heterogeneity/0/terms/1/estimate"),
              -answer.Number("/heterogeneity/0/terms/1/estimate"), 1e-12);
}

TEST(Heterogeneity, SeesNoneWhereThereIsNone) {
  int found = 0;
  for (const std::uint64_t seed : {2U, 3U, 4U, 5U, 6U, 7U}) {
    const Answer answer = RunOne(Analysis("[\"x\", \"z\"]"), Sites(0, seed));
    ASSERT_TRUE(answer) << answer.error().message;
    found += answer.Number("/heterogeneity/0/p_value") < 0.05 ? 1 : 0;
  }
  EXPECT_LE(found, 1);
}

TEST(Heterogeneity, LeavesOutWhatDependsOnOtherColumnsAndSites) {
  const Answer answer = RunOne(Analysis("[\"x\", \"twice\", \"site\"]"), Sites(2, 1));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/heterogeneity/0/terms"), 3u);
  EXPECT_NEAR(answer.Number("/heterogeneity/0/terms/1/estimate"), 2, 0.3);
  EXPECT_TRUE(answer.IsNull("/heterogeneity/0/terms/2/estimate"));
  EXPECT_EQ(answer.Number("/heterogeneity/0/df"), 1);
}

/// By what a term is made of, not by how its column is called: site_visits1 is no column of site s1.
TEST(Heterogeneity, LeavesOutEveryTermOfSitesAndNoOther) {
  const Answer answer = RunOne(
      Analysis(R"t(["x", "site_visits1", 'I(site != "s2")', "x:factor(site)"])t"), Sites(2, 1));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/heterogeneity/0/terms"), 3u) << answer.text();
  EXPECT_EQ(answer.Text("/heterogeneity/0/terms/1/term"), "x");
  EXPECT_EQ(answer.Text("/heterogeneity/0/terms/2/term"), "site_visits1");
  EXPECT_EQ(answer.Number("/heterogeneity/0/df"), 2);
}

TEST(Heterogeneity, ASiteAnswersOnlyWhatTheApprovedAnalysisAsks) {
  const table::Schema schema = Sites(1, 1)[0].schema;
  stats::FrameClaim claim;
  claim.center = {0, 0, 0};
  const auto outcome = [&](const std::string& analysis, const ChoiceLineQuestion& question) {
    const auto study = stats::StudyOf(analysis, 5);
    const auto block = LineBlock(study.analyses().front(), schema, claim, 2, question);
    return block ? std::string() : block.error().reason;
  };
  const std::string asking = Analysis("[\"x\", \"z\"]");
  std::string silent = asking;
  silent.replace(silent.find("heterogeneity"), 13, "calibration");
  const ChoiceLineQuestion sums{.columns = {0, 1, 2}};
  EXPECT_EQ(outcome(asking, sums), "");
  EXPECT_EQ(outcome(silent, sums), "wrong_layout");
  EXPECT_EQ(outcome(silent, {}), "");
  EXPECT_EQ(outcome(Analysis("[\"x\", \"site\"]"), sums), "single_contributor");
  EXPECT_EQ(outcome(asking, {.columns = {0, 3}}), "wrong_layout");
  EXPECT_EQ(outcome(asking, {.columns = {1, 1}}), "wrong_layout");
  ChoiceLineQuestion errors{.columns = {0, 1}, .lines = {{0, 0}}, .inverse = {1, 0, 0, 1}};
  EXPECT_EQ(outcome(asking, errors), "");
  errors.inverse.pop_back();
  EXPECT_EQ(outcome(asking, errors), "wrong_layout");
  errors.inverse.push_back(1);
  errors.lines.push_back({0, 0});
  EXPECT_EQ(outcome(asking, errors), "wrong_layout");
}

}  // namespace
}  // namespace clinnova::learn
