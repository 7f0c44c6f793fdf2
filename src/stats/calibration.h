// SPDX-License-Identifier: Apache-2.0
// How far predicted probabilities are the frequencies that they claim to be.
//
//   intercept     a of logit P(y = 1) = a + logit(p): calibration in the large, 0 if well calibrated
//   slope         b of logit P(y = 1) = a + b logit(p): 1 if well calibrated, below 1 when predictions are too extreme
//   brier         mean of (y - p)^2
//   ici           mean of |p - s(p)|, s being the flexible curve: the logistic regression of the outcome on the natural
//                 cubic spline of logit(p) with three degrees of freedom, knots as R's ns(qlogis(p), df = 3)
//   curve         observed frequency and mean prediction in groups of the prediction
//
// Equal to R's glm on the pooled rows. Rounds: about sixteen: eight of sums and the groups' and the spline's
// quantiles, Newton's for the three regressions together, one for the curve.
// Source: B. Van Calster et al., J. Clin. Epidemiol. 74 (2016); P. C. Austin, E. W. Steyerberg, Stat. Med. 38 (2019),
// whose integrated calibration index is taken over a spline here, since a loess is no sum over sites.
//
// Reveals: sums and counts named above, scores and informations of the regressions at each iterate, the quantiles. A
// group is joined to its neighbour until it has of each kind nobody or at least minimum_count persons (rule 3);
// where disclosure rules hold the smallest and largest prediction are not told, and the spline is linear beyond the
// minimum_count-th from either end (rule 9).
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "calibration".
Method CalibrationMethod();

}  // namespace clinnova::stats
