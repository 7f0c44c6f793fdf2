// SPDX-License-Identifier: Apache-2.0
// A hub that asks the sites of a treatment choice for other sums than ours does.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "learn/choice_value_steps.h"
#include "learn/learners.h"
#include "lying_hub.h"

namespace clinnova::stats {
namespace {

[[maybe_unused]] const bool kWithLearners = (learn::RegisterLearners(), true);

using learn::ChoiceLineQuestion;

constexpr const char* kChoice =
    "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
    "covariates = [\"z\", \"site\"]\nfolds = 3\nevaluation = [\"heterogeneity\"]";

/// Changes what a step of parameters P asks of the lines.
template <typename P>
LyingHub::Forge OfLines(std::string_view step, std::function<void(ChoiceLineQuestion&)> lie) {
  return Asking<P>(step, [lie = std::move(lie)](P& parameters) { lie(parameters.lines); });
}
LyingHub::Forge OfErrors(std::function<void(ChoiceLineQuestion&)> lie) {
  return OfLines<learn::ChoiceSpreadParameters>("choice.spread", std::move(lie));
}

std::string Outcome(LyingHub::Forge forge) {
  return LyingHub(kChoice, Patients(300), 5, std::move(forge)).Outcome();
}

TEST(LyingHubOfAChoice, GetsItsNumbersWhenItDoesNotLie) { EXPECT_EQ(Outcome({}), ""); }

TEST(LyingHubOfAChoice, DoesNotGetASitesGainByItsColumn) {
  const auto with_sites = [](ChoiceLineQuestion& lines) { lines.columns = {0, 1, 2, 3}; };
  EXPECT_EQ(Outcome(OfLines<learn::ChoicePairParameters>("choice.fold_pairs", with_sites)),
            "single_contributor");
}

/// An error is divided by 1 less a person's leverage: where the hub could choose that, it would choose one person.
TEST(LyingHubOfAChoice, CannotWeighPersonsByALeverageThatIsNone) {
  const auto scaled = [](double by) {
    return [by](ChoiceLineQuestion& lines) {
      for (double& part : lines.inverse) part *= by;
    };
  };
  EXPECT_EQ(Outcome(OfErrors(scaled(1))), "");
  EXPECT_EQ(Outcome(OfErrors(scaled(200))), "leverage");
  EXPECT_EQ(Outcome(OfErrors(scaled(-1))), "leverage");
  EXPECT_EQ(Outcome(OfErrors([](ChoiceLineQuestion& lines) {
              std::ranges::fill(lines.inverse, 0.0);
              lines.inverse.front() = -1e-3;
            })),
            "leverage");
}

/// A subgroup of two has sums of scores, predictions and outcomes of its own: no site adds to them, nor to those of
/// the others, which would tell them by difference.
TEST(LyingHubOfAChoice, SeesNoSumsOfASubgroupOfTwo) {
  const std::string analysis =
      "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
      "covariates = [\"z\"]\nfolds = 3\nevaluation = [\"subgroups\"]\nsubgroups = [\"ward\", "
      "\"bed\"]";
  Patients patients(300);
  for (std::size_t i = 0; i < patients.persons; ++i) {
    patients.texts["ward"].emplace_back(i < 2 ? "first" : "second");
    patients.texts["bed"].emplace_back(i < 150 ? "high" : "low");
  }
  LyingHub hub(analysis, patients, 5, {});
  EXPECT_EQ(hub.Outcome(), "");
  const federation::PooledSums* seen = hub.Seen("choice.groups");
  ASSERT_NE(seen, nullptr);
  // Subgroups: first and second ward, high and low bed.
  for (const auto& [group, told] : {std::pair(0U, false), {1U, false}, {2U, true}, {3U, true}}) {
    EXPECT_EQ(seen->Number(learn::kGroupPredictions, learn::kPredictionParts * group + 4) > 0, told)
        << group;
  }
}

/// Nor of a bin of calibration, whose sum of predictions would be a person's.
TEST(LyingHubOfAChoice, SeesNoSumsOfABinOfFewPersons) {
  Patients patients(300);
  for (std::size_t i = 0; i < patients.persons; ++i) {
    patients.numbers["y"][i] = patients.numbers["z"][i] > 20.3 - 0.1 * static_cast<double>(i % 7);
  }
  LyingHub hub(
      "method = \"treatment_choice\"\noutcome = \"y\"\ntreatment = \"drug\"\n"
      "covariates = [\"z\"]\nfolds = 3\nevaluation = [\"calibration\"]",
      patients, 5, {});
  EXPECT_EQ(hub.Outcome(), "");
  const federation::PooledSums* counts = hub.Seen("choice.values");
  const federation::PooledSums* seen = hub.Seen("choice.groups");
  ASSERT_NE(counts, nullptr);
  ASSERT_NE(seen, nullptr);
  int small = 0;
  int told = 0;
  for (std::size_t bin = 0; bin < 2 * learn::kCalibrationBins; ++bin) {
    const std::int64_t persons = counts->Count(learn::kCalibrationRows, bin);
    const bool sent = seen->Number(learn::kCalibrationPredicted, bin) > 0;
    if (persons > 0 && persons < 5) {
      ++small;
      EXPECT_FALSE(sent) << bin;
    }
    told += sent ? 1 : 0;
  }
  EXPECT_GT(small, 0);
  EXPECT_GT(told, 5);
}

/// Three persons far from all others, hence alone in their bins of predicted benefit.
Patients FewFarOff() {
  Patients patients(300);
  for (std::size_t i = 0; i < 3; ++i) patients.numbers["z"][20 * i] = 60;
  return patients;
}
constexpr const char* kBenefit =
    "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
    "covariates = [\"z\"]\nfolds = 3\nalpha = 0\nevaluation = [\"calibration\"]";

TEST(LyingHubOfAChoice, CannotNameAGuidelineThatIsNoArm) {
  LyingHub hub(
      "method = \"treatment_choice\"\noutcome = \"y\"\ntreatment = \"drug\"\n"
      "covariates = [\"z\"]\nfolds = 3\nevaluation = [\"policies\"]",
      FewFarOff(), 5, Asking<learn::ChoiceValueParameters>("choice.values", [](auto& parameters) {
        parameters.guideline = 2;  // of arms 0 and 1
      }));
  EXPECT_EQ(hub.Outcome(), "wrong_layout");
}

/// Of a bin of predicted benefit the sums are of scores and outcomes.
TEST(LyingHubOfAChoice, SeesNoSumsOfABinOfBenefitOfFewPersons) {
  LyingHub hub(kBenefit, FewFarOff(), 5, {});
  ASSERT_EQ(hub.Outcome(), "");
  const federation::PooledSums* counts = hub.Seen("choice.spread");
  const federation::PooledSums* seen = hub.Seen("choice.benefit");
  ASSERT_NE(counts, nullptr);
  ASSERT_NE(seen, nullptr);
  int few = 0;
  int told = 0;
  std::int64_t before = 0;  // persons of bins since the last that tells
  for (std::size_t bin = learn::kContrastBins; bin-- > 0;) {
    const auto count = [&](std::size_t kind) {
      return counts->Count(learn::kBenefitBinRows, learn::kBenefitCounts * bin + kind);
    };
    const std::int64_t persons = count(learn::kBinPersons);
    few += persons > 0 && persons < 5 ? 1 : 0;
    before += persons;
    // The sum of squares of the scores' differences.
    if (seen->Number(learn::kBenefitSums, learn::kSumsPerBin * bin + 2) == 0) continue;
    EXPECT_GE(before, 5) << bin;
    before = 0;
    ++told;
  }
  EXPECT_EQ(before, 0);
  EXPECT_GT(few, 0);
  EXPECT_GT(told, 3);
}

TEST(LyingHubOfAChoice, CannotAskForABinOfFewPersons) {
  using learn::ChoiceBenefitParameters;
  const auto outcome = [](std::function<void(ChoiceBenefitParameters&)> lie) {
    LyingHub hub(kBenefit, FewFarOff(), 5, Asking("choice.benefit", std::move(lie)));
    return hub.Outcome();
  };
  const auto apart = [](ChoiceBenefitParameters& parameters) {
    for (std::size_t i = 0; i < parameters.into.size(); ++i)
      parameters.into[i] = static_cast<std::int64_t>(i % learn::kContrastBins);
  };
  EXPECT_EQ(outcome([](ChoiceBenefitParameters&) {}), "");
  EXPECT_EQ(outcome(apart), "scores_of_persons");
  // Other bins than those that were counted: this site has more in them than is claimed.
  EXPECT_EQ(outcome([](ChoiceBenefitParameters& parameters) {
              parameters.bins.centers[0] += 30 * parameters.bins.scales[0];
            }),
            "false_claim");
  EXPECT_EQ(outcome([](ChoiceBenefitParameters& parameters) { parameters.bins.scales[0] = -1; }),
            "wrong_layout");
  EXPECT_EQ(outcome([](ChoiceBenefitParameters& parameters) { parameters.congruent = {0, 0}; }),
            "false_claim");
  EXPECT_EQ(outcome([](ChoiceBenefitParameters& parameters) {
              parameters.into[3] = 1;
              parameters.into[2] = 2;
            }),
            "wrong_layout");
}

/// Of persons whose predicted gain lies between two thresholds the sums are of scores.
TEST(LyingHubOfAChoice, SeesNoSumsOfFewPersonsBetweenThresholds) {
  const std::string analysis =
      "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
      "covariates = [\"z\"]\nfolds = 3\nalpha = 0\nevaluation = [\"net_benefit\"]\n"
      "guideline = [\"A\"]\nthresholds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 30, 60]";
  constexpr std::size_t kThresholds = 16;
  LyingHub hub(analysis, FewFarOff(), 5, {});
  ASSERT_EQ(hub.Outcome(), "");
  const federation::PooledSums* counts = hub.Seen("choice.values");
  const federation::PooledSums* seen = hub.Seen("choice.fold_pairs");
  ASSERT_NE(counts, nullptr);
  ASSERT_NE(seen, nullptr);
  int few = 0;
  int told = 0;
  std::int64_t since = 0;
  for (std::size_t t = kThresholds; t-- > 0;) {
    const std::int64_t persons = counts->Count(learn::kSwitchedRows, t);  // of the first arm
    few += persons > 0 && persons < 5 ? 1 : 0;
    since += persons;
    if (seen->Number(learn::kSwitchedGainSquared, t) == 0) continue;
    EXPECT_GE(since, 5) << t;
    since = 0;
    ++told;
  }
  EXPECT_GT(few, 0);
  EXPECT_GT(told, 0);
  const auto claims = [&](std::vector<std::int64_t> switched) {
    LyingHub lying(analysis, FewFarOff(), 5,
                   Asking<learn::ChoicePairParameters>("choice.fold_pairs", [&](auto& parameters) {
                     parameters.switched = switched;
                   }));
    return lying.Outcome();
  };
  EXPECT_EQ(claims(std::vector<std::int64_t>(kThresholds)), "false_claim");
  EXPECT_EQ(claims({300}), "wrong_layout");
}

/// Groups of predicted benefit as fine as its histogram would be persons.
TEST(LyingHubOfAChoice, CannotMakeGroupsOfBenefitOfItsOwn) {
  using learn::ChoiceGroupParameters;
  const auto outcome = [](std::function<void(ChoiceGroupParameters&)> lie) {
    LyingHub hub(kBenefit, Patients(300), 5, Asking("choice.groups", std::move(lie)));
    return hub.Outcome();
  };
  EXPECT_EQ(outcome([](ChoiceGroupParameters&) {}), "");
  EXPECT_EQ(outcome([](ChoiceGroupParameters& parameters) {
              parameters.first_bins.clear();
              for (std::int64_t bin = 0; bin < 60; ++bin) parameters.first_bins.push_back(bin);
              parameters.persons.assign(60, 5);  // everybody
            }),
            "wrong_layout");
  EXPECT_EQ(outcome([](ChoiceGroupParameters& parameters) { parameters.persons[0] += 100; }),
            "false_claim");
  EXPECT_EQ(outcome([](ChoiceGroupParameters& parameters) { parameters.benefit_range = -1; }),
            "wrong_layout");
  EXPECT_EQ(outcome([](ChoiceGroupParameters& parameters) { parameters.best = 7; }),
            "wrong_layout");
}

/// A subgroup of thirty, of whom two have the outcome: q y summed would be their predictions.
TEST(LyingHubOfAChoice, SeesNoPredictionsOfASubgroupsFewCases) {
  Patients patients(300);
  int cases = 0;
  for (std::size_t i = 0; i < patients.persons; ++i) {
    const bool first = i < 30;
    patients.texts["ward"].emplace_back(first ? "first" : i % 2 == 0 ? "second" : "third");
    patients.numbers["y"][i] = first ? (cases++ < 2 ? 1 : 0) : (i % 5 < 2 ? 1 : 0);
  }
  LyingHub hub(
      "method = \"treatment_choice\"\noutcome = \"y\"\ntreatment = \"drug\"\n"
      "covariates = [\"z\"]\nfolds = 3\nevaluation = [\"subgroups\"]\nsubgroups = [\"ward\"]",
      patients, 5, {});
  ASSERT_EQ(hub.Outcome(), "");
  const federation::PooledSums* seen = hub.Seen("choice.groups");
  ASSERT_NE(seen, nullptr);
  // The first ward's, and another's, from which it would follow; their gains are of thirty persons and more.
  int told = 0;
  for (std::size_t ward = 0; ward < 3; ++ward) {
    EXPECT_GT(seen->Number(learn::kGroupGainSquared, ward), 0) << ward;
    told += seen->Number(learn::kGroupPredictions, learn::kPredictionParts * ward) > 0 ? 1 : 0;
  }
  EXPECT_EQ(seen->Number(learn::kGroupPredictions, 0), 0);
  EXPECT_EQ(told, 1);
}

TEST(LyingHubOfAChoice, CannotCutBandsOfAgeOfItsOwn) {
  Patients patients(300);
  for (std::size_t i = 0; i < patients.persons; ++i) {
    patients.numbers["age"].push_back(20 + static_cast<double>(i % 60));
  }
  const auto outcome = [&](double first_cut) {
    LyingHub hub(
        "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
        "covariates = [\"z\"]\nfolds = 3\nevaluation = [\"subgroups\"]\nsubgroups = [\"age\"]",
        patients, 5, Asking<learn::ChoiceSpreadParameters>("choice.spread", [&](auto& parameters) {
          parameters.subgroups.cuts[0][0] = first_cut;
        }));
    return hub.Outcome();
  };
  EXPECT_EQ(outcome(40), "");
  EXPECT_EQ(outcome(21), "wrong_layout");
}

}  // namespace
}  // namespace clinnova::stats
