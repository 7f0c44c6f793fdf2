// SPDX-License-Identifier: Apache-2.0
// Analysis of variance: one-way (R's aov, and oneway.test for Welch's) and by terms (type II, car::Anova).
//
//   method = "anova"
//   formula = "das28 ~ drug"               # welch = true for unequal variances
//   # or: formula = "das28 ~ drug * sex"   # type II: each term after all that do not contain it
//
// One-way: `df`, `sumsq`, `meansq` as [between groups, residual], `statistic`, `p_value`, and the same as `terms`.
// Welch's: `df` as [numerator, denominator], `statistic`, `p_value`. With more terms: `terms`
// [{term, df, sumsq, meansq, statistic, p_value}] with "Residuals" last, and the columns as lists.
// A single numeric column on the right names groups, as in oneway.test; among several terms it is a covariate.
// B. L. Welch, Biometrika 38 (1951); J. Fox, "Applied Regression Analysis", section 8.2, for type II.
// Reveals: one-way, what group_moments.h says; else X'X and X'y of the design, as method glm.
#pragma once

#include "stats/group_moments.h"
#include "stats/method.h"

namespace clinnova::stats {

/// The method "anova".
Method AnovaMethod();

/// Welch's test that all means are equal.
struct WelchTest {
  double statistic = 0;
  double numerator_df = 0;
  double denominator_df = 0;
};
/// Each group has at least two values that are not all the same.
WelchTest WelchOneWay(const GroupMoments& moments);

}  // namespace clinnova::stats
