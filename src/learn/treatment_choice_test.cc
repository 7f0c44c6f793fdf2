// SPDX-License-Identifier: Apache-2.0
// The numbers are held against R by tests/golden (choice_*); here is what the method says and refuses.
// learners_test.cc registers the methods of this room.
#include "learn/treatment_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::learn {
namespace {

using stats::Answer;
using stats::RunOne;
using table::Table;

enum class Benefit { kCrossing, kForMost, kNone };

/// Two drugs; with kCrossing "new" is better where x is above 0 and worse below, by far; with kForMost it is better for
/// all but few.
Table Patients(int rows, Benefit benefit, std::uint64_t seed = 5) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<double> id, x, z, y, age;
  std::vector<std::string> drug, sex;
  for (int i = 0; i < rows; ++i) {
    id.push_back(i);
    x.push_back(normal(random));
    z.push_back(normal(random));
    age.push_back(30 + std::floor(50 * uniform(random)));
    sex.emplace_back(uniform(random) < 0.5 ? "F" : "M");
    const bool newer = uniform(random) < 1 / (1 + std::exp(-0.5 * x.back()));
    drug.emplace_back(newer ? "new" : "old");
    const double own = benefit == Benefit::kCrossing  ? (newer ? 2.5 : -2.5) * x.back()
                       : benefit == Benefit::kForMost ? (newer ? 0.8 : -0.8) * (x.back() + 1.9)
                                                      : 0.3 * x.back();
    y.push_back(uniform(random) < 1 / (1 + std::exp(-own - 0.2 * z.back())) ? 1 : 0);
  }
  return table::MakeTable(
      {{"id", id}, {"x", x}, {"z", z}, {"age", age}, {"sex", sex}, {"drug", drug}, {"y", y}});
}

std::vector<Table> Sites(const Table& table, std::size_t sites) {
  std::vector<std::size_t> site_of_row;
  for (std::size_t r = 0; r < table.rows; ++r) site_of_row.push_back(r % sites);
  return stats::Split(table, site_of_row, sites);
}

std::string Choice(const std::string& more = "") {
  return "method = \"treatment_choice\"\noutcome = \"y\"\ntreatment = \"drug\"\n"
         "covariates = [\"x\", \"z\", \"sex\"]\nid = \"id\"\n" +
         more;
}

