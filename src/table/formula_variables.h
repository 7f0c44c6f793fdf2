// SPDX-License-Identifier: Apache-2.0
// What a formula's expressions mean: which calls are numeric, which make a term's variable.
#pragma once

#include <string_view>

#include "core/error.h"
#include "table/formula.h"

namespace clinnova::table {

/// Fails unless `expression` is made of numbers, columns, arithmetic, comparisons and the functions of
/// Expression. `text` is the whole formula, for the message.
Result<void> CheckNumeric(std::string_view text, const Expression& expression);

/// True for a comparison, &, | or !, also inside parentheses or I(): R's logical, a factor of FALSE and TRUE.
bool IsLogical(const Expression& expression);

/// True for factor(column) and as.factor(column).
bool IsFactorCall(const Expression& expression);

/// The variable that `expression` is in a term.
Result<TermFactor> MakeTermFactor(std::string_view text, const Expression& expression);

}  // namespace clinnova::table
