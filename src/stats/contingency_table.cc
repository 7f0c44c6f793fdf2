// SPDX-License-Identifier: Apache-2.0
#include "stats/contingency_table.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/distributions.h"
#include "federation/batches.h"
#include "stats/fisher_exact.h"
#include "stats/terms.h"
#include "table/factor_column.h"
#include "table/numeric_expression.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using table::ColumnSchema;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaximumCells = 1'000'000;

Result<std::vector<std::size_t>> Factors(const Analysis& analysis, const table::Schema& schema) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names, analysis.Texts("variables"));
  if (names.empty() || names.size() > 3) {
    return analysis.Wrong("variables", "found " + std::to_string(names.size()) +
                                           " columns, expected one, two or three");
  }
  std::vector<std::size_t> columns;
  std::size_t cells = 1;
  for (const std::string& name : names) {
    auto column = schema.Find(name);
    if (!column)
      return analysis.Wrong("variables", table::UnknownColumn(name, schema).value().message);
    // A numeric column is tabulated by its distinct numbers.
    if (const auto distinct = schema.Find(table::FactorColumnName(name))) column = distinct;
    if (schema.columns[*column].kind != table::ColumnKind::kFactor) {
      return analysis.Wrong("variables",
                            name + " is numeric, expected a factor; declare [[column]] name = \"" +
                                name + "\" with type = \"factor\"");
    }
    columns.push_back(*column);
    cells *= std::max<std::size_t>(1, schema.columns[*column].levels.size());
    if (cells > kMaximumCells)
      return analysis.Wrong("variables", "the table has over 1,000,000 cells");
  }
  return columns;
}

std::size_t Cells(const table::Schema& schema, const std::vector<std::size_t>& columns) {
  std::size_t cells = 1;
  for (const std::size_t column : columns) cells *= schema.columns[column].levels.size();
  return cells;
}

struct Parameters {
  template <class A>
  void Fields(A&) {}
};
enum Block { kCases, kCells, kSites };

Result<Layout> LayoutOf(const Analysis& analysis, const table::Schema& schema, const Parameters&) {
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, Factors(analysis, schema));
  return Layout{{CountBlock("cases", 2), CountBlock("cells", Cells(schema, columns)),
                 CountBlock("sites", Cells(schema, columns))}};
}

struct NoScratch {};

Result<void> Evaluate(const SiteView& site, const Parameters&, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns,
                  Factors(site.analysis, site.table.schema));
  const std::size_t cells = Cells(site.table.schema, columns);
  std::vector<std::atomic<bool>> here(cells);
  CLINNOVA_TRY(federation::ForEachBatch<NoScratch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, NoScratch&, ExactSums& mine) -> Result<void> {
        std::vector<std::int64_t> counts(cells);
        std::int64_t missing = 0;
        for (std::size_t r = first; r < first + count; ++r) {
          std::size_t cell = 0;
          bool complete = true;
          for (const std::size_t column : columns) {
            const std::int32_t code = site.table.column(column).codes[r];
            complete = complete && code >= 0;
            cell = cell * site.table.schema.columns[column].levels.size() +
                   static_cast<std::size_t>(std::max(code, 0));
          }
          if (complete) ++counts[cell];
          missing += complete ? 0 : 1;
        }
        mine.AddCount(kCases, 0, static_cast<std::int64_t>(count) - missing);
        mine.AddCount(kCases, 1, missing);
        for (std::size_t cell = 0; cell < cells; ++cell) {
          if (counts[cell] == 0) continue;
          mine.AddCount(kCells, cell, counts[cell]);
          here[cell] = true;
        }
        return {};
      }));
  for (std::size_t cell = 0; cell < cells; ++cell) sums.AddCount(kSites, cell, here[cell] ? 1 : 0);
  return {};
}

/// Cells of one site alone (rule 11), unless the table is about the sites.
std::vector<bool> OneSiteCells(const Federation& federation, const std::vector<std::string>& names,
                               const PooledSums& sums) {
  std::vector<bool> cells(sums.layout().blocks[kSites].size);
  const bool of_sites = std::find(names.begin(), names.end(), "site") != names.end();
  if (federation.minimum_count() == 0 || of_sites) return cells;
  for (std::size_t cell = 0; cell < cells.size(); ++cell) {
    cells[cell] =
        federation::TooFewSites(sums.Count(kSites, cell), federation.schema(), federation.limits());
  }
  return cells;
}

