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

}  // namespace

std::string UtcSeconds(std::chrono::system_clock::time_point time) {
  return Text(std::chrono::floor<std::chrono::seconds>(time)) + "Z";
}

std::string UtcMilliseconds(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(time - seconds).count();
  return Text(seconds) + "." + std::to_string(1000 + rest).substr(1) + "Z";
}

}  // namespace clinnova::core
