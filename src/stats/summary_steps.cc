// SPDX-License-Identifier: Apache-2.0
#include "stats/summary_steps.h"

#include <algorithm>
#include <cmath>

#include "federation/batches.h"
#include "stats/magnitudes.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::ForEachBatch;
using federation::Guard;
using federation::Layout;
using federation::Rule;
using federation::SiteView;
using federation::WideBlock;
using table::ColumnKind;
using table::ColumnSchema;

/// The present values of rows [first, first + count) of a numeric column.
std::vector<double> Present(const table::Column& column, std::size_t first, std::size_t count) {
  std::vector<double> values;
  values.reserve(count);
  for (std::size_t r = first; r < first + count; ++r) {
    if (!std::isnan(column.numbers[r])) values.push_back(column.numbers[r]);
  }
  return values;
}

/// The search for quantiles begins with the same question for every variable: it is asked with the counts.
constexpr std::int64_t kFirstShift = 56;

std::size_t LevelCount(const table::Schema& schema, const std::vector<std::size_t>& columns) {
  std::size_t count = 0;
  for (const std::size_t column : columns) count += schema.columns[column].levels.size();
  return count;
}

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema& schema,
                           const SummaryCountParameters& parameters) {
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, SummaryVariables(analysis, schema));
  const std::size_t variables = columns.size();
  const std::size_t judged = parameters.guarded ? variables : 0;
  const std::size_t levels = LevelCount(schema, columns);
  return Layout{{CountBlock("present", variables), CountBlock("missing", variables),
                 WideBlock("sum", parameters.guarded ? 0 : variables), CountBlock("levels", levels),
                 CountBlock("keys", variables * kKeyParts), CountBlock("zeros", judged),
                 CountBlock("ones", judged), CountBlock("sites", judged),
                 CountBlock("level_sites", parameters.guarded ? levels : 0),
                 WideBlock("magnitudes", judged), CountBlock("rows", 2)}};
}

struct NoScratch {};

/// All keys of each variable.
std::vector<KeyInterval> WholeRanges(std::size_t variables) {
  std::vector<KeyInterval> ranges;
  for (std::size_t v = 0; v < variables; ++v) ranges.push_back({v, 0});
  return ranges;
}

/// What one site has of a numeric variable.
struct OwnVariable {
  SummaryClaim counts;
  Magnitudes magnitudes;
};

OwnVariable OwnOf(const SiteView& site, std::size_t column) {
  OwnVariable own;
  for (const double value : site.table.column(column).numbers) {
    if (std::isnan(value)) continue;
    ++own.counts.present;
    own.counts.zeros += value == 0;
    own.counts.ones += value == 1;
    own.magnitudes.See(value);
  }
  return own;
}

/// What the rules are judged by, of this site as a whole.
void AddJudged(const SiteView& site, const std::vector<std::size_t>& columns, ExactSums& sums) {
  std::size_t first_level = 0;
  for (std::size_t v = 0; v < columns.size(); ++v) {
    const ColumnSchema& schema = site.table.schema.columns[columns[v]];
    if (schema.kind == ColumnKind::kNumeric) {
      const OwnVariable own = OwnOf(site, columns[v]);
      sums.AddCount(kSummaryZeros, v, own.counts.zeros);
      sums.AddCount(kSummaryOnes, v, own.counts.ones);
      sums.AddCount(kSummarySites, v, own.counts.present > 0 ? 1 : 0);
      sums.Add(kSummaryMagnitudes, v, own.magnitudes.Bound(site.minimum_count));
    }
    std::vector<bool> here(schema.levels.size());
    for (const std::int32_t code : site.table.column(columns[v]).codes) {
      if (code >= 0) here[static_cast<std::size_t>(code)] = true;
    }
    for (std::size_t level = 0; level < here.size(); ++level) {
      sums.AddCount(kSummaryLevelSites, first_level + level, here[level] ? 1 : 0);
    }
    first_level += schema.levels.size();
  }
}

Result<void> CountHold(const SiteView&, const SummaryCountParameters& parameters) {
  if (parameters.guarded) return {};  // counts, and bounds of sums of sizes that say little
  return Fail(ErrorCode::kRefused, "sums before the rules' counts", "unguarded_step");
}

