// SPDX-License-Identifier: Apache-2.0
// Conditional logistic regression of matched sets, equal to R's survival::clogit on the pooled rows: within each set
// of strata(set), given its number of cases, which persons are the cases. `ties` says how a set with several cases is
// treated: exact (the default), efron or breslow.
//
// A set lies within one site: sets of two sites are two sets, whatever they are called. Each site computes its sets'
// likelihoods by itself, and only their sum over sites travels: one round per Newton step after the model frame.
// Source: N. E. Breslow, N. E. Day, "Statistical Methods in Cancer Research I", IARC 1980, chapter 7.
//
// Reveals, to the hub and the researcher: the pooled likelihood, score and information at each iterate, the numbers of
// sets that say something, of cases and of other persons. The sets' identities stay at the sites. Needs rules 1 to 4 of
// privacy.md, and refuses fewer sets, cases or others than the threshold.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "conditional_logistic".
Method ConditionalLogisticMethod();

}  // namespace clinnova::stats
