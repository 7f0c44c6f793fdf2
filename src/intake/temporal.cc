// SPDX-License-Identifier: Apache-2.0
#include "intake/temporal.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace clinnova::intake {
namespace {

using Kind = Temporal::Kind;
using Precision = Temporal::Precision;

int LastDay(int year, int month) {
  const std::chrono::year_month_day_last last{std::chrono::year(year) / month / std::chrono::last};
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

/// Reads the parts of a value from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool Done() const { return at_ == text_.size(); }
  bool Skip(char c) {
    if (Done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// Exactly `count` digits within limits.
  bool Number(int count, int low, int high, int& value) {
    if (text_.size() - at_ < static_cast<std::size_t>(count)) return false;
    value = 0;
    for (int i = 0; i < count; ++i) {
      const char c = text_[at_ + static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') return false;
      value = 10 * value + (c - '0');
    }
    at_ += static_cast<std::size_t>(count);
    return value >= low && value <= high;
  }
  /// Digits after the point; those past the ninth are dropped.
  bool Fraction(int& nanosecond, int& digits) {
    digits = 0;
    nanosecond = 0;
    int scale = 100'000'000;
    for (; !Done() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (digits == 9) continue;
      nanosecond += scale * (text_[at_] - '0');
      scale /= 10;
      ++digits;
    }
    return digits > 0;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool ReadDate(Reader& in, Temporal& value) {
  if (!in.Number(4, 1, 9999, value.year)) return false;
  value.precision = Precision::kYear;
  if (!in.Skip('-')) return true;
  if (!in.Number(2, 1, 12, value.month)) return false;
  value.precision = Precision::kMonth;
  if (!in.Skip('-')) return true;
  value.precision = Precision::kDay;
  return in.Number(2, 1, LastDay(value.year, value.month), value.day);
}

bool ReadTime(Reader& in, Temporal& value) {
  if (!in.Number(2, 0, 23, value.hour)) return false;
  value.precision = Precision::kHour;
  if (!in.Skip(':')) return true;
  if (!in.Number(2, 0, 59, value.minute)) return false;
  value.precision = Precision::kMinute;
  if (!in.Skip(':')) return true;
  if (!in.Number(2, 0, 59, value.second)) return false;
  value.precision = Precision::kSecond;
  return !in.Skip('.') || in.Fraction(value.nanosecond, value.fraction_digits);
}

bool ReadZone(Reader& in, Temporal& value) {
  if (in.Done()) return true;
  if (in.Skip('Z')) {
    value.offset_minutes = 0;
    return true;
  }
  const int sign = in.Skip('-') ? -1 : in.Skip('+') ? 1 : 0;
  int hours = 0;
  int minutes = 0;
  if (sign == 0 || !in.Number(2, 0, 14, hours) || !in.Skip(':') || !in.Number(2, 0, 59, minutes)) {
    return false;
  }
  value.offset_minutes = sign * (60 * hours + minutes);
  return true;
}

std::int64_t DaysSinceEpoch(const Temporal& t) {
  using namespace std::chrono;
  return sys_days(year(t.year) / month(static_cast<unsigned>(t.month)) /
                  day(static_cast<unsigned>(t.day)))
      .time_since_epoch()
      .count();
}

/// False past the years 1–9999.
bool SetDays(Temporal& t, std::int64_t days) {
  using namespace std::chrono;
  constexpr std::int64_t kFirst = -719162;  // 0001-01-01
  constexpr std::int64_t kLast = 2932896;   // 9999-12-31
  if (days < kFirst || days > kLast) return false;
  const year_month_day date{sys_days(std::chrono::days(days))};
  t.year = static_cast<int>(date.year());
  t.month = static_cast<int>(static_cast<unsigned>(date.month()));
  t.day = static_cast<int>(static_cast<unsigned>(date.day()));
  return true;
}

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

std::int64_t NanosOfDay(const Temporal& t) {
  return ((t.hour * 60 + t.minute) * 60 + t.second) * kNanosPerSecond + t.nanosecond;
}

void SetNanosOfDay(Temporal& t, std::int64_t nanos) {
  t.nanosecond = static_cast<int>(nanos % kNanosPerSecond);
  const std::int64_t seconds = nanos / kNanosPerSecond;
  t.second = static_cast<int>(seconds % 60);
  t.minute = static_cast<int>(seconds / 60 % 60);
  t.hour = static_cast<int>(seconds / 3600);
}

constexpr std::int64_t kNanosPerDay = 86'400 * kNanosPerSecond;

std::optional<Temporal> AddNanos(Temporal value, __int128 nanos) {
  __int128 day = NanosOfDay(value) + nanos;
  __int128 days = day / kNanosPerDay;
  day %= kNanosPerDay;
  if (day < 0) {
    day += kNanosPerDay;
    --days;
  }
  SetNanosOfDay(value, static_cast<std::int64_t>(day));
  if (value.kind == Kind::kTime) return value;
  days += DaysSinceEpoch(value);
  if (days > 4'000'000 || days < -4'000'000) return std::nullopt;
  if (!SetDays(value, static_cast<std::int64_t>(days))) return std::nullopt;
  return value;
}

std::optional<Temporal> AddMonths(Temporal value, std::int64_t months) {
  if (months > 200'000 || months < -200'000) return std::nullopt;
  const std::int64_t total = value.year * 12LL + value.month - 1 + months;
  if (total < 12 || total >= 120'000) return std::nullopt;
  value.year = static_cast<int>(total / 12);
  value.month = static_cast<int>(total % 12) + 1;
  value.day = std::min(value.day, LastDay(value.year, value.month));
  return value;
}

std::array<int, 7> Fields(const Temporal& t) {
  return {t.year, t.month, t.day, t.hour, t.minute, t.second, t.nanosecond};
}

/// Field by field, as long as both know it.
std::optional<int> CompareFields(const Temporal& a, const Temporal& b) {
  const auto left = Fields(a);
  const auto right = Fields(b);
  const int last = static_cast<int>(std::min(a.precision, b.precision));
  const int first = a.kind == Kind::kTime ? 3 : 0;
  for (int i = first; i <= last; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (left[at] != right[at]) return left[at] < right[at] ? -1 : 1;
  }
  if (a.precision != b.precision) return std::nullopt;
  if (a.precision == Precision::kSecond && left[6] != right[6]) return left[6] < right[6] ? -1 : 1;
  return 0;
}

/// In Greenwich; as it is when that would leave the calendar.
Temporal Zulu(const Temporal& t) {
  const auto moved = AddNanos(t, -60LL * *t.offset_minutes * kNanosPerSecond);
  return moved ? *moved : t;
}

/// The one has a zone, the other could be in any.
std::optional<int> CompareZoned(const Temporal& zoned, const Temporal& local) {
  constexpr std::int64_t kEarliest = -14LL * 3600 * kNanosPerSecond;
  constexpr std::int64_t kLatest = 12LL * 3600 * kNanosPerSecond;
  const Temporal zulu = Zulu(zoned);
  const __int128 difference =
      static_cast<__int128>(DaysSinceEpoch(zulu) - DaysSinceEpoch(local)) * kNanosPerDay +
      NanosOfDay(zulu) - NanosOfDay(local);
  if (difference < kEarliest) return -1;
  if (difference > kLatest) return 1;
  return std::nullopt;
}

bool HasTime(const Temporal& t) { return t.precision >= Precision::kHour; }

/// What a number of digits is a precision of.
std::optional<Precision> PrecisionOf(Kind kind, int digits) {
  if (kind == Kind::kTime) digits += 8;
  switch (digits) {
    case 4: return Precision::kYear;
    case 6: return Precision::kMonth;
    case 8: return Precision::kDay;
    case 10: return Precision::kHour;
    case 12: return Precision::kMinute;
    case 14:
    case 17: return Precision::kSecond;
    default: return std::nullopt;
  }
}

/// Fills what `value` does not know from the earliest or latest possible, and cuts to `digits`.
std::optional<Temporal> Boundary(const Temporal& value, int digits, bool high) {
  const auto precision = PrecisionOf(value.kind, digits);
  if (!precision) return std::nullopt;
  if (value.kind == Kind::kDate && *precision > Precision::kDay) return std::nullopt;
  Temporal edge = value;
  const auto unknown = [&](Precision p) { return value.precision < p; };
  if (unknown(Precision::kMonth)) edge.month = high ? 12 : 1;
  if (unknown(Precision::kDay)) edge.day = high ? LastDay(edge.year, edge.month) : 1;
  if (unknown(Precision::kHour)) edge.hour = high ? 23 : 0;
  // FHIR knows no hour without minutes: T08 is 08:00.
  if (unknown(Precision::kMinute)) edge.minute = high && unknown(Precision::kHour) ? 59 : 0;
  if (unknown(Precision::kSecond)) edge.second = high ? 59 : 0;
  if (unknown(Precision::kSecond) || value.fraction_digits < 3) {
    int unit = kNanosPerSecond;
    for (int i = 0; i < value.fraction_digits; ++i) unit /= 10;
    if (high) edge.nanosecond += (unit - 1) / 1'000'000 * 1'000'000;
  }
  edge.precision = *precision;
  const bool fraction = digits == (value.kind == Kind::kTime ? 9 : 17);
  edge.fraction_digits = fraction ? 3 : 0;
  if (!fraction) edge.nanosecond = 0;
  if (*precision >= Precision::kHour && value.kind == Kind::kDateTime && !value.offset_minutes) {
    edge.offset_minutes = high ? -12 * 60 : 14 * 60;
  }
  if (*precision < Precision::kHour) edge.offset_minutes.reset();
  return edge;
}

}  // namespace

std::optional<Temporal> Temporal::Parse(std::string_view text, Kind kind) {
  Temporal value;
  value.kind = kind;
  Reader in(text);
  if (kind != Kind::kTime) {
    if (!ReadDate(in, value)) return std::nullopt;
    if (kind == Kind::kDate || in.Done()) return in.Done() ? std::optional(value) : std::nullopt;
    if (!in.Skip('T')) return std::nullopt;
    if (in.Done()) return value;
    if (value.precision != Precision::kDay) return std::nullopt;
  }
  if (!ReadTime(in, value)) return std::nullopt;
  if (kind == Kind::kDateTime && !ReadZone(in, value)) return std::nullopt;
  return in.Done() ? std::optional(value) : std::nullopt;
}

std::string Temporal::Text() const {
  char part[48];
  std::string text;
  const auto add = [&](Precision needed, const char* format, int number) {
    if (precision < needed) return;
    std::snprintf(part, sizeof part, format, number);
    text += part;
  };
  if (kind != Kind::kTime) {
    add(Precision::kYear, "%04d", year);
    add(Precision::kMonth, "-%02d", month);
    add(Precision::kDay, "-%02d", day);
    add(Precision::kHour, "T%02d", hour);
  } else {
    add(Precision::kHour, "%02d", hour);
  }
  add(Precision::kMinute, ":%02d", minute);
  add(Precision::kSecond, ":%02d", second);
  if (fraction_digits > 0 && precision == Precision::kSecond) {
    std::snprintf(part, sizeof part, "%09d", nanosecond);
    text += "." + std::string(part, static_cast<std::size_t>(fraction_digits));
  }
  if (offset_minutes && *offset_minutes == 0) return text + "Z";
  if (offset_minutes) {
    const int offset = std::abs(*offset_minutes);
    std::snprintf(part, sizeof part, "%c%02d:%02d", *offset_minutes < 0 ? '-' : '+', offset / 60,
                  offset % 60);
    text += part;
  }
  return text;
}

std::optional<int> Compare(const Temporal& a, const Temporal& b) {
  if (HasTime(a) && HasTime(b) && a.kind != Kind::kTime) {
    if (a.offset_minutes && b.offset_minutes) return CompareFields(Zulu(a), Zulu(b));
    if (a.offset_minutes) return CompareZoned(a, b);
    if (b.offset_minutes) {
      const auto reversed = CompareZoned(b, a);
      return reversed ? std::optional(-*reversed) : std::nullopt;
    }
  }
  return CompareFields(a, b);
}

bool Equivalent(const Temporal& a, const Temporal& b) {
  return a.precision == b.precision && (a.kind == Kind::kTime) == (b.kind == Kind::kTime) &&
         Compare(a, b) == 0;
}

std::optional<CalendarUnit> CalendarUnitOf(std::string_view word) {
  constexpr std::array<std::string_view, 8> kWords = {"year", "month",  "week",   "day",
                                                      "hour", "minute", "second", "millisecond"};
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    const bool plural = word.size() == kWords[i].size() + 1 && word.ends_with('s');
    if (word == kWords[i] || (plural && word.starts_with(kWords[i]))) {
      return static_cast<CalendarUnit>(i);
    }
  }
  return std::nullopt;
}

std::optional<Temporal> Add(const Temporal& value, std::int64_t amount, CalendarUnit unit) {
  constexpr std::int64_t kSeconds[] = {0, 0, 7 * 86'400, 86'400, 3'600, 60, 1};
  __int128 nanos =
      unit == CalendarUnit::kMillisecond
          ? static_cast<__int128>(amount) * 1'000'000
          : static_cast<__int128>(amount) * kSeconds[static_cast<int>(unit)] * kNanosPerSecond;
  if (value.kind == Kind::kTime) {
    return unit <= CalendarUnit::kDay ? std::nullopt : AddNanos(value, nanos);
  }
  if (unit == CalendarUnit::kYear)
    return AddMonths(value, amount > 10'000 ? 200'001 : amount < -10'000 ? -200'001 : 12 * amount);
  if (unit == CalendarUnit::kMonth) {
    const bool whole_years = value.precision == Precision::kYear;
    return AddMonths(value, whole_years ? amount / 12 * 12 : amount);
  }
  constexpr std::int64_t kDaysOf[] = {365, 30};
  if (value.precision <= Precision::kMonth) {
    const std::int64_t unit_days = kDaysOf[static_cast<int>(value.precision)];
    const auto units = static_cast<std::int64_t>(nanos / kNanosPerDay / unit_days);
    return AddMonths(value, value.precision == Precision::kYear ? 12 * units : units);
  }
  constexpr std::int64_t kWhole[] = {kNanosPerDay, 3'600 * kNanosPerSecond, 60 * kNanosPerSecond,
                                     1};
  nanos -= nanos % kWhole[static_cast<int>(value.precision) - 2];
  auto later = AddNanos(value, nanos);
  if (later && unit == CalendarUnit::kMillisecond && value.precision == Precision::kSecond) {
    later->fraction_digits = std::max(3, later->fraction_digits);
  }
  return later;
}

std::optional<Temporal> LowBoundary(const Temporal& value, int digits) {
  return Boundary(value, digits, false);
}

std::optional<Temporal> HighBoundary(const Temporal& value, int digits) {
  return Boundary(value, digits, true);
}

int PrecisionDigits(const Temporal& value) {
  constexpr int kDigits[] = {4, 6, 8, 10, 12, 14};
  const int digits = value.fraction_digits > 0 && value.precision == Precision::kSecond
                         ? 17
                         : kDigits[static_cast<int>(value.precision)];
  return value.kind == Kind::kTime ? digits - 8 : digits;
}

}  // namespace clinnova::intake
