// SPDX-License-Identifier: Apache-2.0
// The coordinator's side of learning a treatment choice: outcome models by arm and propensities, each fold's learned
// without it, exactly as if the rows were pooled.
//
// Outcome of arm a: link of (alpha_a + sum_j (beta_j + delta_aj) x_j), an elastic net in which an arm's deltas stand
// beside what all arms share, so that no arm is the reference and few patients make few differences (a data-shared
// lasso: S. M. Gross, R. Tibshirani, Comput. Stat. Data Anal. 101, 2016). Arms' intercepts have no penalty; columns
// are penalised in units of their standard deviation.
//
// Lambda is chosen without the fold that its model is for: for fold k by the deviance on each other fold l of a model
// that saw neither. All folds, pairs of folds and lambdas advance together, so that a dozen rounds serve them all.
//
// With learner = "boosted_trees" the outcome models are those of choice_tree_learning.h.
//
//   CLINNOVA_ASSIGN(const LearnedChoice learned, LearnChoice(federation, analysis, options, frame, folds));
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "learn/choice_options.h"
#include "learn/choice_steps.h"
#include "learn/choice_tree_learning.h"
#include "stats/linear_algebra.h"
#include "stats/model_frame.h"

namespace clinnova::learn {

/// Whose rows are left out together: a hash's or a column's folds, or each site in turn.
enum class ChoiceFolding { kByPerson, kBySite };

/// The penalty that was chosen for an outcome model.
struct ChosenLambda {
  double lambda = 0;
  double part = 0;  ///< of the smallest lambda at which no coefficient is other than 0
};

struct LearnedChoice {
  ChoiceSplit split;
  std::vector<std::string> arms{};
  bool binary = true;
  double center = 0;  ///< subtracted from a continuous outcome
  double outcome_variance = 1;
  ChoiceModels models;             ///< by fold
  ChoicePairRules pair_rules{};    ///< by fold and other fold
  std::vector<double> all_rows{};  ///< outcome model of all rows: arms * columns, standardised
  ChosenLambda lambda;             ///< of it
  std::vector<ChosenLambda> by_fold{};
  std::vector<stats::Matrix>
      information;  ///< by arm, of all rows at `all_rows`, standardised, without penalty
  std::optional<LearnedForests> forests{};  ///< learner = "boosted_trees", instead of the above
  std::vector<std::int64_t> arm_counts{};
  std::vector<std::vector<double>> arm_means{};      ///< by arm and column, standardised
  std::vector<std::vector<double>> arm_variances{};  ///< divisor n - 1
  stats::Matrix covariance{};        ///< of the columns over everybody, divisor n - 1
  std::vector<double> precisions{};  ///< of the propensities' prior, by column
  std::vector<std::string> warnings{};
};

/// kInvalidInput for an outcome that is not of the family, folds that cannot be; kRefused by CheckCells' rules;
/// kFailed where a model does not converge.
Result<LearnedChoice> LearnChoice(federation::Federation& federation,
                                  const federation::Analysis& analysis,
                                  const ChoiceOptions& options, const stats::ModelFrame& frame,
                                  ChoiceFolding folding);

}  // namespace clinnova::learn