Result<void> CountEvaluate(const SiteView& site, const SummaryCountParameters& parameters,
                           ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns,
                  SummaryVariables(site.analysis, site.table.schema));
  const std::vector<KeyInterval> all_keys = WholeRanges(columns.size());
  if (parameters.guarded) AddJudged(site, columns, sums);
  return ForEachBatch<NoScratch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, NoScratch&, ExactSums& mine) -> Result<void> {
        std::size_t first_level = 0;
        std::vector<bool> any(count);
        for (std::size_t v = 0; v < columns.size(); ++v) {
          const ColumnSchema& schema = site.table.schema.columns[columns[v]];
          const table::Column& column = site.table.column(columns[v]);
          for (std::size_t r = 0; r < count; ++r) {
            const bool has = schema.kind == ColumnKind::kNumeric
                                 ? !std::isnan(column.numbers[first + r])
                                 : column.codes[first + r] >= 0;
            if (has) any[r] = true;
          }
          std::size_t present = 0;
          if (schema.kind == ColumnKind::kNumeric) {
            const std::vector<double> values = Present(column, first, count);
            if (!parameters.guarded) mine.AddAll(kSummarySum, v, values);
            CountKeys(values, v, all_keys, kFirstShift, kSummaryFirstKeys, mine);
            present = values.size();
          } else {
            for (std::size_t r = first; r < first + count; ++r) {
              if (column.codes[r] < 0) continue;
              mine.AddCount(kSummaryLevels,
                            first_level + static_cast<std::size_t>(column.codes[r]));
              ++present;
            }
          }
          mine.AddCount(kSummaryPresent, v, static_cast<std::int64_t>(present));
          mine.AddCount(kSummaryAbsent, v, static_cast<std::int64_t>(count - present));
          first_level += schema.levels.size();
        }
        const auto rows = std::ranges::count(any, true);
        mine.AddCount(kSummaryRows, 0, rows);
        mine.AddCount(kSummaryRows, 1, static_cast<std::int64_t>(count) - rows);
        return {};
      });
}

Result<Layout> RefineLayout(const Analysis& analysis, const table::Schema& schema,
                            const SummaryRefineParameters& parameters) {
  using Sums = SummaryRefineParameters::Sums;
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, SummaryVariables(analysis, schema));
  bool fits = parameters.centers.size() == columns.size() && parameters.shift >= 0 &&
              parameters.shift <= 56;
  for (const SummaryClaim& claim : parameters.claims) {
    fits = fits && claim.variable < columns.size() &&
           schema.columns[columns[claim.variable]].kind == ColumnKind::kNumeric;
  }
  if (!fits) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the variables", "wrong_layout");
  }
  const bool guarded = !parameters.claims.empty();
  const bool moments = parameters.sums == Sums::kMoments;
  Layout layout{{WideBlock("moments", moments && !guarded ? 3 * columns.size() : 0),
                 CountBlock("keys", parameters.targets.size() * kKeyParts),
                 CountBlock("withheld", parameters.claims.size())}};
  for (std::size_t c = 0; c < parameters.claims.size(); ++c) {
    const std::size_t size = moments ? 3 : parameters.sums == Sums::kPlain ? 1 : 0;
    layout.blocks.push_back(WideBlock("of_variable", size));
  }
  return layout;
}

/// Adds a value's powers about the centre to the numbers of `block` from `first` on.
void AddMoments(double value, double center, std::size_t block, std::size_t first,
                ExactSums& sums) {
  const double d = value - center;
  const double d2 = d * d;
  sums.Add(block, first, d2);
  sums.Add(block, first + 1, d2 * d);
  sums.Add(block, first + 2, d2 * d2);
}

/// Rule 5: the variables of which one person here is too much are withheld.
Result<void> WithholdDominated(const SiteView& site, const SummaryRefineParameters& parameters,
                               const std::vector<std::size_t>& columns, ExactSums& sums) {
  for (std::size_t c = 0; c < parameters.claims.size(); ++c) {
    const SummaryClaim& claim = parameters.claims[c];
    const OwnVariable own = OwnOf(site, columns[claim.variable]);
    const auto held = HoldDominance(own.magnitudes, claim.magnitude, site);
    if (held) continue;
    if (held.error().reason != "dominance") return held;
    sums.AddCount(kSummaryWithheld, c);
    sums.Withhold(kSummaryFirstClaim + c);
  }
  return {};
}