TEST(TreatmentChoice, ClaimsWhatIsThere) {
  const Answer answer = RunOne(Choice(), Sites(Patients(900, Benefit::kCrossing), 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.True("/beats_best_single"));
  EXPECT_GT(answer.Number("/gain/conf_low"), 0.1);
  EXPECT_NE(answer.Text("/verdict").find("does better than the best single drug"),
            std::string::npos);
  EXPECT_LT(answer.Number("/gain/p_value"), 1e-6);
  EXPECT_GT(answer.Number("/e_value/conf_limit"), 1);
  EXPECT_TRUE(answer.True("/model/evaluation/beats_best_single"));
}

TEST(TreatmentChoice, SaysInWordsThatChoosingShowsNoBenefit) {
  for (const std::uint64_t seed : {5U, 6U, 7U, 8U}) {
    const Answer answer = RunOne(Choice("evaluation = [\"policies\"]\n"),
                                 Sites(Patients(600, Benefit::kNone, seed), 3));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_FALSE(answer.True("/beats_best_single"));
    const std::string verdict = answer.Text("/verdict");
    EXPECT_TRUE(verdict.find("No benefit of choosing is shown") != std::string::npos ||
                verdict.find("shows no benefit") != std::string::npos)
        << verdict;
    EXPECT_FALSE(answer.True("/model/evaluation/beats_best_single"));
  }
}

TEST(TreatmentChoice, TheLowerOutcomeIsTheBetterWhereToldSo) {
  const Table table = Patients(900, Benefit::kCrossing);
  const Answer higher = RunOne(Choice("evaluation = [\"policies\"]\n"), Sites(table, 2));
  const Answer lower =
      RunOne(Choice("evaluation = [\"policies\"]\ndirection = \"lower\"\n"), Sites(table, 2));
  ASSERT_TRUE(higher && lower);
  // The rule then picks the other drug, and gains as much downwards.
  EXPECT_GT(lower.Number("/gain/conf_low"), 0.1);
  EXPECT_LT(lower.Number("/policies/0/value"), 0.35);
  EXPECT_GT(higher.Number("/policies/0/value"), 0.65);
  EXPECT_EQ(lower.Text("/model/outcome/better"), "lower");
}

TEST(TreatmentChoice, GivesEveryPartOfTheJudgement) {
  const Answer answer =
      RunOne(Choice("guideline = [\"old\"]\nsubgroups = [\"sex\", \"age\", \"x\", \"site\"]\n"),
             Sites(Patients(900, Benefit::kCrossing), 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Size("/policies"), 6u);  // rule, two drugs, practice, random, guideline
  EXPECT_EQ(answer.Text("/policies/5/policy"), "guideline");
  EXPECT_EQ(answer.Number("/policies/5/value"), answer.Number("/policies/2/value"));
  EXPECT_EQ(answer.Size("/subgroups"), 2u + 3u + 2u + 3u);
  double n = 0;
  for (std::size_t g = 0; g < answer.Size("/calibration_for_benefit"); ++g) {
    n += answer.Number("/calibration_for_benefit/" + std::to_string(g) + "/n");
  }
  EXPECT_EQ(n, 900);
  EXPECT_NEAR(answer.Number("/calibration/new/slope"), 1, 0.5);
  // The rule is good where the drugs' benefits cross: it ranks and sizes them.
  ASSERT_EQ(answer.Size("/benefit"), 1u);
  EXPECT_EQ(answer.Text("/benefit/0/first"), "new");
  EXPECT_GT(answer.Number("/benefit/0/autoc/conf_low"), 0.2);
  EXPECT_GT(answer.Number("/benefit/0/qini/conf_low"), 0.05);
  EXPECT_GT(answer.Number("/benefit/0/c_for_benefit/conf_low"), 0.6);
  EXPECT_LT(answer.Number("/benefit/0/c_for_benefit/estimate"), 1);
  EXPECT_NEAR(answer.Number("/benefit/0/slope"), 1, 0.3);
  EXPECT_LE(answer.Number("/benefit/0/e_50"), answer.Number("/benefit/0/e_90"));
  EXPECT_EQ(answer.Number("/congruence/received_recommended/n") +
                answer.Number("/congruence/received_another/n"),
            900);
  EXPECT_GT(answer.Number("/congruence/received_recommended/outcome"),
            answer.Number("/congruence/received_another/outcome"));
  EXPECT_LT(std::abs(answer.Number("/balance/0/smd_after")),
            std::abs(answer.Number("/balance/0/smd_before")));
  EXPECT_GT(answer.Number("/leave_one_site_out/gain/conf_low"), 0.1);
  EXPECT_GT(answer.Number("/discrimination/all/conf_low"), 0.6);
  EXPECT_LT(answer.Number("/discrimination/all/auc"), 0.95);
  EXPECT_GT(answer.Number("/leave_one_site_out/discrimination/all/auc"), 0.6);
  EXPECT_EQ(answer.Size("/model/evaluation/discrimination/arms"), 2u);
  EXPECT_GT(answer.Number("/model/applicability/distance_99"),
            answer.Number("/model/applicability/distance_95"));
  EXPECT_TRUE(answer.IsNull("/target_trial/eligibility"));
}

TEST(TreatmentChoice, GainsAreTheDifferencesOfTheValues) {
  const Answer answer =
      RunOne(Choice("evaluation = [\"policies\"]\n"), Sites(Patients(600, Benefit::kCrossing), 3));
  ASSERT_TRUE(answer);
  for (const std::size_t a : {0U, 1U}) {
    const double gain = answer.Number("/policies/0/value") -
                        answer.Number("/policies/" + std::to_string(a + 1) + "/value");
    EXPECT_NEAR(answer.Number("/gain_by_drug/" + std::to_string(a) + "/estimate"), gain, 1e-14);
    EXPECT_LE(answer.Number("/gain/conf_low"),
              answer.Number("/gain_by_drug/" + std::to_string(a) + "/conf_low"));
  }
}

TEST(TreatmentChoice, NetBenefitFallsWithTheThreshold) {
  const std::string asked = "evaluation = [\"net_benefit\"]\n";
  const Answer answer = RunOne(Choice(asked), Sites(Patients(900, Benefit::kCrossing), 3));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer.Size("/net_benefit/thresholds"), 21u);
  const std::string best = answer.Text("/gain/best_single");
  EXPECT_EQ(answer.Text("/net_benefit/reference"), best);
  const auto at = [&](std::size_t t, const std::string& key) {
    return answer.Number("/net_benefit/thresholds/" + std::to_string(t) + key);
  };
  // At 0 the rule is the learned one: its gain over the best drug. Its error there takes propensities as known, which is
  // all but nothing where the outcome models are nearly right, as here.
  const std::string over = best == "new" ? "/gain_by_drug/0" : "/gain_by_drug/1";
  EXPECT_NEAR(at(0, "/rule/estimate"), answer.Number(over + "/estimate"), 1e-14);
  EXPECT_NEAR(at(0, "/rule/std_error") / answer.Number(over + "/std_error"), 1, 0.01);
  EXPECT_EQ(at(0, "/n_switched"), answer.Number("/gain/n_changed"));
  for (std::size_t t = 1; t < 21; ++t) {
    EXPECT_LE(at(t, "/n_switched"), at(t - 1, "/n_switched"));
    EXPECT_NEAR(at(t, "/drugs/0/estimate"), at(0, "/drugs/0/estimate") - 0.01 * t, 1e-14);
  }
  EXPECT_LT(at(20, "/rule/estimate"), at(0, "/rule/estimate"));
  EXPECT_GT(at(20, "/rule/conf_low"), 0);  // benefits are far larger than 0.2 for most
  EXPECT_EQ(answer.Text("/net_benefit/thresholds/20/best"), "rule");
  EXPECT_EQ(answer.Size("/model/evaluation/net_benefit/thresholds"), 21u);
  const Answer guided = RunOne(Choice(asked + "guideline = [\"old\"]\nthresholds = [0.1, 0.9]\n"),
                               Sites(Patients(900, Benefit::kCrossing), 3));
  EXPECT_EQ(guided.Text("/net_benefit/reference"), "old");
  EXPECT_EQ(guided.Text("/net_benefit/reference_kind"), "guideline");
  EXPECT_EQ(guided.Size("/net_benefit/thresholds"), 2u);
}

TEST(TreatmentChoice, NetBenefitTellsNothingThatASmallCountFollowsFrom) {
  const std::string options = Choice("evaluation = [\"net_benefit\", \"calibration\"]\n");
  std::size_t hidden = 0;
  for (const std::uint64_t seed : {2U, 8U, 19U}) {
    const std::vector<Table> sites = Sites(Patients(900, Benefit::kForMost, seed), 3);
    const Answer all = RunOne(options, sites);
    const Answer answer = RunOne(options, sites, {.minimum_count = 10});
    ASSERT_TRUE(all && answer) << answer.error().message;
    // How many persons with the largest predicted gains a reader knows of, from this and other tables.
    std::vector<double> known = {0, 900, all.Number("/gain/n_changed")};
    double above = 0;
    for (std::size_t g = all.Size("/calibration_for_benefit"); g-- > 0;) {
      above += all.Number("/calibration_for_benefit/" + std::to_string(g) + "/n");
      known.push_back(above);
    }
    for (std::size_t t = 0; t < answer.Size("/net_benefit/thresholds"); ++t) {
      const std::string row = "/net_benefit/thresholds/" + std::to_string(t);
      const bool told = !answer.IsNull(row + "/n_switched");
      for (const std::string key : {"/share_switched", "/rule", "/best"}) {
        EXPECT_EQ(answer.IsNull(row + key), !told) << seed << row << key;
      }
      EXPECT_FALSE(answer.IsNull(row + "/drugs/0/estimate"));
      hidden += told ? 0 : 1;
      if (!told) continue;
      const double count = answer.Number(row + "/n_switched");
      for (const double other : known) {
        EXPECT_TRUE(count == other || std::abs(count - other) >= 10)
            << seed << row << " " << count << " " << other;
      }
      known.push_back(count);
    }
  }
  EXPECT_GT(hidden, 0u);
}

TEST(TreatmentChoice, NetBenefitOfAContinuousOutcomeNeedsThresholds) {
  const std::string options =
      "method = \"treatment_choice\"\noutcome = \"z\"\ntreatment = \"drug\"\nid = \"id\"\n"
      "covariates = [\"x\", \"age\"]\nfolds = 3\nevaluation = [\"net_benefit\"]\n";
  const std::vector<Table> sites = Sites(Patients(300, Benefit::kNone), 2);
  const Answer none = RunOne(options, sites);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_FALSE(none.Has("/net_benefit"));
  EXPECT_NE(none.Text("/warnings/0").find("no net_benefit"), std::string::npos);
  const Answer named = RunOne(options + "thresholds = [0, 0.5]\n", sites);
  EXPECT_EQ(named.Size("/net_benefit/thresholds"), 2u);
}

/// Two drugs of which each is the better one for half of the patients, by far, given at random: the rule is the same in every
/// cohort, so that its true net benefit is known.
Table Halves(int rows, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> id, x, y;
  std::vector<std::string> drug;
  for (int i = 0; i < rows; ++i) {
    id.push_back(i);
    x.push_back(uniform(random) < 0.5 ? 1 : 0);
    const bool newer = uniform(random) < 0.5;
    drug.emplace_back(newer ? "new" : "old");
    y.push_back(uniform(random) < (newer == (x.back() == 1) ? 0.85 : 0.2) ? 1 : 0);
  }
  return table::MakeTable({{"id", id}, {"x", x}, {"drug", drug}, {"y", y}});
}

/// At every threshold half of the patients gain 0.65 by leaving the old drug. Of 120 intervals of 95 % 114 hold that; fewer
/// than 106 or all of them would in one of a thousand such series.
TEST(TreatmentChoice, IntervalsOfNetBenefitHoldTheTruthAsOftenAsTheySay) {
  constexpr int kCohorts = 120;
  const std::vector<double> thresholds = {0, 0.1, 0.2};
  std::vector<int> held(thresholds.size());
  for (std::uint64_t seed = 1; seed <= kCohorts; ++seed) {
    const Answer answer = RunOne(
        "method = \"treatment_choice\"\noutcome = \"y\"\ntreatment = \"drug\"\nid = \"id\"\n"
        "covariates = [\"x\"]\nfolds = 3\nguideline = [\"old\"]\n"
        "evaluation = [\"net_benefit\"]\nthresholds = [0, 0.1, 0.2]\n",
        Sites(Halves(160, seed), 2));
    ASSERT_TRUE(answer) << answer.error().message;
    for (std::size_t t = 0; t < thresholds.size(); ++t) {
      const double truth = 0.5 * (0.65 - thresholds[t]);
      const std::string rule = "/net_benefit/thresholds/" + std::to_string(t) + "/rule";
      held[t] +=
          answer.Number(rule + "/conf_low") <= truth && truth <= answer.Number(rule + "/conf_high")
              ? 1
              : 0;
    }
  }
  for (const int count : held) {
    EXPECT_GE(count, 106);
    EXPECT_LT(count, kCohorts);
  }
}

TEST(TreatmentChoice, PrintsTheTargetTrial) {
  const std::string trial =
      "[analysis.target_trial]\neligibility = \"first biologic\"\ntime_zero = \"first dose\"\n"
      "follow_up = \"six months\"\n";
  const Answer answer = RunOne(Choice("evaluation = [\"policies\"]\n" + trial),
                               Sites(Patients(600, Benefit::kNone), 2));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Text("/target_trial/time_zero"), "first dose");
  EXPECT_EQ(answer.Text("/target_trial/strategies/1"), "old");
  EXPECT_EQ(answer.Size("/warnings"), 0u);
  const Answer wrong = RunOne(Choice("[analysis.target_trial]\neligible = \"all\"\n"),
                              Sites(Patients(600, Benefit::kNone), 2));
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("target_trial: found \"eligible\""), std::string::npos);
}

