// SPDX-License-Identifier: Apache-2.0
// Small forms of text that several rooms write alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clinnova::core {

/// A to Z as a to z; every other byte, UTF-8's too, as it is.
constexpr char AsciiLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
std::string AsciiLower(std::string_view text);

/// A field of a CSV file with commas (RFC 4180): in quotes, doubled inside, where it holds a comma, a quote or an end of
/// line.
std::string CsvField(std::string_view text);

/// "a, b, c" of texts, in the order of the range.
template <typename Texts>
std::string Joined(const Texts& texts, std::string_view between = ", ") {
  std::string list;
  bool first = true;
  for (const auto& text : texts) {
    if (!first) list += between;
    list += text;
    first = false;
  }
  return list;
}

/// What stands between the marks, empty parts too: one part where there is no mark. Views into `text`.
std::vector<std::string_view> Split(std::string_view text, char mark);

/// Text as HTML shows it, in an element or a quoted attribute.
std::string EscapedHtml(std::string_view text);

/// A number with so many significant digits, without trailing zeros (printf's %g).
std::string Significant(double value, int digits);

}  // namespace clinnova::core
