// SPDX-License-Identifier: Apache-2.0
#include "stats/group_moments.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "federation/batches.h"
#include "stats/analysis_rows.h"
#include "stats/magnitudes.h"

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
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;

struct CountParameters {
  bool guarded = false;  ///< disclosure rules hold: also what they are judged by
  template <class A>
  void Fields(A& a) {
    a(guarded);
  }
};
enum CountBlocks { kCases, kGroups, kZeros, kOnes, kSites, kMagnitudes };

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema& schema,
                           const CountParameters& parameters) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(analysis, schema));
  const std::size_t groups = rows.levels().size();
  const std::size_t judged = parameters.guarded ? groups : 0;
  return Layout{{CountBlock("cases", kRowCases), CountBlock("groups", groups),
                 CountBlock("zeros", groups), CountBlock("ones", groups),
                 CountBlock("sites", judged), WideBlock("magnitudes", judged)}};
}

/// Of each group at this site: persons, and the sizes of their values.
struct OwnGroups {
  std::vector<std::int64_t> counts;
  std::vector<std::int64_t> zeros;
  std::vector<std::int64_t> ones;
  std::vector<Magnitudes> magnitudes;
};

Result<std::shared_ptr<const OwnGroups>> OwnGroupsOf(const SiteView& site,
                                                     const AnalysisRows& rows) {
  return site.cache.GetOrMake<OwnGroups>("groups " + site.analysis.name(), [&] {
    const std::size_t groups = rows.levels().size();
    OwnGroups own{std::vector<std::int64_t>(groups), std::vector<std::int64_t>(groups),
                  std::vector<std::int64_t>(groups), std::vector<Magnitudes>(groups)};
    RowBatch batch;
    for (std::size_t first = 0; first < site.table.rows; first += table::kBatchRows) {
      rows.Evaluate(site.table, first, std::min(table::kBatchRows, site.table.rows - first), batch);
      for (std::size_t r = 0; r < batch.rows; ++r) {
        const auto group = static_cast<std::size_t>(batch.group[r]);
        const double y = batch.numbers[0][r];
        ++own.counts[group];
        own.zeros[group] += y == 0;
        own.ones[group] += y == 1;
        own.magnitudes[group].See(y);
      }
    }
    return own;
  });
}

Result<void> CountHold(const SiteView&, const CountParameters& parameters) {
  if (parameters.guarded) return {};  // counts, and bounds of sums of sizes that say little
  return Fail(ErrorCode::kRefused, "counts without the rules'", "unguarded_step");
}

Result<void> CountEvaluate(const SiteView& site, const CountParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(site.analysis, site.table.schema));
  if (parameters.guarded) {
    CLINNOVA_ASSIGN(const auto own, OwnGroupsOf(site, rows));
    for (std::size_t g = 0; g < own->counts.size(); ++g) {
      sums.AddCount(kSites, g, own->counts[g] > 0 ? 1 : 0);
      sums.Add(kMagnitudes, g, own->magnitudes[g].Bound(site.minimum_count));
    }
  }
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
  std::vector<double> centers{};     ///< per group; empty in the round of plain sums
  // Where disclosure rules hold, likewise claimed:
  std::vector<std::int64_t> zeros{};
  std::vector<std::int64_t> ones{};
  std::vector<std::int64_t> sites{};
  std::vector<double> magnitudes{};
  template <class A>
  void Fields(A& a) {
    a(counts);
    a(centers);
    a(zeros);
    a(ones);
    a(sites);
    a(magnitudes);
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
Result<void> CheckBinaryOutcome(const SumParameters& claim, std::int64_t minimum_count) {
  const auto& [counts, centers, zeros, ones, sites, magnitudes] = claim;
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

/// Rules 1 to 3 and 11 on the counts of all sites.
Result<void> CheckGroups(const AnalysisRows& rows, const SumParameters& claim,
                         const table::Schema& schema, int minimum_count,
                         const federation::DisclosureLimits& limits) {
  CLINNOVA_TRY(CheckGroupCounts(claim.counts, minimum_count));
  if (minimum_count == 0) return {};
  CLINNOVA_TRY(CheckBinaryOutcome(claim, minimum_count));
  for (const std::int64_t sites : claim.sites) {
    if (rows.group_name() != "site" && federation::TooFewSites(sites, schema, limits))
      return Fail(ErrorCode::kRefused, "a group is at too few sites", "few_contributors");
  }
  return {};
}

Result<void> SumHold(const SiteView& site, const SumParameters& claim) {
  CLINNOVA_ASSIGN(const AnalysisRows rows, AnalysisRows::Bind(site.analysis, site.table.schema));
  const std::size_t groups = rows.levels().size();
  if (claim.counts.size() != groups || claim.zeros.size() != groups ||
      claim.ones.size() != groups || claim.sites.size() != groups ||
      claim.magnitudes.size() != groups) {
    return Fail(ErrorCode::kRefused, "a claim that does not fit the groups", "wrong_layout");
  }
  CLINNOVA_TRY(CheckGroups(rows, claim, site.table.schema, site.minimum_count, site.limits));
  CLINNOVA_ASSIGN(const auto own, OwnGroupsOf(site, rows));
  for (std::size_t g = 0; g < groups; ++g) {
    if (own->counts[g] > claim.counts[g] || own->zeros[g] > claim.zeros[g] ||
        own->ones[g] > claim.ones[g]) {
      return Fail(ErrorCode::kRefused, "a count below what this site alone has", "false_claim");
    }
    CLINNOVA_TRY(HoldDominance(own->magnitudes[g], claim.magnitudes[g], site));
  }
  return {};
}

const TypedStep<CountParameters> kCountStep{"groups.count", CountLayout, CountEvaluate,
                                            Guard<CountParameters>{{Rule::kDominance}, CountHold}};
const TypedStep<SumParameters> kSumStep{
    "groups.sum", SumLayout, SumEvaluate,
    Guard<SumParameters>{
        {Rule::kCohort, Rule::kParameters, Rule::kLevels, Rule::kDominance, Rule::kContributors},
        SumHold}};

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
  const bool guarded = federation.minimum_count() > 0;
  CLINNOVA_ASSIGN(const PooledSums counts,
                  federation.Sum(analysis, kCountStep, CountParameters{guarded}));
  CLINNOVA_TRY(CheckRows(analysis, counts, kCases, federation.minimum_count()));
  SumParameters parameters{.counts = counts.Counts(kGroups)};
  if (guarded) {
    parameters.zeros = counts.Counts(kZeros);
    parameters.ones = counts.Counts(kOnes);
    parameters.sites = counts.Counts(kSites);
    parameters.magnitudes = counts.Numbers(kMagnitudes);
  }
  const auto allowed = CheckGroups(rows, parameters, federation.schema(),
                                   federation.minimum_count(), federation.limits());
  if (!allowed) return FailAt("analysis \"" + analysis.name() + "\"", allowed);
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
