// SPDX-License-Identifier: Apache-2.0
// How the steps of Cox's model read a site's rows. Reveals nothing: what leaves is the steps' affair.
#pragma once

#include <algorithm>
#include <vector>

#include "federation/step.h"
#include "stats/model_frame.h"
#include "table/design.h"

namespace clinnova::stats {

/// Calls use(batch, row, x) for every complete case, x being the standardised covariates without the intercept.
template <typename Use>
void ForEachRow(const federation::SiteView& site, const SiteFrame& frame, const FrameClaim& claim,
                Use use) {
  const std::size_t columns = frame.design.names().size();
  std::vector<double> x(columns - 1);
  table::DesignBatch batch;
  for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
    frame.design.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first),
                          batch);
    Standardise(claim, batch);
    for (std::size_t r = 0; r < batch.rows; ++r) {
      for (std::size_t j = 1; j < columns; ++j) x[j - 1] = batch.x[j * table::kBatchRows + r];
      use(batch, r, x);
    }
  }
}

/// offset + x'beta of a row: the same bits for the same values.
inline double LinearPredictor(const table::DesignBatch& batch, std::size_t row,
                              const std::vector<double>& x, const std::vector<double>& beta) {
  double eta = batch.offset[row];
  for (std::size_t j = 0; j < x.size(); ++j) eta += beta[j] * x[j];
  return eta;
}

}  // namespace clinnova::stats
