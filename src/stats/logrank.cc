// SPDX-License-Identifier: Apache-2.0
#include "stats/logrank.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "stats/linear_algebra.h"
#include "stats/risk_time.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

constexpr std::size_t kDenseCells = 1 << 14;

/// Observed and expected events by group, and the covariance of their differences.
struct Comparison {
  explicit Comparison(std::size_t groups)
      : observed(groups), expected(groups), variance(groups, std::vector<double>(groups)) {}

  std::vector<double> observed;
  std::vector<double> expected;
  Matrix variance;
};

/// Adds one stratum, whose counts of group g are at stratum index g * strata + s.
void AddStratum(const RiskCounts& counts, std::size_t groups, std::size_t strata, std::size_t s,
                double rho, Comparison& sums) {
  const std::size_t size = counts.axis.size();
  std::vector<std::vector<std::int64_t>> at_risk;
  for (std::size_t g = 0; g < groups; ++g) at_risk.push_back(counts.AtRisk(g * strata + s));
  double survival = 1;  // of all groups together, just before the time
  for (std::size_t k = 0; k < size; ++k) {
    double n = 0;
    double d = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      n += static_cast<double>(at_risk[g][k]);
      d += static_cast<double>(counts.events[(g * strata + s) * size + k]);
    }
    if (d == 0) continue;
    const double weight = rho == 0 ? 1 : core::Pow(survival, rho);
    for (std::size_t g = 0; g < groups; ++g) {
      const auto n_g = static_cast<double>(at_risk[g][k]);
      sums.observed[g] += weight * static_cast<double>(counts.events[(g * strata + s) * size + k]);
      sums.expected[g] += weight * d * n_g / n;
      if (n <= 1) continue;
      const double factor = weight * weight * n_g * d * (n - d) / (n * (n - 1));
      for (std::size_t h = 0; h < groups; ++h) {
        const auto n_h = static_cast<double>(at_risk[h][k]);
        sums.variance[g][h] += factor * ((g == h ? 1 : 0) - n_h / n);
      }
    }
    survival *= (n - d) / n;
  }
}

/// (O - E)' V^-1 (O - E) over the groups with expected events; the last of them is redundant.
double Statistic(const Comparison& sums, std::size_t& degrees) {
  std::vector<std::size_t> used;
  for (std::size_t g = 0; g < sums.expected.size(); ++g) {
    if (sums.expected[g] > 0) used.push_back(g);
  }
  degrees = used.empty() ? 0 : used.size() - 1;
  if (degrees == 0) return 0;
  Matrix variance(degrees, std::vector<double>(degrees));
  std::vector<double> difference(degrees);
  for (std::size_t i = 0; i < degrees; ++i) {
    difference[i] = sums.observed[used[i]] - sums.expected[used[i]];
    for (std::size_t j = 0; j < degrees; ++j) variance[i][j] = sums.variance[used[i]][used[j]];
  }
  const std::vector<double> solved = SymmetricFactor(variance, 1e-14).Solve(difference);
  double statistic = 0;
  for (std::size_t i = 0; i < degrees; ++i) statistic += difference[i] * solved[i];
  return statistic;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const double rho, analysis.Number("rho", 0));
  CLINNOVA_ASSIGN(const double time_grid, analysis.Number("time_grid", 0));
  CLINNOVA_ASSIGN(const std::size_t group_columns, GroupCount(analysis));
  if (group_columns == 0)
    return analysis.Wrong("formula", "expected groups to compare on the right of ~");
  CLINNOVA_ASSIGN(const ModelFrame frame, ModelFrame::Build(federation, analysis));
  const table::Response& response = frame.formula().response();
  if (response.kind != table::Response::Kind::kSurvival || response.parts.size() != 2) {
    return analysis.Wrong("formula",
                          "expected Surv(time, status) before ~; there is no log-rank test of "
                          "left-truncated times");
  }
  std::size_t groups = 1;
  const auto& columns = frame.design().strata();
  for (std::size_t c = 0; c < group_columns; ++c) groups *= columns[c].levels.size();
  const std::size_t all = StrataCount(frame.design());
  const std::size_t strata = all / groups;
  CLINNOVA_ASSIGN(const RiskCounts counts,
                  FindRiskCounts(federation, analysis, frame, time_grid, kDenseCells / all));
  // A combination of groups that nobody is in is not a group.
  std::vector<bool> present(groups);
  for (std::size_t i = 0; i < counts.events.size(); ++i) {
    if (counts.events[i] + counts.censored[i] != 0) present[i / counts.axis.size() / strata] = true;
  }
  Comparison sums(groups);
  for (std::size_t s = 0; s < strata; ++s) AddStratum(counts, groups, strata, s, rho, sums);
  std::size_t degrees = 0;
  const double statistic = Statistic(sums, degrees);
  if (std::count(present.begin(), present.end(), true) < 2) {
    return Fail(ErrorCode::kFailed,
                "analysis \"" + analysis.name() + "\": there is only one group");
  }
  Json result;
  result["n"] = frame.n();
  result["n_missing"] = frame.n_missing();
  result["statistic"] = NumberJson(statistic);
  result["df"] = degrees;
  result["p_value"] =
      NumberJson(degrees == 0 ? std::nan("")
                              : core::ChiSquaredUpperTail(statistic, static_cast<double>(degrees)));
  result["observed"] = Json::array();
  result["expected"] = Json::array();
  for (std::size_t g = 0; g < groups; ++g) {
    if (!present[g]) continue;
    result["observed"].push_back(NumberJson(sums.observed[g]));
    result["expected"].push_back(NumberJson(sums.expected[g]));
  }
  return result;
}

constexpr std::string_view kOptions[] = {"formula", "rho", "strata", "time_grid"};

}  // namespace

Method LogrankMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  for (const federation::Step* step : RiskTimeSteps()) steps.push_back(step);
  return {"logrank", "log-rank test between groups", kOptions, std::move(steps), Run};
}

}  // namespace clinnova::stats
