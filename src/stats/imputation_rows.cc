// SPDX-License-Identifier: Apache-2.0
#include "stats/imputation_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/deterministic_math.h"
#include "stats/model_frame.h"
#include "table/design.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::SiteView;
using table::kBatchRows;

namespace {

/// Between values of a row's key; a number's bytes have a fixed length.
constexpr char kSeparator = '\x1f';
/// A numeric variable's first value: its standard deviation lies between 0.5 and 1 on its scale.
constexpr double kStartingSpread = 0.75;

/// Counter of a row's random number: visits count on from the variables' first values.
std::uint64_t Counter(std::size_t m, std::size_t visit) {
  return static_cast<std::uint64_t>(m) << 32 | visit;
}

void AppendNumber(double value, std::string& key) {
  std::uint64_t bits = ~0ULL;  // missing
  if (!std::isnan(value)) {
    const double zero_is_positive = value + 0.0;
    std::memcpy(&bits, &zero_is_positive, sizeof bits);
  }
  for (int i = 0; i < 8; ++i) key += static_cast<char>(bits >> (8 * i) & 0xff);
}

void AppendValue(const table::Table& table, std::size_t column, std::size_t row, std::string& key) {
  const table::ColumnSchema& schema = table.schema.columns[column];
  if (schema.kind == table::ColumnKind::kNumeric) {
    AppendNumber(table.columns[column].numbers[row], key);
  } else if (const std::int32_t code = table.columns[column].codes[row]; code >= 0) {
    key += schema.levels[static_cast<std::size_t>(code)];
  }
  key += kSeparator;
}

Result<std::size_t> FindColumn(const table::Schema& schema, const std::string& name) {
  if (const auto found = schema.Find(name)) return *found;
  return Fail(ErrorCode::kInvalidInput, "column \"" + name + "\": found none of that name");
}

}  // namespace

Result<ImputationOptions> ImputationOptionsOf(const Analysis& analysis) {
  ImputationOptions options;
  CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(analysis));
  options.variables = formula.Columns();
  CLINNOVA_ASSIGN(const std::vector<std::string> more, analysis.Texts("imputation_variables"));
  for (const std::string& name : more) {
    const auto& known = options.variables;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      options.variables.push_back(name);
    }
  }
  CLINNOVA_ASSIGN(const std::string way, analysis.Text("imputation_method", "model"));
  if (way == "pmm") {
    return analysis.Wrong("imputation_method",
                          "predictive mean matching would give a person another person's value, "
                          "which may not leave that person's site; use \"model\", which draws from "
                          "the variable's regression on the others");
  }
  if (way != "model") {
    return analysis.Wrong("imputation_method", "found \"" + way + "\", expected \"model\"");
  }
  CLINNOVA_ASSIGN(options.row_id, analysis.Text("row_id", ""));
  CLINNOVA_ASSIGN(options.imputations, analysis.Integer("imputations", 5));
  CLINNOVA_ASSIGN(options.cycles, analysis.Integer("cycles", 5));
  CLINNOVA_ASSIGN(options.seed, analysis.Integer("seed", 1));
  if (options.imputations < 2 || options.imputations > 200) {
    return analysis.Wrong("imputations", "expected 2 to 200");
  }
  if (options.cycles < 1 || options.cycles > 100) {
    return analysis.Wrong("cycles", "expected 1 to 100");
  }
  return options;
}

std::size_t VariableFacts::categories() const {
  if (!categorical) return 1;
  return static_cast<std::size_t>(std::count_if(level_counts.begin(), level_counts.end(),
                                                [](auto count) { return count > 0; }));
}

std::size_t ImputationClaim::columns(std::size_t variable) const {
  std::size_t columns = 1;
  for (std::size_t v = 0; v < variables.size(); ++v) {
    if (v != variable) columns += variables[v].width();
  }
  return columns;
}

Result<void> CheckImputation(const ImputationClaim& claim, int minimum_count) {
  if (minimum_count == 0) return {};
  for (std::size_t v = 0; v < claim.variables.size(); ++v) {
    const VariableFacts& facts = claim.variables[v];
    for (const std::int64_t count : facts.level_counts) {
      if (count <= 0 || count >= minimum_count) continue;
      return Fail(
          ErrorCode::kRefused,
          "a variable has a level with fewer than " + std::to_string(minimum_count) + " persons",
          "rare_level");
    }
    const auto models = static_cast<std::int64_t>(std::max<std::size_t>(1, facts.width()));
    const auto parameters = static_cast<std::int64_t>(claim.columns(v)) * models;
    if (facts.observed < minimum_count || 3 * parameters > facts.observed ||
        facts.observed - parameters < 10) {
      return Fail(ErrorCode::kRefused,
                  std::to_string(parameters) + " parameters of an imputation model on " +
                      std::to_string(facts.observed) +
                      " rows, expected at most a third as many and 10 degrees of freedom",
                  "too_many_parameters");
    }
  }
  return {};
}

