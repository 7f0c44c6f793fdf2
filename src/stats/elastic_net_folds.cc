// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net_folds.h"

#include <algorithm>
#include <numeric>

#include "stats/elastic_net_steps.h"

namespace clinnova::stats {

using federation::Analysis;

Result<std::vector<std::int64_t>> UsableFolds(const Analysis& analysis,
                                              std::vector<std::int64_t> rows, std::int64_t lost,
                                              std::int64_t folds) {
  const bool named = analysis.Has("fold_column");
  const std::string key = named ? "fold_column" : "folds";
  if (lost != 0) {
    return analysis.Wrong("fold_column", "found other values than whole numbers from 1 to " +
                                             std::to_string(folds > 0 ? folds : kMaximumFolds));
  }
  if (folds == 0) {
    while (rows.size() > 1 && rows.back() == 0) rows.pop_back();
  }
  if (!named && folds == 0) return rows;
  if (rows.size() < 3) return analysis.Wrong(key, "found fewer than 3 folds");
  const std::int64_t all = std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
  const auto count = static_cast<std::int64_t>(rows.size());
  if (*std::min_element(rows.begin(), rows.end()) == 0 || all < 3 * count) {
    return analysis.Wrong(key, "found " + std::to_string(count) + " folds for " +
                                   std::to_string(all) +
                                   " rows, expected three rows or more for each");
  }
  return rows;
}

Result<void> CheckFoldRules(const Analysis& analysis, const ModelFrame& frame,
                            const FoldCounts& counts, std::int64_t minimum_count) {
  const std::int64_t k = minimum_count;
  if (k == 0 || counts.rows.size() < 2) return {};
  const auto refuse = [&](const std::string& what, const char* reason) {
    return Fail(ErrorCode::kRefused, "analysis \"" + analysis.name() + "\": a fold " + what,
                reason);
  };
  const std::size_t p = frame.columns();
  const auto parameters = static_cast<std::int64_t>(p);
  for (std::size_t fold = 0; fold < counts.rows.size(); ++fold) {
    const std::int64_t rows = counts.rows[fold];
    if (rows < k || 3 * parameters > rows || rows - parameters < 10) {
      return refuse("has too few rows for the parameters, expected three times as many and 10 more",
                    "too_many_parameters");
    }
    for (std::size_t j = 0; j < p; ++j) {
      const std::int64_t zeros = counts.zeros[fold * p + j];
      const std::int64_t ones = counts.ones[fold * p + j];
      const std::int64_t others = rows - zeros;
      const bool rare = (others > 0 && others < k) || (others == ones && zeros > 0 && zeros < k);
      if (!rare) continue;
      return refuse("has fewer than " + std::to_string(k) + " persons that term " +
                        frame.design().names()[j] + " tells from the others",
                    "rare_level");
    }
  }
  return {};
}

}  // namespace clinnova::stats