constexpr const char* kTrees = "learner = \"boosted_trees\"\ntrees = 24\ndepth = 2\n";

TEST(TreatmentChoice, BoostedTreesClaimWhatIsThere) {
  const std::vector<Table> sites = Sites(Patients(900, Benefit::kCrossing), 3);
  const Answer answer = RunOne(Choice(kTrees), sites);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.True("/beats_best_single"));
  EXPECT_GT(answer.Number("/gain/conf_low"), 0.1);
  EXPECT_EQ(answer.Text("/learning/learner"), "boosted_trees");
  EXPECT_GT(answer.Number("/learning/trees"), 0);
  EXPECT_GT(answer.Number("/leave_one_site_out/gain/conf_low"), 0.1);
  EXPECT_EQ(answer.Text("/model/arms/new/learner"), "boosted_trees");
  EXPECT_EQ(answer.Size("/model/arms/new/trees"),
            static_cast<std::size_t>(answer.Number("/learning/trees")));
  EXPECT_GT(answer.Number("/model/intervals/std_error/new"), 0);
  // No tree of an arm asks which arm it is.
  for (std::size_t t = 0; t < answer.Size("/model/arms/new/trees"); ++t) {
    const std::string tree = "/model/arms/new/trees/" + std::to_string(t);
    for (std::size_t n = 0; n < answer.Size(tree); ++n) {
      const std::string input = tree + "/" + std::to_string(n) + "/input";
      EXPECT_TRUE(!answer.Has(input) || answer.Text(input) != "drug") << input;
    }
  }
}

