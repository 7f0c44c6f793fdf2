// SPDX-License-Identifier: Apache-2.0
// Generalised estimating equations: means of repeated outcomes, with errors that hold whatever the
// correlation within a cluster, equal to geepack's geeglm.
//
//   method = "gee", formula = "flare ~ drug * month", family = "binomial", id = "patient",
//   correlation = "ar1", time = "month"
//
// Coefficients by Fisher scoring; scale = sum e^2 / n and alpha by its estimating equation over all pairs of
// a cluster, both without a correction for degrees of freedom, as geepack has them. One round updates all.
// Under ar1 two rows are correlated alpha^|difference in time| (geepack's waves = time), or with lag = "order"
// alpha^|rows between| (geepack without waves).
// Source: K.-Y. Liang, S. L. Zeger, Biometrika 73 (1986); J. Yan, J. Fine, Stat. Med. 23 (2004), equations
// for scale and correlation. The errors of scale and alpha are Yan and Fine's; geepack 1.3.9 derives its own
// with other derivatives in beta, so that its valpha and vgamma differ.
//
// Reveals: what gee_steps.h says. Needs rules 1 to 4 of privacy.md; refuses fewer clusters than the threshold.
// All rows of a cluster must be at one site.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "gee".
Method GeeMethod();

}  // namespace clinnova::stats
