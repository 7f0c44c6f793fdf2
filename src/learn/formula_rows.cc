// SPDX-License-Identifier: Apache-2.0
#include "learn/formula_rows.h"

#include <algorithm>
#include <cmath>

#include "core/archive.h"
#include "core/mix.h"
#include "learn/row_parts.h"
#include "stats/split_columns.h"
#include "table/factor_column.h"

namespace clinnova::learn {
namespace {

using federation::Analysis;
using federation::SiteView;
using table::Response;

/// Where the columns that the analysis splits stand: "factor(x)" is x itself where x is a factor.
Result<std::vector<std::size_t>> ColumnsOf(const Analysis& analysis, const table::Schema& schema) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names, stats::SplitColumns(analysis));
  std::vector<std::size_t> columns;
  for (const std::string& name : names) {
    auto found = schema.Find(name);
    if (const auto base = table::FactorColumnBase(name); !found && base) found = schema.Find(*base);
    if (!found) return analysis.Wrong("formula", "no site has a column " + name);
    columns.push_back(*found);
  }
  return columns;
}

void Append(const std::vector<double>& from, std::size_t rows, std::vector<double>& to) {
  to.insert(to.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(rows));
}

/// Adds a batch's complete cases.
void AddBatch(const table::DesignBatch& batch, bool survival, bool offset, TrainingRows& rows) {
  rows.source_row.insert(rows.source_row.end(), batch.source_row.begin(),
                         batch.source_row.begin() + static_cast<std::ptrdiff_t>(batch.rows));
  Append(batch.response[0], batch.rows, rows.outcome);
  if (survival) Append(batch.response[1], batch.rows, rows.event);
  Append(batch.weights, batch.rows, rows.weight);
  if (offset) Append(batch.offset, batch.rows, rows.offset);
  // Several strata columns are numbered as one.
  for (std::size_t r = 0; r < batch.rows && !batch.strata.empty(); ++r) {
    std::int32_t stratum = 0;
    for (const auto& column : batch.strata) stratum = stratum * 1024 + column[r];
    rows.stratum.push_back(stratum);
  }
}

/// The keys of rows first … last - 1.
class RowKeys {
 public:
  RowKeys(const SiteView& site, std::uint64_t seed, std::optional<std::size_t> id,
          const std::vector<std::size_t>& columns)
      : site_(site), seed_(seed), columns_(id ? std::vector{*id} : columns), by_id_(id) {
    for (const std::size_t column : columns_) {
      level_keys_.emplace_back();
      for (const std::string& level : site.table.schema.columns[column].levels) {
        level_keys_.back().push_back(MixText(seed, level));
      }
    }
  }

  void Make(TrainingRows& rows, std::size_t first, std::size_t last) const {
    for (std::size_t r = first; r < last; ++r) {
      std::uint64_t key = seed_;
      for (std::size_t c = 0; c < columns_.size(); ++c) {
        key = Absorb(key, c, rows.source_row[r]);
      }
      if (!by_id_) key = MixNumber(key, rows.outcome[r]);
      rows.key[r] = key;
    }
  }

 private:
  std::uint64_t Absorb(std::uint64_t key, std::size_t c, std::size_t row) const {
    const table::Column& column = site_.table.column(columns_[c]);
    if (column.codes.empty()) {
      const double value = column.numbers[row];
      return std::isnan(value) ? core::MixNext(key ^ 0x6d697373) : MixNumber(key, value);
    }
    const std::int32_t code = column.codes[row];
    return core::MixNext(key ^
                         (code < 0 ? 0x6d697373 : level_keys_[c][static_cast<std::size_t>(code)]));
  }

  const SiteView& site_;  // not owned
  std::uint64_t seed_;
  std::vector<std::size_t> columns_;
  bool by_id_;
  std::vector<std::vector<std::uint64_t>> level_keys_;
};

/// `key` names a column of the schema, or nothing.
Result<std::optional<std::size_t>> ColumnOption(const SiteView& site, const char* key) {
  CLINNOVA_ASSIGN(const std::string name, site.analysis.Text(key, ""));
  if (name.empty()) return std::optional<std::size_t>();
  const auto column = site.table.schema.Find(name);
  if (!column) return site.analysis.Wrong(key, "no site has a column " + name);
  return std::optional(*column);
}

Result<void> AddFolds(const SiteView& site, TrainingRows& rows) {
  CLINNOVA_ASSIGN(const FoldOptions options, FoldOptionsOf(site.analysis));
  CLINNOVA_ASSIGN(const std::optional<std::size_t> column, ColumnOption(site, "fold_column"));
  rows.fold.assign(rows.rows(), 0);
  if (column && site.table.column(*column).numbers.empty() && rows.rows() != 0) {
    return site.analysis.Wrong("fold_column", "found a factor, expected whole numbers from 1");
  }
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    if (options.test_fraction > 0) {
      rows.fold[r] = KeyedUniform(rows.key[r], 1) < options.test_fraction ? 1 : 0;
    } else if (column) {
      const double value = site.table.column(*column).numbers[rows.source_row[r]];
      const bool usable =
          value >= 1 && value <= static_cast<double>(options.folds) && value == std::floor(value);
      rows.fold[r] = usable ? static_cast<std::int32_t>(value) : 0;
    } else if (options.folds > 1) {
      rows.fold[r] = static_cast<std::int32_t>(1 + core::MixNext(rows.key[r] ^ 0x666f6c64) %
                                                       static_cast<std::uint64_t>(options.folds));
    }
  }
  return {};
}

}  // namespace

