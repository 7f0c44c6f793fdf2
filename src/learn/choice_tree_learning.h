// SPDX-License-Identifier: Apache-2.0
// Outcome models of a treatment choice as boosted trees (choice_forest.h), learned for every training set at once: all
// rows, all but each fold, all but every two folds, side by side in the same rounds of the tree engine.
//
// How many trees is chosen without the fold that the model is for, as lambda is (choice_learning.h): for fold k by the
// loss on each other fold l of the trees that saw neither, at 13 numbers of trees from none to all.
//
// The error of a prediction by its spread: the mean over everybody of the grouped jackknife's variance of the linear predictor, of the
// K models that are each without one fold (B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 11).
//
// Reveals: to the hub what tree_steps.h says of every training set; by training set, judged fold and number of trees the
// loss; by arm the sum of the jackknife's squares.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/federation.h"
#include "learn/boosting.h"
#include "learn/choice_options.h"
#include "learn/choice_steps.h"
#include "stats/model_frame.h"

namespace clinnova::learn {

/// What is learned from: sets of rows and where each arm's predictor begins in them.
struct ForestTask {
  const ChoiceSplit& split;                     // not owned, outlives this
  const std::vector<ChoiceFolds>& left_out;     // not owned; all rows, each fold, every two folds
  std::vector<std::vector<double>> arm_base{};  ///< by training set
  std::vector<std::string> arms{};
  bool binary = true;
};

struct LearnedForests {
  std::vector<Feature> features{};  ///< with cuts; the treatment is the last
  Description description{};
  ChoiceTrees all_rows{};
  std::vector<ChoiceTrees> by_fold{};
  std::vector<ChoiceTrees>
      by_pair{};  ///< by fold k and other l, as many trees as by_fold[k]; k = l: none
  std::vector<double> std_error{};  ///< of the linear predictor, by arm, from the folds' spread
  bool chosen = true;               ///< the number of trees, by losses; else all of them
};

/// kInvalidInput as ChoiceFeatures; kRefused by the engine's rules; kFailed where something does not converge.
Result<LearnedForests> LearnForests(federation::Federation& federation,
                                    const federation::Analysis& analysis,
                                    const ChoiceOptions& options, const stats::ModelFrame& frame,
                                    const ForestTask& task);

/// The engine's steps over a choice's rows, and those of this file.
std::vector<const federation::Step*> ChoiceTreeStepList();

}  // namespace clinnova::learn