const TypedStep<Parameters> kStep{"table.count", LayoutOf, Evaluate, federation::CountsOnly{}};

Json TestJson(const ChiSquare& test) {
  return {{"statistic", NumberJson(test.statistic)},
          {"parameter", static_cast<std::int64_t>(test.degrees_of_freedom)},
          {"p_value", NumberJson(test.p_value)}};
}

/// Fisher's exact test; a table that it cannot judge gives null and a warning.
void AddFisher(const std::vector<std::int64_t>& counts, const std::vector<std::size_t>& sizes,
               double confidence_level, Json& result) {
  const auto test = FisherExactTest(counts, sizes[0], sizes[1], confidence_level);
  if (!test) {
    result["fisher"] = nullptr;
    result["warnings"].push_back("fisher: " + test.error().message);
    return;
  }
  Json entry = {{"p_value", NumberJson(test->p_value)}};
  if (test->odds_ratio) {
    entry["estimate"] = NumberJson(*test->odds_ratio);
    entry["conf_low"] = NumberJson(*test->conf_low);
    entry["conf_high"] = NumberJson(*test->conf_high);
  }
  result["fisher"] = std::move(entry);
}

/// The counts as nested lists, hidden ones null, their paths added to `suppressed`.
Json Nested(const std::vector<std::int64_t>& counts, const std::vector<bool>& hidden,
            const std::vector<std::size_t>& sizes, std::size_t dimension, std::size_t& at,
            const std::string& path, std::vector<std::string>& suppressed) {
  Json list = Json::array();
  for (std::size_t i = 0; i < sizes[dimension]; ++i) {
    const std::string here = path + "[" + std::to_string(i) + "]";
    if (dimension + 1 < sizes.size()) {
      list.push_back(Nested(counts, hidden, sizes, dimension + 1, at, here, suppressed));
      continue;
    }
    if (hidden[at]) suppressed.push_back(here);
    list.push_back(hidden[at] ? Json(nullptr) : Json(counts[at]));
    ++at;
  }
  return list;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  const table::Schema& schema = federation.schema();
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, Factors(analysis, schema));
  CLINNOVA_ASSIGN(const bool tests, analysis.Flag("tests", true));
  CLINNOVA_ASSIGN(const bool fisher, analysis.Flag("fisher", false));
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  if (fisher && columns.size() != 2) {
    return analysis.Wrong("fisher",
                          "found " + std::to_string(columns.size()) + " variables, expected two");
  }
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kStep, Parameters{}));
  const std::vector<std::int64_t> counts = sums.Counts(kCells);
  CLINNOVA_TRY(CheckCohort(analysis, sums.Count(kCases, 0), federation.minimum_count()));
  std::vector<std::size_t> sizes;
  Json levels = Json::object();
  CLINNOVA_ASSIGN(const std::vector<std::string> names, analysis.Texts("variables"));
  for (std::size_t v = 0; v < columns.size(); ++v) {
    sizes.push_back(schema.columns[columns[v]].levels.size());
    levels[names[v]] = schema.columns[columns[v]].levels;
  }
  // A table of three factors is protected layer by layer; its third margin is not published.
  const std::size_t layer_columns = sizes.size() == 1 ? sizes[0] : sizes.back();
  const std::size_t layer_rows = sizes.size() == 1 ? 1 : sizes[sizes.size() - 2];
  const std::size_t layers = sizes.size() == 3 ? sizes[0] : 1;
  const std::vector<bool> one_site = OneSiteCells(federation, names, sums);
  std::vector<bool> hidden;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const auto from = static_cast<std::ptrdiff_t>(layer * layer_rows * layer_columns);
    const auto to = from + static_cast<std::ptrdiff_t>(layer_rows * layer_columns);
    const std::vector<std::int64_t> part(counts.begin() + from, counts.begin() + to);
    const std::vector<bool> also(one_site.begin() + from, one_site.begin() + to);
    const std::vector<bool> cells =
        HiddenCells(part, layer_rows, layer_columns, federation.minimum_count(), also);
    hidden.insert(hidden.end(), cells.begin(), cells.end());
  }
  std::vector<std::string> suppressed;
  std::size_t at = 0;
  Json result;
  result["n"] = sums.Count(kCases, 0);
  result["n_missing"] = sums.Count(kCases, 1);
  result["levels"] = std::move(levels);
  result["counts"] = Nested(counts, hidden, sizes, 0, at, "counts", suppressed);
  if (sizes.size() == 2 && tests) {
    // With a hidden cell the statistic would give it away.
    if (suppressed.empty()) {
      Json test = TestJson(ChiSquareTest(counts, sizes[0], sizes[1], 0));
      if (sizes[0] == 2 && sizes[1] == 2) {
        test["corrected"] = TestJson(ChiSquareTest(counts, 2, 2, YatesCorrection(counts, 2, 2)));
      }
      result["chisq"] = std::move(test);
    } else {
      result["chisq"] = nullptr;
      suppressed.emplace_back("chisq");
    }
  }
  if (fisher && suppressed.empty()) AddFisher(counts, sizes, level, result);
  if (fisher && !suppressed.empty()) {
    result["fisher"] = nullptr;
    suppressed.emplace_back("fisher");
  }
  result["suppressed"] = suppressed;
  return result;
}

