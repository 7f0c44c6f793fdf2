// SPDX-License-Identifier: Apache-2.0
#include "stats/row_folds.h"

#include <bit>
#include <cmath>

#include "core/mix.h"
#include "table/numeric_expression.h"

namespace clinnova::stats {
namespace {

using core::MixNext;

std::uint64_t Absorb(std::uint64_t key, double value) {
  return MixNext(key ^ std::bit_cast<std::uint64_t>(value + 0.0));  // -0 becomes 0
}

std::uint64_t TextKey(const std::string& text) {
  std::uint64_t key = text.size();
  for (const char c : text) key = MixNext(key ^ static_cast<unsigned char>(c));
  return key;
}

}  // namespace

Result<RowFolds> RowFolds::Create(const federation::Analysis& analysis, const table::Schema& schema,
                                  std::int64_t folds) {
  RowFolds made;
  made.folds_ = folds;
  CLINNOVA_ASSIGN(const std::int64_t seed, analysis.Integer("seed", 1));
  made.seed_ = MixNext(static_cast<std::uint64_t>(seed));
  made.named_ = analysis.Has("fold_column");
  const char* key = made.named_ ? "fold_column" : "id";
  CLINNOVA_ASSIGN(const std::string name, analysis.Text(key, ""));
  if (name.empty()) return made;
  made.column_ = schema.Find(name);
  if (!made.column_) return analysis.Wrong(key, table::UnknownColumn(name, schema).value().message);
  const table::ColumnSchema& column = schema.columns[*made.column_];
  if (column.kind == table::ColumnKind::kNumeric) return made;
  if (made.named_) {
    return analysis.Wrong(key, name + " is a factor, expected whole numbers from 1");
  }
  for (const std::string& level : column.levels) made.level_keys_.push_back(TextKey(level));
  return made;
}

std::uint64_t RowFolds::KeyOf(const table::Table& table, const table::DesignBatch& batch,
                              std::size_t columns, std::size_t row) const {
  std::uint64_t key = seed_;
  if (column_) {
    const table::Column& ids = table.column(*column_);
    const std::size_t source = batch.source_row[row];
    if (level_keys_.empty()) return Absorb(key, ids.numbers[source]);
    return MixNext(key ^ level_keys_[static_cast<std::size_t>(ids.codes[source])]);
  }
  for (std::size_t j = 0; j < columns; ++j) {
    key = Absorb(key, batch.x[j * table::kBatchRows + row]);
  }
  for (const std::vector<double>& part : batch.response) key = Absorb(key, part[row]);
  return Absorb(key, batch.offset[row]);
}

void RowFolds::Evaluate(const table::Table& table, const table::DesignBatch& batch,
                        std::size_t columns, std::vector<std::int32_t>& fold) const {
  fold.resize(batch.rows);
  for (std::size_t r = 0; r < batch.rows; ++r) {
    if (!named_) {
      const auto of = static_cast<std::uint64_t>(folds_);
      fold[r] =
          folds_ == 1 ? 1 : static_cast<std::int32_t>(1 + KeyOf(table, batch, columns, r) % of);
      continue;
    }
    const double value = table.column(*column_).numbers[batch.source_row[r]];
    const bool usable =
        value >= 1 && value <= static_cast<double>(folds_) && value == std::floor(value);
    fold[r] = usable ? static_cast<std::int32_t>(value) : 0;
  }
}

}  // namespace clinnova::stats
