// SPDX-License-Identifier: Apache-2.0
#include "stats/ttest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/distributions.h"
#include "stats/alternative.h"
#include "stats/group_moments.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

struct Options {
  bool equal_variance = false;
  double mu = 0;
  Alternative alternative = Alternative::kTwoSided;
  double confidence_level = 0.95;
};

Result<Options> ReadOptions(const Analysis& analysis) {
  Options options;
  CLINNOVA_ASSIGN(options.equal_variance, analysis.Flag("equal_variance", false));
  CLINNOVA_ASSIGN(options.mu, analysis.Number("mu", 0));
  CLINNOVA_ASSIGN(options.alternative, AlternativeOf(analysis));
  CLINNOVA_ASSIGN(options.confidence_level, analysis.Number("conf_level", 0.95));
  if (analysis.Has("paired") && !analysis.Has("y")) {
    return analysis.Wrong("paired", "found without y, expected y = \"after\" beside it");
  }
  return options;
}

/// What is tested: an estimate with its standard error and degrees of freedom.
struct Comparison {
  double estimate = 0;
  double std_error = 0;
  double degrees_of_freedom = 0;
  double size = 0;  ///< of the means: an error far below it is rounding
};

Comparison OneSample(const GroupMoment& group) {
  const auto n = static_cast<double>(group.n);
  return {group.mean, std::sqrt(group.variance() / n), n - 1, std::fabs(group.mean)};
}

Comparison TwoSamples(const GroupMoment& a, const GroupMoment& b, bool equal_variance) {
  const auto n = static_cast<double>(a.n);
  const auto m = static_cast<double>(b.n);
  Comparison result;
  result.estimate = a.mean - b.mean;
  result.size = std::max(std::fabs(a.mean), std::fabs(b.mean));
  if (equal_variance) {
    result.degrees_of_freedom = n + m - 2;
    const double variance = (a.sum_of_squares + b.sum_of_squares) / result.degrees_of_freedom;
    result.std_error = std::sqrt(variance * (1 / n + 1 / m));
    return result;
  }
  const double of_a = a.variance() / n;
  const double of_b = b.variance() / m;
  const double sum = of_a + of_b;
  result.std_error = std::sqrt(sum);
  result.degrees_of_freedom = sum * sum / (of_a * of_a / (n - 1) + of_b * of_b / (m - 1));
  return result;
}

/// Statistic, p-value and interval; null and a warning when there is no spread to judge by.
void AddTest(const Comparison& comparison, const Options& options, Json& result) {
  const double df = comparison.degrees_of_freedom;
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  if (!(comparison.std_error > 10 * kEpsilon * comparison.size)) {
    for (const char* key :
         {"std_error", "statistic", "parameter", "p_value", "conf_low", "conf_high"}) {
      result[key] = nullptr;
    }
    result["warnings"] = {"the values are essentially constant: there is no spread to test by"};
    return;
  }
  const double statistic = (comparison.estimate - options.mu) / comparison.std_error;
  double p = core::StudentTTwoSidedP(statistic, df);
  double low = 0;
  double high = 0;
  const double infinite = std::numeric_limits<double>::infinity();
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double level = options.confidence_level;
  const double quantile = core::StudentTQuantile(two_sided ? (1 + level) / 2 : level, df);
  low = comparison.estimate - quantile * comparison.std_error;
  high = comparison.estimate + quantile * comparison.std_error;
  if (options.alternative == Alternative::kLess) {
    p = core::StudentTUpperTail(-statistic, df);
    low = -infinite;
  } else if (options.alternative == Alternative::kGreater) {
    p = core::StudentTUpperTail(statistic, df);
    high = infinite;
  }
  result["std_error"] = NumberJson(comparison.std_error);
  result["statistic"] = NumberJson(statistic);
  result["parameter"] = NumberJson(df);
  result["p_value"] = NumberJson(p);
  result["conf_low"] = NumberJson(low);
  result["conf_high"] = NumberJson(high);
}

Json GroupsJson(const GroupMoments& moments) {
  Json groups = Json::array();
  for (const GroupMoment& group : moments.groups) {
    groups.push_back({{"level", group.level},
                      {"n", group.n},
                      {"mean", NumberJson(group.mean)},
                      {"sd", NumberJson(std::sqrt(group.variance()))}});
  }
  return groups;
}

/// R's "not enough observations".
Result<void> CheckSizes(const Analysis& analysis, const GroupMoments& moments,
                        bool equal_variance) {
  std::int64_t smallest = moments.n;
  for (const GroupMoment& group : moments.groups) smallest = std::min(smallest, group.n);
  const bool pooled = moments.groups.size() == 2 && equal_variance;
  if (pooled ? moments.n >= 3 : smallest >= 2) return {};
  return Fail(ErrorCode::kFailed, "analysis \"" + analysis.name() + "\": found one value" +
                                      (moments.groups.size() == 2 ? " in a group" : "") +
                                      ", expected at least two");
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const Options options, ReadOptions(analysis));
  CLINNOVA_ASSIGN(const GroupMoments moments, FindGroupMoments(federation, analysis));
  const std::size_t groups = moments.groups.size();
  const bool one_sample = groups == 1 && moments.groups[0].level.empty();
  if (!one_sample && groups != 2) {
    return analysis.Wrong(
        "formula", "the group has " + std::to_string(groups) + " levels with values, expected two");
  }
  CLINNOVA_TRY(CheckSizes(analysis, moments, options.equal_variance));
  const Comparison comparison =
      one_sample ? OneSample(moments.groups[0])
                 : TwoSamples(moments.groups[0], moments.groups[1], options.equal_variance);
  Json result;
  result["n"] = moments.n;
  result["n_missing"] = moments.n_missing;
  result["estimate"] = NumberJson(comparison.estimate);
  if (!one_sample) {
    result["estimate1"] = NumberJson(moments.groups[0].mean);
    result["estimate2"] = NumberJson(moments.groups[1].mean);
  }
  AddTest(comparison, options, result);
  result["mu"] = options.mu;
  result["alternative"] = NameOf(options.alternative);
  if (!one_sample) result["groups"] = GroupsJson(moments);
  return result;
}

constexpr std::string_view kOptions[] = {"formula", "equal_variance", "y", "paired",
                                         "mu",      "alternative"};

}  // namespace

Method TtestMethod() {
  return {"ttest", "Welch's and Student's t test, one sample, two groups or pairs", kOptions,
          GroupMomentSteps(), Run};
}

}  // namespace clinnova::stats