struct Margins {
  std::vector<double> rows;
  std::vector<double> columns;
  double total = 0;
};

Margins MarginsOf(const std::vector<std::int64_t>& counts, std::size_t rows, std::size_t columns) {
  Margins margins{std::vector<double>(rows), std::vector<double>(columns), 0};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      const auto count = static_cast<double>(counts[i * columns + j]);
      margins.rows[i] += count;
      margins.columns[j] += count;
      margins.total += count;
    }
  }
  return margins;
}

constexpr std::string_view kOptions[] = {"variables", "tests", "fisher"};

}  // namespace

Result<void> CheckCohort(const Analysis& analysis, std::int64_t n, std::int64_t minimum_count) {
  if (n >= minimum_count) return {};
  return Fail(ErrorCode::kRefused,
              "analysis \"" + analysis.name() + "\": fewer complete cases than the threshold of " +
                  std::to_string(minimum_count),
              "cohort_below_threshold");
}

double YatesCorrection(const std::vector<std::int64_t>& counts, std::size_t rows,
                       std::size_t columns) {
  const Margins margins = MarginsOf(counts, rows, columns);
  double correction = 0.5;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      const double expected = margins.rows[i] * margins.columns[j] / margins.total;
      correction =
          std::min(correction, std::fabs(static_cast<double>(counts[i * columns + j]) - expected));
    }
  }
  return correction;
}

ChiSquare ChiSquareTest(const std::vector<std::int64_t>& counts, std::size_t rows,
                        std::size_t columns, double yates) {
  const Margins margins = MarginsOf(counts, rows, columns);
  ChiSquare test;
  test.degrees_of_freedom = static_cast<double>((rows - 1) * (columns - 1));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      const double expected = margins.rows[i] * margins.columns[j] / margins.total;
      const double difference =
          std::fabs(static_cast<double>(counts[i * columns + j]) - expected) - yates;
      test.statistic +=
          difference * difference / expected;  // 0 / 0 where a margin is empty, as in R
    }
  }
  test.p_value = std::isfinite(test.statistic)
                     ? core::ChiSquaredUpperTail(test.statistic, test.degrees_of_freedom)
                     : std::nan("");
  return test;
}

namespace {

/// What is known of hidden counts by somebody who has the table, the number of cases, and the table of each of
/// the two variables alone. Counts are a flow from the source over rows and columns to the sink: a total is what
/// enters its row or leaves its column. A hidden count, at least 1, is free when it lies on a cycle of hidden
/// counts around which one more, or one fewer, can flow.
class HiddenFlow {
 public:
  HiddenFlow(std::size_t rows, std::size_t columns) : rows_(rows), arcs_(rows + columns + 2) {}

  void HideCell(std::size_t row, std::size_t column, std::int64_t count) {
    Hide(row, rows_ + column, count);
  }
  void HideRowTotal(std::size_t row, std::int64_t count) { Hide(arcs_.size() - 2, row, count); }
  void HideColumnTotal(std::size_t column, std::int64_t count) {
    Hide(rows_ + column, arcs_.size() - 1, count);
  }

  /// False when a hidden cell can have only the value that it has.
  bool Free(std::size_t row, std::size_t column, std::int64_t count) const {
    const std::size_t to = rows_ + column;
    return Reaches(to, row, row, to) || (count > 1 && Reaches(row, to, row, to));
  }

