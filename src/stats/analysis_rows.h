// SPDX-License-Identifier: Apache-2.0
// The complete rows of an analysis without a design matrix: its numbers, and the group of each row. For tests
// between groups, ranks and correlations.
//
//   CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(site.analysis, site.table.schema));
//   rows.Evaluate(site.table, first, count, batch);      // batch.numbers[0][r], batch.group[r]
//
// What is read follows from the options: `variables` (columns, no group); `formula` "y ~ g" (g a column or
// factor(g); "y ~ 1" without groups); or `y`, less `paired` where that is given. A numeric column as group
// counts by its distinct numbers, as R's factor(g). A row is complete when every one of them is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "federation/analysis.h"
#include "federation/exact_sums.h"
#include "table/numeric_expression.h"

namespace clinnova::stats {

/// The complete rows of a batch, compacted.
struct RowBatch {
  std::size_t rows = 0;
  std::size_t missing = 0;
  std::size_t infinite = 0;  ///< left out: an expression is infinite there
  std::vector<std::vector<double>> numbers;
  std::vector<std::int32_t> group;  ///< level of the group factor; 0 without groups
  std::vector<double> scratch;
};

class AnalysisRows {
 public:
  /// kInvalidInput names the analysis, what was found and what was expected.
  static Result<AnalysisRows> Bind(const federation::Analysis& analysis,
                                   const table::Schema& schema);

  std::size_t numbers() const { return numbers_.size(); }
  bool grouped() const { return group_.has_value(); }
  /// All levels of the group factor; one unnamed level without groups.
  const std::vector<std::string>& levels() const { return levels_; }
  const std::string& group_name() const { return group_name_; }

  /// Rows [first, first + count), count <= table::kBatchRows.
  void Evaluate(const table::Table& table, std::size_t first, std::size_t count,
                RowBatch& batch) const;

 private:
  AnalysisRows() = default;
  std::vector<table::NumericExpression> numbers_;
  std::optional<std::size_t> group_;
  std::string group_name_;
  std::vector<std::string> levels_;
};

/// The column that an analysis' formula groups by, "" without; for ColumnDeclarations. kInvalidInput for a
/// formula that does not parse or whose right side is not one column.
Result<std::string> GroupColumnOf(const federation::Analysis& analysis);

/// The columns that `y` and `paired` read.
Result<std::vector<std::string>> ColumnsOfPair(const federation::Analysis& analysis);

/// Counts of complete, incomplete and infinite rows: the first block of the steps that read AnalysisRows.
enum RowCase { kRowComplete, kRowMissing, kRowInfinite, kRowCases };
void CountRows(const RowBatch& batch, std::size_t block, federation::ExactSums& sums);

/// What the pooled counts forbid: kFailed for infinite values or no complete row, kRefused
/// (`cohort_below_threshold`) below the threshold.
Result<void> CheckRows(const federation::Analysis& analysis, const federation::PooledSums& sums,
                       std::size_t block, int minimum_count);

}  // namespace clinnova::stats
