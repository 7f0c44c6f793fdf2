// SPDX-License-Identifier: Apache-2.0
// What the policy tree of a treatment choice says and refuses. The numbers are held against R by tests/golden
// (choice_policy_tree).
#include "learn/choice_policy_judgement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "learn/choice_fixture.h"

namespace clinnova::learn {
namespace {

enum class Truth { kTwoQuestions, kNothing };

/// Two drugs at random; with kTwoQuestions "new" is better by 2 where x is above 0 and the sex is F, else worse by 1.
/// `z` stands in a covariate that is known without it, and is missing in some.
Table Patients(int rows, Truth truth, std::uint64_t seed = 5) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> id, x, z, y;
  std::vector<std::string> drug, sex;
  for (int i = 0; i < rows; ++i) {
    id.push_back(i);
    x.push_back(normal(random));
    z.push_back(random() % 10 == 0 && x.back() > 0 ? table::kNa : normal(random));
    sex.emplace_back(random() % 2 == 0 ? "F" : "M");
    const bool newer = random() % 2 == 0;
    drug.emplace_back(newer ? "new" : "old");
    const double gain = truth == Truth::kNothing ? 0 : (x.back() > 0 && sex.back() == "F" ? 2 : -1);
    y.push_back((newer ? gain : 0) + 0.5 * x.back() + normal(random));
  }
  return table::MakeTable({{"id", id}, {"x", x}, {"z", z}, {"sex", sex}, {"drug", drug}, {"y", y}});
}

std::vector<Table> Sites(const Table& table, std::size_t sites) {
  std::vector<std::size_t> site_of_row;
  for (std::size_t r = 0; r < table.rows; ++r) site_of_row.push_back(r % sites);
  return stats::Split(table, site_of_row, sites);
}

std::string Analysis(const std::string& more = "",
                     const std::string& covariates = "[\"x\", \"sex\"]") {
  return ChoiceOf(covariates, "policy_tree") + more;
}

std::vector<std::string> Rule(const Answer& answer) { return answer.Texts("/policy_tree/rule"); }

TEST(PolicyTree, SaysInWordsWhatIsThere) {
  const Answer answer = RunOne(Analysis(), Sites(Patients(900, Truth::kTwoQuestions), 3));
  ASSERT_TRUE(answer) << answer.error().message;
  const std::vector<std::string> rule = Rule(answer);
  ASSERT_EQ(rule.size(), 3u) << answer.text();
  int newer = 0;
  for (const std::string& leaf : rule) {
    if (leaf.find(": new") == std::string::npos) continue;
    ++newer;
    EXPECT_NE(leaf.find("x > "), std::string::npos) << leaf;
    EXPECT_NE(leaf.find("sex is "), std::string::npos) << leaf;
  }
  EXPECT_EQ(newer, 1);
  double persons = 0;
  for (std::size_t l = 0; l < 3; ++l) {
    persons += answer.Number("/policy_tree/leaves/" + std::to_string(l) + "/n");
  }
  EXPECT_EQ(persons, 900);
  EXPECT_EQ(answer.Size("/policy_tree/nodes"), 5u);
  EXPECT_EQ(answer.Size("/policy_tree/by_fold"), 3u);
  // A quarter gains 2 over "old", which is best for all.
  EXPECT_EQ(answer.Text("/policy_tree/gain/best_single"), "old");
  EXPECT_NEAR(answer.Number("/policy_tree/gain/estimate"), 0.5, 0.2);
  EXPECT_GT(answer.Number("/policy_tree/gain/conf_low"), 0.2);
  const std::size_t last = answer.Size("/policies") - 1;
  const std::string policy = "/policies/" + std::to_string(last);
  EXPECT_EQ(answer.Text(policy + "/policy"), "policy tree");
  EXPECT_EQ(answer.Text(policy + "/kind"), "policy_tree");
  EXPECT_NEAR(answer.Number(policy + "/gain_of_rule/estimate"),
              answer.Number("/policies/0/value") - answer.Number(policy + "/value"), 1e-12);
  EXPECT_EQ(answer.Size("/model/evaluation/policy_tree/leaves"), 3u);
  // Lines in x and sex do not see that it takes both.
  EXPECT_LT(answer.Number(policy + "/gain_of_rule/estimate"), 0);
}

TEST(PolicyTree, TheLowerOutcomeIsTheBetterWhereToldSo) {
  const std::vector<Table> sites = Sites(Patients(900, Truth::kTwoQuestions), 3);
  const Answer answer = RunOne(Analysis("direction = \"lower\"\n"), sites);
  ASSERT_TRUE(answer) << answer.error().message;
  for (const std::string& leaf : Rule(answer)) {
    const bool women = leaf.find("sex is F") != std::string::npos ||
                       leaf.find("sex is not M") != std::string::npos;
    const bool both = leaf.find("x > ") != std::string::npos && women;
    EXPECT_EQ(leaf.find(": old") != std::string::npos, both) << leaf;
  }
  EXPECT_EQ(answer.Text("/policy_tree/gain/best_single"), "new");
  EXPECT_GT(answer.Number("/policy_tree/gain/conf_low"), 0.2);
}

/// The tree of all rows always gains where it was learned; on persons that it has not seen it gains nothing.
TEST(PolicyTree, IsNotFlatteredWhereThereIsNothingToGain) {
  int claims = 0;
  double sum = 0;
  constexpr int kCohorts = 20;
  for (int seed = 0; seed < kCohorts; ++seed) {
    const Answer answer =
        RunOne(Analysis(),
               Sites(Patients(400, Truth::kNothing, 100 + static_cast<std::uint64_t>(seed)), 3));
    ASSERT_TRUE(answer) << answer.error().message;
    claims += answer.Number("/policy_tree/gain/conf_low") > 0 ? 1 : 0;
    sum += answer.Number("/policies/" + std::to_string(answer.Size("/policies") - 1) + "/value") -
           answer.Number("/policies/4/value");  // a drug by lot
  }
  EXPECT_EQ(claims, 0);
  EXPECT_NEAR(sum / kCohorts, 0, 0.05);
}

TEST(PolicyTree, TakesFourRoundsAndLeavesAllElseAsItWas) {
  const std::vector<Table> sites = Sites(Patients(600, Truth::kTwoQuestions), 3);
  for (const int minimum : {0, 5}) {
    const Answer without =
        RunOne(ChoiceOf("[\"x\", \"sex\"]", "policies"), sites, {.minimum_count = minimum});
    const Answer with = RunOne(Analysis(), sites, {.minimum_count = minimum});
    ASSERT_TRUE(without && with) << with.error().message;
    EXPECT_EQ(with.Number("/rounds"), without.Number("/rounds") + 4);
    EXPECT_EQ(with.Size("/policies"), without.Size("/policies") + 1);
    for (std::size_t p = 0; p < without.Size("/policies"); ++p) {
      for (const char* key : {"/value", "/std_error"}) {
        const std::string path = "/policies/" + std::to_string(p) + key;
        EXPECT_EQ(with.Number(path), without.Number(path));
      }
    }
    EXPECT_FALSE(without.Has("/policy_tree"));
  }
}

TEST(PolicyTree, AsksOneQuestionWhereToldSo) {
  const Answer answer = RunOne(Analysis("policy_tree_depth = 1\npolicy_tree_columns = [\"sex\"]\n"),
                               Sites(Patients(900, Truth::kTwoQuestions), 3));
  ASSERT_TRUE(answer) << answer.error().message;
  for (const std::string& leaf : Rule(answer)) {
    EXPECT_EQ(leaf.find(" and "), std::string::npos) << leaf;
    EXPECT_NE(leaf.find("sex is"), std::string::npos) << leaf;
  }
}

/// A complete case may lack a column that its term is known without: such persons go to one side like any others.
TEST(PolicyTree, PersonsMayLackWhatIsAsked) {
  const std::string covariates = R"t(["x", "I(x > 0 | z > 0)"])t";
  const Answer answer =
      RunOne(Analysis("", covariates), Sites(Patients(900, Truth::kTwoQuestions), 3));
  ASSERT_TRUE(answer) << answer.error().message;
  double persons = 0;
  for (std::size_t l = 0; l < answer.Size("/policy_tree/leaves"); ++l) {
    persons += answer.Number("/policy_tree/leaves/" + std::to_string(l) + "/n");
  }
  EXPECT_EQ(persons, answer.Number("/n"));
  EXPECT_EQ(answer.Number("/n"), 900);
}

/// Under disclosure rules a leaf has ten persons or minimum_count, and bins are joined until cells may be told.
TEST(PolicyTree, HoldsTheDisclosureRules) {
  const std::vector<Table> sites = Sites(Patients(900, Truth::kTwoQuestions), 3);
  for (const int minimum : {5, 30}) {
    const Answer answer =
        RunOne(Analysis("policy_tree_bins = 16\n"), sites, {.minimum_count = minimum});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.Number("/policy_tree/persons_per_leaf"), std::max(minimum, 10));
    EXPECT_GT(answer.Number("/policy_tree/gain/conf_low"), 0.2);
    // Persons by tens, or by minimum_count.
    for (std::size_t l = 0; l < answer.Size("/policy_tree/leaves"); ++l) {
      const double n = answer.Number("/policy_tree/leaves/" + std::to_string(l) + "/n");
      EXPECT_GE(n, std::max(minimum, 10));
      EXPECT_EQ(std::fmod(n, std::max(minimum, 10)), 0);
    }
  }
}

