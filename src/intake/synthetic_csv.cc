// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv.h"

#include <cstdio>

#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake {
namespace synthetic {

std::string Decimal(long value, int decimals, char mark) {
  std::string digits = std::to_string(value);
  if (decimals == 0) return digits;
  while (static_cast<int>(digits.size()) <= decimals) digits.insert(digits.begin(), '0');
  digits.insert(digits.end() - decimals, mark);
  return digits;
}

std::string Grouped(long value, std::string_view mark) {
  std::string digits = std::to_string(value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), mark);
  return digits;
}

std::string DateText(Day day, char mark) {
  const std::chrono::year_month_day date{day};
  char text[40];
  std::snprintf(text, sizeof text, "%02u%c%02u%c%04d", static_cast<unsigned>(date.day()), mark,
                static_cast<unsigned>(date.month()), mark, static_cast<int>(date.year()));
  return text;
}

std::string Text(const std::optional<int>& value) { return value ? std::to_string(*value) : ""; }

long CreatinineHundredths(int umol_per_l) { return (umol_per_l * 10000L + 4421) / 8842; }

}  // namespace synthetic

std::unique_ptr<SyntheticWriter> MakeCsvWriter(std::string_view dialect,
                                               const WriterOptions& options) {
  if (dialect == "lu-ecrf") return synthetic::MakeLuxembourgWriter(options);
  if (dialect == "fr-csv") return synthetic::MakeFrenchWriter(options);
  return synthetic::MakeSwissWriter(options);
}

}  // namespace clinnova::intake
