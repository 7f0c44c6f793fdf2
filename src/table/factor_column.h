// SPDX-License-Identifier: Apache-2.0
// The names of second columns: "factor(x)" holds the distinct numbers of column x as levels.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clinnova::table {

/// "factor(x)".
std::string FactorColumnName(std::string_view column);

/// The x of "factor(x)"; nothing for another name.
std::optional<std::string> FactorColumnBase(std::string_view name);

/// Levels in their default order: as numbers when all are numbers, otherwise by bytes; each once.
void SortLevels(std::vector<std::string>& levels);

}  // namespace clinnova::table
