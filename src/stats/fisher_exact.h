// SPDX-License-Identifier: Apache-2.0
// Fisher's exact test of a table of counts: R's fisher.test.
//
//   const FisherTest test = FisherExactTest({3, 1, 1, 3}, 2, 2, 0.95);
//   test.p_value, test.odds_ratio, test.conf_low, test.conf_high
//
// For 2 x 2 tables the odds ratio is the conditional maximum likelihood estimate, with its exact interval, solved to
// the last digits (fisher.test's own stop at about 1e-4). Larger tables have a p-value only, by a network over
// columns in which equal remainders are one node. R. A. Fisher, J. R. Stat. Soc. 98 (1935); C. R. Mehta,
// N. R. Patel, J. Am. Stat. Assoc. 78 (1983). Works on pooled counts alone: reveals nothing further.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/error.h"

namespace clinnova::stats {

struct FisherTest {
  double p_value = 1;  ///< two-sided: tables at most as likely, within 1e-7, as the one seen
  std::optional<double> odds_ratio = {};  ///< 2 x 2 only; may be infinite
  std::optional<double> conf_low = {};
  std::optional<double> conf_high = {};
};

/// `counts` row-major; empty rows and columns count for nothing. kFailed, in words, when fewer than two rows or
/// columns are left, or when more tables share the margins than can be visited.
Result<FisherTest> FisherExactTest(const std::vector<std::int64_t>& counts, std::size_t rows,
                                   std::size_t columns, double confidence_level);

}  // namespace clinnova::stats
