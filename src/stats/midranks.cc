// SPDX-License-Identifier: Apache-2.0
#include "stats/midranks.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "federation/batches.h"
#include "stats/analysis_rows.h"
#include "stats/group_moments.h"
#include "stats/model_frame.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::ForEachBatch;
using federation::Guard;
using federation::Layout;
using federation::PooledSums;
using federation::Rule;
using federation::ScaledBlock;
using federation::SiteView;
using federation::TypedStep;
using table::kBatchRows;

constexpr std::size_t kDenominators = std::size(kGridDenominators);
/// Values from 2^31 on are on no grid.
constexpr int kHighestSize = 31;
constexpr std::size_t kSizes = kHighestSize + 1;

std::span<const double> ValuesOf(const RowBatch& batch, std::size_t variable) {
  return {batch.numbers[variable].data(), batch.rows};
}

struct LookParameters {
  template <class A>
  void Fields(A&) {}
};
enum LookBlocks { kCases, kGroups, kOffGrid, kLargest };

Result<Layout> LookLayout(const Analysis& analysis, const table::Schema& schema,
                          const LookParameters&) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(analysis, schema));
  return Layout{{CountBlock("cases", kRowCases), CountBlock("groups", rows.levels().size()),
                 CountBlock("off_grid", rows.numbers() * kDenominators),
                 CountBlock("largest", rows.numbers() * kSizes)}};
}

/// The largest power of two that a site's values reach, told once per site and variable.
class SizesReached {
 public:
  explicit SizesReached(std::size_t variables) : exponents_(variables, -1) {}
  void See(std::size_t variable, std::span<const double> values) {
    int exponent = -1;
    for (const double value : values) {
      exponent = std::max(exponent, std::clamp(ExponentOf(std::fabs(value)), 0, kHighestSize));
    }
    const std::lock_guard lock(mutex_);
    exponents_[variable] = std::max(exponents_[variable], exponent);
  }
  void Tell(ExactSums& sums) const {
    for (std::size_t v = 0; v < exponents_.size(); ++v) {
      if (exponents_[v] < 0) continue;
      sums.AddCount(kLargest, v * kSizes + static_cast<std::size_t>(exponents_[v]));
    }
  }

 private:
  std::mutex mutex_;
  std::vector<int> exponents_;
};

Result<void> LookEvaluate(const SiteView& site, const LookParameters&, ExactSums& sums) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(site.analysis, site.table.schema));
  SizesReached sizes(rows.numbers());
  CLINNOVA_TRY(ForEachBatch<RowBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, RowBatch& batch, ExactSums& mine) -> Result<void> {
        rows.Evaluate(site.table, first, count, batch);
        CountRows(batch, kCases, mine);
        for (std::size_t r = 0; r < batch.rows; ++r) {
          mine.AddCount(kGroups, static_cast<std::size_t>(batch.group[r]));
        }
        for (std::size_t v = 0; v < rows.numbers(); ++v) {
          sizes.See(v, ValuesOf(batch, v));
          for (std::size_t d = 0; d < kDenominators; ++d) {
            mine.AddCount(kOffGrid, v * kDenominators + d,
                          CountOffGrid(ValuesOf(batch, v), kGridDenominators[d]));
          }
        }
        return {};
      }));
  sizes.Tell(sums);
  return {};
}

Result<Layout> SplitLayout(const Analysis& analysis, const table::Schema& schema,
                           const SplitRequest& request) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(analysis, schema));
  bool fits = request.grids.size() == rows.numbers() && request.part_bits >= 0 &&
              request.part_bits <= 20 && request.widths.size() == request.intervals.size();
  for (std::size_t i = 0; fits && i < request.intervals.size(); ++i) {
    fits = request.intervals[i].variable < rows.numbers() && request.widths[i] >= 0 &&
           request.widths[i] <= 64 && (i == 0 || request.intervals[i - 1] < request.intervals[i]);
  }
  if (!fits) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the variables", "wrong_layout");
  }
  return Layout{{CountBlock("parts", request.cells())}};
}

