// SPDX-License-Identifier: Apache-2.0
// What the folds of an elastic net's cross-validation must be: told for every row, and large enough to be left out.
// Pure functions of counts over all sites. Source of the rules: privacy.md, rules 2 and 3, for each fold.
#pragma once

#include <cstdint>
#include <vector>

#include "federation/analysis.h"
#include "stats/model_frame.h"

namespace clinnova::stats {

/// Counts by fold, the columns of a fold one after the other.
struct FoldCounts {
  std::vector<std::int64_t> rows;   ///< per fold
  std::vector<std::int64_t> zeros;  ///< rows in which a column is 0
  std::vector<std::int64_t> ones;
};

/// Rows of each fold there is: one for all rows without a cross-validation. `folds` as in the study, 0 where it has
/// none; `lost` rows have no fold. kInvalidInput for folds that cannot be.
Result<std::vector<std::int64_t>> UsableFolds(const federation::Analysis& analysis,
                                              std::vector<std::int64_t> rows, std::int64_t lost,
                                              std::int64_t folds);

/// kRefused (`too_many_parameters`, `rare_level`) when a fold has too few rows for the columns, or tells fewer than
/// `minimum_count` persons from the others; nothing where that is 0.
Result<void> CheckFoldRules(const federation::Analysis& analysis, const ModelFrame& frame,
                            const FoldCounts& counts, std::int64_t minimum_count);

}  // namespace clinnova::stats
