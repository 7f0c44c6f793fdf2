// SPDX-License-Identifier: Apache-2.0
// What the causal forest of a treatment choice finds, and what it refuses. The numbers are held against R by tests/golden
// (choice_causal_forest).
#include "learn/choice_causal_judgement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "learn/choice_fixture.h"

namespace clinnova::learn {
namespace {

enum class Truth { kBothTogether, kAlike };

/// Two drugs, "new" the more likely given the larger x is; with kBothTogether it is better by 2 where x is above 0 and the sex
/// is F, else worse by 1. Outcomes rise with x^2, which lines do not see.
Table Patients(int rows, Truth truth, std::uint64_t seed = 5) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<double> id, x, noise, y;
  std::vector<std::string> drug, sex;
  for (int i = 0; i < rows; ++i) {
    id.push_back(i);
    x.push_back(normal(random));
    noise.push_back(normal(random));
    sex.emplace_back(random() % 2 == 0 ? "F" : "M");
    const bool newer = uniform(random) < 1 / (1 + std::exp(-0.5 * x.back()));
    drug.emplace_back(newer ? "new" : "old");
    const double gain = truth == Truth::kAlike ? 0.5 : x.back() > 0 && sex.back() == "F" ? 2 : -1;
    y.push_back((newer ? gain : 0) + 0.5 * x.back() * x.back() + normal(random));
  }
  return table::MakeTable(
      {{"id", id}, {"x", x}, {"noise", noise}, {"sex", sex}, {"drug", drug}, {"y", y}});
}

std::vector<Table> Sites(const Table& table, std::size_t sites = 3) {
  std::vector<std::size_t> site_of_row;
  for (std::size_t r = 0; r < table.rows; ++r) site_of_row.push_back(r % sites);
  return stats::Split(table, site_of_row, sites);
}

constexpr const char* kCovariates = "[\"x\", \"noise\", \"sex\"]";

std::string Analysis(const std::string& more = "causal_forest_trees = 60\n") {
  return ChoiceOf(kCovariates, "causal_forest") + more;
}

TEST(CausalForestJudgement, RanksWhomADrugHelps) {
  const Answer answer = RunOne(Analysis(), Sites(Patients(1200, Truth::kBothTogether)));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/causal_forest/effects"), 1U);
  EXPECT_EQ(answer.Text("/causal_forest/effects/0/first"), "new");
  EXPECT_EQ(answer.Text("/causal_forest/effects/0/second"), "old");
  // A quarter gains 2 and the others lose 1: -1/4 on average, and the first of them 2.25 more.
  EXPECT_NEAR(answer.Number("/causal_forest/effects/0/mean/estimate"), -0.25, 0.25);
  EXPECT_GT(answer.Number("/causal_forest/effects/0/autoc/conf_low"), 0.5);
  EXPECT_NEAR(answer.Number("/causal_forest/effects/0/slope"), 1, 0.35);
  EXPECT_GT(answer.Number("/causal_forest/effects/0/splits_per_tree"), 2);
  // What was drawn without reason divides little.
  EXPECT_EQ(answer.Text("/causal_forest/effects/0/importance/2/variable"), "noise");
  EXPECT_LT(answer.Number("/causal_forest/effects/0/importance/2/gain"), 0.1);
  EXPECT_GT(answer.Number("/causal_forest/gain/conf_low"), 0.2);
  EXPECT_EQ(answer.Text("/causal_forest/gain/best_single"), "old");
  EXPECT_EQ(answer.Number("/causal_forest/trees"), 60);
  const std::string policy = "/policies/" + std::to_string(answer.Size("/policies") - 1);
  EXPECT_EQ(answer.Text(policy + "/policy"), "causal forest");
  EXPECT_EQ(answer.Text(policy + "/kind"), "causal_forest");
  EXPECT_NEAR(answer.Number(policy + "/gain_of_rule/estimate"),
              answer.Number("/policies/0/value") - answer.Number(policy + "/value"), 1e-12);
  // Lines do not see that it takes both.
  EXPECT_LT(answer.Number(policy + "/gain_of_rule/estimate"), 0);
}

TEST(CausalForestJudgement, TheLowerOutcomeIsTheBetterWhereToldSo) {
  const std::vector<Table> sites = Sites(Patients(1200, Truth::kBothTogether));
  const Answer higher = RunOne(Analysis(), sites);
  const Answer lower = RunOne(Analysis("causal_forest_trees = 60\ndirection = \"lower\"\n"), sites);
  ASSERT_TRUE(higher && lower) << lower.error().message;
  // The same trees, effects of the other sign: whom "new" helps least is now helped most.
  EXPECT_EQ(lower.Number("/causal_forest/effects/0/splits_per_tree"),
            higher.Number("/causal_forest/effects/0/splits_per_tree"));
  EXPECT_NEAR(lower.Number("/causal_forest/effects/0/mean/estimate"),
              -higher.Number("/causal_forest/effects/0/mean/estimate"), 1e-12);
  EXPECT_NEAR(lower.Number("/causal_forest/effects/0/slope"),
              higher.Number("/causal_forest/effects/0/slope"), 1e-9);
  EXPECT_EQ(lower.Text("/causal_forest/gain/best_single"), "new");
  EXPECT_GT(lower.Number("/causal_forest/gain/conf_low"), 0.2);
}

/// With everybody gaining the same, 95 % intervals of autoc hold 0 in about 95 % of cohorts, and nothing is gained. On average
/// autoc is below 0 (-0.08 here): whom chance favours in a fold it disfavours in the others, which the trees have seen.
TEST(CausalForestJudgement, IsNotFlatteredWhereEffectsAreAlike) {
  constexpr int kCohorts = 40;
  int missed = 0;
  int claims = 0;
  double sum = 0;
  for (int seed = 0; seed < kCohorts; ++seed) {
    const Answer answer =
        RunOne(Analysis("causal_forest_trees = 12\ncausal_forest_depth = 3\n"),
               Sites(Patients(500, Truth::kAlike, 300 + static_cast<std::uint64_t>(seed))));
    ASSERT_TRUE(answer) << answer.error().message;
    const bool above = answer.Number("/causal_forest/effects/0/autoc/conf_low") > 0;
    const bool below = answer.Number("/causal_forest/effects/0/autoc/conf_high") < 0;
    missed += above || below ? 1 : 0;
    claims += answer.Number("/causal_forest/gain/conf_low") > 0 ? 1 : 0;
    sum += answer.Number("/causal_forest/effects/0/autoc/estimate");
  }
  EXPECT_LE(missed, 6);  // of Binomial(40, 0.05) 6 or fewer in 98.6 %
  EXPECT_EQ(claims, 0);
  EXPECT_LT(sum / kCohorts, 0.02);
}

TEST(CausalForestJudgement, LeavesAllElseAsItWas) {
  const std::vector<Table> sites = Sites(Patients(600, Truth::kBothTogether));
  for (const int minimum : {0, 5}) {
    const Answer without =
        RunOne(ChoiceOf(kCovariates, "policies"), sites, {.minimum_count = minimum});
    const Answer with = RunOne(Analysis("causal_forest_trees = 9\ncausal_forest_depth = 2\n"),
                               sites, {.minimum_count = minimum});
    const Answer both = RunOne(ChoiceOf(kCovariates, "policy_tree\", \"causal_forest") +
                                   "causal_forest_trees = 9\ncausal_forest_depth = 2\n",
                               sites, {.minimum_count = minimum});
    ASSERT_TRUE(without && with) << with.error().message;
    // Two levels, under disclosure rules twice; two for the leaves; four to judge.
    EXPECT_EQ(with.Number("/rounds"), without.Number("/rounds") + (minimum == 0 ? 8 : 10));
    EXPECT_EQ(with.Size("/policies"), without.Size("/policies") + 1);
    // Their rules may differ by a few persons.
    ASSERT_EQ(static_cast<bool>(both), minimum == 0);
    if (minimum == 0) {
      EXPECT_EQ(both.Size("/policies"), without.Size("/policies") + 2);
    }
    for (std::size_t p = 0; p < without.Size("/policies"); ++p) {
      for (const char* key : {"/value", "/std_error"}) {
        const std::string path = "/policies/" + std::to_string(p) + key;
        EXPECT_EQ(with.Number(path), without.Number(path));
        if (minimum == 0) {
          EXPECT_EQ(both.Number(path), without.Number(path));
        }
      }
    }
    EXPECT_FALSE(without.Has("/causal_forest"));
    if (minimum != 0) continue;
    for (const char* key : {"/causal_forest/gain/estimate", "/causal_forest/gain/std_error",
                            "/causal_forest/effects/0/autoc/estimate"}) {
      EXPECT_EQ(with.Number(key), both.Number(key)) << key;
    }
  }
}

TEST(CausalForestJudgement, HoldsTheDisclosureRules) {
  const std::vector<Table> sites = Sites(Patients(1200, Truth::kBothTogether));
  for (const int minimum : {5, 30}) {
    const Answer answer = RunOne(Analysis(), sites, {.minimum_count = minimum});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.Number("/causal_forest/persons_per_leaf"), std::max(minimum, 10));
    EXPECT_GT(answer.Number("/causal_forest/effects/0/autoc/conf_low"), 0.3);
  }
}

