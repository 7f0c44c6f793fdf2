// SPDX-License-Identifier: Apache-2.0
// Formulas of methods that split columns instead of adding terms: trees. `y ~ crp + sex + offset(z)` says what the
// outcome is and which columns may be split; the design is that of `y ~ 1 + offset(z)`.
//
// With missing = "learn" rows without a value in a column that is split are kept; by default they are left out, as in
// other methods.
#pragma once

#include <string>
#include <vector>

#include "federation/analysis.h"
#include "table/formula.h"

namespace clinnova::stats {

/// True for the methods of this kind.
bool SplitsColumns(const federation::Analysis& analysis);

/// The formula as it is written.
Result<table::Formula> WrittenFormula(const federation::Analysis& analysis);

/// The same with `~ 1` and its offsets, strata and clusters.
Result<table::Formula> ResponseFormula(const federation::Analysis& analysis);

/// The schema's names of the columns on the right, in order: "crp", "factor(stage)". kInvalidInput for anything but
/// columns and factor(column): trees find transformations and interactions by themselves.
Result<std::vector<std::string>> SplitColumns(const federation::Analysis& analysis);

/// Those of them that a row must have.
Result<std::vector<std::string>> RequiredSplitColumns(const federation::Analysis& analysis);

}  // namespace clinnova::stats
