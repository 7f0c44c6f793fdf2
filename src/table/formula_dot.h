// SPDX-License-Identifier: Apache-2.0
// The `.` of R's formulas, which stands for all other columns of a table: written out before anything else reads the formula.
//
//   WithoutDot("log(y) ~ . - a", {"y", "a", "b"})   // "log(y) ~ (a + b) - a"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::table {

/// The formula with each `.` that is a term, or part of one, replaced by the sum of `columns` but those that the left side names and
/// but `site`, which is of no table. As in R a `.` inside a function is left, which Formula::Parse then names, and so is a
/// formula that does not parse. kInvalidInput where no column is left.
Result<std::string> WithoutDot(std::string_view formula, const std::vector<std::string>& columns);

}  // namespace clinnova::table
