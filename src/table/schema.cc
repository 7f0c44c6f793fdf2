// SPDX-License-Identifier: Apache-2.0
#include "table/table.h"

namespace clinnova::table {

std::optional<std::size_t> Schema::Find(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace clinnova::table
