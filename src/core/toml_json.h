// SPDX-License-Identifier: Apache-2.0
// TOML as JSON, with the line of every key kept for error messages. The one place that includes toml++.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/error.h"

namespace clinnova::core {

/// `lines` is filled with the 1-based line of each key by its path: "study.title", "analysis[0].formula".
/// kInvalidInput: `FILE:LINE: what is wrong`. Dates and times become texts.
Result<nlohmann::json> TomlToJson(std::string_view text, std::string_view file,
                                  std::map<std::string, int>& lines);

/// Where the keys of a file stand, for what is wrong with one of them.
struct TomlPlace {
  std::string file;
  std::map<std::string, int> lines{};

  /// kInvalidInput: "FILE:LINE: KEY: WHAT".
  tl::unexpected<Error> Wrong(const std::string& key, const std::string& what) const;
};

}  // namespace clinnova::core
