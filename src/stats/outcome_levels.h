// SPDX-License-Identifier: Apache-2.0
// Whether an outcome of text can be what a method takes it for.
#pragma once

#include "core/error.h"
#include "federation/analysis.h"
#include "table/design.h"

namespace clinnova::stats {

/// kInvalidInput for an outcome of more than two levels where a number is asked for: as one it is mostly text that strayed into
/// numbers. Of such a factor, the binomial families ask whether somebody is above the first level.
Result<void> CheckOutcomeLevels(const federation::Analysis& analysis, const table::Formula& formula,
                                const table::Design& design);

}  // namespace clinnova::stats
