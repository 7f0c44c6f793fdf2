// SPDX-License-Identifier: Apache-2.0
#include "stats/summary.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "federation/batches.h"
#include "stats/contingency_table.h"
#include "stats/order_statistics.h"
#include "stats/terms.h"

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
using table::ColumnKind;
using table::ColumnSchema;
using Json = nlohmann::ordered_json;

/// The analysis' variables as columns of the schema.
Result<std::vector<std::size_t>> Variables(const Analysis& analysis, const table::Schema& schema) {
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

/// The present values of rows [first, first + count) of a numeric column.
std::vector<double> Present(const table::Column& column, std::size_t first, std::size_t count) {
  std::vector<double> values;
  values.reserve(count);
  for (std::size_t r = first; r < first + count; ++r) {
    if (!std::isnan(column.numbers[r])) values.push_back(column.numbers[r]);
  }
  return values;
}

struct CountParameters {
  template <class A>
  void Fields(A&) {}
};
enum CountBlocks { kPresent, kAbsent, kSum, kLevels, kFirstKeys };
/// The search for quantiles begins with the same question for every variable: it is asked with the counts.
constexpr std::int64_t kFirstShift = 56;

std::size_t LevelCount(const table::Schema& schema, const std::vector<std::size_t>& columns) {
  std::size_t count = 0;
  for (const std::size_t column : columns) count += schema.columns[column].levels.size();
  return count;
}

Result<Layout> CountLayout(const Analysis& analysis, const table::Schema& schema,
                           const CountParameters&) {
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, Variables(analysis, schema));
  return Layout{{CountBlock("present", columns.size()), CountBlock("missing", columns.size()),
                 WideBlock("sum", columns.size()),
                 CountBlock("levels", LevelCount(schema, columns)),
                 CountBlock("keys", columns.size() * kKeyParts)}};
}

struct NoScratch {};

/// All keys of each variable.
std::vector<KeyInterval> WholeRanges(std::size_t variables) {
  std::vector<KeyInterval> ranges;
  for (std::size_t v = 0; v < variables; ++v) ranges.push_back({v, 0});
  return ranges;
}

Result<void> CountEvaluate(const SiteView& site, const CountParameters&, ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns,
                  Variables(site.analysis, site.table.schema));
  const std::vector<KeyInterval> all_keys = WholeRanges(columns.size());
  return ForEachBatch<NoScratch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, NoScratch&, ExactSums& mine) -> Result<void> {
        std::size_t first_level = 0;
        for (std::size_t v = 0; v < columns.size(); ++v) {
          const ColumnSchema& schema = site.table.schema.columns[columns[v]];
          const table::Column& column = site.table.column(columns[v]);
          std::size_t present = 0;
          if (schema.kind == ColumnKind::kNumeric) {
            const std::vector<double> values = Present(column, first, count);
            mine.AddAll(kSum, v, values);
            CountKeys(values, v, all_keys, kFirstShift, kFirstKeys, mine);
            present = values.size();
          } else {
            for (std::size_t r = first; r < first + count; ++r) {
              if (column.codes[r] < 0) continue;
              mine.AddCount(kLevels, first_level + static_cast<std::size_t>(column.codes[r]));
              ++present;
            }
          }
          mine.AddCount(kPresent, v, static_cast<std::int64_t>(present));
          mine.AddCount(kAbsent, v, static_cast<std::int64_t>(count - present));
          first_level += schema.levels.size();
        }
        return {};
      });
}

struct RefineParameters {
  bool moments = false;
  std::vector<double> centers;  ///< one per variable
  std::vector<KeyInterval> targets;
  std::int64_t shift = 56;
  template <class A>
  void Fields(A& a) {
    a(moments);
    a(centers);
    a(targets);
    a(shift);
  }
};
enum RefineBlocks { kMoments, kKeys };

Result<Layout> RefineLayout(const Analysis& analysis, const table::Schema& schema,
                            const RefineParameters& parameters) {
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns, Variables(analysis, schema));
  if (parameters.centers.size() != columns.size() || parameters.shift < 0 ||
      parameters.shift > 56) {
    return Fail(ErrorCode::kRefused, "parameters that do not fit the variables", "wrong_layout");
  }
  return Layout{{WideBlock("moments", parameters.moments ? 3 * columns.size() : 0),
                 CountBlock("keys", parameters.targets.size() * kKeyParts)}};
}