/// Gains are told by subgroup, too: below and above the mean of x, which is near 0.
TEST(PolicyTree, AsksNothingThatNearlyIsASubgroup) {
  const std::vector<Table> sites = Sites(Patients(900, Truth::kTwoQuestions), 3);
  std::string analysis = Analysis("subgroups = [\"x\"]\npolicy_tree_bins = 2\n");
  const Answer alone = RunOne(analysis, sites, {.minimum_count = 30});
  analysis.replace(analysis.find("policy_tree\""), 12, "policy_tree\", \"subgroups\"");
  const Answer both = RunOne(analysis, sites, {.minimum_count = 30});
  ASSERT_TRUE(alone && both) << both.error().message;
  const auto asks_x = [](const Answer& answer) {
    const std::vector<std::string> rule = Rule(answer);
    return std::ranges::any_of(
        rule, [](const std::string& leaf) { return leaf.find("x <= ") != std::string::npos; });
  };
  EXPECT_TRUE(asks_x(alone));
  EXPECT_FALSE(asks_x(both));
}

/// Where x is above 0 at one site alone, no question may tell its persons from others.
TEST(PolicyTree, AsksNothingThatTellsOneSiteApart) {
  const Table table = Patients(900, Truth::kTwoQuestions);
  std::vector<std::size_t> site_of_row;
  for (std::size_t r = 0; r < table.rows; ++r) {
    const bool above = table.column(*table.schema.Find("x")).numbers[r] > 0;
    site_of_row.push_back(above ? 0 : 1 + r % 2);
  }
  const std::vector<Table> sites = stats::Split(table, site_of_row, 3);
  const Answer free = RunOne(Analysis(), sites);
  const Answer answer = RunOne(Analysis(), sites, {.minimum_count = 5});
  ASSERT_TRUE(free && answer) << answer.error().message;
  EXPECT_NE(free.Text("/policy_tree/rule/0").find("x <= "), std::string::npos);
  for (const std::string& leaf : Rule(answer)) {
    const std::size_t at = leaf.find("x <= ");
    EXPECT_TRUE(at == std::string::npos || std::stod(leaf.substr(at + 5)) < 0) << leaf;
  }
}

