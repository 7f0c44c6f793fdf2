// SPDX-License-Identifier: Apache-2.0
// Small forms of text that several rooms write alike.
#pragma once

#include <string>
#include <string_view>

namespace clinnova::core {

/// A to Z as a to z; every other byte, UTF-8's too, as it is.
constexpr char AsciiLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
std::string AsciiLower(std::string_view text);

/// A field of a CSV file with commas (RFC 4180): in quotes, doubled inside, where it holds a comma, a quote or an end of
/// line.
std::string CsvField(std::string_view text);

/// A number with so many significant digits, without trailing zeros (printf's %g).
std::string Significant(double value, int digits);

}  // namespace clinnova::core
