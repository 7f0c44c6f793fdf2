// SPDX-License-Identifier: Apache-2.0
// Values of policies of a treatment choice that differ by a few persons, whose scores' differences a difference of the values
// is: by an honest study, and by a hub that lies about how many they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "federation/in_process.h"
#include "learn/choice_causal_steps.h"
#include "learn/choice_disclosure.h"
#include "learn/choice_policy_steps.h"
#include "learn/choice_value_steps.h"
#include "learn/learners.h"
#include "lying_hub.h"
#include "stats/study_run.h"

namespace clinnova::stats {
namespace {

[[maybe_unused]] const bool kWithLearners = (learn::RegisterLearners(), true);

using learn::ChoiceGroupParameters;
using learn::ChoicePairParameters;
using learn::PolicyValueParameters;

/// Drug A is better for all but persons with a large `w`, of whom there are so many.
Patients WithFewForB(std::size_t few) {
  Patients patients(300);
  for (std::size_t i = 0; i < patients.persons; ++i) {
    const bool far = i % 20 == 0 && i / 20 < few;
    const double w = far ? 3.2 : static_cast<double>(i % 7) / 7;
    patients.numbers["w"].push_back(w);
    const double effect = patients.texts["drug"][i] == "B" ? 60 * (w - 1.5) : 0;
    patients.numbers["days"][i] = 400 + effect + static_cast<double>(i * 37 % 60);
  }
  return patients;
}
std::string Choice(const std::string& evaluation, const std::string& options = "") {
  return "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
         "covariates = [\"w\"]\nfolds = 3\nalpha = 0.9\ndirection = \"higher\"\nevaluation = [" +
         evaluation + "]\n" + options;
}

/// Persons to whom the rule gives another drug than A.
std::int64_t Changed(const LyingHub& hub) {
  const federation::PooledSums* values = hub.Seen("choice.values");
  return values->Count(learn::kChosenReceived, 2) + values->Count(learn::kChosenReceived, 3);
}

TEST(RuleOfAChoice, IsNotSummedWhereItGivesFewAnotherDrug) {
  LyingHub hub(Choice("\"policies\""), WithFewForB(3), 5, {});
  ASSERT_EQ(hub.Outcome(), "");
  ASSERT_EQ(Changed(hub), 3);
  const federation::PooledSums* seen = hub.Seen("choice.fold_pairs");
  ASSERT_NE(seen, nullptr);
  for (std::size_t block = learn::kRuleScores; block < seen->layout().blocks.size(); ++block) {
    for (const double number : seen->Numbers(block)) EXPECT_EQ(number, 0) << block;
  }
  EXPECT_EQ(seen->Number(learn::kSquaredChanges), 0);
}

TEST(RuleOfAChoice, IsSummedWhereItGivesEnoughAnotherDrugOrNobody) {
  for (const auto& [few, changed] : {std::pair(9U, 9), {0U, 0}}) {
    LyingHub hub(Choice("\"policies\""), WithFewForB(few), 5, {});
    ASSERT_EQ(hub.Outcome(), "");
    EXPECT_EQ(Changed(hub), changed);
    EXPECT_GT(hub.Seen("choice.fold_pairs")->Number(learn::kRuleScores, 0), 1000);
  }
}

nlohmann::ordered_json JsonOf(const Answer& answer) {
  return nlohmann::ordered_json::parse(answer.text());
}

/// Whether a JSON tree holds a number anywhere.
bool TellsANumber(const nlohmann::ordered_json& json) {
  if (json.is_number()) return true;
  for (const auto& part : json) {
    if ((part.is_structured() || part.is_number()) && TellsANumber(part)) return true;
  }
  return false;
}

TEST(RuleOfAChoice, HasNoValueInTheResultWhereItGivesFewAnotherDrug) {
  const std::string analysis = Choice("\"policies\", \"policy_tree\"");
  const Answer told = RunOne(analysis, WithFewForB(3).Sites(), {.minimum_count = 5});
  ASSERT_TRUE(told) << told.error().message;
  const auto json = JsonOf(told);
  EXPECT_FALSE(TellsANumber(json["gain"])) << json["gain"];
  for (const auto& entry : json["gain_by_drug"]) EXPECT_FALSE(TellsANumber(entry)) << entry;
  EXPECT_FALSE(TellsANumber(json["policies"][0])) << json["policies"][0];
  for (const auto& policy : json["policies"]) {
    const auto gain = policy.value("gain_of_rule", nlohmann::ordered_json());
    EXPECT_FALSE(TellsANumber(gain)) << policy;
  }
  EXPECT_FALSE(TellsANumber(json["e_value"])) << json["e_value"];
  EXPECT_TRUE(TellsANumber(json["policies"][1]));
  EXPECT_FALSE(json["beats_best_single"].get<bool>());
  const auto suppressed = json["suppressed"].get<std::vector<std::string>>();
  for (const char* path : {"/gain/estimate", "/gain_by_drug/0", "/policies/0",
                           "/policies/1/gain_of_rule", "/e_value/estimate"}) {
    EXPECT_TRUE(std::ranges::find(suppressed, path) != suppressed.end()) << path;
  }
  const Answer open = RunOne(analysis, WithFewForB(3).Sites(), {.minimum_count = 0});
  ASSERT_TRUE(open);
  EXPECT_TRUE(TellsANumber(JsonOf(open)["gain"]));
}

TEST(RuleOfAChoice, CannotBeHadByAClaimThatItGivesMoreAnotherDrug) {
  const auto outcome = [](std::function<void(ChoicePairParameters&)> lie) {
    LyingHub hub(Choice("\"policies\""), WithFewForB(3), 5,
                 Asking("choice.fold_pairs", std::move(lie)));
    return hub.Outcome();
  };
  EXPECT_EQ(outcome([](ChoicePairParameters&) {}), "");
  EXPECT_EQ(outcome([](ChoicePairParameters& parameters) { parameters.chosen[2] += 100; }),
            "false_claim");
  EXPECT_EQ(outcome([](ChoicePairParameters& parameters) {
              parameters.chosen[0] -= 100;
              parameters.chosen[2] += 100;
            }),
            "false_claim");
  EXPECT_EQ(outcome([](ChoicePairParameters& parameters) { parameters.chosen.pop_back(); }),
            "wrong_layout");
  EXPECT_EQ(outcome([](ChoicePairParameters& parameters) { parameters.guideline = 2; }),
            "wrong_layout");
}

/// Net benefit over A: those above a threshold beside all whom the rule changes.
TEST(RuleOfAChoice, DiffersFromNoThresholdByFew) {
  Patients patients = WithFewForB(12);
  for (std::size_t i = 0; i < 3; ++i) patients.numbers["w"][20 * i] = 1.7;
  LyingHub hub(Choice("\"net_benefit\"", "thresholds = [40]\nguideline = [\"A\"]"), patients, 5,
               {});
  ASSERT_EQ(hub.Outcome(), "");
  const std::int64_t above = hub.Seen("choice.values")->Count(learn::kSwitchedRows, 0);
  ASSERT_GE(above, 5);
  ASSERT_GT(Changed(hub), above);
  ASSERT_LT(Changed(hub), above + 5);
  EXPECT_EQ(hub.Seen("choice.fold_pairs")->Number(learn::kSwitchedGainSquared, 0), 0);
}

/// By wards, in one of which three are given another drug; and by a column that three lack.
TEST(SubgroupsOfAChoice, TellNoGainOfAFew) {
  Patients patients = WithFewForB(13);
  for (std::size_t i = 0; i < patients.persons; ++i) {
    // Of the thirteen three are in the first ward.
    patients.texts["ward"].emplace_back(i < 60 ? "first" : i % 2 == 0 ? "second" : "third");
    patients.texts["bed"].emplace_back(i % 50 == 7 && i < 150 ? "" : i % 3 == 0 ? "high" : "low");
  }
  LyingHub hub(Choice("\"subgroups\"", "subgroups = [\"ward\", \"bed\"]"), patients, 5, {});
  ASSERT_EQ(hub.Outcome(), "");
  ASSERT_GE(Changed(hub), 10);
  const federation::PooledSums* given = hub.Seen("choice.spread");
  const federation::PooledSums* seen = hub.Seen("choice.groups");
  ASSERT_NE(seen, nullptr);
  // Wards and nobody; beds and three in none; by the drug that is given.
  EXPECT_EQ(given->Count(learn::kSubgroupGiven, 1), 3);
  EXPECT_EQ(given->Count(learn::kSubgroupGiven, 12) + given->Count(learn::kSubgroupGiven, 13), 3);
  EXPECT_EQ(seen->Number(learn::kGroupGainSquared, 0), 0);  // the first ward
  int told = 0;
  for (std::size_t group = 0; group < 3; ++group) {
    told += seen->Number(learn::kGroupContrasts, 5 * group + 3) > 0 ? 1 : 0;
  }
  EXPECT_LE(told, 1);  // two are withheld
  // One bed, from which with everybody's the three would follow.
  const bool high = seen->Number(learn::kGroupContrasts, 15 + 3) > 0;
  const bool low = seen->Number(learn::kGroupContrasts, 20 + 3) > 0;
  EXPECT_FALSE(high && low);
}

TEST(SubgroupsOfAChoice, CannotBeClaimedToHaveMore) {
  Patients patients = WithFewForB(13);
  for (std::size_t i = 0; i < patients.persons; ++i) {
    patients.texts["ward"].emplace_back(i < 3 ? "first" : i % 2 == 0 ? "second" : "third");
  }
  const auto outcome = [&](std::function<void(ChoiceGroupParameters&)> lie) {
    LyingHub hub(Choice("\"subgroups\"", "subgroups = [\"ward\"]"), patients, 5,
                 Asking("choice.groups", std::move(lie)));
    return hub.Outcome();
  };
  EXPECT_EQ(outcome([](ChoiceGroupParameters&) {}), "");
  EXPECT_EQ(outcome([](ChoiceGroupParameters& parameters) { parameters.persons[0] = 50; }),
            "false_claim");
  EXPECT_EQ(outcome([](ChoiceGroupParameters& parameters) {
              parameters.persons[0] = 50;
              parameters.given[0] += 47;
            }),
            "false_claim");
  EXPECT_EQ(outcome([](ChoiceGroupParameters& parameters) {
              parameters.persons[0] += 120;
              parameters.given[0] += 120;
              parameters.persons[1] -= 120;
              parameters.given[2] -= 120;
            }),
            "false_claim");
  EXPECT_EQ(outcome([](ChoiceGroupParameters& parameters) { parameters.given.pop_back(); }),
            "wrong_layout");
}

/// A subgroup's cut is at the mean, and a covariate's where the researcher wants it: the few between are the difference of sums.
TEST(SubgroupsOfAChoice, AreNotToldBesideALineThatCutsNearby) {
  const std::string analysis =
      "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
      "covariates = [\"z\", \"I(z > 20.02)\"]\nfolds = 3\nsubgroups = [\"z\"]\n"
      "evaluation = [\"subgroups\"";
  const auto subgroups = [&](const std::string& more, int minimum_count) {
    const Answer told =
        RunOne(analysis + more, Patients(300).Sites(), {.minimum_count = minimum_count});
    EXPECT_TRUE(told) << told.error().message;
    const std::string warnings = JsonOf(told)["warnings"].dump();
    EXPECT_EQ(warnings.find("no subgroups of z") != std::string::npos,
              JsonOf(told)["subgroups"].empty());
    return JsonOf(told)["subgroups"].size();
  };
  EXPECT_EQ(subgroups("]", 5), 2);  // no lines, and what is told is of many
  EXPECT_EQ(subgroups(", \"heterogeneity\"]", 5), 0);
  EXPECT_EQ(subgroups(", \"heterogeneity\"]", 0), 2);
}

/// A model's groups of an input, by which it tells how many patients had so large a number, and a subgroup's count.
TEST(SubgroupsOfAChoice, DoNotEndNearAGroupOfAModelsInput) {
  const Patients patients(300);
  const std::string analysis =
      "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
      "covariates = [\"z\"]\nfolds = 3\nsubgroups = [\"z\"]\nevaluation = [\"subgroups\"]";
  const Answer answer = RunOne(analysis, patients.Sites(), {.minimum_count = 5});
  ASSERT_TRUE(answer) << answer.error().message;
  const std::vector<double>& z = patients.numbers.at("z");
  const double mean = answer.Number("/model/inputs/0/mean");
  const auto groups = JsonOf(answer)["model"]["inputs"][0]["groups"];
  ASSERT_GT(groups.size(), 5);
  for (const auto& group : groups) {
    if (!group.contains("below")) continue;
    const double end = group["below"].get<double>();
    const auto between = std::ranges::count_if(
        z, [&](double x) { return x >= std::min(end, mean) && x < std::max(end, mean); });
    EXPECT_GE(between, 5) << end << " and " << mean;
  }
}

/// A tree that gives all but three of the fold the drug A, in folds that give A to everybody.
TEST(PolicyTree, IsNotSummedWhereItGivesFewAnotherDrug) {
  const std::string analysis = Choice("\"policy_tree\"");
  LyingHub honest(analysis, WithFewForB(60), 5, {});
  ASSERT_EQ(honest.Outcome(), "");
  EXPECT_GT(honest.Seen("choice.policy_values")->Number(learn::kJudgedScores, 1), 0);
  const auto outcome = [&](std::function<void(PolicyValueParameters&)> lie) {
    LyingHub hub(analysis, WithFewForB(60), 5, Asking("choice.policy_values", std::move(lie)));
    return hub.Outcome();
  };
  EXPECT_EQ(outcome([](PolicyValueParameters& parameters) { parameters.given[3] += 9; }),
            "false_claim");
  EXPECT_EQ(outcome([](PolicyValueParameters& parameters) { parameters.given.pop_back(); }),
            "wrong_layout");
  EXPECT_EQ(outcome([](PolicyValueParameters& parameters) { parameters.guideline = 2; }),
            "wrong_layout");
  // Counts that break the rule: nothing is summed.
  LyingHub few(analysis, WithFewForB(3), 5, {});
  ASSERT_EQ(few.Outcome(), "");
  const federation::PooledSums* arms = few.Seen("choice.policy_arms");
  ASSERT_NE(arms, nullptr);
  ASSERT_EQ(arms->Count(learn::kTreeArms, 1), 3);  // A by every tree, B by the rule
  EXPECT_EQ(few.Seen("choice.policy_values")->Number(learn::kJudgedProducts, 0), 0);
  EXPECT_GT(few.Seen("choice.policy_values")->Number(learn::kJudgedProducts, 1), 0);
}

/// The forest's rule beside a learned rule that gives three persons another drug than the best for everybody.
TEST(CausalForest, IsNotMultipliedWithARuleThatGivesFewAnotherDrug) {
  const std::string analysis = Choice("\"causal_forest\"") + "\ncausal_forest_trees = 6\n";
  LyingHub few(analysis, WithFewForB(3), 5, {});
  ASSERT_EQ(few.Outcome(), "");
  const federation::PooledSums* arms = few.Seen("choice.causal.arms");
  ASSERT_NE(arms, nullptr);
  const auto told = learn::PoliciesTold(arms->Counts(learn::kCausalArms), 2, 5);
  ASSERT_FALSE(told.second);
  const federation::PooledSums* values = few.Seen("choice.causal.values");
  EXPECT_EQ(values->Number(learn::kJudgedProducts, 0), 0);
  EXPECT_EQ(values->Number(learn::kJudgedScores, 1) > 0, told.first);
  EXPECT_EQ(values->Number(learn::kJudgedProducts, 1) != 0, told.first);
}

}  // namespace
}  // namespace clinnova::stats
