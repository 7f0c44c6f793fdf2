// SPDX-License-Identifier: Apache-2.0
// Student's and Welch's t test, of one sample, two groups, or pairs: R's t.test with broom's names.
//
//   method = "ttest"
//   formula = "das28 ~ sex"          # Welch; equal_variance = true for Student's
//   # or: y = "das28", mu = 5.1      # one sample
//   # or: y = "after", paired = "before"
//
// Result: `estimate` (the mean; for two groups the first mean less the second, which are `estimate1` and
// `estimate2`), `std_error`, `statistic`, `parameter` (degrees of freedom), `p_value`, `conf_low`, `conf_high`
// (null where a one-sided interval has no end), `groups`.
// B. L. Welch, Biometrika 34 (1947). Reveals: what group_moments.h says.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "ttest".
Method TtestMethod();

}  // namespace clinnova::stats
