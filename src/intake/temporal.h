// SPDX-License-Identifier: Apache-2.0
// Dates, times and both, as FHIR and FHIRPath have them: known to the year, the month, the day, the hour, …,
// with or without a time zone.
//
//   auto born = Temporal::Parse("1974-12", Temporal::Kind::kDate);     // precision: the month
//   Compare(*born, *Temporal::Parse("1974-12-25", Temporal::Kind::kDate));   // undecided
//   Add(*born, 1, CalendarUnit::kYear)->Text();                        // "1975-12"
//
// Source: HL7 FHIRPath N1, sections 5.1 (literals), 6.2 (comparison), 6.6 (arithmetic).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clinnova::intake {

struct Temporal {
  enum class Kind { kDate, kDateTime, kTime };
  enum class Precision { kYear, kMonth, kDay, kHour, kMinute, kSecond };

  Kind kind = Kind::kDate;
  Precision precision = Precision::kYear;
  int year = 1;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int nanosecond = 0;
  int fraction_digits = 0;                 ///< written digits of the second's fraction
  std::optional<int> offset_minutes = {};  ///< east of Greenwich

  /// Nothing unless `text` is a whole value of that kind that exists in the calendar: "2015", "2015-02-04",
  /// "2015-02-04T14:34:28.123+10:00" (a trailing T is allowed: "2015T"), "14:34:28".
  static std::optional<Temporal> Parse(std::string_view text, Kind kind);
  /// In ISO 8601, to its precision.
  std::string Text() const;
};

/// <0, 0, >0; nothing where the precisions or an unknown zone leave it open. Precondition: both are times of
/// day, or neither is.
std::optional<int> Compare(const Temporal& a, const Temporal& b);

/// The same instant written to the same precision: FHIRPath's equivalence.
bool Equivalent(const Temporal& a, const Temporal& b);

enum class CalendarUnit { kYear, kMonth, kWeek, kDay, kHour, kMinute, kSecond, kMillisecond };

/// "days" or "day"; nothing for other words.
std::optional<CalendarUnit> CalendarUnitOf(std::string_view word);

/// `amount` units later; finer units than the value's precision count in whole units of it. Nothing past
/// the years 1–9999. A time of day goes round.
std::optional<Temporal> Add(const Temporal& value, std::int64_t amount, CalendarUnit unit);

/// The earliest or latest value to `digits` of precision that `value` may be: 4 year, 6 month, 8 day, 10
/// hour, 12 minute, 14 second, 17 millisecond; of a time of day 2, 4, 6, 9. Nothing for other numbers. An
/// unknown zone is the most eastern for the earliest, the most western for the latest.
std::optional<Temporal> LowBoundary(const Temporal& value, int digits);
std::optional<Temporal> HighBoundary(const Temporal& value, int digits);

/// The digits of the value's own precision, as above.
int PrecisionDigits(const Temporal& value);

}  // namespace clinnova::intake
