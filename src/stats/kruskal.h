// SPDX-License-Identifier: Apache-2.0
// The Kruskal-Wallis rank sum test of two or more groups: R's kruskal.test.
//
//   method = "kruskal"
//   formula = "crp ~ drug"
//
// Result: `statistic` (H, corrected for ties), `parameter` (degrees of freedom), `p_value`.
// W. H. Kruskal, W. A. Wallis, J. Am. Stat. Assoc. 47 (1952). Reveals: what midranks.h says.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "kruskal".
Method KruskalMethod();

}  // namespace clinnova::stats