Result<void> HoldSplit(const SiteView&, const SplitRequest& request) {
  if (request.part_bits <= kGuardedPartBits) return {};
  return Fail(ErrorCode::kRefused, "intervals of values in more parts than the threshold allows",
              "intervals_too_narrow");
}

Result<void> SplitEvaluate(const SiteView& site, const SplitRequest& request, ExactSums& sums) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(site.analysis, site.table.schema));
  return ForEachBatch<RowBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, RowBatch& batch, ExactSums& mine) -> Result<void> {
        rows.Evaluate(site.table, first, count, batch);
        for (std::size_t v = 0; v < rows.numbers(); ++v) {
          CountParts(ValuesOf(batch, v), v, request, 0, mine);
        }
        return {};
      });
}

struct SumParameters {
  std::vector<std::int64_t> group_counts;
  std::vector<RankTable> tables;
  template <class A>
  void Fields(A& a) {
    a(group_counts);
    a(tables);
  }
};
enum SumBlocks { kRanks, kProducts };

std::int64_t CountOf(const RankTable& table) {
  std::int64_t n = 0;
  for (const std::int64_t count : table.counts) n += count;
  return n;
}

Result<Layout> SumLayout(const Analysis& analysis, const table::Schema& schema,
                         const SumParameters& parameters) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(analysis, schema));
  const std::size_t p = rows.numbers();
  bool fits = parameters.tables.size() == p && p > 0 &&
              parameters.group_counts.size() == rows.levels().size();
  std::int64_t n = 0;
  for (const RankTable& table : parameters.tables) {
    fits = fits && !table.lows.empty() && table.lows.size() == table.counts.size() &&
           std::is_sorted(table.lows.begin(), table.lows.end());
    n = std::max(n, CountOf(table));
  }
  if (!fits) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the variables", "wrong_layout");
  }
  // Twice a rank is a whole number of at most 2 n; so are the products' summands of at most 4 n^2.
  const int exponent = ExponentOf(2 * static_cast<double>(n)) + 1;
  return Layout{{ScaledBlock("ranks", rows.levels().size(), exponent),
                 ScaledBlock("products", p > 1 ? p * (p + 1) / 2 : 0, 2 * exponent)}};
}

/// The site's own check of what the hub claims: rules 1 to 3, and no rank of fewer persons than the threshold.
Result<void> HoldRanks(const SiteView& site, const SumParameters& parameters) {
  CLINNOVA_TRY(CheckGroupCounts(parameters.group_counts, site.minimum_count));
  for (const RankTable& table : parameters.tables) {
    for (const std::int64_t count : table.counts) {
      if (count >= site.minimum_count) continue;
      return Fail(ErrorCode::kRefused, "a rank is shared by fewer persons than the threshold",
                  "rare_level");
    }
  }
  return {};
}

struct RankBatch {
  RowBatch rows;
  std::vector<double> ranks;  ///< column-major, kBatchRows apart
  std::vector<double> ones = std::vector<double>(kBatchRows, 1.0);
};

Result<void> SumEvaluate(const SiteView& site, const SumParameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(site.analysis, site.table.schema));
  std::vector<std::vector<std::int64_t>> twice;
  for (const RankTable& table : parameters.tables) twice.push_back(table.TwiceRanks());
  const std::size_t p = rows.numbers();
  const std::int64_t middle = CountOf(parameters.tables[0]) + 1;
  return ForEachBatch<RankBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, RankBatch& batch, ExactSums& mine) -> Result<void> {
        rows.Evaluate(site.table, first, count, batch.rows);
        batch.ranks.assign(p * kBatchRows, 0.0);
        for (std::size_t v = 0; v < p; ++v) {
          for (std::size_t r = 0; r < batch.rows.rows; ++r) {
            const std::int64_t rank =
                twice[v][parameters.tables[v].BinOf(batch.rows.numbers[v][r])];
            batch.ranks[v * kBatchRows + r] = static_cast<double>(rank - middle);
            if (v > 0) continue;
            mine.Add(kRanks, static_cast<std::size_t>(batch.rows.group[r]),
                     static_cast<double>(rank));
          }
        }
        if (p > 1) {
          mine.AddWeightedGram(kProducts, 0, {batch.ranks.data(), kBatchRows, p}, batch.ones.data(),
                               batch.rows.rows);
        }
        return {};
      });
}