TEST(TreatmentChoice, BoostedTreesSeeNoBenefitWhereThereIsNone) {
  for (const std::uint64_t seed : {5U, 6U, 7U}) {
    const Answer answer = RunOne(Choice(std::string(kTrees) + "evaluation = [\"policies\"]\n"),
                                 Sites(Patients(600, Benefit::kNone, seed), 3));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_FALSE(answer.True("/beats_best_single"));
  }
}

TEST(TreatmentChoice, BoostedTreesHoldTheDisclosureRules) {
  const std::vector<Table> sites = Sites(Patients(900, Benefit::kCrossing), 3);
  const Answer answer =
      RunOne(Choice(std::string(kTrees) + "evaluation = [\"leave_one_site_out\"]\n"), sites,
             {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_GT(answer.Number("/gain/conf_low"), 0.1);
  // Without two of three sites one is left, in which no split is allowed: nothing to choose the number of trees by.
  EXPECT_FALSE(answer.IsNull("/leave_one_site_out"));
}

TEST(TreatmentChoice, NamesWhatIsWrong) {
  const std::vector<Table> sites = Sites(Patients(300, Benefit::kNone), 2);
  const std::pair<const char*, const char*> wrong[] = {
      {"learner = \"boosted_trees\"\nalpha = 0.5\n", "is of learner = \"elastic_net\""},
      {"trees = 5\n", "is of learner = \"boosted_trees\""},
      {"learner = \"boosted_trees\"\ndepth = 9\n", "expected 1 to 6"},
      {"alpha = 1.0\n", "expected a number from 0 (ridge) to 0.9"},
      {"folds = 2\n", "expected 3 to 20"},
      {"guideline = [\"older\"]\n", "expected arms: new, old"},
      {"subgroups = [\"race\"]\n", "no site has a column race"},
      {"subgroups = [\"age\", \"id\"]\n", "neither age nor a covariate"},
      {"evaluation = [\"everything\"]\n", "leave_one_site_out"},
      {"trim = 0\n", "above 0"},
      {"thresholds = [0.1, 0.1]\n", "each larger than the one before"},
      {"thresholds = [-0.1]\n", "from 0 on"},
      {"thresholds = []\n", "expected 1 to 100"},
      {"thresholds = [0.1]\nevaluation = [\"calibration\"]\n", "needs \"net_benefit\""},
      {"fold_column = \"age\"\n", "rows without a whole number from 1 to folds = 5"},
      {"direction = \"up\"\n", "direction"}};
  for (const auto& [options, message] : wrong) {
    const Answer answer = RunOne(Choice(options), sites);
    ASSERT_FALSE(answer) << options;
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidInput) << options;
    EXPECT_NE(answer.error().message.find(message), std::string::npos) << answer.error().message;
  }
}

TEST(TreatmentChoice, RefusesFoldsThatTellFewPersonsApart) {
  const std::vector<Table> small = Sites(Patients(60, Benefit::kNone), 2);
  const Answer rare = RunOne(Choice("folds = 8\n"), small, {.minimum_count = 5});
  ASSERT_FALSE(rare);
  EXPECT_EQ(rare.error().code, ErrorCode::kRefused);
  EXPECT_EQ(rare.error().reason, "rare_level");
  const Answer wide = RunOne(
      "method = \"treatment_choice\"\noutcome = \"z\"\ntreatment = \"drug\"\nfolds = 3\nid = "
      "\"id\"\n"
      "covariates = [\"x\", \"sex\", \"age\", \"log(age)\", \"sqrt(age)\"]\n",
      small, {.minimum_count = 5});
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error().reason, "too_many_parameters");
}

