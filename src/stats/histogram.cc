// SPDX-License-Identifier: Apache-2.0
#include "stats/histogram.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <nlohmann/json.hpp>

#include "federation/batches.h"
#include "stats/contingency_table.h"
#include "stats/order_statistics.h"
#include "table/numeric_expression.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kMaximumBins = 10'000;

Result<std::size_t> Variable(const Analysis& analysis, const table::Schema& schema) {
  CLINNOVA_ASSIGN(const std::string name, analysis.Text("variable"));
  const auto column = schema.Find(name);
  if (!column)
    return analysis.Wrong("variable", table::UnknownColumn(name, schema).value().message);
  if (schema.columns[*column].kind != table::ColumnKind::kNumeric) {
    return analysis.Wrong("variable",
                          name + " is a factor, expected a number; method table counts levels");
  }
  return *column;
}

struct Parameters {
  std::vector<double> breaks;
  template <class A>
  void Fields(A& a) {
    a(breaks);
  }
};
enum Block { kCases, kBins, kSites };
enum Case { kPresent, kMissing, kOutside };

Result<Layout> LayoutOf(const Analysis& analysis, const table::Schema& schema,
                        const Parameters& parameters) {
  CLINNOVA_TRY(Variable(analysis, schema));
  if (parameters.breaks.size() < 2)
    return Fail(ErrorCode::kRefused, "too few breaks", "wrong_layout");
  const std::size_t bins = parameters.breaks.size() - 1;
  return Layout{{CountBlock("cases", 3), CountBlock("bins", bins), CountBlock("sites", bins)}};
}

struct NoScratch {};

Result<void> Evaluate(const SiteView& site, const Parameters& parameters, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::size_t column, Variable(site.analysis, site.table.schema));
  const std::vector<double>& breaks = parameters.breaks;
  std::vector<std::atomic<bool>> here(breaks.size() - 1);
  CLINNOVA_TRY(federation::ForEachBatch<NoScratch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, NoScratch&, ExactSums& mine) -> Result<void> {
        std::vector<std::int64_t> bins(breaks.size() - 1);
        std::int64_t cases[3] = {};
        for (std::size_t r = first; r < first + count; ++r) {
          const double value = site.table.column(column).numbers[r];
          if (std::isnan(value)) {
            ++cases[kMissing];
          } else if (value < breaks.front() || value > breaks.back()) {
            ++cases[kOutside];
          } else {
            ++cases[kPresent];
            const auto upper = std::lower_bound(breaks.begin() + 1, breaks.end(), value);
            ++bins[static_cast<std::size_t>(upper - breaks.begin()) - 1];
          }
        }
        for (std::size_t i = 0; i < 3; ++i) mine.AddCount(kCases, i, cases[i]);
        for (std::size_t i = 0; i < bins.size(); ++i) {
          mine.AddCount(kBins, i, bins[i]);
          if (bins[i] > 0) here[i] = true;
        }
        return {};
      }));
  for (std::size_t i = 0; i < here.size(); ++i) sums.AddCount(kSites, i, here[i] ? 1 : 0);
  return {};
}

/// Which of the coarse magnitudes 0 and ±2^e the values lie between: only whether any site has one there.
struct RangeParameters {
  template <class A>
  void Fields(A&) {}
};
constexpr int kLowestPower = -60;
constexpr int kHighestPower = 60;
constexpr std::size_t kPowers = kHighestPower - kLowestPower + 1;

Result<Layout> RangeLayout(const Analysis& analysis, const table::Schema& schema,
                           const RangeParameters&) {
  CLINNOVA_TRY(Variable(analysis, schema));
  return Layout{{CountBlock("above", kPowers), CountBlock("below", kPowers)}};
}

/// The power of two at or above the size, as an index; sizes outside the scale count as its ends.
std::size_t PowerIndex(double size) {
  int exponent = 0;
  const double fraction = std::frexp(size, &exponent);
  if (fraction == 0.5) --exponent;
  return static_cast<std::size_t>(std::clamp(exponent, kLowestPower, kHighestPower) - kLowestPower);
}