const TypedStep<LookParameters> kLookStep{"ranks.look", LookLayout, LookEvaluate,
                                          federation::CountsOnly{}};
const TypedStep<SplitRequest> kSplitStep{"ranks.split", SplitLayout, SplitEvaluate,
                                         Guard<SplitRequest>{{Rule::kExits}, HoldSplit}};
const TypedStep<SumParameters> kSumStep{
    "ranks.sum", SumLayout, SumEvaluate,
    Guard<SumParameters>{{Rule::kCohort, Rule::kParameters, Rule::kLevels}, HoldRanks}};

std::vector<KeyGrid> GridsOf(const PooledSums& sums, std::size_t variables) {
  const std::vector<std::int64_t> off = sums.Counts(kOffGrid);
  std::vector<KeyGrid> grids;
  for (std::size_t v = 0; v < variables; ++v) {
    int size = 0;
    for (int e = 0; e <= kHighestSize; ++e) {
      if (sums.Count(kLargest, v * kSizes + static_cast<std::size_t>(e)) != 0) size = e;
    }
    grids.push_back(ChooseGrid(std::span(off).subspan(v * kDenominators, kDenominators), size));
  }
  return grids;
}

}  // namespace

double Midranks::TieSum(std::size_t variable) const {
  long double sum = 0;
  for (const std::int64_t count : tables[variable].counts) {
    const auto t = static_cast<long double>(count);
    sum += t * t * t - t;
  }
  return static_cast<double>(sum);
}

Result<Midranks> FindMidranks(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(analysis, federation.schema()));
  CLINNOVA_ASSIGN(const PooledSums look, federation.Sum(analysis, kLookStep, LookParameters{}));
  CLINNOVA_TRY(CheckRows(analysis, look, kCases, federation.minimum_count()));
  Midranks ranks;
  ranks.n = look.Count(kCases, kRowComplete);
  ranks.n_missing = look.Count(kCases, kRowMissing);
  ranks.levels = rows.levels();
  ranks.group_counts = look.Counts(kGroups);
  const auto allowed = CheckGroupCounts(ranks.group_counts, federation.minimum_count());
  if (!allowed) return FailAt("analysis \"" + analysis.name() + "\"", allowed);
  DistinctValues search(GridsOf(look, rows.numbers()), ranks.n, federation.minimum_count());
  while (!search.Done()) {
    CLINNOVA_ASSIGN(const PooledSums parts, federation.Sum(analysis, kSplitStep, search.Request()));
    search.Absorb(parts.Counts(0));
  }
  for (std::size_t v = 0; v < rows.numbers(); ++v) {
    ranks.tables.push_back(search.Ranks(v));
    ranks.merged = ranks.merged || search.Merged(v);
  }
  return ranks;
}

Result<RankSums> SumRanks(Federation& federation, const Analysis& analysis, const Midranks& ranks) {
  const SumParameters parameters{.group_counts = ranks.group_counts, .tables = ranks.tables};
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kSumStep, parameters));
  return RankSums{.group_twice_ranks = sums.Numbers(kRanks), .products = sums.Numbers(kProducts)};
}

std::string MergedWarning(int minimum_count) {
  return "neighbouring values share a rank until each rank has at least " +
         std::to_string(minimum_count) +
         " persons: the ranks are coarser than those of the pooled rows";
}

std::vector<const federation::Step*> MidrankSteps() { return {&kLookStep, &kSplitStep, &kSumStep}; }

}  // namespace clinnova::stats