Result<void> RefineEvaluate(const SiteView& site, const RefineParameters& parameters,
                            ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::vector<std::size_t> columns,
                  Variables(site.analysis, site.table.schema));
  return ForEachBatch<NoScratch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, NoScratch&, ExactSums& mine) -> Result<void> {
        for (std::size_t v = 0; v < columns.size(); ++v) {
          if (site.table.schema.columns[columns[v]].kind != ColumnKind::kNumeric) continue;
          const std::vector<double> values = Present(site.table.column(columns[v]), first, count);
          CountKeys(values, v, parameters.targets, parameters.shift, kKeys, mine);
          if (!parameters.moments) continue;
          for (const double value : values) {
            const double d = value - parameters.centers[v];
            const double d2 = d * d;
            mine.Add(kMoments, 3 * v, d2);
            mine.Add(kMoments, 3 * v + 1, d2 * d);
            mine.Add(kMoments, 3 * v + 2, d2 * d2);
          }
        }
        return {};
      });
}

const TypedStep<CountParameters> kCountStep{"summary.count", CountLayout, CountEvaluate};
const TypedStep<RefineParameters> kRefineStep{"summary.refine", RefineLayout, RefineEvaluate};

/// One numeric variable's central sums about its mean.
struct Moments {
  double n = 0;
  double m2 = 0;
  double m3 = 0;
  double m4 = 0;

  double variance() const { return n > 1 ? m2 / (n - 1) : std::nan(""); }
  double skewness() const {
    const double g1 = (m3 / n) / std::pow(m2 / n, 1.5);
    return n > 2 && m2 > 0 ? g1 * std::sqrt(n * (n - 1)) / (n - 2) : std::nan("");
  }
  double kurtosis() const {
    const double g2 = (m4 / n) / ((m2 / n) * (m2 / n)) - 3;
    return n > 3 && m2 > 0 ? (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6) : std::nan("");
  }
};

class Summary {
 public:
  Summary(Federation& federation, const Analysis& analysis, std::vector<std::size_t> columns,
          std::vector<double> probabilities)
      : federation_(federation),
        analysis_(analysis),
        columns_(std::move(columns)),
        probabilities_(std::move(probabilities)) {}

  Result<Json> Run() {
    CLINNOVA_ASSIGN(const PooledSums counts,
                    federation_.Sum(analysis_, kCountStep, CountParameters{}));
    present_ = counts.Counts(kPresent);
    CLINNOVA_TRY(Refine(counts));
    Json variables = Json::array();
    std::size_t first_level = 0;
    for (std::size_t v = 0; v < columns_.size(); ++v) {
      const ColumnSchema& column = federation_.schema().columns[columns_[v]];
      Json entry;
      entry["variable"] = column.name;
      entry["n"] = present_[v];
      entry["n_missing"] = counts.Count(kAbsent, v);
      if (column.kind == ColumnKind::kFactor) {
        entry["counts"] = LevelCounts(counts, column, first_level, v);
      } else {
        AddNumeric(counts.Number(kSum, v), v, entry);
      }
      first_level += column.levels.size();
      variables.push_back(std::move(entry));
    }
    Json result;
    result["variables"] = std::move(variables);
    result["suppressed"] = suppressed_;
    return result;
  }

 private:
  bool numeric(std::size_t v) const {
    return federation_.schema().columns[columns_[v]].kind == ColumnKind::kNumeric;
  }

  /// Rule 9: an order statistic nearer than the threshold to either end is not asked for.
  bool MayTell(std::int64_t n, const QuantileOrders& orders) const {
    return std::min(orders.lower, n - orders.upper + 1) >= federation_.minimum_count();
  }