TEST(TreatmentChoice, LeavesSitesOutUnderDisclosureRulesOnlyWhereTheStudyNamesIt) {
  const std::vector<Table> sites = Sites(Patients(900, Benefit::kCrossing), 3);
  const Answer silent = RunOne(Choice(), sites, {.minimum_count = 5});
  ASSERT_TRUE(silent) << silent.error().message;
  EXPECT_TRUE(silent.IsNull("/leave_one_site_out"));
  EXPECT_NE(silent.Text("/warnings/0").find("no leave_one_site_out"), std::string::npos);
  const Answer named =
      RunOne(Choice("evaluation = [\"leave_one_site_out\"]\n"), sites, {.minimum_count = 5});
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_GT(named.Number("/leave_one_site_out/gain/conf_low"), 0.1);
}

TEST(TreatmentChoice, HidesSmallCounts) {
  const Answer answer = RunOne(Choice("evaluation = [\"calibration\", \"subgroups\"]\n"),
                               Sites(Patients(900, Benefit::kCrossing), 3), {.minimum_count = 10});
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_TRUE(answer.Has("/suppressed"));
  for (const std::string& path : answer.Texts("/suppressed")) {
    EXPECT_TRUE(answer.IsNull(path) || answer.IsNull(path + "/n")) << path;
  }
  EXPECT_EQ(answer.Text("/subgroups/0/variable"), "sex");
  EXPECT_EQ(answer.Size("/subgroups"), 5u);  // by site only where disclosure is off
}

