// SPDX-License-Identifier: Apache-2.0
// Earlier runs of the checks over Clinnova's own CDM, kept beside it: what a later import made better.
//
//   CLINNOVA_TRY(KeepRun(store.database(), report));
//   CLINNOVA_ASSIGN(const History history, ReadHistory(store.database()));
//   std::fputs(HistoryText(history).c_str(), stdout);
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/duckdb.h"
#include "quality/run.h"

namespace clinnova::quality {

struct PastRun {
  std::int64_t number = 0;
  std::string ran_at;
  std::int64_t import_id = 0;  ///< of the newest import then; 0: none
  std::int64_t passed = 0, failed = 0, errors = 0;
};

/// One check in the newest run and in the one before.
struct Change {
  std::string check_id;
  std::string status_before, status;
  std::int64_t numerator_before = 0, denominator_before = 0, numerator = 0, denominator = 0;
};

struct History {
  std::vector<PastRun> runs;  ///< the newest first
  std::vector<Change>
      changes;  ///< checks that fail in one of the two newest runs and differ between them
};

/// In one transaction. Checks that had nothing to count are not kept. kFailed with DuckDB's words.
Result<void> KeepRun(core::Database& database, const QualityReport& report);
Result<History> ReadHistory(core::Database& database);

std::string HistoryText(const History& history);
/// {"format": "clinnova-quality-history 1", "runs": […], "changes": […]}
nlohmann::ordered_json HistoryJson(const History& history);

}  // namespace clinnova::quality
