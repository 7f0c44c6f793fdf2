// SPDX-License-Identifier: Apache-2.0
// R's expression syntax, as far as formulas use it: text to a tree, without any meaning yet.
//
// In the tree every operator is a call by its own name: "+", "*", ":", "^", "==", "|", and "(" for
// parentheses, which R's deparse keeps. A named argument `raw = TRUE` is a call "=" of name and value.
// TRUE and FALSE are numbers 1 and 0 whose `name` is the word.
#pragma once

#include <optional>
#include <string_view>

#include "core/error.h"
#include "table/formula.h"

namespace clinnova::table {

/// The two sides of a formula.
struct FormulaSides {
  std::optional<Expression> left;
  Expression right;
};

/// kInvalidInput with the position, what was found and what was expected. Never recurses deeper than a
/// fixed limit, whatever the text.
Result<FormulaSides> ParseSides(std::string_view text);

/// `formula: found "x" at character 7 of "…", expected …`.
tl::unexpected<Error> FormulaError(std::string_view text, std::size_t position,
                                   std::string_view found, std::string_view expected);

}  // namespace clinnova::table
