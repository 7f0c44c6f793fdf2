// SPDX-License-Identifier: Apache-2.0
#include "stats/summary.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "stats/contingency_table.h"
#include "stats/summary_steps.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using table::ColumnKind;
using table::ColumnSchema;
using Json = nlohmann::ordered_json;

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
    CLINNOVA_ASSIGN(const PooledSums counts, federation_.Sum(analysis_, kSummaryCountStep,
                                                             SummaryCountParameters{guarded()}));
    present_ = counts.Counts(kSummaryPresent);
    ReadClaims(counts);
    CLINNOVA_TRY(Refine(counts));
    Json variables = Json::array();
    std::size_t first_level = 0;
    for (std::size_t v = 0; v < columns_.size(); ++v) {
      const ColumnSchema& column = federation_.schema().columns[columns_[v]];
      Json entry;
      entry["variable"] = column.name;
      entry["n"] = present_[v];
      entry["n_missing"] = counts.Count(kSummaryAbsent, v);
      if (column.kind == ColumnKind::kFactor) {
        entry["counts"] = LevelCounts(counts, column, first_level, v);
      } else {
        AddNumeric(v, entry);
      }
      first_level += column.levels.size();
      variables.push_back(std::move(entry));
    }
    Json result;
    result["n"] = counts.Count(kSummaryRows, 0);
    result["n_missing"] = counts.Count(kSummaryRows, 1);
    result["variables"] = std::move(variables);
    result["suppressed"] = suppressed_;
    return result;
  }

 private:
  using Sums = SummaryRefineParameters::Sums;

  bool guarded() const { return federation_.minimum_count() > 0; }
  bool numeric(std::size_t v) const {
    return federation_.schema().columns[columns_[v]].kind == ColumnKind::kNumeric;
  }

  /// Rule 9: an order statistic nearer than the threshold to either end is not asked for.
  bool MayTell(std::int64_t n, const QuantileOrders& orders) const {
    return std::min(orders.lower, n - orders.upper + 1) >= federation_.minimum_count();
  }

  /// Which variables' sums are asked for, and what sites judge that by.
  void ReadClaims(const PooledSums& counts) {
    sums_.resize(columns_.size());
    for (std::size_t v = 0; v < columns_.size(); ++v) {
      told_.push_back(numeric(v) && present_[v] > 0);
      if (!guarded()) {
        sums_[v] = counts.Number(kSummarySum, v);
        continue;
      }
      const SummaryClaim claim{.variable = v,
                               .present = present_[v],
                               .zeros = counts.Count(kSummaryZeros, v),
                               .ones = counts.Count(kSummaryOnes, v),
                               .sites = counts.Count(kSummarySites, v),
                               .magnitude = counts.Number(kSummaryMagnitudes, v)};
      told_[v] = told_[v] && MaySum(claim, federation_.schema(), federation_.minimum_count(),
                                    federation_.limits());
      if (told_[v]) claims_.push_back(claim);
    }
  }

  void WantQuantiles() {
    for (std::size_t v = 0; v < columns_.size(); ++v) {
      for (const double probability : told_[v] ? probabilities_ : std::vector<double>{}) {
        const QuantileOrders orders = Type7(present_[v], probability);
        if (!MayTell(present_[v], orders)) continue;
        search_.Want(v, orders.lower);
        search_.Want(v, orders.upper);
      }
    }
  }

  std::vector<double> Centers() const {
    std::vector<double> centers;
    for (std::size_t v = 0; v < columns_.size(); ++v)
      centers.push_back(told_[v] ? sums_[v] / static_cast<double>(present_[v]) : 0);
    return centers;
  }

  Result<void> Refine(const PooledSums& counts) {
    moments_.resize(columns_.size());
    if (std::find(told_.begin(), told_.end(), true) == told_.end()) return {};
    WantQuantiles();
    if (!search_.Done()) search_.Absorb(FirstCounts(counts));
    SummaryRefineParameters parameters;
    parameters.sums = guarded() ? Sums::kPlain : Sums::kMoments;
    do {
      parameters.centers = Centers();
      parameters.claims = parameters.sums == Sums::kNone ? std::vector<SummaryClaim>{} : claims_;
      parameters.targets = search_.targets();
      parameters.shift = std::max<std::int64_t>(search_.shift(), 0);
      CLINNOVA_ASSIGN(const PooledSums sums,
                      federation_.Sum(analysis_, kSummaryRefineStep, parameters));
      if (!search_.Done()) search_.Absorb(sums.Counts(kSummaryKeys));
      Keep(sums, parameters);
      const bool plain = parameters.sums == Sums::kPlain;
      parameters.sums = plain && !claims_.empty() ? Sums::kMoments : Sums::kNone;
    } while (!search_.Done() || parameters.sums != Sums::kNone);
    return {};
  }

  /// The answer to the search's first question, for the variables that it is about.
  std::vector<std::int64_t> FirstCounts(const PooledSums& counts) const {
    std::vector<std::int64_t> first;
    for (const KeyInterval& target : search_.targets()) {
      for (std::size_t part = 0; part < kKeyParts; ++part) {
        first.push_back(counts.Count(kSummaryFirstKeys, target.variable * kKeyParts + part));
      }
    }
    return first;
  }

  /// The sums of a round; a variable that a site withheld is no longer told or asked for.
  void Keep(const PooledSums& sums, const SummaryRefineParameters& parameters) {
    if (parameters.sums == Sums::kNone) return;
    for (std::size_t v = 0; v < columns_.size() && !guarded(); ++v)
      KeepMoments(sums, kSummaryMoments, 3 * v, v, parameters.centers[v]);
    claims_.clear();
    for (std::size_t c = 0; c < parameters.claims.size(); ++c) {
      const SummaryClaim& claim = parameters.claims[c];
      const std::size_t v = claim.variable;
      if (sums.Count(kSummaryWithheld, c) != 0) {
        told_[v] = false;
        continue;
      }
      claims_.push_back(claim);
      if (parameters.sums == Sums::kPlain) {
        sums_[v] = sums.Number(kSummaryFirstClaim + c);
      } else {
        KeepMoments(sums, kSummaryFirstClaim + c, 0, v, parameters.centers[v]);
      }
    }
  }

  /// Central sums about the exact mean from those about its double `center`.
  void KeepMoments(const PooledSums& sums, std::size_t block, std::size_t first, std::size_t v,
                   double center) {
    if (!told_[v]) return;
    const auto n = static_cast<double>(present_[v]);
    const double shift = sums_[v] / n - center;
    const double m2 = sums.Number(block, first) - n * shift * shift;
    moments_[v] = {n, m2, sums.Number(block, first + 1) - 3 * shift * m2,
                   sums.Number(block, first + 2)};
  }

  Json LevelCounts(const PooledSums& counts, const ColumnSchema& column, std::size_t first_level,
                   std::size_t v) {
    std::vector<std::int64_t> of_level;
    std::vector<bool> one_site;  // rule 11
    for (std::size_t level = 0; level < column.levels.size(); ++level) {
      of_level.push_back(counts.Count(kSummaryLevels, first_level + level));
      one_site.push_back(guarded() && column.name != "site" &&
                         TooFewSites(counts.Count(kSummaryLevelSites, first_level + level),
                                     federation_.schema(), federation_.limits()));
    }
    const std::vector<bool> hidden =
        HiddenCells(of_level, 1, of_level.size(), federation_.minimum_count(), one_site);
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

  void AddNumeric(std::size_t v, Json& entry) {
    const std::int64_t n = present_[v];
    const bool told = told_[v] || n == 0;
    const double sum = sums_[v];
    const double nan = std::nan("");
    const Moments& moments = moments_[v];
    for (const char* field : {"mean", "sd", "variance", "skewness", "kurtosis"}) {
      if (!told) suppressed_.push_back("variables[" + std::to_string(v) + "]." + field);
    }
    const auto number = [&](double value) { return NumberJson(told && n > 0 ? value : nan); };
    entry["mean"] = number(sum / static_cast<double>(n));
    entry["sd"] = number(std::sqrt(moments.variance()));
    entry["variance"] = number(moments.variance());
    entry["skewness"] = number(moments.skewness());
    entry["kurtosis"] = number(moments.kurtosis());
    Json quantiles = Json::array();
    for (std::size_t q = 0; q < probabilities_.size(); ++q) {
      const QuantileOrders orders = Type7(n, probabilities_[q]);
      if (told && n > 0 && MayTell(n, orders)) {
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
  std::vector<bool> told_;  ///< numeric variables with values whose sums may be told
  std::vector<double> sums_;
  std::vector<SummaryClaim> claims_;
  OrderStatisticSearch search_;
  std::vector<std::string> suppressed_;
};

Result<Json> RunSummary(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(std::vector<std::size_t> columns,
                  SummaryVariables(analysis, federation.schema()));
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
          {&kSummaryCountStep, &kSummaryRefineStep},
          RunSummary};
}

}  // namespace clinnova::stats