Result<void> RefineHold(const SiteView& site, const SummaryRefineParameters& parameters) {
  if (parameters.sums == SummaryRefineParameters::Sums::kNone) return {};
  if (parameters.claims.empty())
    return Fail(ErrorCode::kRefused, "sums before the rules' counts", "unguarded_step");
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns,
                  SummaryVariables(site.analysis, site.table.schema));
  for (const SummaryClaim& claim : parameters.claims) {
    if (claim.present < site.minimum_count) {
      return Fail(ErrorCode::kRefused, "fewer values than the threshold", "cohort_below_threshold");
    }
    if (!MaySum(claim, site.table.schema, site.minimum_count, site.limits)) {
      return Fail(ErrorCode::kRefused, "a variable that tells few persons from the others",
                  "rare_level");
    }
    const SummaryClaim own = OwnOf(site, columns[claim.variable]).counts;
    if (own.present > claim.present || own.zeros > claim.zeros || own.ones > claim.ones) {
      return Fail(ErrorCode::kRefused, "a count below what this site alone has", "false_claim");
    }
  }
  return {};
}

Result<void> RefineEvaluate(const SiteView& site, const SummaryRefineParameters& parameters,
                            ExactSums& sums) {
  using Sums = SummaryRefineParameters::Sums;
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns,
                  SummaryVariables(site.analysis, site.table.schema));
  if (parameters.sums != Sums::kNone)
    CLINNOVA_TRY(WithholdDominated(site, parameters, columns, sums));
  return ForEachBatch<NoScratch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, NoScratch&, ExactSums& mine) -> Result<void> {
        const bool moments = parameters.sums == Sums::kMoments;
        for (std::size_t v = 0; v < columns.size(); ++v) {
          if (site.table.schema.columns[columns[v]].kind != ColumnKind::kNumeric) continue;
          const std::vector<double> values = Present(site.table.column(columns[v]), first, count);
          CountKeys(values, v, parameters.targets, parameters.shift, kSummaryKeys, mine);
          if (!moments || !parameters.claims.empty()) continue;
          for (const double value : values)
            AddMoments(value, parameters.centers[v], kSummaryMoments, 3 * v, mine);
        }
        for (std::size_t c = 0; c < parameters.claims.size(); ++c) {
          const std::uint64_t v = parameters.claims[c].variable;
          const std::size_t block = kSummaryFirstClaim + c;
          const std::vector<double> values = Present(site.table.column(columns[v]), first, count);
          if (parameters.sums == Sums::kPlain) mine.AddAll(block, 0, values);
          for (const double value : moments ? values : std::vector<double>{})
            AddMoments(value, parameters.centers[v], block, 0, mine);
        }
        return {};
      });
}

}  // namespace

Result<std::vector<std::size_t>> SummaryVariables(const Analysis& analysis,
                                                  const table::Schema& schema) {
  CLINNOVA_ASSIGN(const std::vector<std::string> names, analysis.Texts("variables"));
  if (names.empty()) return analysis.Wrong("variables", "found none, expected a list of columns");
  std::vector<std::size_t> columns;
  for (const std::string& name : names) {
    const auto column = schema.Find(name);
    if (!column) {
      std::string list;
      for (const ColumnSchema& known : schema.columns)
        list += (list.empty() ? "" : ", ") + known.name;
      return analysis.Wrong("variables", "found \"" + name + "\", expected one of " + list);
    }
    columns.push_back(*column);
  }
  return columns;
}

bool MaySum(const SummaryClaim& claim, const table::Schema& schema, int minimum_count,
            const federation::DisclosureLimits& limits) {
  const auto rare = [&](std::int64_t count) { return count > 0 && count < minimum_count; };
  const bool binary = claim.zeros + claim.ones == claim.present;
  return claim.present >= minimum_count && !(binary && (rare(claim.zeros) || rare(claim.ones))) &&
         !federation::TooFewSites(claim.sites, schema, limits);
}

const federation::TypedStep<SummaryCountParameters> kSummaryCountStep{
    "summary.count", CountLayout, CountEvaluate,
    Guard<SummaryCountParameters>{{Rule::kDominance}, CountHold}};
const federation::TypedStep<SummaryRefineParameters> kSummaryRefineStep{
    "summary.refine", RefineLayout, RefineEvaluate,
    Guard<SummaryRefineParameters>{
        {Rule::kCohort, Rule::kLevels, Rule::kDominance, Rule::kContributors}, RefineHold}};

}  // namespace clinnova::stats
