// SPDX-License-Identifier: Apache-2.0
#include "intake/local_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "intake/iso_time.h"

namespace clinnova::intake {
namespace {

constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
constexpr std::string_view kNarrowNoBreakSpace = "\xE2\x80\xAF";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Length of the blank at the start of `text`: 0 when there is none.
std::size_t BlankLength(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] == ' ' || text[0] == '\t') return 1;
  if (text.starts_with(kNoBreakSpace)) return kNoBreakSpace.size();
  if (text.starts_with(kNarrowNoBreakSpace)) return kNarrowNoBreakSpace.size();
  return 0;
}

// Length of the thousands mark at the start of `text`: 0 when there is none.
std::size_t MarkLength(std::string_view text, const std::string& mark) {
  if (mark.empty()) return 0;
  if (mark == " ") return BlankLength(text);
  if (text.starts_with(mark)) return mark.size();
  // Word processors turn ' into ’.
  if (mark == "'" && text.starts_with("\xE2\x80\x99")) return 3;
  return 0;
}

std::string_view TakeComparator(std::string_view& text) {
  struct Spelling {
    std::string_view text;
    std::string_view meaning;
  };
  constexpr Spelling kSpellings[] = {
      {"<=", "<="}, {">=", ">="}, {"=<", "<="},           {"=>", ">="},
      {"<", "<"},   {">", ">"},   {"\xE2\x89\xA4", "<="}, {"\xE2\x89\xA5", ">="}};
  for (const Spelling& spelling : kSpellings) {
    if (!text.starts_with(spelling.text)) continue;
    text = TrimText(text.substr(spelling.text.size()));
    return spelling.meaning;
  }
  return {};
}

// Writes the integer digits at the start of `text` to `plain`, thousands marks left out.
bool TakeInteger(std::string_view& text, const NumberFormat& format, std::string& plain) {
  std::size_t digits = 0;
  bool grouped = false;
  while (!text.empty()) {
    if (IsDigit(text[0])) {
      plain.push_back(text[0]);
      text.remove_prefix(1);
      ++digits;
      continue;
    }
    const std::size_t mark = MarkLength(text, format.thousands);
    if (mark == 0 || mark >= text.size() || !IsDigit(text[mark])) break;
    if (digits == 0 || digits > 3 || (grouped && digits != 3)) return false;
    grouped = true;
    digits = 0;
    text.remove_prefix(mark);
  }
  return digits > 0 && (!grouped || digits == 3);
}

bool TakeFraction(std::string_view& text, const NumberFormat& format, std::string& plain) {
  const bool mark = !text.empty() && text[0] != 0 &&
                    (text[0] == format.decimal || text[0] == format.other_decimal);
  if (!mark) return true;
  text.remove_prefix(1);
  plain.push_back('.');
  std::size_t digits = 0;
  for (; !text.empty() && IsDigit(text[0]); ++digits, text.remove_prefix(1))
    plain.push_back(text[0]);
  return digits > 0;
}

// The usual case at full speed: nothing but digits and one point.
std::optional<double> PlainNumber(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool IsPlain(std::string_view text) {
  return !text.empty() && IsDigit(text[0]) && IsDigit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return IsDigit(c) || c == '.'; });
}

int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Takes `least` to `most` digits; nothing when there are fewer.
std::optional<int> TakeDigits(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t digits = 0;
  int value = 0;
  while (digits < most && digits < text.size() && IsDigit(text[digits])) {
    value = value * 10 + (text[digits++] - '0');
  }
  if (digits < least) return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

}  // namespace

std::string_view TrimText(std::string_view text) {
  // Nearly always there is nothing to trim: both ends are ASCII and no blank.
  const auto stays = [](char c) { return c > ' ' && static_cast<unsigned char>(c) < 0x80; };
  if (!text.empty() && stays(text.front()) && stays(text.back())) return text;
  while (const std::size_t blank = BlankLength(text)) text.remove_prefix(blank);
  while (!text.empty()) {
    if (text.back() == ' ' || text.back() == '\t')
      text.remove_suffix(1);
    else if (text.ends_with(kNoBreakSpace))
      text.remove_suffix(kNoBreakSpace.size());
    else if (text.ends_with(kNarrowNoBreakSpace))
      text.remove_suffix(kNarrowNoBreakSpace.size());
    else
      break;
  }
  return text;
}

std::optional<ParsedNumber> ParseNumber(std::string_view text, const NumberFormat& format) {
  ParsedNumber parsed;
  text = TrimText(text);
  if (format.decimal == '.' && format.thousands != "." && IsPlain(text)) {
    const auto number = PlainNumber(text);
    if (!number) return std::nullopt;
    parsed.number = *number;
    return parsed;
  }
  parsed.comparator = TakeComparator(text);
  std::string plain;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    if (text[0] == '-') plain.push_back('-');
    text.remove_prefix(1);
  }
  if (!TakeInteger(text, format, plain) || !TakeFraction(text, format, plain)) return std::nullopt;
  // "1.5" where "," is the decimal mark, "1,5,2", "12a": not a number followed by a unit.
  if (!text.empty() && (text[0] == '.' || text[0] == ',' || text[0] == '\'')) return std::nullopt;
  const auto number = PlainNumber(plain);
  if (!number) return std::nullopt;
  parsed.number = *number;
  parsed.rest = TrimText(text);
  return parsed;
}