 private:
  void Hide(std::size_t from, std::size_t to, std::int64_t count) {
    arcs_[from].push_back(to);
    if (count > 1) arcs_[to].push_back(from);
  }

  /// A path that does not use the cell between `row` and `column` itself.
  bool Reaches(std::size_t from, std::size_t goal, std::size_t row, std::size_t column) const {
    std::vector<std::size_t> reached = {from};
    std::vector<bool> seen(arcs_.size());
    seen[from] = true;
    for (std::size_t i = 0; i < reached.size(); ++i) {
      const std::size_t node = reached[i];
      for (const std::size_t next : arcs_[node]) {
        const bool itself = (node == row && next == column) || (node == column && next == row);
        if (itself || seen[next]) continue;
        if (next == goal) return true;
        seen[next] = true;
        reached.push_back(next);
      }
    }
    return false;
  }

  std::size_t rows_;
  std::vector<std::vector<std::size_t>> arcs_;  ///< nodes: rows, columns, source, sink
};

/// The smallest count of a shown cell that is not zero: of `row`, else of `column`, else of all; none left: end.
std::size_t CellToHide(const std::vector<std::int64_t>& counts, const std::vector<bool>& hidden,
                       std::size_t columns, std::size_t row, std::size_t column) {
  std::size_t best = counts.size();
  int best_kind = 3;
  for (std::size_t cell = 0; cell < counts.size(); ++cell) {
    if (hidden[cell] || counts[cell] == 0) continue;
    const int kind = cell / columns == row ? 0 : cell % columns == column ? 1 : 2;
    if (kind < best_kind || (kind == best_kind && counts[cell] < counts[best])) {
      best = cell;
      best_kind = kind;
    }
  }
  return best;
}

/// The totals of a table that the table of one variable alone hides.
void HideTotals(const std::vector<std::int64_t>& counts, std::size_t rows, std::size_t columns,
                std::int64_t minimum_count, HiddenFlow& flow) {
  std::vector<std::int64_t> of_row(rows);
  std::vector<std::int64_t> of_column(columns);
  for (std::size_t cell = 0; cell < counts.size(); ++cell) {
    of_row[cell / columns] += counts[cell];
    of_column[cell % columns] += counts[cell];
  }
  const std::vector<bool> hidden_rows = HiddenCells(of_row, 1, rows, minimum_count);
  const std::vector<bool> hidden_columns = HiddenCells(of_column, 1, columns, minimum_count);
  for (std::size_t i = 0; i < rows; ++i) {
    if (hidden_rows[i]) flow.HideRowTotal(i, of_row[i]);
  }
  for (std::size_t j = 0; j < columns; ++j) {
    if (hidden_columns[j]) flow.HideColumnTotal(j, of_column[j]);
  }
}

}  // namespace

std::vector<bool> HiddenCells(const std::vector<std::int64_t>& counts, std::size_t rows,
                              std::size_t columns, std::int64_t minimum_count,
                              const std::vector<bool>& also) {
  std::vector<bool> hidden(counts.size());
  std::vector<std::size_t> small;
  HiddenFlow flow(rows, columns);
  const auto hide = [&](std::size_t cell) {
    hidden[cell] = true;
    flow.HideCell(cell / columns, cell % columns, counts[cell]);
  };
  for (std::size_t cell = 0; cell < counts.size(); ++cell) {
    const bool shown = counts[cell] >= minimum_count && (also.empty() || !also[cell]);
    if (counts[cell] <= 0 || shown) continue;
    hide(cell);
    small.push_back(cell);
  }
  if (small.empty()) return hidden;
  if (rows ==
      1) {  // its columns' totals are the cells themselves, and a cell's column has no other
    for (std::size_t j = 0; j < columns; ++j) flow.HideColumnTotal(j, counts[j]);
  } else {
    HideTotals(counts, rows, columns, minimum_count, flow);
  }
  for (const std::size_t cell : small) {
    const std::size_t row = cell / columns;
    const std::size_t column = cell % columns;
    while (!flow.Free(row, column, counts[cell])) {
      const std::size_t other = CellToHide(counts, hidden, columns, row, column);
      if (other == counts.size()) return std::vector<bool>(counts.size(), true);
      hide(other);
    }
  }
  return hidden;
}

Method ContingencyTableMethod() {
  return {"table",
          "cross table of one to three factors, chi-square and Fisher's test",
          kOptions,
          {&kStep},
          Run};
}

}  // namespace clinnova::stats
