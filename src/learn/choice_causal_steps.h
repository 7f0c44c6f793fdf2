// SPDX-License-Identifier: Apache-2.0
// What travels for a causal forest (choice_causal_forest.h), and the site's side of it: the tree engine's rounds over residuals,
// persons and sums in the leaves, and the judgement of what was grown.
//
// Reveals, over all sites together: per node of the growing half, feature and bin, what tree_steps.h says of a choice.trees.grow
// of residuals; where disclosure rules hold at how many sites somebody goes left and right; by leaf of the filling half the
// persons, the sites with any and, of leaves that may be told, the sums of products and squares of the residuals; of the forest's
// rule what choice_policy_values.h says; of its benefits what choice_benefit.h says. A site refuses nodes and leaves of fewer than ten
// persons or of one site (`rare_level`), claims of fewer than it has itself (`false_claim`), and trees that the study does not ask
// for: other columns, finer bins, other seeds, further trees (`wrong_layout`).
#pragma once

#include <cstdint>
#include <vector>

#include "federation/step.h"
#include "learn/choice_benefit.h"
#include "learn/choice_causal_forest.h"
#include "learn/choice_policy_values.h"
#include "learn/tree_steps.h"

namespace clinnova::learn {

/// TreeClaim::source: whose models residuals are of.
struct CausalSource {
  ChoiceSplit split;
  ChoiceModels models;
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
  }
};
/// The tree engine's, over a row for every two arms of which a person received one: the stratum is the contrast. A study is
/// asked for grow and sides alone.
const TreeSteps& CausalTreeSteps();

struct CausalLeafParameters {
  TreeClaim claim;                 ///< of the filling half
  std::vector<GrowingTree> trees;  ///< grown; nothing wanted
  /// By tree and leaf, as choice.causal.leaves has told them; empty there.
  std::vector<std::int64_t> persons{};
  std::vector<std::int64_t> sites{};
  template <class A>
  void Fields(A& a) {
    a(claim);
    a(trees);
    a(persons);
    a(sites);
  }
};
/// By tree and leaf: persons, sites with any.
enum CausalLeafBlock { kLeafPersons, kLeafSites };
/// By tree and leaf, two: sums of (A - e) (y - m) and of (A - e)^2.
enum CausalSumBlock { kLeafSums };

/// Persons by the arm that the forest's rule gives out of fold, and by that of the learned rule.
struct CausalArmParameters {
  ChoiceSplit split;
  ChoiceModels models;
  CausalForest forest;
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(forest);
  }
};
enum CausalArmBlock { kCausalArms };

/// Where the forest's rule may not be told beside every arm and the learned rule (choice_disclosure.h), no site adds its sums.
struct CausalValueParameters {
  ChoiceSplit split;
  ChoiceModels models;
  CausalForest forest;
  std::vector<std::int64_t> given{};  ///< as choice.causal.arms has told it
  std::int64_t guideline = -1;        ///< as of choice.values
  std::int64_t column_exponent = 0;   ///< of a standardised value's size
  std::int64_t score_exponent = 0;    ///< of a score's
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(forest);
    a(given);
    a(guideline);
    a(column_exponent);
    a(score_exponent);
  }
};
/// Behind the blocks of choice_policy_values.h: AddBenefitMoments.
inline constexpr std::size_t kCausalMoments = kJudgedOdds + 2;

struct CausalBinParameters {
  ChoiceSplit split;
  ChoiceModels models;
  CausalForest forest;
  ChoiceBinQuestion bins{};
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(forest);
    a(bins);
  }
};
/// As BenefitCountBlock.
enum CausalBinBlock { kCausalBins };

/// The blocks are those of choice.benefit.
struct CausalBenefitParameters {
  ChoiceBenefitParameters benefit;
  CausalForest forest;
  template <class A>
  void Fields(A& a) {
    a(benefit);
    a(forest);
  }
};

extern const federation::TypedStep<CausalLeafParameters> kCausalLeafStep;
extern const federation::TypedStep<CausalLeafParameters> kCausalSumStep;
extern const federation::TypedStep<CausalArmParameters> kCausalArmStep;
extern const federation::TypedStep<CausalValueParameters> kCausalValueStep;
extern const federation::TypedStep<CausalBinParameters> kCausalBinStep;
extern const federation::TypedStep<CausalBenefitParameters> kCausalBenefitStep;

/// All of them, and the engine's that are asked for.
std::vector<const federation::Step*> CausalStepList();

}  // namespace clinnova::learn
