// SPDX-License-Identifier: Apache-2.0
#include "intake/iso_time.h"

#include <charconv>
#include <cstdio>

#include "intake/local_text.h"

namespace clinnova::intake {
namespace {

bool TakeDigits(std::string_view& text, std::size_t count, int& number) {
  if (text.size() < count) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, number);
  if (error != std::errc() || end != text.data() + count || text[0] == '-') return false;
  text.remove_prefix(count);
  return true;
}

bool TakeMark(std::string_view& text, char mark) {
  if (text.empty() || text.front() != mark) return false;
  text.remove_prefix(1);
  return true;
}

/// "Z", "+01:00" or nothing.
bool IsZone(std::string_view text) {
  int number = 0;
  if (text.empty() || text == "Z") return true;
  if (text.front() != '+' && text.front() != '-') return false;
  text.remove_prefix(1);
  return TakeDigits(text, 2, number) && TakeMark(text, ':') && TakeDigits(text, 2, number) &&
         text.empty();
}

}  // namespace

std::optional<SourceTime> ParseIsoTime(std::string_view text) {
  SourceTime time;
  time.precision = SourceTime::Precision::kYear;
  if (!TakeDigits(text, 4, time.year)) return std::nullopt;
  if (!text.empty()) {
    if (!TakeMark(text, '-') || !TakeDigits(text, 2, time.month)) return std::nullopt;
    time.precision = SourceTime::Precision::kMonth;
  }
  if (!text.empty()) {
    if (!TakeMark(text, '-') || !TakeDigits(text, 2, time.day)) return std::nullopt;
    time.precision = SourceTime::Precision::kDay;
  }
  if (!text.empty() && !IsZone(text)) {
    if (!TakeMark(text, 'T') || !TakeDigits(text, 2, time.hour) || !TakeMark(text, ':') ||
        !TakeDigits(text, 2, time.minute)) {
      return std::nullopt;
    }
    if (TakeMark(text, ':') && !TakeDigits(text, 2, time.second)) return std::nullopt;
    if (TakeMark(text, '.')) {
      while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
    }
    if (!IsZone(text)) return std::nullopt;
    time.precision = SourceTime::Precision::kSecond;
  }
  if (!IsOnCalendar(time)) return std::nullopt;
  return time;
}

std::string IsoDate(std::chrono::sys_days day) {
  const std::chrono::year_month_day date{day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

}  // namespace clinnova::intake
