// SPDX-License-Identifier: Apache-2.0
// Gradient boosted trees on sums: the learner itself, for any method that can say what its rows are.
//
//   TreeProblem problem{.analysis = &analysis, .steps = kMySteps, .source = source, .features = features, .rows = n};
//   CLINNOVA_ASSIGN(Description description, Describe(federation, problem, {RunScope{}}));
//   CLINNOVA_ASSIGN(auto fit, FitBoostedTrees(federation, problem, {.objective = Objective::kLogistic}, {RunScope{}},
//                                             description));
//   fit.ensembles[0];                      // base and trees; one per run
//
// Pseudo-outcomes and weights of any kind are TrainingRows::outcome and weight, made by the method's RowsFunction.
// All runs are grown side by side: a cross-validation costs no round more than one fit. Rounds: four or so for the
// features, then `depth` per tree, twice that where disclosure rules hold.
// The trees are the same bits for every partition of the rows into sites (but for cox), order and number of threads.
// Source: J. H. Friedman, Ann. Stat. 29 (2001); T. Chen, C. Guestrin, KDD 2016.
//
// Reveals, to the hub: what tree_steps.h says; to the researcher: the ensembles.
#pragma once

#include <optional>
#include <vector>

#include "learn/feature_bins.h"
#include "learn/tree_growth.h"

namespace clinnova::learn {

/// Names and defaults are xgboost's, where it has them.
struct BoostingSettings {
  Objective objective = Objective::kSquared;
  std::int64_t trees = 100;
  std::int64_t bins = 64;
  double subsample = 1;
  std::uint64_t seed = 1;
  std::optional<double> base_score{};  ///< on the response's scale; else the run's mean
  /// By run and TrainingRows::stratum, on the score's scale: where scores begin, instead of base_score.
  std::vector<std::vector<double>> stratum_bases{};
  GrowthSettings growth{
      .rules = {}, .depth = 6, .colsample_bytree = 1, .features_per_node = 0, .learning_rate = 0.3};
};

struct BoostedTrees {
  std::vector<TreeEnsemble> ensembles;  ///< one per run
  TreeClaim claim;                      ///< of the finished ensembles: what evaluations need
};

/// Cuts the problem's features into bins unless they have cuts already, and fits one ensemble per run.
Result<BoostedTrees> FitBoostedTrees(federation::Federation& federation, TreeProblem& problem,
                                     const BoostingSettings& settings,
                                     const std::vector<RunScope>& runs, Description& description);

}  // namespace clinnova::learn
