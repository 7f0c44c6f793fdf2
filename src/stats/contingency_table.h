// SPDX-License-Identifier: Apache-2.0
// Cross tables of one to three factors, and the chi-square test of two: R's table and chisq.test; Fisher's
// exact test with `fisher = true` (fisher_exact.h).
// One round. Reveals: the pooled counts. Published counts from 1 to minimum_count - 1 are suppressed, and with
// them as many more as keep them from being computed from the margins (privacy.md, rules 3 and 13).
#pragma once

#include <cstdint>
#include <vector>

#include "stats/method.h"

namespace clinnova::stats {

/// The method "table".
Method ContingencyTableMethod();

/// Pearson's test of independence; `corrected` has Yates' correction, for 2 x 2 tables only.
struct ChiSquare {
  double statistic = 0;
  double degrees_of_freedom = 0;
  double p_value = 1;
};
/// NaN everywhere when a row or column of `counts` (row-major) is empty.
ChiSquare ChiSquareTest(const std::vector<std::int64_t>& counts, std::size_t rows,
                        std::size_t columns, double yates);
/// Yates' correction as R takes it: min(0.5, smallest |observed - expected|).
double YatesCorrection(const std::vector<std::int64_t>& counts, std::size_t rows,
                       std::size_t columns);

/// Rule 1: kRefused (`cohort_below_threshold`) when fewer than minimum_count cases are in the table.
Result<void> CheckCohort(const federation::Analysis& analysis, std::int64_t n,
                         std::int64_t minimum_count);

/// Which cells of a table of one or two dimensions must stay hidden: the small ones, and as many more as it takes
/// that none of them is known to somebody who has the rest, the number of cases and the tables, so protected, of
/// the row variable and of the column variable alone. Zeros are shown, unless that takes the whole table. `also`: cells
/// that are hidden whatever their count, such as those of one site (rule 11); empty: none.
std::vector<bool> HiddenCells(const std::vector<std::int64_t>& counts, std::size_t rows,
                              std::size_t columns, std::int64_t minimum_count,
                              const std::vector<bool>& also = {});

}  // namespace clinnova::stats
