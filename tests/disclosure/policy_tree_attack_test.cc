// SPDX-License-Identifier: Apache-2.0
// A hub that wants to see single persons' scores, or one site's, by way of a policy tree.
#include <gtest/gtest.h>

#include <functional>

#include "learn/choice_policy_steps.h"
#include "learn/learners.h"
#include "lying_hub.h"

namespace clinnova::stats {
namespace {

[[maybe_unused]] const bool kWithLearners = (learn::RegisterLearners(), true);

using learn::PolicyCountParameters;
using learn::PolicySumParameters;
using learn::PolicyValueParameters;

constexpr const char* kChoice =
    "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
    "covariates = [\"z\", \"x\"]\nfolds = 3\nevaluation = [\"policy_tree\"]";

std::string Outcome(LyingHub::Forge forge, const char* analysis = kChoice) {
  return LyingHub(analysis, Patients(300), 5, std::move(forge)).Outcome();
}
std::string OfCounts(std::function<void(PolicyCountParameters&)> lie) {
  return Outcome(Asking<PolicyCountParameters>("choice.policy_counts", std::move(lie)));
}
std::string OfSums(std::function<void(PolicySumParameters&)> lie) {
  return Outcome(Asking<PolicySumParameters>("choice.policy_sums", std::move(lie)));
}
std::string OfValues(std::function<void(PolicyValueParameters&)> lie) {
  return Outcome(Asking<PolicyValueParameters>("choice.policy_values", std::move(lie)));
}

/// Changes the features and trees of both steps that are asked of them.
std::string OfTrees(
    std::function<void(std::vector<learn::Feature>&, std::vector<core::Bytes>&)> lie) {
  const auto arms = Asking<learn::PolicyArmParameters>(
      "choice.policy_arms", [lie](auto& asked) { lie(asked.features, asked.trees); });
  const auto values = Asking<PolicyValueParameters>(
      "choice.policy_values", [lie](auto& asked) { lie(asked.features, asked.trees); });
  return Outcome([arms, values](federation::RoundRequest& request) {
    arms(request);
    values(request);
  });
}

TEST(LyingHubOfAPolicyTree, GetsItsNumbersWhenItDoesNotLie) { EXPECT_EQ(Outcome({}), ""); }

/// What our hub sees: no sum of scores over fewer than five persons, though there are cells with fewer.
TEST(LyingHubOfAPolicyTree, SeesNoSumsOfCellsOfFewPersons) {
  PolicySumParameters asked;
  LyingHub hub(kChoice, Patients(300), 5,
               Asking<PolicySumParameters>("choice.policy_sums",
                                           [&](PolicySumParameters& own) { asked = own; }));
  ASSERT_EQ(hub.Outcome(), "");
  const learn::PolicyCells cells(asked.features, 2);
  ASSERT_TRUE(learn::PolicyGrouping::Fits(cells, asked.groups));
  int few = 0;
  for (const std::int64_t persons : asked.counts.persons) few += persons > 0 && persons < 5 ? 1 : 0;
  EXPECT_GT(few, 10);
  const learn::PolicyGrouping grouping(cells, asked.groups);
  const learn::PolicyCounts joined = grouping.Sum(asked.counts);
  const federation::PooledSums* seen = hub.Seen("choice.policy_sums");
  ASSERT_NE(seen, nullptr);
  int told = 0;
  for (std::size_t i = 0; i < joined.persons.size(); ++i) {
    const bool sum = seen->Number(learn::kCellScores, 2 * i) != 0;
    EXPECT_EQ(sum, joined.persons[i] > 0) << i;
    EXPECT_TRUE(!sum || joined.persons[i] >= 5) << i;
    EXPECT_TRUE(!sum || joined.sites[i] >= 2) << i;
    told += sum ? 1 : 0;
  }
  EXPECT_GT(told, 30);
  EXPECT_GT(grouping.size(), cells.planes().size());
}

TEST(LyingHubOfAPolicyTree, CannotAskForACellOfFewPersons) {
  EXPECT_EQ(OfSums([](PolicySumParameters&) {}), "");
  const auto apart = [](PolicySumParameters& parameters) {
    parameters.groups = learn::SingleBins(learn::PolicyCells(parameters.features, 2));
  };
  EXPECT_EQ(OfSums(apart), "scores_of_persons");
  // Nor for bins of a pair that are no groups of the columns themselves: their difference would be a bin.
  EXPECT_EQ(OfSums([](PolicySumParameters& parameters) { parameters.groups.front().rows = {0}; }),
            "wrong_layout");
}

TEST(LyingHubOfAPolicyTree, CannotClaimFewerPersonsThanASiteHasNorOneSiteAlone) {
  EXPECT_EQ(OfSums([](PolicySumParameters& parameters) {
              for (std::int64_t& persons : parameters.counts.persons) persons = 0;
            }),
            "false_claim");
  EXPECT_EQ(OfSums([](PolicySumParameters& parameters) {
              for (std::int64_t& sites : parameters.counts.sites) sites = 1;
            }),
            "few_contributors");
  EXPECT_EQ(OfSums([](PolicySumParameters& parameters) { parameters.counts.persons.pop_back(); }),
            "wrong_layout");
}

TEST(LyingHubOfAPolicyTree, CannotAskOtherColumnsOrBinsThanTheStudy) {
  EXPECT_EQ(OfCounts([](PolicyCountParameters& parameters) { parameters.features.pop_back(); }),
            "wrong_layout");
  EXPECT_EQ(OfCounts([](PolicyCountParameters& parameters) {
              parameters.features.front().cuts.assign(8, 0.0);
              for (std::size_t c = 0; c < 8; ++c)
                parameters.features.front().cuts[c] = 20 + 0.1 * static_cast<double>(c);
            }),
            "wrong_layout");
  EXPECT_EQ(OfCounts([](PolicyCountParameters& parameters) {
              std::ranges::reverse(parameters.features.front().cuts);
            }),
            "wrong_layout");
  EXPECT_EQ(OfCounts([](PolicyCountParameters& parameters) {
              parameters.features.front().column = parameters.features.back().column;
            }),
            "wrong_layout");
}

/// A study that names leave_one_site_out, too: sites are no folds of a policy tree.
TEST(LyingHubOfAPolicyTree, CannotHaveSitesAsFolds) {
  EXPECT_EQ(Outcome(Asking<PolicyCountParameters>(
                        "choice.policy_counts",
                        [](PolicyCountParameters& parameters) { parameters.split.by_site = true; }),
                    "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
                    "covariates = [\"z\"]\nfolds = 3\n"
                    "evaluation = [\"policy_tree\", \"leave_one_site_out\"]"),
            "wrong_layout");
}

TEST(LyingHubOfAPolicyTree, CannotHaveLeavesOfFewPersons) {
  const auto with = [](std::function<void(learn::TreeNode&)> change) {
    return OfTrees([change](std::vector<learn::Feature>&, std::vector<core::Bytes>& trees) {
      for (core::Bytes& bytes : trees) {
        // Below the first cut of the first column, or above.
        learn::Tree tree(3);
        tree[0].leaf = false;
        tree[0].split.feature = 0;
        tree[0].left = 1;
        for (learn::TreeNode& node : tree) {
          node.persons = 300;
          node.sites = 3;
        }
        tree[2].value = 1;
        change(tree[1]);
        bytes = learn::PackTree(tree);
      }
    });
  };
  EXPECT_EQ(with([](learn::TreeNode&) {}), "");
  EXPECT_EQ(with([](learn::TreeNode& leaf) { leaf.persons = 0; }), "false_claim");
  EXPECT_EQ(with([](learn::TreeNode& leaf) { leaf.sites = 1; }), "rare_level");
  EXPECT_EQ(with([](learn::TreeNode& leaf) { leaf.value = 2; }), "wrong_layout");
  EXPECT_EQ(with([](learn::TreeNode& leaf) { leaf.value = 0.5; }), "wrong_layout");
}

/// A cut below which each site has one person or nobody.
TEST(LyingHubOfAPolicyTree, CannotHaveALeafOfNinePersons) {
  EXPECT_EQ(OfTrees([](std::vector<learn::Feature>& features, std::vector<core::Bytes>& trees) {
              features.front().cuts = {-1e9};
              for (core::Bytes& bytes : trees) {
                learn::Tree tree(3);
                tree[0].leaf = false;
                tree[0].split.feature = 0;
                tree[0].left = 1;
                tree[1].persons = 9;
                tree[1].sites = 2;
                tree[2].persons = 300;
                tree[2].sites = 3;
                bytes = learn::PackTree(tree);
              }
            }),
            "rare_level");
}

/// Whom trees give which arm is counted before: other trees would have other sums.
TEST(LyingHubOfAPolicyTree, CannotAskForOtherTreesThanWereCounted) {
  EXPECT_EQ(OfValues([](PolicyValueParameters& parameters) {
              for (core::Bytes& bytes : parameters.trees) {
                learn::Tree tree = *learn::UnpackTree(bytes, parameters.features);
                for (learn::TreeNode& node : tree) node.value = 1 - node.value;
                bytes = learn::PackTree(tree);
              }
            }),
            "false_claim");
}

TEST(LyingHubOfAPolicyTree, CannotGrowDeeperTreesThanTheStudyAsks) {
  EXPECT_EQ(OfValues([](PolicyValueParameters& parameters) {
              learn::Tree tree(7);
              for (std::size_t n = 0; n < 3; ++n) {  // each right child a question
                tree[2 * n].leaf = false;
                tree[2 * n].split.feature = 0;
                tree[2 * n].left = static_cast<std::uint32_t>(2 * n + 1);
              }
              for (learn::TreeNode& node : tree) node.persons = 300, node.sites = 3;
              parameters.trees.front() = learn::PackTree(tree);
            }),
            "wrong_layout");
  EXPECT_EQ(OfValues([](PolicyValueParameters& parameters) { parameters.trees.pop_back(); }),
            "wrong_layout");
}

/// Of a study that does not ask for a policy tree no site answers.
TEST(LyingHubOfAPolicyTree, IsNotAnsweredWhereTheStudyDoesNotAsk) {
  const table::Schema schema = Patients(30).Sites().front().schema;
  const auto outcome = [&](const std::string& evaluation) {
    const auto study = StudyOf(
        "method = \"treatment_choice\"\noutcome = \"days\"\ntreatment = \"drug\"\n"
        "covariates = [\"z\"]\nfolds = 3\nevaluation = [\"" +
            evaluation + "\"]",
        5);
    PolicyCountParameters parameters;
    parameters.split.folds = 3;
    parameters.features = *learn::PolicyFeatures(study.analyses().front(), schema);
    const auto layout = learn::kPolicyCountStep.LayoutOf(study.analyses().front(), schema,
                                                         core::Encode(parameters));
    return layout ? std::string() : layout.error().reason;
  };
  EXPECT_EQ(outcome("policy_tree"), "");
  EXPECT_EQ(outcome("heterogeneity"), "wrong_layout");
}

}  // namespace
}  // namespace clinnova::stats
