// SPDX-License-Identifier: Apache-2.0
// Kaplan-Meier curves by group, equal to R's survfit: Greenwood's errors, log, log-log or plain intervals.
// Rounds: the model frame, the time axis where times are not on a small grid, the counts.
//
// Reveals, to the hub: persons at risk, events and censorings by group and time over all sites. What is
// published under a minimum_count: times are merged until each has ten exits (privacy.md, rule 9), so that no step
// of a curve is one person; values at the remaining times are exact, but the last is told as one that minimum_count persons reach.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "kaplan_meier".
Method KaplanMeierMethod();

}  // namespace clinnova::stats
