// SPDX-License-Identifier: Apache-2.0
// Wilcoxon's rank sum test of two groups, by the normal approximation with ties: R's
// wilcox.test(exact = FALSE).
//
//   method = "wilcoxon"
//   formula = "crp ~ sex"       # correct = false leaves out the continuity correction
//
// Result: `statistic` (W, the rank sum of the first level less its least possible value), `p_value`. No
// `estimate`: the median of all differences between groups is no sum over sites.
// F. Wilcoxon, Biometrics Bull. 1 (1945); H. B. Mann, D. R. Whitney, Ann. Math. Stat. 18 (1947).
// Reveals: what midranks.h says.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "wilcoxon".
Method WilcoxonMethod();

}  // namespace clinnova::stats
