// SPDX-License-Identifier: Apache-2.0
// Correlation matrices over complete rows: R's cor(use = "complete.obs"), with cor.test's p-values.
//
//   method = "correlation"
//   variables = ["crp", "das28", "age"]
//   type = "spearman"                     # default "pearson"
//
// Result: `names` and `values`, the same as matrix `correlation`, and the matrix `p_values` (Student's t, two-sided;
// for Spearman's as cor.test(exact = FALSE) without continuity correction). Spearman's is Pearson's of exact
// mid-ranks. K. Pearson 1895; C. Spearman, Am. J. Psychol. 15 (1904).
// Reveals: what variable_gram.h (pearson) or midranks.h (spearman) says.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "correlation".
Method CorrelationMethod();

}  // namespace clinnova::stats
