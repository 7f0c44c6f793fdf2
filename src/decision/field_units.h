// SPDX-License-Identifier: Apache-2.0
// The unit behind a number on the command line, in a field's own unit. Conversion is the vocabulary's;
// added here are the units that only patients' data at the bedside bring, with a fixed factor each:
// years, months and Fahrenheit, and the molar form of haemoglobin.
#pragma once

#include <optional>
#include <string_view>

namespace clinnova::decision {

/// `value` of unit `from` in unit `to`, for the field called `field`; nothing when there is no such
/// unit or it is of another dimension. Source of the factors: UCUM 2.1 (a = 365.25 d, mo = a/12,
/// [degF] = 5/9 K from 459.67); haemoglobin monomer 16.114 g/mmol.
std::optional<double> ConvertForField(std::string_view field, double value, std::string_view from,
                                      std::string_view to);

}  // namespace clinnova::decision