Result<void> DatePattern::Add(Part part) {
  for (const Step& step : steps_) {
    if (step.part == part) {
      return Fail(ErrorCode::kInvalidInput, "date pattern \"" + text_ + "\": a part stands twice");
    }
  }
  steps_.push_back({part, 0});
  return {};
}

Result<DatePattern> DatePattern::Parse(std::string_view pattern) {
  struct Word {
    std::string_view word;
    Part part;
  };
  constexpr Word kWords[] = {{"yyyy", Part::kYear}, {"mm", Part::kMonth},  {"dd", Part::kDay},
                             {"HH", Part::kHour},   {"MM", Part::kMinute}, {"SS", Part::kSecond}};
  DatePattern made;
  made.text_ = std::string(pattern);
  made.iso_ = pattern == "iso";
  if (made.iso_) return made;
  bool has[7] = {};
  for (std::string_view rest = pattern; !rest.empty();) {
    const auto* word =
        std::ranges::find_if(kWords, [&](const Word& w) { return rest.starts_with(w.word); });
    if (word != std::end(kWords)) {
      CLINNOVA_TRY(made.Add(word->part));
      has[static_cast<int>(word->part)] = true;
      rest.remove_prefix(word->word.size());
      continue;
    }
    const char mark = rest[0];
    if (IsDigit(mark) || (std::isalpha(static_cast<unsigned char>(mark)) && mark != 'T')) {
      return Fail(ErrorCode::kInvalidInput,
                  "date pattern \"" + made.text_ + "\": found '" + std::string(1, mark) +
                      "', expected yyyy, mm, dd, HH, MM, SS and marks between them");
    }
    made.steps_.push_back({Part::kMark, mark});
    rest.remove_prefix(1);
  }
  const auto is = [&](Part part) { return has[static_cast<int>(part)]; };
  const bool gap = !is(Part::kYear) || (is(Part::kDay) && !is(Part::kMonth)) ||
                   (is(Part::kHour) && !is(Part::kDay)) || (is(Part::kMinute) != is(Part::kHour)) ||
                   (is(Part::kSecond) && !is(Part::kMinute));
  if (gap) {
    return Fail(ErrorCode::kInvalidInput,
                "date pattern \"" + made.text_ +
                    "\": expected yyyy, mm/yyyy, dd/mm/yyyy or these with HH:MM");
  }
  if (is(Part::kHour))
    made.precision_ = SourceTime::Precision::kSecond;
  else if (is(Part::kDay))
    made.precision_ = SourceTime::Precision::kDay;
  else if (is(Part::kMonth))
    made.precision_ = SourceTime::Precision::kMonth;
  return made;
}

bool DatePattern::ReadPart(const Step& step, bool mark_follows, std::string_view& text,
                           SourceTime& time) const {
  if (step.part == Part::kMark) {
    if (text.empty() || text[0] != step.mark) return false;
    text.remove_prefix(1);
    return true;
  }
  const bool year = step.part == Part::kYear;
  const auto value = TakeDigits(text, year ? 4 : (mark_follows ? 1 : 2), year ? 4 : 2);
  if (!value) return false;
  switch (step.part) {
    case Part::kYear: time.year = *value; break;
    case Part::kMonth: time.month = *value; break;
    case Part::kDay: time.day = *value; break;
    case Part::kHour: time.hour = *value; break;
    case Part::kMinute: time.minute = *value; break;
    case Part::kSecond: time.second = *value; break;
    case Part::kMark: break;
  }
  return true;
}

std::optional<SourceTime> DatePattern::Read(std::string_view text) const {
  if (iso_) return ParseIsoTime(text);
  SourceTime time;
  time.precision = precision_;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const bool mark_follows = i + 1 < steps_.size() && steps_[i + 1].part == Part::kMark;
    if (!ReadPart(steps_[i], mark_follows, text, time)) return std::nullopt;
  }
  if (!text.empty() || !IsOnCalendar(time)) return std::nullopt;
  return time;
}

bool IsOnCalendar(const SourceTime& time) {
  return time.year >= 1000 && time.year <= 9999 && time.month >= 1 && time.month <= 12 &&
         time.day >= 1 && time.day <= DaysInMonth(time.year, time.month) && time.hour >= 0 &&
         time.hour < 24 && time.minute >= 0 && time.minute < 60 && time.second >= 0 &&
         time.second < 60;
}

}  // namespace clinnova::intake
