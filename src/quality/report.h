// SPDX-License-Identifier: Apache-2.0
// A run's report as text for the screen, as JSON for programs and as one page of HTML. All hold counts and names of
// concepts, and nothing of a single patient.
//
// The JSON (docs/quality.md): {"format": "clinnova-quality 1", "ran_at", "seconds", "statements",
//   "totals": {"checks", "pass", "fail", "error", "not_applicable"},
//   "checks": [{"id", "kind", "category", "subcategory", "context", "table", "field", "concept_id", "unit_concept_id",
//               "description", "source", "threshold_percent", "numerator", "denominator", "share_percent", "status",
//               "note"}]}
// Pure functions; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "quality/run.h"

namespace clinnova::quality {

/// The checks that failed or could not be run, the largest share first; of equal shares in the order of the catalogue.
std::vector<std::size_t> WorstFirst(const QualityReport& report);

std::string ReportText(const QualityReport& report);
nlohmann::ordered_json ReportJson(const QualityReport& report);
/// Needs nothing beside itself: no script, no font, no picture from elsewhere.
std::string ReportHtml(const QualityReport& report, const std::string& title);

/// "959 of 2,965".
std::string RowsText(std::int64_t numerator, std::int64_t denominator);
/// "2,965".
std::string Thousands(std::int64_t number);
/// "32.3 %"; a share that is not 0 is never shown as 0.
std::string PercentText(double percent);

}  // namespace clinnova::quality
