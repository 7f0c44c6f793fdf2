// SPDX-License-Identifier: Apache-2.0
// The columns that an analysis names: what a site reads for it, what the information budget charges, and which rows it uses.
#pragma once

#include <string>
#include <vector>

#include "federation/analysis.h"
#include "table/formula.h"

namespace clinnova::stats {

/// Each once, in the order of the options. A meta-analysis of another analysis has that one's. kInvalidInput for a
/// formula that does not parse.
Result<std::vector<std::string>> ColumnsOf(const federation::Analysis& analysis);

/// What a row needs to be used: a value in columns, and in expressions (R's text), which can have none where their columns
/// have one, sqrt(x) of a negative x, or one where a column has none, x & FALSE.
struct RowNeeds {
  std::vector<std::string> columns;
  std::vector<std::string> expressions;

  bool operator==(const RowNeeds&) const = default;
};
Result<RowNeeds> RowNeedsOf(const federation::Analysis& analysis);

/// The terms poly(x, k) of the formula that are not raw, each once: their sums are of all who have x.
Result<std::vector<table::TermFactor>> OrthogonalPolynomialsOf(
    const federation::Analysis& analysis);

}  // namespace clinnova::stats