Result<ImputationRows> ImputationRows::Create(const SiteView& site, const ImputationClaim& claim) {
  ImputationRows rows;
  CLINNOVA_ASSIGN(rows.options_, ImputationOptionsOf(site.analysis));
  rows.table_ = &site.table;
  rows.claim_ = &claim;
  for (const std::string& variable : rows.options_.variables) {
    CLINNOVA_ASSIGN(const std::size_t column, FindColumn(site.table.schema, variable));
    rows.columns_.push_back(column);
  }
  bool fits = claim.variables.size() == rows.columns_.size();
  for (std::size_t v = 0; fits && v < rows.columns_.size(); ++v) fits = rows.BindVariable(v);
  for (const ImputationDraw& draw : claim.draws) fits = fits && rows.Fits(draw);
  if (!fits) {
    return Fail(ErrorCode::kRefused, "a claim that does not fit the table", "wrong_layout");
  }
  if (!rows.options_.row_id.empty()) {
    CLINNOVA_ASSIGN(rows.id_, FindColumn(site.table.schema, rows.options_.row_id));
  }
  return rows;
}

bool ImputationRows::BindVariable(std::size_t v) {
  const table::ColumnSchema& schema = table_->schema.columns[columns_[v]];
  const bool factor = schema.kind == table::ColumnKind::kFactor;
  const VariableFacts& facts = claim_->variables[v];
  std::vector<std::int32_t>& category = category_.emplace_back();
  std::vector<std::int32_t>& level = level_.emplace_back();
  if (!facts.categorical) return !factor;
  const std::size_t levels = factor ? schema.levels.size() : 2;
  if (facts.level_counts.size() != levels || facts.categories() == 0) return false;
  for (std::size_t l = 0; l < levels; ++l) {
    const bool used = facts.level_counts[l] > 0;
    category.push_back(used ? static_cast<std::int32_t>(level.size()) : -1);
    if (used) level.push_back(static_cast<std::int32_t>(l));
  }
  return true;
}

bool ImputationRows::Fits(const ImputationDraw& draw) const {
  if (draw.variable >= columns_.size()) return false;
  const VariableFacts& facts = claim_->variables[draw.variable];
  const std::size_t models = facts.categorical ? facts.width() : 1;
  return draw.coefficients.size() == imputations() * models * claim_->columns(draw.variable) &&
         draw.sigma.size() == (facts.categorical ? 0 : imputations());
}

void ImputationRows::ReadObserved(std::size_t first, ImputationBatch& batch) const {
  for (std::size_t v = 0; v < columns_.size(); ++v) {
    const table::Column& column = table_->columns[columns_[v]];
    const VariableFacts& facts = claim_->variables[v];
    std::vector<double>& values = batch.values[0][v];
    for (std::size_t r = 0; r < batch.rows; ++r) {
      bool seen = false;
      if (!column.codes.empty()) {
        const std::int32_t code = column.codes[first + r];
        seen = code >= 0 && category_[v][static_cast<std::size_t>(code)] >= 0;
        if (seen) values[r] = category_[v][static_cast<std::size_t>(code)];
      } else {
        const double number = column.numbers[first + r];
        seen = !std::isnan(number);
        if (facts.categorical) {
          if (seen) values[r] = category_[v][number == 1 ? 1 : 0];
        } else {
          values[r] = (number - facts.center) * facts.inverse_scale;
        }
      }
      batch.observed[v][r] = seen ? 1 : 0;
    }
  }
}

void ImputationRows::ReadKeys(std::size_t first, ImputationBatch& batch) const {
  std::string key;
  for (std::size_t r = 0; r < batch.rows; ++r) {
    key.clear();
    if (id_) {
      AppendValue(*table_, *id_, first + r, key);
    } else {
      for (const std::size_t column : columns_) AppendValue(*table_, column, first + r, key);
    }
    batch.random[r] = KeyedRandom(options_.seed, key);
  }
}

void ImputationRows::Start(ImputationBatch& batch) const {
  for (std::size_t m = 1; m < imputations(); ++m) batch.values[m] = batch.values[0];
  for (std::size_t v = 0; v < columns_.size(); ++v) {
    const VariableFacts& facts = claim_->variables[v];
    for (std::size_t m = 0; m < imputations(); ++m) {
      for (std::size_t r = 0; r < batch.rows; ++r) {
        if (batch.observed[v][r] != 0) continue;
        double& value = batch.values[m][v][r];
        if (!facts.categorical) {
          value = kStartingSpread * batch.random[r].Normal(Counter(m, v));
          continue;
        }
        // A category by the frequencies of the observed ones.
        double rest = batch.random[r].Uniform(Counter(m, v)) * static_cast<double>(facts.observed);
        std::size_t category = 0;
        for (; category + 1 < level_[v].size(); ++category) {
          const auto level = static_cast<std::size_t>(level_[v][category]);
          rest -= static_cast<double>(facts.level_counts[level]);
          if (rest < 0) break;
        }
        value = static_cast<double>(category);
      }
    }
  }
}

