// SPDX-License-Identifier: Apache-2.0
// Competing risks: cumulative incidence of every cause by group, Gray's test between groups, and Fine and Gray's
// regression for one cause, equal to R's survival::survfit (multi-state), cmprsk::cuminc and cmprsk::crr.
//
//   method = "competing_risks"
//   formula = "Surv(time, status) ~ arm"   # status 0 = censored, 1, 2, … = causes; or a factor, first level = censored
//   cause = 1                              # or the level's name
//
// Groups of the curves are the column that stands alone on the right of ~ (a factor, or a number of at most 12
// values), or the columns that `groups` names; `groups = []` draws one curve per cause. Whatever stands on the right
// is fitted as covariates for `cause`. Surv(start, stop, status) is left truncation, a row a person; `id` says whose a row
// is where persons have several (person_rows.h); `weights` names case weights; strata(), or `strata`, are those of the regression and of the test.
// The files behind: cause_counts.h, cumulative_incidence.h, weighted_incidence.h, fine_gray.h.
//
// Reveals, to the hub: counts by status, group and time over all sites, and what fine_gray.h says. Published under a
// minimum_count: a curve's times are merged until each has ten exits (privacy.md, rule 9), with exact values there, the last
// told as one that minimum_count persons reach.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "competing_risks".
Method CompetingRisksMethod();

}  // namespace clinnova::stats
