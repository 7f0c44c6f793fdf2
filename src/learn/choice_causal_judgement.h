// SPDX-License-Identifier: Apache-2.0
// The coordinator's side of a causal forest: it grows the trees, all of a level in one round, fills their leaves in two, and
// judges the forest in three, out of fold, by the AIPW scores that the other policies are judged by.
//
// The residuals that trees are grown on are of models that did not see the person's own fold, but did see the fold that the
// tree is judged on. An error of a model at x adds to a leaf its mean times that of (A - e), which is 0 on average whatever
// the error is, so that what it has seen does not lead the trees.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "learn/choice_benefit.h"
#include "learn/choice_causal_forest.h"
#include "learn/choice_policy_judgement.h"
#include "learn/choice_policy_values.h"

namespace clinnova::learn {

struct CausalForestJudgement {
  std::vector<Feature> features{};
  std::vector<std::vector<Tree>> trees{};  ///< by every two arms; leaves of the growing half's sums
  std::int64_t trees_per_pair = 0;
  std::int64_t columns_per_node = 0;
  std::int64_t least = 0;  ///< persons of the filling half in a leaf
  JudgedPolicy judged{};   ///< the forest's rule
  ChoiceBenefit benefit{};
  std::string none{};  ///< why there is no forest; all but `features` are then empty
};

/// kInvalidInput where sites would send more than kMostPolicyNumbers of the leaves, and beside a policy tree where
/// disclosure rules hold.
Result<void> CheckCausalForest(const federation::Analysis& analysis, const ChoiceOptions& options,
                               std::size_t arms, int minimum_count);

/// All rounds.
Result<CausalForestJudgement> GrowCausalForest(federation::Federation& federation,
                                               const federation::Analysis& analysis,
                                               const PolicyQuestion& question);

}  // namespace clinnova::learn
