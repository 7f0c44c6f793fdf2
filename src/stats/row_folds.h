// SPDX-License-Identifier: Apache-2.0
// Which fold of a cross-validation a row belongs to: by what the row says, never by where it stands, so that the
// folds are the same for every partition of the rows into sites. `fold_column` names the folds 1, 2, …; else the
// column `id` is hashed, so that a person's rows stay together; else the row's own values are. `seed` makes others.
//
//   CLINNOVA_ASSIGN(const RowFolds folds, RowFolds::Create(site.analysis, site.table.schema, 10));
//   folds.Evaluate(site.table, batch, fold_of_row);      // 1 … 10, or 0: no fold
//
// Reveals nothing by itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "federation/analysis.h"
#include "table/design.h"

namespace clinnova::stats {

class RowFolds {
 public:
  /// kInvalidInput when a column is not there or `fold_column` is not numeric.
  static Result<RowFolds> Create(const federation::Analysis& analysis, const table::Schema& schema,
                                 std::int64_t folds);

  /// The fold of every row of the batch, before its columns are standardised; 0 where fold_column has something
  /// else than a whole number from 1 to the number of folds.
  void Evaluate(const table::Table& table, const table::DesignBatch& batch, std::size_t columns,
                std::vector<std::int32_t>& fold) const;

 private:
  std::uint64_t KeyOf(const table::Table& table, const table::DesignBatch& batch,
                      std::size_t columns, std::size_t row) const;

  std::int64_t folds_ = 1;
  std::uint64_t seed_ = 0;
  bool named_ = false;                     ///< by fold_column
  std::optional<std::size_t> column_;      ///< fold_column or id
  std::vector<std::uint64_t> level_keys_;  ///< of a factor `id`
};

}  // namespace clinnova::stats
