// SPDX-License-Identifier: Apache-2.0
// Moments and days as ISO 8601 in UTC, as ledgers, messages and reports write them.
//
//   UtcSeconds(std::chrono::system_clock::now());       // 2026-11-26T22:10:05Z
//   UtcMilliseconds(std::chrono::system_clock::now());  // 2026-11-26T22:10:05.042Z
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace clinnova::core {

/// What is less than a second, or a millisecond, is cut off.
std::string UtcSeconds(std::chrono::system_clock::time_point time);
std::string UtcMilliseconds(std::chrono::system_clock::time_point time);

/// The machine's day, "2026-11-26".
std::string Today();
/// Whether the text is a day that the calendar has, "2027-03-31".
bool IsDay(std::string_view text);

}  // namespace clinnova::core
