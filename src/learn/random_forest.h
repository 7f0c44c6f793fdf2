// SPDX-License-Identifier: Apache-2.0
// The method "random_forest": trees of bootstrapped rows and columns drawn node by node, averaged.
//
//   method = "random_forest"
//   formula = "low_activity ~ das28 + age + crp + sex"    # outcome 0 and 1 (a chance) or a number (a mean)
//   trees = 200
//   columns_per_node = 2                                  # default: square root of the columns, a third for numbers
//
// A row is in a tree as often as a Poisson number of mean 1 says that its person's key and the tree's number draw, which
// is a bootstrap in which sites need not know of each other; a node's columns are drawn by the tree's and the node's
// numbers. Splits are those that lower the sum of squares most, which for 0 and 1 is Gini's criterion. All trees grow
// side by side, one level per round (several where the numbers of one would be too many).
// Result: `model`, the document that predicts for a patient; `importance`; `metrics` {"train", "out_of_bag": each row by
// the trees that did not draw it}.
// Source: L. Breiman, Mach. Learn. 45 (2001); N. C. Oza, S. Russell, AISTATS 2001, for the Poisson bootstrap.
//
// Reveals: what tree_steps.h, formula_rows.h and tree_metrics.h say. Rules 1, 3, 10 and 11 of privacy.md are enforced.
#pragma once

#include "stats/method.h"

namespace clinnova::learn {

/// The method "random_forest".
stats::Method RandomForestMethod();

}  // namespace clinnova::learn
