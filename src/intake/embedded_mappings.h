// SPDX-License-Identifier: Apache-2.0
// The mapping files of mappings/, compiled in: a site needs nothing but the program to read them.
#pragma once

#include <span>
#include <string_view>

namespace clinnova::intake {

struct EmbeddedMapping {
  std::string_view dialect;  ///< "ch-csv"
  std::string_view file;     ///< "labor.toml"
  std::string_view toml;
};

/// Sorted by dialect and file.
std::span<const EmbeddedMapping> EmbeddedMappings();

}  // namespace clinnova::intake