Result<FoldOptions> FoldOptionsOf(const Analysis& analysis) {
  FoldOptions options;
  CLINNOVA_ASSIGN(options.test_fraction, analysis.Number("test_fraction", 0));
  if (!(options.test_fraction >= 0 && options.test_fraction < 1)) {
    return analysis.Wrong("test_fraction", "expected 0 or more and less than 1");
  }
  if (options.test_fraction > 0 && (analysis.Has("folds") || analysis.Has("fold_column"))) {
    return analysis.Wrong("test_fraction", "found folds beside it, expected one of them");
  }
  CLINNOVA_ASSIGN(options.folds, analysis.Integer("folds", options.test_fraction > 0 ? 0 : 5));
  if (options.folds < 0 || options.folds > 20) {
    return analysis.Wrong("folds", "found " + std::to_string(options.folds) + ", expected 0 to 20");
  }
  return options;
}

RowsResult FormulaRows(const SiteView& site, core::ByteView source) {
  CLINNOVA_ASSIGN(const stats::FrameClaim claim, core::Decode<stats::FrameClaim>(source));
  CLINNOVA_ASSIGN(const std::shared_ptr<const stats::SiteFrame> frame,
                  stats::SiteFrameOf(site, claim));
  CLINNOVA_ASSIGN(const table::Formula formula, stats::FormulaOf(site.analysis));
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns,
                  ColumnsOf(site.analysis, site.table.schema));
  CLINNOVA_ASSIGN(const std::optional<std::size_t> id, ColumnOption(site, "id"));
  CLINNOVA_ASSIGN(const std::int64_t seed, site.analysis.Integer("seed", 1));
  auto rows = std::make_shared<TrainingRows>();
  rows->columns.assign(columns.begin(), columns.end());
  std::sort(rows->columns.begin(), rows->columns.end());
  const bool survival = formula.response().kind == Response::Kind::kSurvival;
  table::DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    frame->design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first),
                           batch);
    AddBatch(batch, survival, !formula.offsets().empty(), *rows);
  }
  rows->key.resize(rows->rows());
  const RowKeys keys(site, core::MixNext(static_cast<std::uint64_t>(seed)), id, columns);
  ForEachPart(PartsOf(rows->rows()), site.threads, [&](std::size_t part) {
    keys.Make(*rows, part * kRowsPerPart, std::min((part + 1) * kRowsPerPart, rows->rows()));
  });
  CLINNOVA_TRY(AddFolds(site, *rows));
  return std::shared_ptr<const TrainingRows>(std::move(rows));
}

const TreeSteps& FormulaSteps() {
  static const TreeSteps kSteps = MakeTreeSteps<FormulaRows>(
      {"trees.describe", "trees.cells", "trees.grow", "trees.sides", "trees.evaluate"});
  return kSteps;
}

Result<FormulaProblem> MakeFormulaProblem(federation::Federation& federation,
                                          const Analysis& analysis) {
  CLINNOVA_ASSIGN(const table::Formula written, stats::WrittenFormula(analysis));
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, ColumnsOf(analysis, federation.schema()));
  const Response& response = written.response();
  const bool known = response.kind == Response::Kind::kNumeric ||
                     (response.kind == Response::Kind::kSurvival && response.parts.size() == 2);
  if (!known) {
    return analysis.Wrong("formula", "expected a column or Surv(time, status) on the left of ~");
  }
  CLINNOVA_ASSIGN(stats::ModelFrame frame, stats::ModelFrame::Build(federation, analysis));
  FormulaProblem made{.frame = std::move(frame), .problem = {}, .outcome = {}};
  made.outcome = written.text().substr(0, written.text().find('~'));
  while (!made.outcome.empty() && made.outcome.back() == ' ') made.outcome.pop_back();
  made.problem = {.analysis = &analysis,
                  .steps = FormulaSteps(),
                  .source = core::Encode(made.frame.claim()),
                  .features = {},
                  .rows = made.frame.n()};
  CLINNOVA_ASSIGN(const std::vector<std::string> names, stats::SplitColumns(analysis));
  for (std::size_t f = 0; f < columns.size(); ++f) {
    const table::ColumnSchema& column = federation.schema().columns[columns[f]];
    if (column.levels.size() > kMostBins) {
      return analysis.Wrong("formula", names[f] + " has " + std::to_string(column.levels.size()) +
                                           " levels, expected at most " +
                                           std::to_string(kMostBins));
    }
    if (column.kind == table::ColumnKind::kFactor && column.levels.empty()) {
      return analysis.Wrong("formula", names[f] + " has no level");
    }
    made.problem.features.push_back(
        {.name = names[f], .column = columns[f], .levels = column.levels.size(), .cuts = {}});
  }
  return made;
}

}  // namespace clinnova::learn