/// The arms' numbers under a key; NaN where they are not told.
std::vector<double> OfArms(const Answer& answer, const std::string& key) {
  std::vector<double> numbers;
  for (const std::string arm : {"/arms/0/", "/arms/1/"}) {
    numbers.push_back(answer.IsNull(arm + key) ? std::nan("") : answer.Number(arm + key));
  }
  return numbers;
}
std::size_t Hidden(const std::vector<double>& counts) {
  return static_cast<std::size_t>(
      std::ranges::count_if(counts, [](double count) { return std::isnan(count); }));
}

/// What a report may tell of whom the rule recommends what: with two drugs and their patients known, one number more
/// gives all four.
TEST(TreatmentChoice, TellsNothingThatASmallCountFollowsFrom) {
  struct Case {
    std::uint64_t seed;
    bool recommended, agreed;
  };
  const std::string options = Choice("evaluation = [\"calibration\"]\n");
  for (const auto& [seed, recommended, agreed] :
       {Case{2, true, true}, Case{8, true, false}, Case{10, true, false}, Case{19, false, false}}) {
    const std::vector<Table> sites = Sites(Patients(900, Benefit::kForMost, seed), 3);
    const Answer all = RunOne(options, sites);
    const Answer answer = RunOne(options, sites, {.minimum_count = 10});
    ASSERT_TRUE(all && answer) << answer.error().message;
    // The rule recommends "old" to few, of whom few received it (10), or few received "new" (8).
    const std::vector<double> to = OfArms(all, "n_recommended");
    const std::vector<double> both = OfArms(all, "n_recommended_and_received");
    const double here = all.Number("/arms/0/n") - both[0];
    EXPECT_EQ(recommended, to[1] >= 10) << seed;
    EXPECT_EQ(agreed, both[1] >= 10 && to[1] - both[1] >= 10 && here >= 10) << seed;
    EXPECT_EQ(Hidden(OfArms(answer, "n_recommended")), recommended ? 0u : 2u) << seed;
    EXPECT_EQ(answer.IsNull("/gain/n_changed"), !recommended) << seed;
    EXPECT_EQ(Hidden(OfArms(answer, "n_recommended_and_received")), agreed ? 0u : 2u) << seed;
    const std::vector<std::string> suppressed =
        answer.Has("/suppressed") ? answer.Texts("/suppressed") : std::vector<std::string>();
    for (const std::string side : {"received_recommended", "received_another"}) {
      for (const std::string key : {"/n", "/outcome"}) {
        const std::string path = "/congruence/" + side + key;
        EXPECT_EQ(answer.IsNull(path), !agreed) << seed << path;
        EXPECT_EQ(std::ranges::count(suppressed, path), agreed ? 0 : 1) << seed << path;
      }
    }
  }
}

