// SPDX-License-Identifier: Apache-2.0
// By which columns competing_risks draws curves, whose right side of ~ also holds covariates: those of the option
// `groups`, by default the column that stands alone there.
//
//   CLINNOVA_ASSIGN(auto groups, CurveGroups(analysis));         // "Surv(t, s) ~ arm" -> arm: the last strata
//   CLINNOVA_TRY(DropWideGroups(analysis, schema, strata));      // … unless arm is a number of many values
//
// Reveals nothing.
#pragma once

#include <string>
#include <vector>

#include "federation/analysis.h"
#include "table/table.h"

namespace clinnova::stats {

/// The columns to group by, before the data are known.
Result<std::vector<std::string>> CurveGroups(const federation::Analysis& analysis);

/// Takes a group that the analysis did not name off the end of `strata` where it is a number of more than twelve values.
Result<void> DropWideGroups(const federation::Analysis& analysis, const table::Schema& schema,
                            std::vector<std::string>& strata);

}  // namespace clinnova::stats
