// SPDX-License-Identifier: Apache-2.0
// Means and sums of squares and products about them of an analysis' `variables`, over complete rows: what
// correlations, principal components and clusters start from.
//
//   CLINNOVA_ASSIGN(const ModelFrame frame, VariablesFrame(federation, analysis));
//   CLINNOVA_ASSIGN(const VariableGram gram, FindVariableGram(federation, analysis, frame));
//   gram.products[i][j] / (gram.n - 1)      // covariance
//
// Two rounds: the model frame's preflight (model_frame.h), and the products of standardised columns.
// Reveals: complete rows, sums, and sums of products of pairs of variables. Disclosure rules 2 and 3 of
// privacy.md as in model_frame.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "stats/linear_algebra.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// Names of the `variables`, each a numeric column. kInvalidInput otherwise.
Result<std::vector<std::string>> NumericVariables(const federation::Analysis& analysis,
                                                  const table::Schema& schema);

/// The frame of the design "~ variables": one column per variable after the intercept.
Result<ModelFrame> VariablesFrame(federation::Federation& federation,
                                  const federation::Analysis& analysis);

struct VariableGram {
  std::int64_t n = 0;
  std::int64_t n_missing = 0;
  std::vector<std::string> names;
  std::vector<double> mean;
  Matrix products;  ///< sums of (x_i - mean_i)(x_j - mean_j), in the variables' own units
  std::vector<bool> constant;  ///< all values the same, but for rounding

  double sd(std::size_t i) const;
};
Result<VariableGram> FindVariableGram(federation::Federation& federation,
                                      const federation::Analysis& analysis,
                                      const ModelFrame& frame);

/// The steps of both.
std::vector<const federation::Step*> VariableGramSteps();

}  // namespace clinnova::stats