TEST(TreatmentChoice, HidesNoPartAloneOfAWholeThatItTells) {
  for (const std::uint64_t seed : {26U, 27U}) {
    const Answer answer =
        RunOne(Choice("evaluation = [\"calibration\", \"subgroups\"]\n"),
               Sites(Patients(900, Benefit::kForMost, seed), 3), {.minimum_count = 10});
    ASSERT_TRUE(answer) << answer.error().message;
    const auto parts = [&](const std::string& list, const std::string& key) {
      std::vector<double> counts;
      for (std::size_t i = 0; i < answer.Size(list); ++i) {
        const std::string at = list + "/" + std::to_string(i) + key;
        counts.push_back(answer.IsNull(at) ? std::nan("") : answer.Number(at));
      }
      return counts;
    };
    for (const std::string arm : {"new", "old"}) {
      EXPECT_NE(Hidden(parts("/calibration/" + arm + "/bins", "/n")), 1u) << seed;
    }
    for (const std::string arm : {"0", "1"}) {
      for (const std::string key : {"/received", "/not_received"}) {
        EXPECT_NE(Hidden(answer.Numbers("/overlap/propensity/" + arm + key)), 1u) << seed << key;
      }
    }
    EXPECT_NE(Hidden(parts("/calibration_for_benefit", "/n")), 1u) << seed;
  }
}

// z is standard normal, whatever the drug: nine in ten are within 1.645 of any good prediction.
TEST(TreatmentChoice, TellsHowFarOnePatientsOwnOutcomeMayBe) {
  const std::string analysis =
      "method = \"treatment_choice\"\noutcome = \"z\"\ntreatment = \"drug\"\nid = \"id\"\n"
      "covariates = [\"x\"]\nfolds = 3\nevaluation = [\"policies\"]\nconf_level = 0.9\n";
  const std::vector<Table> sites = Sites(Patients(1500, Benefit::kNone), 3);
  for (const char* learner : {"", "learner = \"boosted_trees\"\ntrees = 10\n"}) {
    const Answer answer = RunOne(analysis + learner, sites);
    ASSERT_TRUE(answer) << answer.error().message;
    for (const std::string arm : {"new", "old"}) {
      const double half = answer.Number("/model/intervals/outcome/half_width/" + arm);
      EXPECT_GT(half, 1.5) << learner << arm;
      EXPECT_LT(half, 1.9) << learner << arm;
    }
  }
  const Answer few = RunOne(analysis, sites, {.minimum_count = 100});  // some 75 are beyond
  ASSERT_TRUE(few) << few.error().message;
  EXPECT_EQ(few.Size("/model/intervals/outcome/half_width"), 0u);
  const Answer binary = RunOne(Choice("evaluation = [\"policies\"]\n"), sites);
  EXPECT_FALSE(binary.Has("/model/intervals/outcome"));
}

TEST(TreatmentChoice, TheModelHasGroupsOfItsInputsOfEnoughPersons) {
  const Table table = Patients(600, Benefit::kNone);
  // A continuous outcome: 65 are more than a tenth of the persons, so that groups are joined.
  const Answer answer = RunOne(
      "method = \"treatment_choice\"\noutcome = \"z\"\ntreatment = \"drug\"\nid = \"id\"\n"
      "covariates = [\"x\"]\nfolds = 3\nevaluation = [\"policies\"]\n",
      Sites(table, 3), {.minimum_count = 65});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Text("/model/inputs/0/name"), "x");
  const auto& x = table.columns[*table.schema.Find("x")].numbers;
  const std::string groups = "/model/inputs/0/groups";
  double before = -1e9;
  double persons = 0;
  for (std::size_t g = 0; g < answer.Size(groups); ++g) {
    const std::string at = groups + "/" + std::to_string(g);
    const bool last = g + 1 == answer.Size(groups);
    const double below = last ? 1e9 : answer.Number(at + "/below");
    const auto here =
        std::ranges::count_if(x, [&](double value) { return value >= before && value < below; });
    EXPECT_EQ(answer.Number(at + "/n"), static_cast<double>(here)) << g;
    EXPECT_GE(here, 65) << g;
    before = below;
    persons += answer.Number(at + "/n");
  }
  EXPECT_EQ(persons, 600);
  EXPECT_EQ(answer.Size(groups), 5u);
}

