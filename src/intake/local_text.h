// SPDX-License-Identifier: Apache-2.0
// Numbers and dates as the countries write them: "1'240,5", "< 0,6", "31/12/2023", "12.2023".
//
//   NumberFormat french{.decimal = ',', .thousands = " "};
//   auto number = ParseNumber("< 0,6", french);        // {0.6, "<", ""}
//   CLINNOVA_ASSIGN(DatePattern pattern, DatePattern::Parse("dd/mm/yyyy"));
//   auto day = pattern.Read("31/12/2023");              // 2023-12-31, precision day
//
// Thread rule: values and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intake/source_record.h"

namespace clinnova::intake {

/// How a file writes numbers.
struct NumberFormat {
  char decimal = '.';
  char other_decimal = 0;  ///< read as a decimal mark too; 0 = none
  std::string thousands;   ///< "'", " ", "." or "" = none; UTF-8; a no-break space counts as " "
};

/// "<= 1'200,5 mg/L" is 1200.5, "<=", "mg/L".
struct ParsedNumber {
  double number = 0;
  std::string_view comparator;  ///< "", "<", "<=", ">", ">="; also read from "≤" and "≥"
  std::string_view rest;        ///< what follows the number, trimmed: a unit, or empty
};

/// Reads a number with comparator; nothing when `text` does not begin with one, when a thousands mark
/// stands where none can ("1'24"), or when the other country's decimal mark is used ("0.6" where "," is
/// the mark). Correctly rounded.
std::optional<ParsedNumber> ParseNumber(std::string_view text, const NumberFormat& format);

/// A date pattern made of yyyy, mm, dd, HH, MM, SS and the marks between them. It needs the year; what
/// it lacks, the time's precision says: "mm/yyyy" gives months. "iso" is ISO 8601 (iso_time.h).
class DatePattern {
 public:
  /// kInvalidInput for a pattern without yyyy, with a part twice, with another letter, or with a gap
  /// ("dd.yyyy", "HH" without day).
  static Result<DatePattern> Parse(std::string_view pattern);

  /// Nothing when `text` does not follow the pattern to its last character or is no day of the
  /// calendar (30 February). Day and month may have one digit where a mark follows.
  std::optional<SourceTime> Read(std::string_view text) const;

  const std::string& text() const { return text_; }

 private:
  enum class Part { kYear, kMonth, kDay, kHour, kMinute, kSecond, kMark };
  struct Step {
    Part part = Part::kMark;
    char mark = 0;
  };
  Result<void> Add(Part part);
  bool ReadPart(const Step& step, bool mark_follows, std::string_view& text,
                SourceTime& time) const;

  std::string text_;
  bool iso_ = false;
  std::vector<Step> steps_;
  SourceTime::Precision precision_ = SourceTime::Precision::kYear;
};

/// `text` without blanks, tabs and no-break spaces at its ends.
std::string_view TrimText(std::string_view text);

/// Whether year, month, day, hour, minute and second are on the calendar (years 1000 to 9999).
bool IsOnCalendar(const SourceTime& time);

}  // namespace clinnova::intake
