// SPDX-License-Identifier: Apache-2.0
// Meta-analysis of one term over sites, without any site's estimate leaving it: each site fits the model on its own
// rows, and only sums over sites of weights and weighted estimates travel. Equal to R's metafor::rma on the sites' fits.
//
//   method = "meta"
//   analysis = "response"        # another analysis of the study; or formula = …, family = … here
//   term = "drugJAK"             # may be left out where the model has one term beside the intercept
//   model = "random"             # or "fixed"
//   tau2 = "REML"                # or "DL", "PM"
//   hartung_knapp = true         # or "adhoc": never narrower than without it
//
// With w_s = 1 / (v_s + tau^2): estimate mu = [w y] / [w]; DL from Q; PM solves [w (y - mu)^2] = k - 1; REML solves
// [w^2 (y - mu)^2] - [w] + [w^2] / [w] = 0, both by Newton's method, one round per step. I^2 and H^2 are in metafor's
// definition, with the typical variance (k - 1) [w] / ([w]^2 - [w^2]) at tau^2 = 0.
// Sources: R. DerSimonian, N. Laird, Control. Clin. Trials 7 (1986); R. C. Paule, J. Mandel, J. Res. NBS 87 (1982); W.
// Viechtbauer, J. Educ. Behav. Stat. 30 (2005); J. Hartung, G. Knapp, Stat. Med. 20 (2001); J. P. T. Higgins et al., J. R.
// Stat. Soc. A 172 (2009).
//
// Reveals, to the hub: how many sites estimate the term; per round up to nine sums over sites of powers of w times
// powers of y - c. With few sites and many rounds these determine the sites' estimates, though not whose is which:
// where disclosure rules hold at least three sites must contribute. Sites' own estimates are released only when the approved
// study says release_sites = true.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "meta".
Method MetaAnalysisMethod();

}  // namespace clinnova::stats
