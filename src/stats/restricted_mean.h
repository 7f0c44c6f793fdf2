// SPDX-License-Identifier: Apache-2.0
// Restricted mean survival time: the area under a Kaplan-Meier curve up to a horizon tau, by group, with the
// difference and the ratio of each group to the first, equal to R's survRM2::rmst2 without covariates.
//
//   method = "rmst"
//   formula = "Surv(time, status) ~ arm"
//   tau = 365            # default: as far as every group's curve is known, as rmst2 does
//
// With areas a_k = S(t_k) (t_{k+1} - t_k) up to tau, RMST = sum a_k and its variance is Greenwood's,
// sum over t_k <= tau of (area from t_k to tau)^2 d_k / (n_k (n_k - d_k)); the ratio's interval is on the log scale.
// Sources: J. O. Irwin, J. Hygiene 47 (1949); P. Royston, M. K. B. Parmar, BMC Med. Res. Methodol. 13:152 (2013); H. Uno
// et al., J. Clin. Oncol. 32 (2014).
//
// Reveals, to the hub: persons at risk, events and censorings by group and time over all sites. Published under a
// minimum_count: a group's area only when ten of its persons have left by tau (privacy.md, rule 9), and up to a tau
// that minimum_count persons of every group reach (by default, that ten reach); analyses of one study at several tau,
// only when ten events of a group, or none, lie between them.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "rmst".
Method RestrictedMeanMethod();

}  // namespace clinnova::stats