/// The new value of the draw's variable in one row, `random` a uniform number.
double ImputationRows::NewValue(const ImputationDraw& draw, std::size_t m, std::size_t row,
                                double random, ImputationBatch& batch) const {
  const std::size_t v = draw.variable;
  const std::size_t p = claim_->columns(v);
  const std::size_t models = claim_->variables[v].categorical ? claim_->variables[v].width() : 1;
  std::vector<double>& eta = batch.eta;
  eta.resize(models);
  for (std::size_t k = 0; k < models; ++k) {
    const double* b = draw.coefficients.data() + (m * models + k) * p;
    eta[k] = b[0];
    std::size_t at = 1;
    for (std::size_t other = 0; other < columns_.size(); ++other) {
      if (other == v) continue;
      const VariableFacts& facts = claim_->variables[other];
      const double value = batch.values[m][other][row];
      if (!facts.categorical) {
        eta[k] += b[at] * value;
      } else if (value > 0) {
        eta[k] += b[at + static_cast<std::size_t>(value) - 1];
      }
      at += facts.width();
    }
  }
  if (!claim_->variables[v].categorical) {
    return eta[0] + draw.sigma[m] * core::NormalQuantile(random);
  }
  double largest = 0;
  for (const double value : eta) largest = std::max(largest, value);
  double sum = core::Exp(-largest);
  for (double& value : eta) sum += value = core::Exp(value - largest);
  double rest = random * sum - core::Exp(-largest);
  std::size_t category = 0;
  while (rest >= 0 && category < models) rest -= eta[category++];
  return static_cast<double>(category);
}

void ImputationRows::Draw(std::size_t index, ImputationBatch& batch) const {
  const ImputationDraw& draw = claim_->draws[index];
  const std::size_t visit = columns_.size() + index;
  for (std::size_t m = 0; m < imputations(); ++m) {
    for (std::size_t r = 0; r < batch.rows; ++r) {
      if (batch.observed[draw.variable][r] != 0) continue;
      const double random = batch.random[r].Uniform(Counter(m, visit));
      batch.values[m][draw.variable][r] = NewValue(draw, m, r, random, batch);
    }
  }
}

void ImputationRows::Read(std::size_t first, std::size_t count, ImputationBatch& batch) const {
  batch.first = first;
  batch.rows = count;
  batch.values.resize(imputations());
  for (auto& imputation : batch.values) {
    imputation.resize(columns_.size(), std::vector<double>(kBatchRows));
  }
  batch.observed.resize(columns_.size(), std::vector<std::uint8_t>(kBatchRows));
  batch.random.resize(kBatchRows);
  ReadObserved(first, batch);
  ReadKeys(first, batch);
  Start(batch);
  for (std::size_t index = 0; index < claim_->draws.size(); ++index) Draw(index, batch);
  batch.table = table::EmptyTable(table_->schema);
  batch.table.columns.back().codes.assign(
      table_->columns.back().codes.begin() + static_cast<std::ptrdiff_t>(first),
      table_->columns.back().codes.begin() + static_cast<std::ptrdiff_t>(first + count));
}

void ImputationRows::Columns(std::size_t variable, std::size_t m, ImputationBatch& batch) const {
  batch.x.assign(claim_->columns(variable) * kBatchRows, 0.0);
  std::fill_n(batch.x.begin(), batch.rows, 1.0);
  std::size_t at = 1;
  for (std::size_t other = 0; other < columns_.size(); ++other) {
    if (other == variable) continue;
    const VariableFacts& facts = claim_->variables[other];
    const std::vector<double>& values = batch.values[m][other];
    for (std::size_t r = 0; r < batch.rows; ++r) {
      if (!facts.categorical) {
        batch.x[at * kBatchRows + r] = values[r];
      } else if (values[r] > 0) {
        batch.x[(at + static_cast<std::size_t>(values[r]) - 1) * kBatchRows + r] = 1;
      }
    }
    at += facts.width();
  }
}

void ImputationRows::Complete(std::size_t m, ImputationBatch& batch) const {
  table::Table& table = batch.table;
  table.rows = batch.rows;
  for (std::size_t c = 0; c + 1 < table.columns.size(); ++c) {
    const bool factor = table.schema.columns[c].kind == table::ColumnKind::kFactor;
    if (factor) table.columns[c].codes.assign(batch.rows, -1);
    if (!factor) table.columns[c].numbers.assign(batch.rows, std::nan(""));
  }
  for (std::size_t v = 0; v < columns_.size(); ++v) {
    table::Column& column = table.columns[columns_[v]];
    const VariableFacts& facts = claim_->variables[v];
    for (std::size_t r = 0; r < batch.rows; ++r) {
      const double value = batch.values[m][v][r];
      if (!facts.categorical) {
        // An observed number is not standardised and back: it keeps its bits.
        column.numbers[r] = batch.observed[v][r] != 0
                                ? table_->columns[columns_[v]].numbers[batch.first + r]
                                : value / facts.inverse_scale + facts.center;
        continue;
      }
      const std::int32_t level = level_[v][static_cast<std::size_t>(value)];
      if (column.codes.empty()) {
        column.numbers[r] = level;
      } else {
        column.codes[r] = level;
      }
    }
  }
}

}  // namespace clinnova::stats
