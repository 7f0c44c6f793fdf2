// SPDX-License-Identifier: Apache-2.0
// The numbers are held against R by tests/golden (choice_*); here is what is told, and what is not.
#include "learn/choice_sites.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "learn/choice_fixture.h"

namespace clinnova::learn {
namespace {

using Counts = std::vector<std::int64_t>;

TEST(ShiftGroups, AreTenthsAsFarAsBinsTellThemApart) {
  const ShiftGroups even = ShiftGroupsOf(Counts(20, 5), false, 0, 1);
  EXPECT_EQ(even.first_bins, (Counts{0, 2, 4, 6, 8, 10, 12, 14, 16, 18}));
  EXPECT_EQ(even.persons, Counts(10, 10));
  // One bin has half of all: it ends its group, and those after it have a bin each until they are where they should be.
  const ShiftGroups heavy = ShiftGroupsOf({50, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, false, 0, 1);
  EXPECT_EQ(heavy.first_bins, (Counts{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(std::accumulate(heavy.persons.begin(), heavy.persons.end(), std::int64_t{0}), 100);
  const ShiftGroups alike = ShiftGroupsOf({0, 7, 0}, false, 0, 1);
  EXPECT_EQ(alike.persons, Counts{7});
  EXPECT_EQ(ShiftGroupsOf({3, 0, 4}, true, 0, 1).persons, (Counts{3, 0, 4}));
}

TEST(StabilityIndex, IsTheDifferenceOfShares) {
  EXPECT_NEAR(StabilityIndex({500, 500}, {1000, 1000}), 0, 1e-15);
  const double p = 800.5 / 1001;
  const double q = 1000.5 / 2001;
  EXPECT_NEAR(StabilityIndex({800, 200}, {1000, 1000}),
              (p - q) * std::log(p / q) + (q - p) * std::log((1 - p) / (1 - q)), 1e-12);
  EXPECT_TRUE(std::isfinite(StabilityIndex({10, 0, 0}, {10, 10, 0})));
}

/// Two drugs; the outcome rests on the site's x, and a little on the person's own.
std::vector<Table> Sites(std::size_t sites, double apart) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<double> id, x, y;
  std::vector<std::string> drug;
  std::vector<std::size_t> site_of_row;
  for (int i = 0; i < 900; ++i) {
    id.push_back(i);
    site_of_row.push_back(static_cast<std::size_t>(i) % sites);
    x.push_back(0.5 * normal(random) + apart * static_cast<double>(site_of_row.back()));
    drug.emplace_back(uniform(random) < 0.5 ? "new" : "old");
    const double center = apart * static_cast<double>(sites - 1) / 2;
    y.push_back(uniform(random) < 1 / (1 + std::exp(-(x.back() - center))) ? 1 : 0);
    if (site_of_row.back() == 1 && i % 8 == 1) x.back() = std::nan("");
  }
  const Table table = table::MakeTable({{"id", id}, {"x", x}, {"drug", drug}, {"y", y}});
  return stats::Split(table, site_of_row, sites);
}

const std::string kAnalysis = ChoiceOf("[\"x\"]", "between_sites");

TEST(BetweenSites, DifferencesBetweenSitesDoNotRaiseTheAreaWithinThem) {
  const Answer apart = RunOne(kAnalysis, Sites(3, 1.5));
  ASSERT_TRUE(apart) << apart.error().message;
  EXPECT_GT(apart.Number("/discrimination/all/auc"),
            apart.Number("/discrimination/within_sites/all/auc") + 0.1);
  EXPECT_EQ(apart.Number("/discrimination/within_sites/all/sites"), 3);
  EXPECT_EQ(apart.Size("/discrimination/within_sites/arms"), 2u);
  EXPECT_GT(apart.Number("/between_sites/shift/0/stability_index"), 1);
  EXPECT_EQ(apart.Number("/between_sites/shift/0/sites_much_shifted"), 3);
  EXPECT_EQ(apart.Number("/between_sites/shift/0/sites_missing_some"), 1);
  const Answer alike = RunOne(kAnalysis, Sites(3, 0));
  ASSERT_TRUE(alike) << alike.error().message;
  EXPECT_NEAR(alike.Number("/discrimination/all/auc"),
              alike.Number("/discrimination/within_sites/all/auc"), 0.03);
  EXPECT_EQ(alike.Number("/between_sites/shift/0/sites_shifted"), 0);
  EXPECT_LT(alike.Number("/between_sites/shift/0/stability_index"),
            3 * alike.Number("/between_sites/shift/0/index_if_alike"));
  EXPECT_EQ(alike.Number("/between_sites/auc/sites"), 3);
  EXPECT_LE(alike.Number("/between_sites/auc/prediction_low"),
            alike.Number("/between_sites/auc/conf_low"));
  EXPECT_LT(alike.Number("/between_sites/auc/prediction_high"), 1);
}

TEST(BetweenSites, UnderDisclosureRulesAtLeastThreeMustContribute) {
  const Answer three = RunOne(kAnalysis, Sites(3, 0.3), {.minimum_count = 5});
  ASSERT_TRUE(three) << three.error().message;
  EXPECT_FALSE(three.IsNull("/between_sites/auc"));
  EXPECT_FALSE(three.IsNull("/discrimination/within_sites/all/auc"));
  EXPECT_EQ(three.Size("/between_sites/shift"), 1u);
  const Answer two = RunOne(kAnalysis, Sites(2, 0.3), {.minimum_count = 5});
  ASSERT_TRUE(two) << two.error().message;
  EXPECT_TRUE(two.IsNull("/between_sites/gain"));
  EXPECT_TRUE(two.IsNull("/between_sites/auc"));
  EXPECT_TRUE(two.IsNull("/discrimination/within_sites/all/auc"));
  EXPECT_TRUE(two.IsNull("/discrimination/within_sites/arms/0/auc"));
  EXPECT_EQ(two.Size("/between_sites/shift"), 0u);
  EXPECT_NE(two.Text("/warnings/0").find("at least three sites"), std::string::npos);
  EXPECT_FALSE(two.IsNull("/discrimination/all/auc"));
}

/// "new" is better where x is above 0, and worse below; at the last of three sites that are `changed` persons.
std::vector<Table> SitesWithFewChanged(int changed) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<double> id, x, y;
  std::vector<std::string> drug;
  std::vector<std::size_t> site_of_row;
  for (int i = 0; i < 900; ++i) {
    id.push_back(i);
    site_of_row.push_back(static_cast<std::size_t>(i) % 3);
    const double size = 0.5 + std::fabs(normal(random));
    const bool last = site_of_row.back() == 2;
    const bool below = last ? i / 3 < changed : uniform(random) < 0.3;
    x.push_back(below ? -size : size);
    const bool newer = uniform(random) < 0.5;
    drug.emplace_back(newer ? "new" : "old");
    y.push_back(uniform(random) < 1 / (1 + std::exp((newer ? -2 : 2) * x.back())) ? 1 : 0);
  }
  const Table table = table::MakeTable({{"id", id}, {"x", x}, {"drug", drug}, {"y", y}});
  return stats::Split(table, site_of_row, 3);
}

/// A site's gain is that of the persons whose drug changes: everybody else's is 0.
TEST(BetweenSites, UnderDisclosureRulesAGainIsOfEnoughPersonsWhoseDrugChanges) {
  const Answer few = RunOne(kAnalysis, SitesWithFewChanged(3), {.minimum_count = 5});
  ASSERT_TRUE(few) << few.error().message;
  EXPECT_TRUE(few.IsNull("/between_sites/gain"));
  EXPECT_FALSE(few.IsNull("/between_sites/auc"));
  const Answer enough = RunOne(kAnalysis, SitesWithFewChanged(8), {.minimum_count = 5});
  EXPECT_EQ(enough.Number("/between_sites/gain/sites"), 3);
  const Answer open = RunOne(kAnalysis, SitesWithFewChanged(3));
  EXPECT_EQ(open.Number("/between_sites/gain/sites"), 3);
}

TEST(BetweenSites, DoesNotWarnWhereEnoughSitesContribute) {
  const Answer answer =
      RunOne(ChoiceOf("[\"site\"]", "between_sites"), Sites(3, 0.3), {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Size("/between_sites/shift"), 0u);  // of site there is none
  for (const std::string& warning : answer.Texts("/warnings")) {
    EXPECT_EQ(warning.find("differences between sites"), warning.npos) << warning;
  }
}

/// Three sites of which `women` are women, and a fourth with three complete cases of twenty rows.
std::vector<Table> SitesOfWomen(const std::vector<int>& women) {
  std::mt19937_64 random(3);
  std::vector<double> id, x, y;
  std::vector<std::string> drug, sex;
  std::vector<std::size_t> site_of_row;
  for (std::size_t s = 0; s < 4; ++s) {
    for (int i = 0; i < (s < 3 ? 300 + static_cast<int>(s) : 20); ++i) {
      id.push_back(static_cast<double>(id.size()));
      site_of_row.push_back(s);
      x.push_back(s < 3 || i < 3 ? static_cast<double>(random() % 100) : std::nan(""));
      sex.emplace_back(s < 3 && i < women[s] ? "F" : "M");
      drug.emplace_back(random() % 2 == 0 ? "new" : "old");
      y.push_back(static_cast<double>(random() % 2));
    }
  }
  const Table table =
      table::MakeTable({{"id", id}, {"x", x}, {"sex", sex}, {"drug", drug}, {"y", y}});
  return stats::Split(table, site_of_row, 4);
}

TEST(BetweenSites, AShiftIsTheMeanOverThePersonsOfTheSitesThatContribute) {
  const Answer answer = RunOne(ChoiceOf("[\"sex\", \"x\"]", "between_sites"),
                               SitesOfWomen({100, 150, 200}), {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  const Counts all = {450, 456};
  const std::vector<Counts> own = {{100, 200}, {150, 151}, {200, 102}};
  double sum = 0;
  double persons = 0;
  for (const Counts& site : own) {
    const auto weight = static_cast<double>((site[0] + site[1]) / 5 * 5);
    sum += weight * StabilityIndex(site, all);
    persons += weight;
  }
  EXPECT_EQ(answer.Number("/between_sites/shift/0/sites"), 3);
  EXPECT_NEAR(answer.Number("/between_sites/shift/0/stability_index"), sum / persons, 1e-14);
  EXPECT_NEAR(answer.Number("/between_sites/shift/0/index_if_alike"), 2 / persons, 1e-14);
}

TEST(BetweenSites, ASiteAnswersOnlyWhatTheApprovedAnalysisAsks) {
  const table::Schema schema = Sites(3, 0)[0].schema;
  const auto blocks = [&](const std::string& analysis, const ChoiceSiteQuestion& question) {
    const auto study = stats::StudyOf(analysis, 5);
    const auto found = SiteBlocks(study.analyses().front(), schema, 2, question);
    return found ? std::string() : found.error().reason;
  };
  ChoiceSiteQuestion question{.best = 1, .contributors = Counts(6, 3), .powers = 2, .details = 1};
  question.inputs = {{.first_bins = {0, 90}, .persons = {400, 500}}};
  EXPECT_EQ(blocks(kAnalysis, question), "");
  std::string silent = kAnalysis;
  silent.replace(silent.find("between_sites"), 13, "calibration");
  EXPECT_EQ(blocks(silent, question), "sites_not_released");
  EXPECT_EQ(blocks(silent, {}), "");
  for (const auto& spoil : std::vector<void (*)(ChoiceSiteQuestion&)>{
           [](ChoiceSiteQuestion& q) { q.best = 2; }, [](ChoiceSiteQuestion& q) { q.powers = 3; },
           [](ChoiceSiteQuestion& q) { q.contributors.pop_back(); },
           [](ChoiceSiteQuestion& q) { q.tau2s[1] = -1; },
           [](ChoiceSiteQuestion& q) { q.details = 0; },
           [](ChoiceSiteQuestion& q) { q.inputs[0].first_bins = {0, 1, 2}; },
           [](ChoiceSiteQuestion& q) { q.inputs[0].persons[1] = -1; },
           [](ChoiceSiteQuestion& q) { q.inputs[0].scale = 0; }}) {
    ChoiceSiteQuestion wrong = question;
    spoil(wrong);
    EXPECT_EQ(blocks(kAnalysis, wrong), "wrong_layout");
  }
}

TEST(BetweenSites, OneSiteIsNotCompared) {
  const Answer one = RunOne(kAnalysis, Sites(1, 0));
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_TRUE(one.IsNull("/between_sites/auc"));
  EXPECT_NEAR(one.Number("/discrimination/within_sites/all/auc"),
              one.Number("/discrimination/all/auc"), 1e-15);
}

}  // namespace
}  // namespace clinnova::learn
