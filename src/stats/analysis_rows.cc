// SPDX-License-Identifier: Apache-2.0
#include "stats/analysis_rows.h"

#include <algorithm>
#include <cmath>

#include "stats/contingency_table.h"
#include "table/design.h"
#include "table/factor_column.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using table::Expression;
using table::Formula;
using table::NumericExpression;
using table::TermFactor;

/// The formula of the analysis; of `y` and `paired` when it has none.
Result<Formula> FormulaOfRows(const Analysis& analysis) {
  const std::string where = "analysis \"" + analysis.name() + "\"";
  if (analysis.Has("formula")) {
    if (analysis.Has("y")) {
      return analysis.Wrong("y", "found beside formula, expected one of the two");
    }
    CLINNOVA_ASSIGN(const std::string text, analysis.Text("formula"));
    auto formula = Formula::Parse(text);
    if (!formula) return FailAt(where, formula);
    return formula;
  }
  if (!analysis.Has("y")) {
    return analysis.Wrong("formula", "found nothing, expected \"outcome ~ group\"");
  }
  CLINNOVA_ASSIGN(const std::string y, analysis.Text("y"));
  CLINNOVA_ASSIGN(const std::string paired, analysis.Text("paired", ""));
  const std::string outcome = paired.empty() ? y : "I((" + y + ") - (" + paired + "))";
  auto formula = Formula::Parse(outcome + " ~ 1");
  if (!formula) return FailAt(where + ": y", formula);
  return formula;
}

/// The column on the right of ~, "" for none.
Result<std::string> GroupOf(const Analysis& analysis, const Formula& formula) {
  constexpr std::string_view kExpected = "expected one column of groups on the right of ~, or 1";
  const bool plain = formula.offsets().empty() && formula.strata().empty() &&
                     formula.clusters().empty() && formula.random().empty();
  if (!plain || formula.terms().size() > 1) return analysis.Wrong("formula", kExpected);
  if (formula.terms().empty()) return std::string();
  const std::vector<TermFactor>& factors = formula.terms()[0].factors;
  const bool column = factors.size() == 1 &&
                      (factors[0].kind == TermFactor::Kind::kFactor ||
                       factors[0].kind == TermFactor::Kind::kExpression) &&
                      factors[0].expression.kind == Expression::Kind::kName;
  if (!column) return analysis.Wrong("formula", kExpected);
  return factors[0].expression.name;
}

Result<std::vector<Expression>> NumbersOf(const Analysis& analysis) {
  std::vector<Expression> numbers;
  if (!analysis.Has("variables")) {
    CLINNOVA_ASSIGN(const Formula formula, FormulaOfRows(analysis));
    if (formula.response().kind != table::Response::Kind::kNumeric) {
      return analysis.Wrong("formula", "expected one numeric outcome on the left of ~");
    }
    numbers.push_back(formula.response().parts[0]);
    return numbers;
  }
  CLINNOVA_ASSIGN(const std::vector<std::string> names, analysis.Texts("variables"));
  for (std::size_t v = 0; v < names.size(); ++v) {
    if (std::count(names.begin(), names.end(), names[v]) > 1) {
      return analysis.Wrong("variables", "found \"" + names[v] + "\" twice");
    }
    numbers.push_back({.kind = Expression::Kind::kName, .name = names[v]});
  }
  return numbers;
}

}  // namespace

Result<AnalysisRows> AnalysisRows::Bind(const Analysis& analysis, const table::Schema& schema) {
  AnalysisRows rows;
  const std::string where = "analysis \"" + analysis.name() + "\"";
  CLINNOVA_ASSIGN(const std::vector<Expression> numbers, NumbersOf(analysis));
  for (const Expression& number : numbers) {
    auto bound = NumericExpression::Bind(number, schema);
    if (!bound) return FailAt(where, bound);
    rows.numbers_.push_back(std::move(*bound));
  }
  CLINNOVA_ASSIGN(rows.group_name_, GroupColumnOf(analysis));
  rows.levels_ = {""};
  if (rows.group_name_.empty()) return rows;
  const auto distinct = schema.Find(table::FactorColumnName(rows.group_name_));
  const auto column = table::FindColumn(rows.group_name_, schema);
  if (!column) return FailAt(where, column);
  rows.group_ = distinct ? *distinct : *column;
  if (schema.columns[*rows.group_].kind != table::ColumnKind::kFactor) {
    return analysis.Wrong("formula", rows.group_name_ +
                                         " is numeric, expected a factor; declare [[column]] name "
                                         "= \"" +
                                         rows.group_name_ + "\" with type = \"factor\"");
  }
  rows.levels_ = schema.columns[*rows.group_].levels;
  return rows;
}

void AnalysisRows::Evaluate(const table::Table& table, std::size_t first, std::size_t count,
                            RowBatch& batch) const {
  batch.numbers.resize(numbers_.size());
  for (std::size_t v = 0; v < numbers_.size(); ++v) {
    batch.numbers[v].resize(table::kBatchRows);
    batch.scratch.resize(std::max(batch.scratch.size(), numbers_[v].ScratchSize()));
    numbers_[v].Evaluate(table, first, count, batch.scratch.data(), batch.numbers[v].data());
  }
  batch.group.resize(table::kBatchRows);
  batch.rows = batch.missing = batch.infinite = 0;
  for (std::size_t r = 0; r < count; ++r) {
    const std::int32_t group = group_ ? table.column(*group_).codes[first + r] : 0;
    bool missing = group < 0;
    bool infinite = false;
    for (const std::vector<double>& values : batch.numbers) {
      missing = missing || std::isnan(values[r]);
      infinite = infinite || std::isinf(values[r]);
    }
    batch.missing += missing;
    batch.infinite += !missing && infinite;
    if (missing || infinite) continue;
    for (std::vector<double>& values : batch.numbers) values[batch.rows] = values[r];
    batch.group[batch.rows++] = group;
  }
}

Result<std::string> GroupColumnOf(const Analysis& analysis) {
  if (analysis.Has("variables")) return std::string();
  CLINNOVA_ASSIGN(const Formula formula, FormulaOfRows(analysis));
  return GroupOf(analysis, formula);
}

Result<std::vector<std::string>> ColumnsOfPair(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const Formula formula, FormulaOfRows(analysis));
  return formula.Columns();
}

void CountRows(const RowBatch& batch, std::size_t block, federation::ExactSums& sums) {
  sums.AddCount(block, kRowComplete, static_cast<std::int64_t>(batch.rows));
  sums.AddCount(block, kRowMissing, static_cast<std::int64_t>(batch.missing));
  sums.AddCount(block, kRowInfinite, static_cast<std::int64_t>(batch.infinite));
}

Result<void> CheckRows(const Analysis& analysis, const federation::PooledSums& sums,
                       std::size_t block, int minimum_count) {
  const std::string where = "analysis \"" + analysis.name() + "\": ";
  if (sums.Count(block, kRowInfinite) != 0) {
    return Fail(ErrorCode::kFailed, where + "a value is infinite in " +
                                        std::to_string(sums.Count(block, kRowInfinite)) + " rows");
  }
  if (sums.Count(block, kRowComplete) == 0 && minimum_count == 0) {
    return Fail(ErrorCode::kFailed, where + "no row has a value in every variable");
  }
  return CheckCohort(analysis, sums.Count(block, kRowComplete), minimum_count);
}

}  // namespace clinnova::stats
