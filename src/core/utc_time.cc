// SPDX-License-Identifier: Apache-2.0
#include "core/utc_time.h"

#include <ctime>

namespace clinnova::core {
namespace {

/// Without the zone.
std::string Text(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  return text;
}

/// `size` digits from `at` as a number; -1 where there is something else.
int Digits(std::string_view text, std::size_t at, std::size_t size) {
  int number = 0;
  for (const char c : text.substr(at, size)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::string UtcSeconds(std::chrono::system_clock::time_point time) {
  return Text(std::chrono::floor<std::chrono::seconds>(time)) + "Z";
}

std::string UtcMilliseconds(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(time - seconds).count();
  return Text(seconds) + "." + std::to_string(1000 + rest).substr(1) + "Z";
}

std::string Today() { return UtcSeconds(std::chrono::system_clock::now()).substr(0, 10); }

bool IsDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  if (year < 0 || month < 0 || day < 0) return false;
  return std::chrono::year_month_day(std::chrono::year(year),
                                     std::chrono::month(static_cast<unsigned>(month)),
                                     std::chrono::day(static_cast<unsigned>(day)))
      .ok();
}

}  // namespace clinnova::core