/// All persons with x above -0.3 are at one site, the only cut is near 0: nobody is told apart by it.
TEST(CausalForestJudgement, AsksNothingThatTellsOneSiteApart) {
  const Table table = Patients(900, Truth::kBothTogether);
  std::vector<std::size_t> site_of_row;
  for (std::size_t r = 0; r < table.rows; ++r) {
    const bool above = table.column(*table.schema.Find("x")).numbers[r] > -0.3;
    site_of_row.push_back(above ? 0 : 1 + r % 2);
  }
  const std::vector<Table> sites = stats::Split(table, site_of_row, 3);
  const std::string analysis = Analysis("causal_forest_trees = 9\ncausal_forest_bins = 2\n");
  const Answer free = RunOne(analysis, sites);
  const Answer held = RunOne(analysis, sites, {.minimum_count = 5});
  ASSERT_TRUE(free && held) << held.error().message;
  const auto asked = [](const Answer& answer, const std::string& name) {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string path = "/causal_forest/effects/0/importance/" + std::to_string(i);
      if (answer.Text(path + "/variable") == name) return answer.Number(path + "/frequency");
    }
    return -1.0;
  };
  EXPECT_GT(asked(free, "x"), 0.2);
  EXPECT_EQ(asked(held, "x"), 0);
  EXPECT_GT(asked(held, "sex"), 0);
}

