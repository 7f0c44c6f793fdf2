// SPDX-License-Identifier: Apache-2.0
// How methods that judge predictions read a site's rows: a binary outcome and one or more columns of predictions,
// complete cases only. Reveals nothing by itself.
//
//   CLINNOVA_ASSIGN(const PredictedColumns columns, PredictedColumns::Find(analysis, schema, "score"));
//   return ForEachPredicted(site, columns, sums, [&](const PredictedRows& rows, ExactSums& mine) { … });
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "federation/batches.h"
#include "federation/federation.h"
#include "federation/step.h"

namespace clinnova::stats {

/// Where the outcome (`outcome`) and the predictions (`key`, one column or several) stand.
struct PredictedColumns {
  std::size_t outcome = 0;
  std::vector<std::size_t> predictions;
  std::vector<std::string> names;  ///< of the predictions

  /// kInvalidInput: a column that is not there, a prediction that is a factor, an outcome factor without exactly
  /// two levels (the first is the absence of the outcome).
  static Result<PredictedColumns> Find(const federation::Analysis& analysis,
                                       const table::Schema& schema, std::string_view key);
};

/// A batch's complete cases.
struct PredictedRows {
  std::vector<std::int32_t> outcome;             ///< 0 or 1
  std::vector<std::vector<double>> predictions;  ///< per column
  std::int64_t missing = 0;                      ///< rows left out
  std::int64_t invalid = 0;  ///< rows left out for an outcome other than 0 and 1

  std::size_t rows() const { return outcome.size(); }
  void Read(const table::Table& table, const PredictedColumns& columns, std::size_t first,
            std::size_t count);
};

/// Calls work(rows, sums of this thread) for each batch.
template <typename Work>
Result<void> ForEachPredicted(const federation::SiteView& site, const PredictedColumns& columns,
                              federation::ExactSums& sums, Work work) {
  return federation::ForEachBatch<PredictedRows>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, PredictedRows& rows,
          federation::ExactSums& mine) -> Result<void> {
        rows.Read(site.table, columns, first, count);
        work(rows, mine);
        return {};
      });
}

/// Numbers of the block in which a method's first round counts its rows.
enum PredictedCase { kNegative, kPositive, kIncomplete, kInvalidOutcome, kPredictedCases };
void AddPredictedCases(const PredictedRows& rows, std::size_t block, federation::ExactSums& sums);

/// The pooled numbers of rows.
struct PredictedCounts {
  std::int64_t negative = 0;
  std::int64_t positive = 0;
  std::int64_t missing = 0;
  std::int64_t n() const { return negative + positive; }

  template <class A>
  void Fields(A& a) {
    a(negative);
    a(positive);
    a(missing);
  }
};
/// Rules 1 and 3 on the counts that the hub claims; (`false_claim`) when this site alone has more.
Result<void> HoldPredicted(const federation::SiteView& site, std::string_view key,
                           const PredictedCounts& claimed);
/// kInvalidInput for an outcome other than 0 and 1; kFailed when one of them does not occur; kRefused by rules 1 and
/// 3 (`cohort_below_threshold`, `rare_level`).
Result<PredictedCounts> CheckPredictedCases(const federation::Federation& federation,
                                            const federation::Analysis& analysis,
                                            const federation::PooledSums& sums, std::size_t block);

}  // namespace clinnova::stats
