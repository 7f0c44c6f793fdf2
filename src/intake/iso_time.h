// SPDX-License-Identifier: Apache-2.0
// Dates and times of ISO 8601 as FHIR, XML Schema and openEHR write them.
//
//   ParseIsoTime("2024-02");                          // precision month
//   ParseIsoTime("2024-02-29T13:05:00.5+01:00");      // 13:05, as the clock at the source showed it
//   IsoDate(std::chrono::sys_days(2024y / 2 / 29));   // "2024-02-29"
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "intake/source_record.h"

namespace clinnova::intake {

/// A year, month, day or time, a zone behind it or not: local time as written, seconds' fractions
/// dropped; nothing for another form or what is not on the calendar.
std::optional<SourceTime> ParseIsoTime(std::string_view text);

/// "2024-02-29".
std::string IsoDate(std::chrono::sys_days day);

}  // namespace clinnova::intake
