// SPDX-License-Identifier: Apache-2.0
// Numbers in text, as R's read.csv takes them and as R's as.character writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace clinnova::table {

/// The number that `text` spells: an optional sign, decimal digits with an optional point, an optional
/// exponent ("1", "-2.5", ".5", "1e-12"), blanks before and after; also "NaN", "Inf", "inf" and
/// "infinity" with an optional sign. Correctly rounded; what is too large is an infinity, what is too
/// small 0. Nothing for anything else: hexadecimal, thousands separators, decimal commas, units.
std::optional<double> ParseNumber(std::string_view text);

/// A number as R's as.character and deparse write it: at most 15 significant digits, in whichever of
/// fixed and scientific notation is shorter ("100000" is "1e+05", "0.1" is "0.1"); "NaN", "Inf", "-Inf".
std::string NumberText(double value);

/// `text` without the blanks and tabs at its ends.
std::string_view Trim(std::string_view text);

}  // namespace clinnova::table
