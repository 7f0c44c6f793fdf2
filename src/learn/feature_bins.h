// SPDX-License-Identifier: Apache-2.0
// What is known of the features before the first tree: their cuts, and the summaries that a model's document gives of its
// inputs. Found in one round, and about three more for the cuts.
//
// Cuts lie between cells of values that were counted (cell_search.h), so that each bin has about as many rows; a number
// of no more distinct values than bins has a cut between every two. With more than kRowsForCuts rows only a share of
// them, drawn by their keys, is counted: the cuts then are those of about that many rows.
//
// Reveals, to the hub: what cell_search.h says; to the researcher: the cuts that become thresholds, quantiles of
// features (never fewer than minimum_count rows from either end), means and standard deviations, rows of each level.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "federation/federation.h"
#include "learn/tree_growth.h"

namespace clinnova::learn {

inline constexpr std::int64_t kRowsForCuts = 1 << 17;

/// Of one feature, over all rows.
struct FeatureSummary {
  std::int64_t present = 0;
  // Of a number:
  double mean = 0;
  double sd = 0;
  std::optional<double> low;   ///< about the 1 % quantile; nothing where too few rows lie below
  std::optional<double> high;  ///< about the 99 % quantile
  // Of a factor:
  std::vector<std::int64_t> level_rows;
};

/// Of the outcome, per run.
struct OutcomeSummary {
  std::int64_t rows = 0;
  double weight = 0;    ///< sum of the weights
  double mean = 0;      ///< weighted
  double offset = 0;    ///< weighted mean
  double exposure = 1;  ///< weighted mean of e^offset
  double sd = 0;        ///< weighted
};

struct Description {
  std::vector<FeatureSummary> features;
  std::vector<OutcomeSummary> runs;
  std::int64_t outcome_rows[3] = {};  ///< rows whose outcome (cox: event) is 0, 1, another
  int outcome_exponent = 0;           ///< |outcome| <= 2^outcome_exponent
  int weight_exponent = 0;
};

/// One round. kRefused by rule 3 (`rare_level`) for a factor with a level of fewer than minimum_count persons.
Result<Description> Describe(federation::Federation& federation, const TreeProblem& problem,
                             const std::vector<RunScope>& runs);

/// Cuts for the problem's features, in place, and the quantiles of the description. `bins` from 2 to kMostBins.
Result<void> FindCuts(federation::Federation& federation, TreeProblem& problem, std::int64_t bins,
                      Description& description);

}  // namespace clinnova::learn
