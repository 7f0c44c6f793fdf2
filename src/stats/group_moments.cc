// SPDX-License-Identifier: Apache-2.0
#include "stats/group_moments.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "federation/batches.h"
#include "stats/analysis_rows.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::ForEachBatch;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;

struct CountParameters {
  template <class A>
  void Fields(A&) {}
};
enum CountBlocks { kCases, kGroups, kZeros, kOnes };

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema& schema,
                           const CountParameters&) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(analysis, schema));
  const std::size_t groups = rows.levels().size();
  return Layout{{CountBlock("cases", kRowCases), CountBlock("groups", groups),
                 CountBlock("zeros", groups), CountBlock("ones", groups)}};
}

Result<void> CountEvaluate(const SiteView& site, const CountParameters&, ExactSums& sums) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(site.analysis, site.table.schema));
  return ForEachBatch<RowBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, RowBatch& batch, ExactSums& mine) -> Result<void> {
        rows.Evaluate(site.table, first, count, batch);
        CountRows(batch, kCases, mine);
        for (std::size_t r = 0; r < batch.rows; ++r) {
          const auto group = static_cast<std::size_t>(batch.group[r]);
          mine.AddCount(kGroups, group);
          if (batch.numbers[0][r] == 0) mine.AddCount(kZeros, group);
          if (batch.numbers[0][r] == 1) mine.AddCount(kOnes, group);
        }
        return {};
      });
}

/// Sums of powers about a centre per group.
struct SumParameters {
  std::vector<std::int64_t> counts;  ///< per group, as the hub claims them
  std::vector<double> centers;       ///< per group; empty in the round of plain sums
  template <class A>
  void Fields(A& a) {
    a(counts);
    a(centers);
  }
};
enum SumBlocks { kFirst, kSecond };

Result<Layout> SumLayout(const Analysis& analysis, const table::Schema& schema,
                         const SumParameters& parameters) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(analysis, schema));
  const std::size_t groups = rows.levels().size();
  const bool squares = !parameters.centers.empty();
  if (parameters.counts.size() != groups || (squares && parameters.centers.size() != groups)) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the groups", "wrong_layout");
  }
  return Layout{{WideBlock("sums", groups), WideBlock("squares", squares ? groups : 0)}};
}

Result<void> SumEvaluate(const SiteView& site, const SumParameters& parameters, ExactSums& sums) {
  CLINNOVA_TRY(CheckGroupCounts(parameters.counts, site.minimum_count));
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(site.analysis, site.table.schema));
  return ForEachBatch<RowBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, RowBatch& batch, ExactSums& mine) -> Result<void> {
        rows.Evaluate(site.table, first, count, batch);
        for (std::size_t r = 0; r < batch.rows; ++r) {
          const auto group = static_cast<std::size_t>(batch.group[r]);
          if (parameters.counts[group] == 0) {
            return Fail(ErrorCode::kRefused, "a group is claimed to be empty", "false_claim");
          }
          const double y = batch.numbers[0][r];
          if (parameters.centers.empty()) {
            mine.Add(kFirst, group, y);
            continue;
          }
          const double difference = y - parameters.centers[group];
          mine.Add(kFirst, group, difference);
          mine.Add(kSecond, group, difference * difference);
        }
        return {};
      });
}

/// Rule 3 on an outcome of 0 and 1, whose mean in a group tells how many have which.
Result<void> CheckBinaryOutcome(const PooledSums& sums, std::int64_t minimum_count) {
  const std::vector<std::int64_t> zeros = sums.Counts(kZeros);
  const std::vector<std::int64_t> ones = sums.Counts(kOnes);
  const std::vector<std::int64_t> counts = sums.Counts(kGroups);
  for (std::size_t g = 0; g < counts.size(); ++g) {
    if (zeros[g] + ones[g] != counts[g]) return {};
  }
  for (std::size_t g = 0; g < counts.size(); ++g) {
    const std::int64_t fewer = std::min(zeros[g], ones[g]);
    if (fewer == 0 || fewer >= minimum_count) continue;
    return Fail(ErrorCode::kRefused,
                "the outcome has a level with fewer than " + std::to_string(minimum_count) +
                    " persons in a group",
                "rare_level");
  }
  return {};
}

const TypedStep<CountParameters> kCountStep{"groups.count", CountLayout, CountEvaluate};
const TypedStep<SumParameters> kSumStep{"groups.sum", SumLayout, SumEvaluate};

}  // namespace

double GroupMoment::variance() const {
  return n > 1 ? sum_of_squares / static_cast<double>(n - 1) : std::nan("");
}

Result<void> CheckGroupCounts(const std::vector<std::int64_t>& counts, std::int64_t minimum_count) {
  if (minimum_count == 0) return {};
  const std::int64_t n = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  const std::string threshold = std::to_string(minimum_count);
  if (n < minimum_count) {
    return Fail(ErrorCode::kRefused, "fewer complete cases than the threshold of " + threshold,
                "cohort_below_threshold");
  }
  std::int64_t groups = 0;
  for (const std::int64_t count : counts) {
    if (count > 0 && count < minimum_count) {
      return Fail(ErrorCode::kRefused, "a group has fewer than " + threshold + " persons",
                  "rare_level");
    }
    groups += count > 0;
  }
  if (3 * groups > n || n - groups < 10) {
    return Fail(ErrorCode::kRefused,
                std::to_string(groups) + " groups of " + std::to_string(n) +
                    " rows, expected at most a third as many and 10 degrees of freedom",
                "too_many_parameters");
  }
  return {};
}

Result<GroupMoments> FindGroupMoments(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(analysis, federation.schema()));
  CLINNOVA_ASSIGN(const PooledSums counts, federation.Sum(analysis, kCountStep, CountParameters{}));
  CLINNOVA_TRY(CheckRows(analysis, counts, kCases, federation.minimum_count()));
  SumParameters parameters{.counts = counts.Counts(kGroups), .centers = {}};
  const auto allowed = CheckGroupCounts(parameters.counts, federation.minimum_count());
  if (!allowed) return FailAt("analysis \"" + analysis.name() + "\"", allowed);
  const auto told = CheckBinaryOutcome(counts, federation.minimum_count());
  if (!told) return FailAt("analysis \"" + analysis.name() + "\"", told);
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kSumStep, parameters));
  const std::size_t groups = parameters.counts.size();
  for (std::size_t g = 0; g < groups; ++g) {
    const auto n = static_cast<double>(parameters.counts[g]);
    parameters.centers.push_back(n > 0 ? sums.Number(kFirst, g) / n : 0);
  }
  CLINNOVA_ASSIGN(const PooledSums squares, federation.Sum(analysis, kSumStep, parameters));
  GroupMoments moments;
  moments.n = counts.Count(kCases, kRowComplete);
  moments.n_missing = counts.Count(kCases, kRowMissing);
  for (std::size_t g = 0; g < groups; ++g) {
    if (parameters.counts[g] == 0) continue;
    // The centre is nearly the mean: what is left of it makes the mean the nearest double, as R's.
    const auto n = static_cast<double>(parameters.counts[g]);
    const double rest = squares.Number(kFirst, g);
    const double center = parameters.centers[g];
    const double mean = center + rest / n;
    moments.groups.push_back(
        {.level = rows.levels()[g],
         .n = parameters.counts[g],
         .mean = mean,
         .mean_rest = (center - mean) + rest / n,
         .sum_of_squares = std::max(0.0, squares.Number(kSecond, g) - rest * rest / n)});
  }
  return moments;
}

std::vector<const federation::Step*> GroupMomentSteps() { return {&kCountStep, &kSumStep}; }

}  // namespace clinnova::stats
