// SPDX-License-Identifier: Apache-2.0
// The log-rank test and its G-rho family, equal to R's survdiff, stratified where asked.
// D. P. Harrington, T. R. Fleming, Biometrika 69 (1982). Rounds and leakage as kaplan_meier; published are the
// statistic and the totals per group.
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "logrank".
Method LogrankMethod();

}  // namespace clinnova::stats