Result<void> RangeEvaluate(const SiteView& site, const RangeParameters&, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::size_t column, Variable(site.analysis, site.table.schema));
  std::vector<bool> above(kPowers);
  std::vector<bool> below(kPowers);
  for (const double value : site.table.column(column).numbers) {
    if (value > 0) above[PowerIndex(value)] = true;
    if (value < 0) below[PowerIndex(-value)] = true;
  }
  for (std::size_t i = 0; i < kPowers; ++i) {
    if (above[i]) sums.AddCount(0, i);
    if (below[i]) sums.AddCount(1, i);
  }
  return {};
}

const TypedStep<Parameters> kStep{"histogram.count", LayoutOf, Evaluate, federation::CountsOnly{}};
const TypedStep<RangeParameters> kRangeStep{"histogram.range", RangeLayout, RangeEvaluate,
                                            federation::CountsOnly{}};

/// Equal bins from the largest power of two below the data to the smallest above, zero included.
Result<std::vector<double>> BreaksOf(Federation& federation, const Analysis& analysis,
                                     std::int64_t bins) {
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kRangeStep, RangeParameters{}));
  double low = 0;
  double high = 0;
  for (std::size_t i = 0; i < kPowers; ++i) {
    const double power = std::ldexp(1.0, static_cast<int>(i) + kLowestPower);
    if (sums.Count(0, i) != 0) high = power;
    if (sums.Count(1, i) != 0) low = -power;
  }
  if (low == high) high = 1;
  std::vector<double> breaks;
  for (std::int64_t i = 0; i <= bins; ++i) {
    breaks.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(bins));
  }
  return breaks;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_TRY(Variable(analysis, federation.schema()));
  Parameters parameters;
  CLINNOVA_ASSIGN(parameters.breaks, analysis.Numbers("breaks"));
  CLINNOVA_ASSIGN(const std::int64_t bins, analysis.Integer("bins", 20));
  if (bins < 1 || bins > kMaximumBins) return analysis.Wrong("bins", "expected 1 to 10000");
  if (parameters.breaks.empty()) {
    CLINNOVA_ASSIGN(parameters.breaks, BreaksOf(federation, analysis, bins));
  } else if (parameters.breaks.size() < 2 ||
             !std::is_sorted(parameters.breaks.begin(), parameters.breaks.end(),
                             std::less_equal<>())) {
    return analysis.Wrong("breaks", "expected at least two increasing numbers");
  }
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kStep, parameters));
  const std::int64_t outside = sums.Count(kCases, kOutside);
  if (outside != 0) {
    const bool told = outside >= federation.minimum_count();
    return analysis.Wrong("breaks",
                          "some values (" + (told ? std::to_string(outside) : std::string("few")) +
                              ") lie outside them, expected breaks that cover all values");
  }
  CLINNOVA_TRY(CheckCohort(analysis, sums.Count(kCases, kPresent), federation.minimum_count()));
  const std::vector<std::int64_t> counts = sums.Counts(kBins);
  std::vector<bool> one_site(counts.size());
  for (std::size_t i = 0; i < counts.size() && federation.minimum_count() > 0; ++i) {
    one_site[i] = TooFewSites(sums.Count(kSites, i), federation.schema(), federation.limits());
  }
  const std::vector<bool> hidden =
      HiddenCells(counts, 1, counts.size(), federation.minimum_count(), one_site);
  Json list = Json::array();
  std::vector<std::string> suppressed;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    list.push_back(hidden[i] ? Json(nullptr) : Json(counts[i]));
    if (hidden[i]) suppressed.push_back("counts[" + std::to_string(i) + "]");
  }
  Json result;
  result["n"] = sums.Count(kCases, kPresent);
  result["n_missing"] = sums.Count(kCases, kMissing);
  result["breaks"] = parameters.breaks;
  result["counts"] = std::move(list);
  result["suppressed"] = suppressed;
  return result;
}

constexpr std::string_view kOptions[] = {"variable", "breaks", "bins"};

}  // namespace

Method HistogramMethod() {
  return {"histogram", "counts of a number between breaks", kOptions, {&kStep, &kRangeStep}, Run};
}

}  // namespace clinnova::stats
