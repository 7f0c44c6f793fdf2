// SPDX-License-Identifier: Apache-2.0
#include "stats/net_benefit.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stats/predicted_rows.h"
#include "stats/terms.h"

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

constexpr std::size_t kMostThresholds = 10'000;

/// The thresholds of the analysis, rising; 0.01, 0.02, … 0.99 unless given.
Result<std::vector<double>> Thresholds(const Analysis& analysis) {
  std::vector<double> usual;
  for (int percent = 1; percent < 100; ++percent) usual.push_back(percent / 100.0);
  CLINNOVA_ASSIGN(std::vector<double> thresholds, analysis.Numbers("thresholds", usual));
  for (const double t : thresholds) {
    if (!(t >= 0 && t < 1)) {
      return analysis.Wrong("thresholds", "expected numbers from 0 to below 1");
    }
  }
  if (thresholds.empty() || thresholds.size() > kMostThresholds) {
    return analysis.Wrong("thresholds", "expected 1 to 10000 of them");
  }
  std::sort(thresholds.begin(), thresholds.end());
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  return thresholds;
}

struct Parameters {
  template <class A>
  void Fields(A&) {}
};
enum Block { kCases, kBetween, kOutside };  // kBetween: by thresholds reached, controls then cases

Result<Layout> LayoutOf(const Analysis& analysis, const table::Schema& schema, const Parameters&) {
  CLINNOVA_TRY(PredictedColumns::Find(analysis, schema, "prediction"));
  CLINNOVA_ASSIGN(const std::vector<double> thresholds, Thresholds(analysis));
  return Layout{{CountBlock("cases", kPredictedCases),
                 CountBlock("between", 2 * (thresholds.size() + 1)), CountBlock("outside", 1)}};
}

Result<void> Evaluate(const SiteView& site, const Parameters&, ExactSums& sums) {
  CLINNOVA_ASSIGN(const PredictedColumns columns,
                  PredictedColumns::Find(site.analysis, site.table.schema, "prediction"));
  CLINNOVA_ASSIGN(const std::vector<double> thresholds, Thresholds(site.analysis));
  return ForEachPredicted(site, columns, sums, [&](const PredictedRows& rows, ExactSums& mine) {
    AddPredictedCases(rows, kCases, mine);
    for (std::size_t r = 0; r < rows.rows(); ++r) {
      const double p = rows.predictions[0][r];
      mine.AddCount(kOutside, 0, p >= 0 && p <= 1 ? 0 : 1);
      const auto reached = static_cast<std::size_t>(
          std::upper_bound(thresholds.begin(), thresholds.end(), p) - thresholds.begin());
      mine.AddCount(kBetween, 2 * reached + static_cast<std::size_t>(rows.outcome[r]));
    }
  });
}

const TypedStep<Parameters> kStep{"net_benefit.count", LayoutOf, Evaluate,
                                  federation::CountsOnly{}};

/// Which thresholds can be told: from the highest down, each at which the persons since the last one told, and
/// those that would be left below, are of each kind none or at least `minimum`.
std::vector<bool> Told(const std::vector<std::int64_t>& tp, const std::vector<std::int64_t>& fp,
                       const federation::Federation& federation, const PredictedCounts& counts) {
  const std::int64_t minimum = federation.minimum_count();
  const auto fine = [&](std::int64_t persons) { return persons == 0 || persons >= minimum; };
  std::vector<bool> told(tp.size());
  std::int64_t last_tp = 0;
  std::int64_t last_fp = 0;
  for (std::size_t k = tp.size(); k-- > 0;) {
    told[k] = fine(tp[k] - last_tp) && fine(fp[k] - last_fp) && fine(counts.positive - tp[k]) &&
              fine(counts.negative - fp[k]);
    if (!told[k]) continue;
    last_tp = tp[k];
    last_fp = fp[k];
  }
  return told;
}

/// The curve; what may not be told is null, its path added to `suppressed`.
Json CurveJson(const std::vector<double>& thresholds, const std::vector<std::int64_t>& tp,
               const std::vector<std::int64_t>& fp, const std::vector<bool>& told,
               const PredictedCounts& counts, std::vector<std::string>& suppressed) {
  const auto n = static_cast<double>(counts.n());
  const double prevalence = static_cast<double>(counts.positive) / n;
  Json curve = Json::array();
  for (std::size_t k = 0; k < thresholds.size(); ++k) {
    const double odds = thresholds[k] / (1 - thresholds[k]);
    const double benefit = static_cast<double>(tp[k]) / n - static_cast<double>(fp[k]) / n * odds;
    const auto shown = [&](const Json& value) { return told[k] ? value : Json(nullptr); };
    curve.push_back({{"threshold", thresholds[k]},
                     {"net_benefit", shown(benefit)},
                     {"treat_all", prevalence - (1 - prevalence) * odds},
                     {"treat_none", 0},
                     {"tp", shown(tp[k])},
                     {"fp", shown(fp[k])}});
    if (told[k]) continue;
    for (const char* field : {"net_benefit", "tp", "fp"}) {
      suppressed.push_back("curve[" + std::to_string(k) + "]." + field);
    }
  }
  return curve;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const PredictedColumns columns,
                  PredictedColumns::Find(analysis, federation.schema(), "prediction"));
  if (columns.names.size() != 1) return analysis.Wrong("prediction", "expected one column");
  CLINNOVA_ASSIGN(const std::vector<double> thresholds, Thresholds(analysis));
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kStep, Parameters{}));
  CLINNOVA_ASSIGN(const PredictedCounts counts,
                  CheckPredictedCases(federation, analysis, sums, kCases));
  if (sums.Count(kOutside) != 0) {
    return analysis.Wrong(
        "prediction",
        columns.names[0] + " is below 0 or above 1 in some rows, expected probabilities");
  }
  const std::size_t size = thresholds.size();
  std::vector<std::int64_t> tp(size);
  std::vector<std::int64_t> fp(size);
  for (std::size_t k = size; k-- > 0;) {
    fp[k] = sums.Count(kBetween, 2 * (k + 1)) + (k + 1 < size ? fp[k + 1] : 0);
    tp[k] = sums.Count(kBetween, 2 * (k + 1) + 1) + (k + 1 < size ? tp[k + 1] : 0);
  }
  std::vector<std::string> suppressed;
  const double prevalence = static_cast<double>(counts.positive) / static_cast<double>(counts.n());
  Json curve = CurveJson(thresholds, tp, fp, Told(tp, fp, federation, counts), counts, suppressed);
  Json result;
  result["n"] = counts.n();
  result["n_missing"] = counts.missing;
  result["prevalence"] = prevalence;
  result["curve"] = std::move(curve);
  result["suppressed"] = suppressed;
  return result;
}

constexpr std::string_view kOptions[] = {"outcome", "prediction", "thresholds"};

}  // namespace

Method NetBenefitMethod() {
  return {"net_benefit", "what it is worth to treat by a prediction", kOptions, {&kStep}, Run};
}

}  // namespace clinnova::stats
