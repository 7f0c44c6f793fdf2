// SPDX-License-Identifier: Apache-2.0
#include "quality/history.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "quality/report.h"

namespace clinnova::quality {
namespace {

using nlohmann::ordered_json;

Result<void> WriteRun(core::Database& database, const QualityReport& report) {
  CLINNOVA_ASSIGN(
      const std::int64_t number,
      database.QueryInt64("SELECT coalesce(max(run_id), 0) + 1 FROM clinnova.quality_run"));
  CLINNOVA_TRY(database.Query(
      "INSERT INTO clinnova.quality_run SELECT ?, ?::TIMESTAMPTZ AT TIME ZONE 'UTC', (SELECT "
      "max(import_id) FROM clinnova.import_report), ?, ?, ?",
      {number, report.ran_at, static_cast<std::int64_t>(report.Count(Status::kPass)),
       static_cast<std::int64_t>(report.Count(Status::kFail)),
       static_cast<std::int64_t>(report.Count(Status::kError))}));
  CLINNOVA_ASSIGN(core::SqlAppender results, database.Append("clinnova.quality_result"));
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    const Outcome& outcome = report.outcomes[i];
    if (outcome.status == Status::kNotApplicable) continue;
    results.Int64(number);
    results.Text(report.checks[i].id);
    results.Int64(outcome.numerator);
    results.Int64(outcome.denominator);
    results.Text(StatusName(outcome.status));
    results.EndRow();
  }
  return results.Finish();
}

Result<std::vector<Change>> ReadChanges(core::Database& database) {
  CLINNOVA_ASSIGN(
      core::SqlRows rows,
      database.Query(
          "WITH place AS (SELECT run_id, row_number() OVER (ORDER BY run_id DESC) AS place FROM "
          "clinnova.quality_run),\n"
          "newest AS (SELECT r.* FROM clinnova.quality_result r JOIN place USING (run_id) WHERE "
          "place = 1),\n"
          "before AS (SELECT r.* FROM clinnova.quality_result r JOIN place USING (run_id) WHERE "
          "place = 2)\n"
          "SELECT check_id, coalesce(b.status, 'not applicable'), coalesce(n.status, 'not "
          "applicable'),\n"
          "       coalesce(b.numerator, 0), coalesce(b.denominator, 0), coalesce(n.numerator, 0),\n"
          "       coalesce(n.denominator, 0)\n"
          "FROM newest n FULL JOIN before b USING (check_id)\n"
          "WHERE (SELECT count(*) FROM place) > 1\n"
          "  AND (coalesce(b.status, '') IN ('fail', 'error') OR coalesce(n.status, '') IN "
          "('fail', 'error'))\n"
          "  AND (b.status, b.numerator, b.denominator) IS DISTINCT FROM\n"
          "      (n.status, n.numerator, n.denominator)\n"
          "ORDER BY check_id"));
  std::vector<Change> changes;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      changes.push_back({std::string(rows.Text(0, r)), std::string(rows.Text(1, r)),
                         std::string(rows.Text(2, r)), rows.Int64(3, r), rows.Int64(4, r),
                         rows.Int64(5, r), rows.Int64(6, r)});
    }
  }
  return changes;
}

/// What became of a check that failed now or before.
std::string_view WordOf(const Change& change) {
  const auto failed = [](const std::string& status) {
    return status == StatusName(Status::kFail) || status == StatusName(Status::kError);
  };
  if (failed(change.status)) return failed(change.status_before) ? "changed" : "new";
  return change.status == StatusName(Status::kPass) ? "mended" : "gone";
}

std::string CountText(const std::string& status, std::int64_t numerator, std::int64_t denominator) {
  return denominator > 0 ? RowsText(numerator, denominator) : status;
}

}  // namespace

Result<void> KeepRun(core::Database& database, const QualityReport& report) {
  CLINNOVA_TRY(database.Execute("BEGIN"));
  Result<void> done = WriteRun(database, report);
  if (done) done = database.Execute("COMMIT");
  if (!done) static_cast<void>(database.Execute("ROLLBACK"));
  return done;
}

Result<History> ReadHistory(core::Database& database) {
  History history;
  CLINNOVA_ASSIGN(core::SqlRows rows,
                  database.Query("SELECT run_id, strftime(ran_at, '%Y-%m-%dT%H:%M:%SZ'), "
                                 "coalesce(import_id, 0), passed, failed, errors FROM "
                                 "clinnova.quality_run ORDER BY run_id DESC"));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      history.runs.push_back({rows.Int64(0, r), std::string(rows.Text(1, r)), rows.Int64(2, r),
                              rows.Int64(3, r), rows.Int64(4, r), rows.Int64(5, r)});
    }
  }
  CLINNOVA_ASSIGN(history.changes, ReadChanges(database));
  return history;
}

std::string HistoryText(const History& history) {
  if (history.runs.empty()) return "the checks have not run yet (clinnova site quality)\n";
  std::string text = " run  ran at                import  passed  failed  errors\n";
  char line[160];
  for (const PastRun& run : history.runs) {
    const std::string import = run.import_id == 0 ? "-" : std::to_string(run.import_id);
    std::snprintf(line, sizeof line, "%4lld  %-20s  %6s  %6lld  %6lld  %6lld\n",
                  static_cast<long long>(run.number), run.ran_at.c_str(), import.c_str(),
                  static_cast<long long>(run.passed), static_cast<long long>(run.failed),
                  static_cast<long long>(run.errors));
    text += line;
  }
  if (history.runs.size() < 2) return text;
  text += history.changes.empty() ? "\nnothing that fails has changed since the run before\n"
                                  : "\nsince the run before\n";
  for (const Change& change : history.changes) {
    const std::string_view word = WordOf(change);
    text += "  " + std::string(word) + std::string(9 - word.size(), ' ') + change.check_id + "  " +
            CountText(change.status_before, change.numerator_before, change.denominator_before) +
            " -> " + CountText(change.status, change.numerator, change.denominator) + "\n";
  }
  return text;
}

ordered_json HistoryJson(const History& history) {
  ordered_json json = {{"format", "clinnova-quality-history 1"},
                       {"runs", ordered_json::array()},
                       {"changes", ordered_json::array()}};
  for (const PastRun& run : history.runs) {
    json["runs"].push_back({{"run", run.number},
                            {"ran_at", run.ran_at},
                            {"import", run.import_id},
                            {"pass", run.passed},
                            {"fail", run.failed},
                            {"error", run.errors}});
  }
  for (const Change& change : history.changes) {
    json["changes"].push_back({{"id", change.check_id},
                               {"status_before", change.status_before},
                               {"numerator_before", change.numerator_before},
                               {"denominator_before", change.denominator_before},
                               {"status", change.status},
                               {"numerator", change.numerator},
                               {"denominator", change.denominator}});
  }
  return json;
}

}  // namespace clinnova::quality
