// SPDX-License-Identifier: Apache-2.0
// Runs the checks over a CDM, and shows the rows that one of them counts.
//
//   OwnCdm cdm(store);
//   CLINNOVA_ASSIGN(const QualityReport report, RunChecks(cdm));
//   report.outcomes[i].status;                                          // of report.checks[i]
//   CLINNOVA_ASSIGN(const ShownRows rows, ShowRows(cdm, "person.person_id.primary_key", 10));
//
// One statement per table counts all checks of its rows, one per concept field those of its concepts, one those of all
// limits, units or sexes: some 230 statements for 3,000 checks, most over few rows. A statement that the engine refuses
// makes its checks errors and stops no other.
// The report holds counts and names of concepts, and nothing of a single patient; shown rows are for the data manager's
// own screen. One thread at a time.
#pragma once

#include <string>
#include <vector>

#include "quality/cdm.h"
#include "quality/check.h"

namespace clinnova::quality {

struct QualityReport {
  std::string ran_at;  ///< "2026-03-01T09:30:00Z"
  double seconds = 0;
  std::vector<Check> checks;
  std::vector<Outcome> outcomes;  ///< of each check
  std::size_t statements = 0;     ///< that were sent to the engine

  std::size_t Count(Status status) const;
};

/// kFailed or kUnreachable when the CDM cannot be read at all. kFailed ("engine_closed"): an internal error of DuckDB,
/// after which it answers nothing more until the store is opened anew.
Result<QualityReport> RunChecks(Cdm& cdm);
/// Clinnova's own CDM in a file, the run kept beside it (history.h). DuckDB 1.4 on two threads ended about one run in two
/// hundred with an internal error ("Expected vector of type UINT64"), which statement is not known: then the store is
/// opened anew and the run begun again on one thread, twice at most. Others as Store::Open.
Result<QualityReport> RunAndKeep(const std::string& store_file);

struct ShownRows {
  std::string description;
  std::string sql;  ///< without a limit
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< NULL is empty
};

/// At most `limit` rows that the check counts as wrong, with key, person and, where Clinnova imported them, file and line
/// of the source. kInvalidInput: there is no such check (the message has those with a like name), or none of rows.
Result<ShownRows> ShowRows(Cdm& cdm, const std::string& check_id, std::size_t limit);
}  // namespace clinnova::quality
