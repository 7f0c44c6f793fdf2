// SPDX-License-Identifier: Apache-2.0
#include "stats/predicted_rows.h"

#include <cmath>

#include "stats/contingency_table.h"
#include "table/numeric_expression.h"

namespace clinnova::stats {

using federation::Analysis;

Result<PredictedColumns> PredictedColumns::Find(const Analysis& analysis,
                                                const table::Schema& schema, std::string_view key) {
  PredictedColumns columns;
  CLINNOVA_ASSIGN(const std::string outcome, analysis.Text("outcome"));
  const auto at = schema.Find(outcome);
  if (!at) return analysis.Wrong("outcome", table::UnknownColumn(outcome, schema).value().message);
  columns.outcome = *at;
  const table::ColumnSchema& column = schema.columns[*at];
  if (column.kind == table::ColumnKind::kFactor && column.levels.size() != 2) {
    return analysis.Wrong("outcome", outcome + " has " + std::to_string(column.levels.size()) +
                                         " levels, expected 2");
  }
  CLINNOVA_ASSIGN(columns.names, analysis.Texts(key));
  if (columns.names.empty()) return analysis.Wrong(key, "found none, expected a column");
  for (const std::string& name : columns.names) {
    const auto found = schema.Find(name);
    if (!found) return analysis.Wrong(key, table::UnknownColumn(name, schema).value().message);
    if (schema.columns[*found].kind != table::ColumnKind::kNumeric) {
      return analysis.Wrong(key, name + " is a factor, expected a number");
    }
    columns.predictions.push_back(*found);
  }
  return columns;
}

void PredictedRows::Read(const table::Table& table, const PredictedColumns& columns,
                         std::size_t first, std::size_t count) {
  outcome.clear();
  predictions.assign(columns.predictions.size(), {});
  missing = invalid = 0;
  const table::Column& outcomes = table.column(columns.outcome);
  const bool factor = table.schema.columns[columns.outcome].kind == table::ColumnKind::kFactor;
  for (std::size_t r = first; r < first + count; ++r) {
    const double y = factor ? outcomes.codes[r] : outcomes.numbers[r];
    bool complete = factor ? y >= 0 : !std::isnan(y);
    for (const std::size_t column : columns.predictions) {
      complete = complete && !std::isnan(table.column(column).numbers[r]);
    }
    missing += complete ? 0 : 1;
    if (!complete) continue;
    invalid += y != 0 && y != 1 ? 1 : 0;
    if (y != 0 && y != 1) continue;
    outcome.push_back(static_cast<std::int32_t>(y));
    for (std::size_t v = 0; v < predictions.size(); ++v) {
      predictions[v].push_back(table.column(columns.predictions[v]).numbers[r]);
    }
  }
}

void AddPredictedCases(const PredictedRows& rows, std::size_t block, federation::ExactSums& sums) {
  std::int64_t positive = 0;
  for (const std::int32_t y : rows.outcome) positive += y;
  sums.AddCount(block, kPositive, positive);
  sums.AddCount(block, kNegative, static_cast<std::int64_t>(rows.rows()) - positive);
  sums.AddCount(block, kIncomplete, rows.missing);
  sums.AddCount(block, kInvalidOutcome, rows.invalid);
}

Result<void> HoldPredicted(const federation::SiteView& site, std::string_view key,
                           const PredictedCounts& claimed) {
  CLINNOVA_TRY(CheckCohort(site.analysis, claimed.n(), site.minimum_count));
  if (std::min(claimed.negative, claimed.positive) < site.minimum_count)
    return Fail(ErrorCode::kRefused, "the outcome has a rare level", "rare_level");
  CLINNOVA_ASSIGN(const PredictedColumns columns,
                  PredictedColumns::Find(site.analysis, site.table.schema, key));
  const auto own = site.cache.GetOrMake<PredictedCounts>("predicted " + site.analysis.name(), [&] {
    PredictedCounts counts;
    PredictedRows rows;
    for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
      rows.Read(site.table, columns, first, std::min(table::kBatchRows, site.table.rows - first));
      for (const std::int32_t y : rows.outcome) ++(y == 1 ? counts.positive : counts.negative);
    }
    return counts;
  });
  if (own->negative <= claimed.negative && own->positive <= claimed.positive) return {};
  return Fail(ErrorCode::kRefused, "a count below what this site alone has", "false_claim");
}

Result<PredictedCounts> CheckPredictedCases(const federation::Federation& federation,
                                            const Analysis& analysis,
                                            const federation::PooledSums& sums, std::size_t block) {
  const std::int64_t invalid = sums.Count(block, kInvalidOutcome);
  if (invalid != 0) {
    return analysis.Wrong(
        "outcome", "found other values than 0 and 1 in " + std::to_string(invalid) + " rows");
  }
  const PredictedCounts counts{sums.Count(block, kNegative), sums.Count(block, kPositive),
                               sums.Count(block, kIncomplete)};
  const std::int64_t k = federation.minimum_count();
  if (k > 0) CLINNOVA_TRY(CheckCohort(analysis, counts.n(), k));
  const std::int64_t fewer = std::min(counts.negative, counts.positive);
  if (fewer == 0) {
    return Fail(ErrorCode::kFailed,
                "analysis \"" + analysis.name() +
                    "\": expected rows with and rows without the outcome, found " +
                    (counts.n() == 0 ? "none" : "one kind only"));
  }
  if (fewer < k) {
    return Fail(ErrorCode::kRefused,
                "analysis \"" + analysis.name() + "\": the outcome has a level with fewer than " +
                    std::to_string(k) + " persons",
                "rare_level");
  }
  return counts;
}

}  // namespace clinnova::stats