/// A third of 75 persons, and a half of them, are too few for one or another of 300 trees.
TEST(CausalForestJudgement, SaysWhyThereIsNone) {
  const Answer answer = RunOne(ChoiceOf("[\"x\"]", "causal_forest") + "causal_forest_trees = 300\n",
                               Sites(Patients(75, Truth::kAlike)));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.Has("/causal_forest"));
  bool said = false;
  for (const std::string& warning : answer.Texts("/warnings")) {
    said = said || warning.find("no causal_forest: fewer than 10 persons") != std::string::npos;
  }
  EXPECT_TRUE(said) << answer.text();
  EXPECT_TRUE(answer.Has("/policies"));
}

TEST(CausalForestJudgement, NamesWhatIsWrong) {
  const std::vector<Table> sites = Sites(Patients(300, Truth::kAlike));
  const auto message = [&](const std::string& analysis) {
    const Answer answer = RunOne(analysis, sites);
    return answer ? std::string() : answer.error().message;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  for (const char* option : {"causal_forest_bins = 4\n", "causal_forest_depth = 1\n",
                             "causal_forest_trees = 9\n", "causal_forest_columns_per_node = 1\n"}) {
    const std::string said = message(ChoiceOf(kCovariates, "policies") + option);
    EXPECT_TRUE(has(said, "needs \"causal_forest\" in evaluation")) << said;
  }
  EXPECT_TRUE(has(message(Analysis("causal_forest_bins = 33\n")), "causal_forest_bins"));
  EXPECT_TRUE(has(message(Analysis("causal_forest_depth = 9\n")), "causal_forest_depth"));
  EXPECT_TRUE(has(message(Analysis("causal_forest_trees = 0\n")), "causal_forest_trees"));
  EXPECT_TRUE(has(message(Analysis("causal_forest_columns_per_node = 0\n")),
                  "causal_forest_columns_per_node"));
  EXPECT_TRUE(has(message(Analysis("causal_forest_trees = 5000\ncausal_forest_depth = 8\n")),
                  "expected at most 1048576"));
  EXPECT_TRUE(has(message(ChoiceOf("[\"site\"]", "causal_forest")), "found none but site"));
  EXPECT_TRUE(has(message(ChoiceOf(kCovariates, "causal_tree")), "policy_tree, causal_forest"));
}

}  // namespace
}  // namespace clinnova::learn
