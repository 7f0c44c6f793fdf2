// SPDX-License-Identifier: Apache-2.0
#include "table/number_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace clinnova::table {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<double> ParseSpecial(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  for (std::string_view word : {"Inf", "inf", "Infinity", "infinity"}) {
    if (text == word) return std::numeric_limits<double>::infinity();
  }
  return std::nullopt;
}

/// The shortest text of at most 15 significant digits that rounds to the same 15 digits, as
/// "d.ddde+xx".
std::string ShortestScientific(double value, int& digits) {
  std::array<char, 40> full{};
  std::array<char, 40> shorter{};
  std::snprintf(full.data(), full.size(), "%.14e", value);
  const double rounded = std::strtod(full.data(), nullptr);
  for (digits = 1; digits < 15; ++digits) {
    std::snprintf(shorter.data(), shorter.size(), "%.*e", digits - 1, value);
    if (std::strtod(shorter.data(), nullptr) == rounded) return shorter.data();
  }
  return full.data();
}

}  // namespace

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<double> ParseNumber(std::string_view text) {
  text = Trim(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  // from_chars would also take "inf" and "nan(…)" in any case.
  if (!IsDigit(text.front()) && !(text.front() == '.' && text.size() > 1 && IsDigit(text[1]))) {
    const std::optional<double> special = ParseSpecial(text);
    return special && negative ? -*special : special;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    value = std::strtod(std::string(text).c_str(), nullptr);  // tells too large from too small
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Inf" : "-Inf";
  if (value == 0) return "0";
  int digits = 0;
  const std::string scientific = ShortestScientific(value, digits);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  const int decimals = std::max(0, digits - 1 - exponent);
  const std::size_t whole = static_cast<std::size_t>(std::max(exponent, 0) + 1);
  const std::size_t fixed_width =
      (value < 0 ? 1 : 0) + whole + (decimals > 0 ? static_cast<std::size_t>(decimals) + 1 : 0);
  if (fixed_width > scientific.size()) return scientific;
  std::array<char, 400> fixed{};
  std::snprintf(fixed.data(), fixed.size(), "%.*f", decimals, value);
  return fixed.data();
}

}  // namespace clinnova::table
