// SPDX-License-Identifier: Apache-2.0
// Decision curve: what it is worth to treat those whose predicted risk is at or above a threshold t, against
// treating all or none.
//
//   net benefit = TP / n - FP / n * t / (1 - t)
//
// One round. Source: A. J. Vickers, E. B. Elkin, Med. Decis. Making 26 (2006).
// Reveals: how many cases and controls have a prediction between two thresholds. Published where each of the kinds
// has no persons or at least minimum_count between one published threshold and the next (rule 3).
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "net_benefit".
Method NetBenefitMethod();

}  // namespace clinnova::stats
