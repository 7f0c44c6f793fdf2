// SPDX-License-Identifier: Apache-2.0
// A hub that wants to see single persons' residuals, or one site's, by way of a causal forest.
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "learn/choice_causal_steps.h"
#include "learn/learners.h"
#include "lying_hub.h"

namespace clinnova::stats {
namespace {

[[maybe_unused]] const bool kWithLearners = (learn::RegisterLearners(), true);

using learn::CausalArmParameters;
using learn::CausalBenefitParameters;
using learn::CausalLeafParameters;
using learn::CausalValueParameters;
using learn::GrowParameters;

constexpr const char* kChoice =
    "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
    "covariates = [\"z\", \"x\"]\nfolds = 3\nevaluation = [\"causal_forest\"]\n"
    "causal_forest_trees = 6\ncausal_forest_depth = 2";

std::string Outcome(LyingHub::Forge forge, const char* analysis = kChoice) {
  return LyingHub(analysis, Patients(600), 5, std::move(forge)).Outcome();
}
std::string OfGrowing(std::function<void(GrowParameters&)> lie) {
  return Outcome(Asking<GrowParameters>("choice.causal.grow", std::move(lie)));
}
std::string OfSums(std::function<void(CausalLeafParameters&)> lie) {
  return Outcome(Asking<CausalLeafParameters>("choice.causal.sums", std::move(lie)));
}
std::string OfValues(std::function<void(CausalValueParameters&)> lie) {
  return Outcome(Asking<CausalValueParameters>("choice.causal.values", std::move(lie)));
}

std::string OfArms(std::function<void(CausalArmParameters&)> lie) {
  return Outcome(Asking<CausalArmParameters>("choice.causal.arms", std::move(lie)));
}

TEST(LyingHubOfACausalForest, GetsItsNumbersWhenItDoesNotLie) {
  EXPECT_EQ(Outcome({}), "");
  EXPECT_EQ(OfGrowing([](GrowParameters&) {}), "");
}

/// What our hub sees: sums over leaves of ten persons from two sites, and never fewer.
TEST(LyingHubOfACausalForest, SeesNoSumsOfLeavesOfFewPersons) {
  CausalLeafParameters asked;
  LyingHub hub(kChoice, Patients(600), 5,
               Asking<CausalLeafParameters>("choice.causal.sums",
                                            [&](CausalLeafParameters& own) { asked = own; }));
  ASSERT_EQ(hub.Outcome(), "");
  EXPECT_GT(asked.persons.size(), 12U);
  for (std::size_t leaf = 0; leaf < asked.persons.size(); ++leaf) {
    EXPECT_GE(asked.persons[leaf], 10);
    EXPECT_GE(asked.sites[leaf], 2);
  }
  const federation::PooledSums* seen = hub.Seen("choice.causal.sums");
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->Numbers(learn::kLeafSums).size(), 2 * asked.persons.size());
}

TEST(LyingHubOfACausalForest, CannotHaveLeavesOfFewPersonsNorOfOneSite) {
  EXPECT_EQ(OfSums([](CausalLeafParameters&) {}), "");
  EXPECT_EQ(OfSums([](CausalLeafParameters& parameters) { parameters.persons.back() = 9; }),
            "rare_level");
  EXPECT_EQ(OfSums([](CausalLeafParameters& parameters) { parameters.sites.back() = 1; }),
            "rare_level");
  EXPECT_EQ(OfSums([](CausalLeafParameters& parameters) { parameters.persons.pop_back(); }),
            "wrong_layout");
}

/// About 600 / 3 / 2 persons are in a root's half, of whom a site has a third.
TEST(LyingHubOfACausalForest, CannotClaimFewerPersonsThanASiteHas) {
  EXPECT_EQ(OfSums([](CausalLeafParameters& parameters) {
              for (learn::GrowingTree& tree : parameters.trees) {
                tree.nodes = learn::PackTree(learn::Tree(1));
              }
              parameters.persons.assign(parameters.trees.size(), 11);
              parameters.sites.assign(parameters.trees.size(), 3);
            }),
            "false_claim");
}

TEST(LyingHubOfACausalForest, CannotLookIntoNodesOfFewPersons) {
  const auto with = [](std::int64_t persons, std::int64_t sites) {
    return OfGrowing([=](GrowParameters& parameters) {
      for (learn::GrowingTree& growing : parameters.trees) {
        learn::Tree tree(3);
        tree[0].leaf = false;
        tree[0].split.feature = 0;
        // Above the last cut an eighth of about 100 persons, at each site a third of these.
        tree[0].split.bin =
            static_cast<std::int32_t>(parameters.claim.features.front().cuts.size()) - 1;
        tree[0].left = 1;
        for (learn::TreeNode& node : tree) node.persons = 600, node.sites = 3;
        tree[2].persons = persons;
        tree[2].sites = sites;
        growing.nodes = learn::PackTree(tree);
        growing.wanted = {{.node = 2, .features = {}}};
      }
    });
  };
  EXPECT_EQ(with(9, 2), "rare_level");
  EXPECT_EQ(with(600, 1), "rare_level");
}

TEST(LyingHubOfACausalForest, CannotGrowOtherTreesThanTheStudyAsks) {
  using learn::TreeHalf;
  const auto refused = [](std::function<void(GrowParameters&)> lie) {
    EXPECT_EQ(OfGrowing(std::move(lie)), "wrong_layout");
  };
  // Of everybody, of whoever a seed or a number draws, of the other half, of one fold, of every arm.
  refused([](GrowParameters& asked) { asked.claim.half = TreeHalf::kWhole; });
  refused([](GrowParameters& asked) { asked.claim.half = TreeHalf::kFilling; });
  refused([](GrowParameters& asked) { asked.claim.seed += 1; });
  refused([](GrowParameters& asked) { asked.claim.subsample = 0.01; });
  refused([](GrowParameters& asked) { asked.claim.bootstrap = true; });
  refused([](GrowParameters& asked) { asked.trees.front().number = 6; });
  refused([](GrowParameters& asked) { asked.claim.runs.front().scope.nor_fold = 0; });
  refused([](GrowParameters& asked) { asked.claim.runs.front().scope.without_site = 1; });
  refused([](GrowParameters& asked) { asked.claim.runs.front().scope.only_stratum = -1; });
  refused([](GrowParameters& asked) { asked.claim.runs.front().scope.only_stratum = 1; });
  // From scores that trees of the hub's own making give, or of another loss.
  refused([](GrowParameters& asked) { asked.claim.runs.front().base = 1; });
  refused([](GrowParameters& asked) {
    asked.claim.runs.front().trees = {learn::PackTree(learn::Tree(1))};
  });
  refused([](GrowParameters& asked) { asked.claim.objective = learn::Objective::kLogistic; });
  // By other columns, or finer bins.
  refused([](GrowParameters& asked) { asked.claim.features.pop_back(); });
  refused([](GrowParameters& asked) {
    std::vector<double>& cuts = asked.claim.features.front().cuts;
    cuts.clear();
    for (int c = 0; c < 8; ++c) cuts.push_back(20 + 0.1 * c);
  });
}

TEST(LyingHubOfACausalForest, CannotChangeTheSplitThatTheModelsAreOf) {
  EXPECT_EQ(OfGrowing([](GrowParameters& asked) {
              auto source = *core::Decode<learn::CausalSource>(asked.claim.source);
              source.split.by_site = true;
              asked.claim.source = core::Encode(source);
            }),
            "single_contributor");
  EXPECT_EQ(OfGrowing([](GrowParameters& asked) {
              auto source = *core::Decode<learn::CausalSource>(asked.claim.source);
              for (std::int64_t& persons : source.split.cells) persons = 2;
              asked.claim.source = core::Encode(source);
            }),
            "too_many_parameters");
}

TEST(LyingHubOfACausalForest, CannotJudgeAForestWithLeavesOfFew) {
  const auto with = [](std::function<void(learn::TreeNode&)> change) {
    return OfArms([change](CausalArmParameters& parameters) {
      learn::Tree tree(1);
      tree[0].persons = 60;
      tree[0].sites = 3;
      change(tree[0]);
      parameters.forest.trees.front() = {.nodes = learn::PackTree(tree), .weights = {0.2}};
    });
  };
  EXPECT_EQ(with([](learn::TreeNode&) {}), "");
  EXPECT_EQ(with([](learn::TreeNode& leaf) { leaf.persons = 9; }), "rare_level");
  EXPECT_EQ(with([](learn::TreeNode& leaf) { leaf.sites = 1; }), "rare_level");
  EXPECT_EQ(OfArms([](CausalArmParameters& parameters) { parameters.forest.trees.pop_back(); }),
            "wrong_layout");
  EXPECT_EQ(OfValues([](CausalValueParameters& parameters) { parameters.guideline = 2; }),
            "wrong_layout");
}

/// Where the forest's rule differs from a drug for everybody by few, no site adds its scores; the hub cannot say otherwise.
TEST(LyingHubOfACausalForest, CannotSayThatTheForestDiffersByMany) {
  EXPECT_EQ(OfValues([](CausalValueParameters&) {}), "");
  EXPECT_EQ(OfValues([](CausalValueParameters& parameters) { ++parameters.given[0]; }),
            "false_claim");
  EXPECT_EQ(OfValues([](CausalValueParameters& parameters) {
              std::int64_t everybody = 0;
              for (std::int64_t& persons : parameters.given) everybody += std::exchange(persons, 0);
              parameters.given[1] = everybody;
            }),
            "false_claim");
  EXPECT_EQ(OfValues([](CausalValueParameters& parameters) { parameters.given.pop_back(); }),
            "wrong_layout");
}

TEST(LyingHubOfACausalForest, CannotAskForBinsOfFewPersons) {
  const auto of = [](std::function<void(CausalBenefitParameters&)> lie) {
    return Outcome(Asking<CausalBenefitParameters>("choice.causal.benefit", std::move(lie)));
  };
  EXPECT_EQ(of([](CausalBenefitParameters& asked) {
              for (std::size_t b = 0; b < asked.benefit.into.size(); ++b) {
                asked.benefit.into[b] = static_cast<std::int64_t>(b);
              }
            }),
            "scores_of_persons");
  EXPECT_EQ(of([](CausalBenefitParameters& asked) {
              for (std::int64_t& persons : asked.benefit.counts) persons = 0;
            }),
            "false_claim");
}

/// Of a study that does not ask for a causal forest no site answers.
TEST(LyingHubOfACausalForest, IsNotAnsweredWhereTheStudyDoesNotAsk) {
  CausalValueParameters asked;
  LyingHub hub(kChoice, Patients(600), 5,
               Asking<CausalValueParameters>("choice.causal.values",
                                             [&](CausalValueParameters& own) { asked = own; }));
  ASSERT_EQ(hub.Outcome(), "");
  const table::Schema schema = Patients(600).Sites().front().schema;
  const auto outcome = [&](const std::string& evaluation) {
    const auto study = StudyOf(
        "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
        "covariates = [\"z\", \"x\"]\nfolds = 3\nevaluation = [\"" +
            evaluation + "\"]",
        5);
    const auto layout =
        learn::kCausalValueStep.LayoutOf(study.analyses().front(), schema, core::Encode(asked));
    return layout ? std::string() : layout.error().reason;
  };
  EXPECT_EQ(outcome("causal_forest"), "");
  EXPECT_EQ(outcome("heterogeneity"), "wrong_layout");
}

}  // namespace
}  // namespace clinnova::stats
