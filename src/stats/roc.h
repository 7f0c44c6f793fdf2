// SPDX-License-Identifier: Apache-2.0
// How well one or more scores tell cases from controls: the area under the receiver operating characteristic with
// DeLong's error and interval, the curve, and the paired comparison of scores. Equal to R's pROC.
//
// Exact for any doubles: the pooled ranks are found by counting (value_counts.h). Rounds: about six; one more to
// compare scores. Source: E. R. DeLong et al., Biometrics 44 (1988).
//
// Reveals, to the hub: how many cases and controls have a score in which range; where disclosure rules hold, ranges
// with fewer than twice minimum_count rows are not divided, so that scores within them count as tied, and the hub
// learns nobody's score; where they are lifted, the scores themselves. To the researcher: the area, its error, and
// the curve, between whose points lie at least minimum_count persons of each kind or none (rules 3 and 12).
#pragma once

#include "stats/method.h"

namespace clinnova::stats {

/// The method "roc".
Method RocMethod();

}  // namespace clinnova::stats
