// SPDX-License-Identifier: Apache-2.0
// The coordinator's side of a policy tree: four rounds (choice_policy_steps.h), and the search between the second and the
// third.
//
// The tree is learned without each fold and valued on that fold, as the rule is; what its having seen other folds changes
// in its value is measured likewise, by trees without two (choice_judgement.h). The scores that it is learned from are
// those of models that did not see the person's own fold, but did see the fold that it is valued on: to a sum of
// scores an outcome model adds q_a (1 - [A = a] / e_a), which is 0 on average whatever q is, so that what it
// has seen does not lead the search. The tree of all rows is told, and is not judged itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "learn/choice_options.h"
#include "learn/choice_policy_tree.h"
#include "learn/choice_policy_values.h"
#include "learn/choice_rows.h"

namespace clinnova::learn {

/// A number's histogram in choice.inputs; of a factor it is empty.
struct PolicyInput {
  std::string name;
  std::vector<std::int64_t> histogram{};
  double center = 0, scale = 1;
  std::vector<double> subgroup_cuts{};  ///< by which this study tells gains, too
};

struct PolicyQuestion {
  const ChoiceSplit& split;  // not owned, outlives this
  ChoiceModels models;
  const ChoiceOptions& options;  // not owned, outlives this
  std::size_t arms = 0;
  std::int64_t guideline = -1;
  int column_exponent = 0;
  int score_exponent = 0;
  std::vector<PolicyInput> inputs{};
};

struct PolicyTreeJudgement {
  std::vector<Feature> features{};
  std::vector<bool> missing{};  ///< by feature, whether anybody lacks it
  std::int64_t least = 0;       ///< persons in a leaf
  Tree tree{};                  ///< of all rows
  std::vector<Tree> by_fold{};
  JudgedPolicy judged{};  ///< as each fold's tree names drugs
  std::vector<std::string> warnings{};
};

/// kInvalidInput where sites would send more than kMostPolicyNumbers.
Result<void> CheckPolicyTree(const federation::Analysis& analysis, const table::Schema& schema,
                             const ChoiceOptions& options, std::size_t arms);

/// All rounds.
Result<PolicyTreeJudgement> FindPolicyTree(federation::Federation& federation,
                                           const federation::Analysis& analysis,
                                           const PolicyQuestion& question);

}  // namespace clinnova::learn
