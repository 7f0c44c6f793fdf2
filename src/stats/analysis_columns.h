// SPDX-License-Identifier: Apache-2.0
// The columns that an analysis names: what a site reads for it, and what the information budget charges.
#pragma once

#include <string>
#include <vector>

#include "federation/analysis.h"

namespace clinnova::stats {

/// Each once, in the order of the options. A meta-analysis of another analysis has that one's. kInvalidInput for a
/// formula that does not parse.
Result<std::vector<std::string>> ColumnsOf(const federation::Analysis& analysis);

}  // namespace clinnova::stats
