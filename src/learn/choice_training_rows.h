// SPDX-License-Identifier: Apache-2.0
// Rows of the tree engine (training_rows.h) from the persons of a treatment choice. Reveals nothing by itself.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "learn/choice_keys.h"
#include "learn/choice_rows.h"
#include "learn/training_rows.h"
#include "learn/tree.h"

namespace clinnova::learn {

/// `read(first, count, batch)` fills a batch of rows of the table; `add(batch, r, rows)` adds to `rows` what is learned from row r
/// of it, which has a fold: any number of times its outcome, weight and stratum. Source row, fold and key are then
/// added as often.
template <typename Read, typename Add>
RowsResult ChoiceTrainingRows(const federation::SiteView& site,
                              const std::vector<Feature>& features, Read read, Add add) {
  CLINNOVA_ASSIGN(const ChoiceKeys keys, ChoiceKeys::Create(site));
  auto rows = std::make_shared<TrainingRows>();
  for (const Feature& feature : features) rows->columns.push_back(feature.column);
  std::ranges::sort(rows->columns);
  ChoiceBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    read(first, std::min(table::kBatchRows, site.table.rows - first), batch);
    for (std::size_t r = 0; r < batch.rows(); ++r) {
      if (batch.fold[r] == 0) continue;
      add(batch, r, *rows);
      const std::uint32_t row = batch.design.source_row[r];
      rows->source_row.resize(rows->outcome.size(), row);
      rows->fold.resize(rows->outcome.size(), batch.fold[r]);
      rows->key.resize(rows->outcome.size(), keys.Of(site.table, row, batch.y()[r]));
    }
  }
  return std::shared_ptr<const TrainingRows>(std::move(rows));
}

}  // namespace clinnova::learn