TEST(PolicyTree, NamesWhatIsWrong) {
  const std::vector<Table> sites = Sites(Patients(300, Truth::kNothing), 3);
  const auto message = [&](const std::string& analysis) {
    const Answer answer = RunOne(analysis, sites);
    return answer ? std::string() : answer.error().message;
  };
  const std::string other = ChoiceOf("[\"x\", \"sex\"]", "policies");
  for (const char* option :
       {"policy_tree_bins = 4\n", "policy_tree_depth = 1\n", "policy_tree_columns = [\"x\"]\n"}) {
    EXPECT_NE(message(other + option).find("needs \"policy_tree\" in evaluation"),
              std::string::npos);
  }
  EXPECT_NE(message(Analysis("policy_tree_bins = 1\n")).find("policy_tree_bins"),
            std::string::npos);
  EXPECT_NE(message(Analysis("policy_tree_depth = 3\n")).find("policy_tree_depth"),
            std::string::npos);
  EXPECT_NE(
      message(Analysis("policy_tree_columns = [\"z\"]\n"))
          .find("found \"z\", expected columns that the covariates name, but not site: x, sex"),
      std::string::npos);
  EXPECT_NE(message(Analysis("policy_tree_columns = [\"site\"]\n", "[\"x\", \"site\"]"))
                .find("found \"site\""),
            std::string::npos);
  EXPECT_NE(message(Analysis("", "[\"site\"]")).find("found none"), std::string::npos);
}

TEST(PolicyTree, SaysHowManyNumbersWouldBeTooMany) {
  std::string covariates = "[\"x\"";
  const Table table = Patients(300, Truth::kNothing);
  std::vector<table::FixtureColumn> columns;
  for (int c = 0; c < 40; ++c) {
    columns.emplace_back("v" + std::to_string(c), table.column(*table.schema.Find("x")).numbers);
    covariates += ", \"v" + std::to_string(c) + "\"";
  }
  columns.emplace_back("x", table.column(*table.schema.Find("x")).numbers);
  columns.emplace_back("y", table.column(*table.schema.Find("y")).numbers);
  columns.emplace_back("id", table.column(*table.schema.Find("id")).numbers);
  std::vector<std::string> drug;
  for (std::size_t r = 0; r < table.rows; ++r) drug.emplace_back(r % 2 == 0 ? "new" : "old");
  columns.emplace_back("drug", drug);
  const Answer answer = RunOne(Analysis("policy_tree_bins = 32\n", covariates + "]"),
                               Sites(table::MakeTable(std::move(columns)), 3));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("expected at most 1048576"), std::string::npos)
      << answer.error().message;
}

}  // namespace
}  // namespace clinnova::learn
