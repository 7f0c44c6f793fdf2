// SPDX-License-Identifier: Apache-2.0
#include "stats/combat_adjustment.h"

#include <algorithm>
#include <cmath>

namespace clinnova::stats {

using federation::Analysis;
using table::Formula;

namespace {

/// sva's it.sol stops when no estimate changes by more than this part of itself.
constexpr double kChange = 1e-4;
constexpr int kMaximumIterations = 10000;

struct MeanVariance {
  double mean = 0;
  double variance = 0;
};

template <typename Value>
MeanVariance Moments(const std::vector<FeatureMoments>& features, Value value) {
  MeanVariance moments;
  const auto n = static_cast<double>(features.size());
  for (const FeatureMoments& feature : features) moments.mean += value(feature) / n;
  for (const FeatureMoments& feature : features) {
    const double difference = value(feature) - moments.mean;
    moments.variance += difference * difference / (n - 1);
  }
  return moments;
}

}  // namespace

Result<Formula> FeatureFormula(const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::vector<std::string> features, analysis.Texts("variables"));
  CLINNOVA_ASSIGN(const std::vector<std::string> covariates, analysis.Texts("covariates"));
  if (features.size() < 2) {
    return analysis.Wrong("variables", "found " + std::to_string(features.size()) +
                                           ", expected two features or more");
  }
  std::string text = "~ 1";
  for (const std::string& covariate : covariates) text += " + " + covariate;
  const auto known = Formula::Parse(text);
  if (!known) return FailAt("analysis \"" + analysis.name() + "\"", known);
  if (!known->intercept() || !known->offsets().empty() || !known->strata().empty() ||
      !known->clusters().empty() || !known->random().empty()) {
    return analysis.Wrong("covariates", "expected terms of a linear predictor with its intercept");
  }
  for (std::size_t f = 0; f < features.size(); ++f) {
    const auto end = features.begin() + static_cast<std::ptrdiff_t>(f);
    const auto& columns = known->Columns();
    if (std::find(features.begin(), end, features[f]) != end ||
        std::find(columns.begin(), columns.end(), features[f]) != columns.end()) {
      return analysis.Wrong("variables", "found \"" + features[f] +
                                             "\" twice or among the covariates, expected once");
    }
    text += " + `" + features[f] + "`";
  }
  auto formula = Formula::Parse(text);
  if (!formula) return FailAt("analysis \"" + analysis.name() + "\"", formula);
  return formula;
}

std::vector<FeatureAdjustment> AdjustSite(const std::vector<FeatureMoments>& features, double rows,
                                          SiteScale scale) {
  const auto [shift_mean, shift_variance] =
      Moments(features, [](const FeatureMoments& f) { return f.mean; });
  const auto [scale_mean, scale_variance] =
      Moments(features, [](const FeatureMoments& f) { return f.variance; });
  std::vector<FeatureAdjustment> adjusted(features.size());
  const auto posterior_mean = [&, t = shift_variance, m = shift_mean](double mean, double n,
                                                                      double variance) {
    return (t * n * mean + variance * m) / (t * n + variance);
  };
  if (scale == SiteScale::kKept) {
    for (std::size_t f = 0; f < features.size(); ++f) {
      adjusted[f].shift = posterior_mean(features[f].mean, 1, 1);
    }
    return adjusted;
  }
  // The inverse gamma prior's parameters by moments.
  const double square = scale_mean * scale_mean;
  const double a = (2 * scale_variance + square) / scale_variance;
  const double b = (scale_mean * scale_variance + square * scale_mean) / scale_variance;
  for (std::size_t f = 0; f < features.size(); ++f) {
    adjusted[f] = {features[f].mean, features[f].variance};
  }
  double change = 1;
  for (int i = 0; i < kMaximumIterations && change > kChange; ++i) {
    change = 0;
    for (std::size_t f = 0; f < features.size(); ++f) {
      const FeatureAdjustment old = adjusted[f];
      const FeatureMoments& own = features[f];
      const double shift = posterior_mean(own.mean, rows, old.scale);
      const double squares =
          own.variance * (rows - 1) + rows * (own.mean - shift) * (own.mean - shift);
      const double variance = (0.5 * squares + b) / (rows / 2 + a - 1);
      // sva divides by the old shift with its sign, so that negative ones never delay the end.
      change = std::max({change, std::fabs(shift - old.shift) / old.shift,
                         std::fabs(variance - old.scale) / old.scale});
      adjusted[f] = {shift, variance};
    }
  }
  return adjusted;
}

}  // namespace clinnova::stats
