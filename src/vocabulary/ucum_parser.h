// SPDX-License-Identifier: Apache-2.0
// The grammar of UCUM (https://ucum.org/ucum, section 2):
//
//   main-term   = "/" term | term
//   term        = component { ("." | "/") component }
//   component   = simple [exponent] [annotation] | factor [annotation] | annotation
//               | "(" term ")" [annotation]
//   simple      = [prefix] atom          prefixes only before metric atoms
//   exponent    = ["+" | "-"] digits
//
// ParseUcum(ucum, "10*3/uL")   // 10^12 m^-3
#pragma once

#include <string_view>

#include "vocabulary/ucum.h"

namespace clinnova::vocabulary {

/// Reads a unit by the tables of `ucum`; kInvalidInput with one line that names the place.
Result<UcumUnit> ParseUcum(const Ucum& ucum, std::string_view unit);

}  // namespace clinnova::vocabulary