TEST(TreatmentChoice, SubgroupsTellAboutWhomItsModelsAreWrong) {
  // Women do better than the covariates tell.
  Table table = Patients(800, Benefit::kNone);
  auto& y = table.columns[*table.schema.Find("y")].numbers;
  const auto& sex = table.columns[*table.schema.Find("sex")].codes;
  double outcomes = 0;
  for (std::size_t r = 0; r < table.rows; ++r) {
    if (sex[r] == 0 && r % 2 == 0) y[r] = 1;
    outcomes += y[r];
  }
  const Answer answer = RunOne(
      "method = \"treatment_choice\"\noutcome = \"y\"\ntreatment = \"drug\"\nid = \"id\"\n"
      "covariates = [\"x\", \"z\"]\nevaluation = [\"subgroups\"]\n"
      "subgroups = [\"sex\", \"age\"]\n",
      Sites(table, 3), {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Text("/subgroups/0/level"), "F");
  EXPECT_GT(answer.Number("/subgroups/0/outcome/difference/conf_low"), 0);
  EXPECT_LT(answer.Number("/subgroups/1/outcome/difference/conf_high"), 0);
  double sum = 0;
  for (const char* group : {"/subgroups/0", "/subgroups/1"}) {
    const std::string at = group;
    sum += answer.Number(at + "/n") * answer.Number(at + "/outcome/observed");
    EXPECT_NEAR(answer.Number(at + "/outcome/difference/estimate"),
                answer.Number(at + "/outcome/observed") - answer.Number(at + "/outcome/predicted"),
                1e-14);
  }
  EXPECT_NEAR(sum, outcomes, 1e-9);
  EXPECT_EQ(answer.Size("/model/evaluation/subgroups"), 5u);  // and three bands of age
}

/// As in R, a term with | is known where one side is true: a complete case may lack an input.
TEST(TreatmentChoice, AnInputMayBeMissingWhereItsTermIsKnownWithoutIt) {
  Table table = Patients(600, Benefit::kForMost);
  const auto index = [&](const char* name) { return *table.schema.Find(name); };
  auto& sex = table.columns[index("sex")].codes;
  auto& age = table.columns[index("age")].numbers;
  const auto& x = table.columns[index("x")].numbers;
  double sum = 0;
  double persons = 0;
  double women = 0;
  for (std::size_t r = 0; r < table.rows; ++r) {
    const bool missing = x[r] > 0 && r % 2 == 0;
    if (missing) {
      sex[r] = -1;
      age[r] = std::nan("");
      continue;
    }
    sum += age[r];
    ++persons;
    women += sex[r] == 0 ? 1 : 0;
  }
  const Answer answer = RunOne(
      "method = \"treatment_choice\"\noutcome = \"y\"\ntreatment = \"drug\"\nid = \"id\"\nfolds = "
      "3\n"
      "covariates = [\"z\", 'I(x > 0 | sex == \"F\")', \"I(x > 0 | age > 60)\"]\n"
      "evaluation = [\"between_sites\"]\n",
      Sites(table, 3));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/n"), 600);
  EXPECT_EQ(answer.Text("/model/inputs/2/name"), "sex");
  EXPECT_EQ(answer.Number("/model/inputs/2/levels/0/n"), women);
  EXPECT_EQ(answer.Text("/model/inputs/3/name"), "age");
  EXPECT_NEAR(answer.Number("/model/inputs/3/mean"), sum / persons, 1e-12);
  EXPECT_NEAR(answer.Number("/model/inputs/3/missing"), 1 - persons / 600, 1e-12);
  EXPECT_LT(answer.Number("/between_sites/shift/3/stability_index"), 0.2);
}

}  // namespace
}  // namespace clinnova::learn