  Result<void> Refine(const PooledSums& counts) {
    RefineParameters parameters;
    parameters.moments = true;
    bool any = false;
    for (std::size_t v = 0; v < columns_.size(); ++v) {
      const std::int64_t n = present_[v];
      const bool wanted = numeric(v) && n > 0;
      any = any || wanted;
      parameters.centers.push_back(wanted ? counts.Number(kSum, v) / static_cast<double>(n) : 0);
      if (!wanted) continue;
      for (const double probability : probabilities_) {
        const QuantileOrders orders = Type7(n, probability);
        if (!MayTell(n, orders)) continue;
        search_.Want(v, orders.lower);
        search_.Want(v, orders.upper);
      }
    }
    moments_.resize(columns_.size());
    if (!any) return {};
    if (!search_.Done()) search_.Absorb(FirstCounts(counts));
    do {
      parameters.targets = search_.targets();
      parameters.shift = std::max<std::int64_t>(search_.shift(), 0);
      CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kRefineStep, parameters));
      if (parameters.moments) KeepMoments(sums, counts, parameters.centers);
      parameters.moments = false;
      if (!search_.Done()) search_.Absorb(sums.Counts(kKeys));
    } while (!search_.Done());
    return {};
  }

  /// The answer to the search's first question, for the variables that it is about.
  std::vector<std::int64_t> FirstCounts(const PooledSums& counts) const {
    std::vector<std::int64_t> first;
    for (const KeyInterval& target : search_.targets()) {
      for (std::size_t part = 0; part < kKeyParts; ++part) {
        first.push_back(counts.Count(kFirstKeys, target.variable * kKeyParts + part));
      }
    }
    return first;
  }

  /// Central sums about the exact mean from those about its double `center`.
  void KeepMoments(const PooledSums& sums, const PooledSums& counts,
                   const std::vector<double>& centers) {
    for (std::size_t v = 0; v < columns_.size(); ++v) {
      const auto n = static_cast<double>(present_[v]);
      const double shift = n > 0 ? counts.Number(kSum, v) / n - centers[v] : 0;
      const double m2 = sums.Number(kMoments, 3 * v) - n * shift * shift;
      moments_[v] = {n, m2, sums.Number(kMoments, 3 * v + 1) - 3 * shift * m2,
                     sums.Number(kMoments, 3 * v + 2)};
    }
  }

  Json LevelCounts(const PooledSums& counts, const ColumnSchema& column, std::size_t first_level,
                   std::size_t v) {
    std::vector<std::int64_t> of_level;
    for (std::size_t level = 0; level < column.levels.size(); ++level) {
      of_level.push_back(counts.Count(kLevels, first_level + level));
    }
    const std::vector<bool> hidden =
        HiddenCells(of_level, 1, of_level.size(), federation_.minimum_count());
    Json levels = Json::object();
    for (std::size_t level = 0; level < column.levels.size(); ++level) {
      levels[column.levels[level]] = hidden[level] ? Json(nullptr) : Json(of_level[level]);
      if (hidden[level]) {
        suppressed_.push_back("variables[" + std::to_string(v) + "].counts." +
                              column.levels[level]);
      }
    }
    return levels;
  }

  void AddNumeric(double sum, std::size_t v, Json& entry) {
    const std::int64_t n = present_[v];
    const bool told = n == 0 || n >= federation_.minimum_count();
    const double nan = std::nan("");
    const Moments& moments = moments_[v];
    if (!told) suppressed_.push_back("variables[" + std::to_string(v) + "]");
    const auto number = [&](double value) { return NumberJson(told && n > 0 ? value : nan); };
    entry["mean"] = number(sum / static_cast<double>(n));
    entry["sd"] = number(std::sqrt(moments.variance()));
    entry["variance"] = number(moments.variance());
    entry["skewness"] = number(moments.skewness());
    entry["kurtosis"] = number(moments.kurtosis());
    Json quantiles = Json::array();
    for (std::size_t q = 0; q < probabilities_.size(); ++q) {
      const QuantileOrders orders = Type7(n, probabilities_[q]);
      if (n > 0 && MayTell(n, orders)) {
        quantiles.push_back(NumberJson(
            Interpolate(orders, search_.Value(v, orders.lower), search_.Value(v, orders.upper))));
        continue;
      }
      quantiles.push_back(nullptr);
      if (n > 0) {
        suppressed_.push_back("variables[" + std::to_string(v) + "].quantiles[" +
                              std::to_string(q) + "]");
      }
    }
    entry["quantiles"] = std::move(quantiles);
  }

  Federation& federation_;
  const Analysis& analysis_;
  std::vector<std::size_t> columns_;
  std::vector<double> probabilities_;
  std::vector<std::int64_t> present_;
  std::vector<Moments> moments_;
  OrderStatisticSearch search_;
  std::vector<std::string> suppressed_;
};

Result<Json> RunSummary(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(std::vector<std::size_t> columns, Variables(analysis, federation.schema()));
  CLINNOVA_ASSIGN(std::vector<double> probabilities,
                  analysis.Numbers("quantiles", {0.25, 0.5, 0.75}));
  for (const double probability : probabilities) {
    if (!(probability >= 0 && probability <= 1)) {
      return analysis.Wrong("quantiles", "expected numbers between 0 and 1");
    }
  }
  CLINNOVA_ASSIGN(const double tolerance, analysis.Number("tolerance", 1e-9));
  if (!(tolerance >= 0)) return analysis.Wrong("tolerance", "expected 0 or more");
  return Summary(federation, analysis, std::move(columns), std::move(probabilities)).Run();
}

constexpr std::string_view kOptions[] = {"variables", "quantiles", "tolerance"};

}  // namespace

Method SummaryMethod() {
  return {"summary",
          "counts, moments and quantiles of variables",
          kOptions,
          {&kCountStep, &kRefineStep},
          RunSummary};
}

}  // namespace clinnova::stats
