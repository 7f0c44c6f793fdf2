// SPDX-License-Identifier: Apache-2.0
// The unit behind a number on the command line, in a field's own unit: a known spelling ("mg/100ml"), any
// unit of UCUM, and the molar form where the field is a substance of known molar mass (haemoglobin, albumin).
#pragma once

#include <optional>
#include <string_view>

namespace clinnova::decision {

/// `value` of unit `from` in unit `to`, for the field called `field`; nothing when there is no such
/// unit or it is of another dimension. Fields that count or grade take annotations only. Sources: UCUM 2.2;
/// haemoglobin monomer 16.114 g/mmol; vocabulary/data/molar_masses.tsv.
std::optional<double> ConvertForField(std::string_view field, double value, std::string_view from,
                                      std::string_view to);

}  // namespace clinnova::decision
