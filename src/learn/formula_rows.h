// SPDX-License-Identifier: Apache-2.0
// Rows, features and folds of the learners that are told their outcome and columns by a formula (boosted_trees,
// random_forest), and what they know of the pooled rows before they begin.
//
// A person's key is that of the column `id`; without it, that of the row's own values: rows that say the same then are
// in the same fold and drawn by the same trees. Reveals: what stats/model_frame.h says.
#pragma once

#include <string>
#include <vector>

#include "learn/feature_bins.h"
#include "learn/training_rows.h"
#include "learn/tree_growth.h"
#include "stats/model_frame.h"

namespace clinnova::learn {

/// The RowsFunction; `source` is an encoded stats::FrameClaim.
RowsResult FormulaRows(const federation::SiteView& site, core::ByteView source);

/// The engine's steps over them, "trees.describe" and its like, of every method of this kind.
const TreeSteps& FormulaSteps();

/// How rows are kept apart: in folds 1 … folds, or a share of them in fold 1.
struct FoldOptions {
  std::int64_t folds = 5;    ///< 0 or 1: none
  double test_fraction = 0;  ///< above 0: instead of folds
};
/// `folds` (5), `fold_column`, `test_fraction`. kInvalidInput for both at once, or a number outside its range.
Result<FoldOptions> FoldOptionsOf(const federation::Analysis& analysis);

/// A problem over the formula's columns.
struct FormulaProblem {
  stats::ModelFrame frame;
  TreeProblem problem;
  std::string outcome;  ///< the left side of the formula
};
/// `analysis` outlives the answer. kInvalidInput for a response that trees cannot learn, a factor of too many levels.
Result<FormulaProblem> MakeFormulaProblem(federation::Federation& federation,
                                          const federation::Analysis& analysis);

}  // namespace clinnova::learn
