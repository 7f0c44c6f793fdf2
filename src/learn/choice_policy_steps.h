// SPDX-License-Identifier: Apache-2.0
// What travels for a policy tree (choice_policy_tree.h), and the site's side of it: persons by cell, sums of scores by
// joined cell, values of the trees that were found.
//
// Reveals, over all sites together: by fold and cell (choice_policy_cells.h) the persons, and how many sites have any; by
// fold and group of cells and arm the sum of scores out of fold; of the trees found without each fold what
// choice_policy_values.h says. A site refuses sums of scores over 1 to
// minimum_count - 1 persons of a fold (`scores_of_persons`) or over persons of too few sites (`few_contributors`), trees
// with leaves of fewer than ten persons or of one site (`rare_level`), and claims of fewer persons than it has itself
// (`false_claim`): rules 10, 11 and 12.
#pragma once

#include <cstdint>
#include <vector>

#include "core/archive.h"
#include "federation/step.h"
#include "learn/choice_policy_cells.h"
#include "learn/choice_rows.h"

namespace clinnova::learn {

struct PolicyCountParameters {
  ChoiceSplit split;
  std::vector<Feature> features{};
  template <class A>
  void Fields(A& a) {
    a(split);
    a(features);
  }
};
/// By fold and cell: persons, sites with any.
enum PolicyCountBlock { kCellPersons, kCellSites };

struct PolicySumParameters {
  ChoiceSplit split;
  ChoiceModels models;
  std::vector<Feature> features{};
  PolicyCounts counts{};               ///< as choice.policy_counts has told them
  std::vector<PolicyGroups> groups{};  ///< by plane
  std::int64_t exponent = 0;           ///< of a score's size
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(features);
    a(counts);
    a(groups);
    a(exponent);
  }
};
/// By fold, group of cells and arm.
enum PolicySumBlock { kCellScores };

/// Persons by the arm that their fold's tree gives, and by that of the rule.
struct PolicyArmParameters {
  ChoiceSplit split;
  ChoiceModels models;
  std::vector<Feature> features{};
  std::vector<core::Bytes> trees{};  ///< PackTree, at SetWithout(folds, f, g) - 1
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(features);
    a(trees);
  }
};
enum PolicyArmBlock { kTreeArms };

/// Where the trees' value may not be told beside that of every arm and of the rule (choice_disclosure.h), no site adds to it.
struct PolicyValueParameters {
  ChoiceSplit split;
  ChoiceModels models;
  std::int64_t guideline = -1;  ///< as of choice.values
  std::vector<Feature> features{};
  std::vector<core::Bytes> trees{};   ///< as of choice.policy_arms
  std::vector<std::int64_t> given{};  ///< as choice.policy_arms has told it
  std::int64_t column_exponent = 0;   ///< of a standardised value's size
  std::int64_t score_exponent = 0;    ///< of a score's
  template <class A>
  void Fields(A& a) {
    a(split);
    a(models);
    a(guideline);
    a(features);
    a(trees);
    a(given);
    a(column_exponent);
    a(score_exponent);
  }
};
/// The blocks are those of choice_policy_values.h.

extern const federation::TypedStep<PolicyCountParameters> kPolicyCountStep;
extern const federation::TypedStep<PolicySumParameters> kPolicySumStep;
extern const federation::TypedStep<PolicyArmParameters> kPolicyArmStep;
extern const federation::TypedStep<PolicyValueParameters> kPolicyValueStep;

}  // namespace clinnova::learn
