// SPDX-License-Identifier: Apache-2.0
// Reads the tab-separated tables that are compiled in: lines that start with '#' are comments.
#pragma once

#include <charconv>
#include <string_view>
#include <vector>

#include "core/check.h"

namespace clinnova::vocabulary {

/// Calls `use(fields)` for every row of `text`; the fields are views into it.
template <typename Use>
void ForEachRow(std::string_view text, Use use) {
  std::vector<std::string_view> fields;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : text.size());
    if (line.empty() || line.front() == '#') continue;
    fields.clear();
    for (;;) {
      const auto tab = line.find('\t');
      fields.push_back(line.substr(0, tab));
      if (tab == line.npos) break;
      line.remove_prefix(tab + 1);
    }
    use(fields);
  }
}

/// The number that a field of such a table is, in C's notation: one that is none is a bug, found by the first test that
/// runs.
template <typename T>
T NumberField(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  CLINNOVA_CHECK(error == std::errc() && end == text.data() + text.size());
  return value;
}

}  // namespace clinnova::vocabulary
