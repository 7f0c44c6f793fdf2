// SPDX-License-Identifier: Apache-2.0
// Which columns a design matrix has: names, coding of factors, and what each column is the product of.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace clinnova::table {

/// What the coding needs to know of a variable.
struct VariableShape {
  std::string text;
  int numeric_columns = 1;            ///< of a numeric variable
  std::vector<std::string> levels{};  ///< of a factor, two or more; empty = numeric
};

/// One factor of a design column's product: a numeric column, or the indicator of a level.
struct ColumnPiece {
  std::size_t variable = 0;
  int index = 0;  ///< column of the variable, or level
  bool indicator = false;
};

struct DesignColumn {
  std::string name;
  int term = 0;                     ///< 0 = intercept, 1… = index into terms + 1
  std::vector<ColumnPiece> pieces;  ///< empty for the intercept
};

/// The columns of R's model.matrix for `terms` (indices into `variables`; terms and the variables of a
/// term in the order of terms.formula) with treatment contrasts. A factor in a term is coded by contrasts when the term
/// without it is empty or contained in an earlier term, otherwise by all its indicators (R's TermCode
/// in model.c); without intercept the first factor met is coded by all its indicators.
/// kInvalidInput: a factor with fewer than two levels in use, or too many columns.
Result<std::vector<DesignColumn>> PlanColumns(const std::vector<VariableShape>& variables,
                                              const std::vector<std::vector<std::size_t>>& terms,
                                              bool intercept);

}  // namespace clinnova::table
