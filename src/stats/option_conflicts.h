// SPDX-License-Identifier: Apache-2.0
// Options that say the same twice, or that nothing is made of beside another: an error in words, where otherwise one of
// them would win in silence.
#pragma once

#include "core/error.h"
#include "federation/analysis.h"

namespace clinnova::stats {

/// kInvalidInput: `analysis "ages": bins: found it beside breaks, which takes its place, expected one of them`, or
/// `analysis "visits": lag: needs correlation = "ar1"`.
Result<void> CheckOptionConflicts(const federation::Analysis& analysis);

}  // namespace clinnova::stats
