// SPDX-License-Identifier: Apache-2.0
#include "learn/tree_options.h"

#include <algorithm>
#include <limits>

#include "table/number_text.h"

namespace clinnova::learn {
namespace {

using federation::Analysis;

constexpr double kAny = std::numeric_limits<double>::max();

std::string Between(const std::string& low, const std::string& high) {
  return "expected " + low + " to " + high;
}

Result<void> ReadRules(const Analysis& analysis, Objective objective, SplitRules& rules) {
  CLINNOVA_ASSIGN(rules.lambda, NumberWithin(analysis, "lambda", 1, 0, kAny));
  CLINNOVA_ASSIGN(rules.alpha, NumberWithin(analysis, "alpha", 0, 0, kAny));
  CLINNOVA_ASSIGN(rules.gamma, NumberWithin(analysis, "gamma", 0, 0, kAny));
  CLINNOVA_ASSIGN(rules.min_child_weight, NumberWithin(analysis, "min_child_weight", 1, 0, kAny));
  // xgboost's default for counts, whose curvature may be far from that of the loss.
  const double step = objective == Objective::kPoisson ? 0.7 : 0;
  CLINNOVA_ASSIGN(rules.max_delta_step, NumberWithin(analysis, "max_delta_step", step, 0, 20));
  CLINNOVA_ASSIGN(rules.max_cat_to_onehot,
                  IntegerWithin(analysis, "max_cat_to_onehot", 4, 1, 1000));
  return {};
}

Result<void> ReadBase(const Analysis& analysis, BoostingSettings& settings) {
  if (!analysis.Has("base_score")) return {};
  CLINNOVA_ASSIGN(const double base, analysis.Number("base_score", 0));
  const bool probability = settings.objective == Objective::kLogistic;
  const bool positive = settings.objective != Objective::kSquared;
  if (settings.objective == Objective::kCox || (probability && !(base > 0 && base < 1)) ||
      (positive && !(base > 0))) {
    return analysis.Wrong("base_score",
                          "expected an outcome to begin with: a probability, a positive count, any "
                          "number for squared, none for cox");
  }
  settings.base_score = base;
  return {};
}

}  // namespace

Result<double> NumberWithin(const Analysis& analysis, const char* key, double otherwise, double low,
                            double high) {
  CLINNOVA_ASSIGN(const double number, analysis.Number(key, otherwise));
  if (number >= low && number <= high) return number;
  const std::string upper = high == kAny ? "any larger number" : table::NumberText(high);
  return analysis.Wrong(
      key, "found " + table::NumberText(number) + ", " + Between(table::NumberText(low), upper));
}

Result<std::int64_t> IntegerWithin(const Analysis& analysis, const char* key,
                                   std::int64_t otherwise, std::int64_t low, std::int64_t high) {
  CLINNOVA_ASSIGN(const std::int64_t number, analysis.Integer(key, otherwise));
  if (number >= low && number <= high) return number;
  return analysis.Wrong(key, "found " + std::to_string(number) + ", " +
                                 Between(std::to_string(low), std::to_string(high)));
}

Result<BoostingSettings> BoostingSettingsOf(const Analysis& analysis, bool survival) {
  BoostingSettings settings;
  CLINNOVA_ASSIGN(std::string objective, analysis.Text("objective", survival ? "cox" : "logistic"));
  const auto known = std::find(std::begin(kObjectives), std::end(kObjectives), objective);
  if (known == std::end(kObjectives)) {
    return analysis.Wrong(
        "objective", "found \"" + objective + "\", expected logistic, squared, poisson or cox");
  }
  settings.objective = static_cast<Objective>(known - std::begin(kObjectives));
  if (survival != (settings.objective == Objective::kCox)) {
    return analysis.Wrong("objective", "found \"" + objective + "\" for " +
                                           (survival ? "a Surv() outcome, expected cox"
                                                     : "a column, expected Surv(time, status)"));
  }
  CLINNOVA_ASSIGN(settings.trees, IntegerWithin(analysis, "trees", 100, 1, 3000));
  CLINNOVA_ASSIGN(settings.bins, IntegerWithin(analysis, "bins", 64, 2, kMostBins));
  CLINNOVA_ASSIGN(settings.subsample, NumberWithin(analysis, "subsample", 1, 1e-3, 1));
  CLINNOVA_ASSIGN(const std::int64_t seed, analysis.Integer("seed", 1));
  settings.seed = static_cast<std::uint64_t>(seed);
  GrowthSettings& growth = settings.growth;
  CLINNOVA_ASSIGN(growth.depth, IntegerWithin(analysis, "depth", 6, 1, kDeepestTree));
  CLINNOVA_ASSIGN(growth.learning_rate, NumberWithin(analysis, "learning_rate", 0.3, 1e-6, 1));
  CLINNOVA_ASSIGN(growth.colsample_bytree, NumberWithin(analysis, "colsample_bytree", 1, 1e-6, 1));
  CLINNOVA_TRY(ReadRules(analysis, settings.objective, growth.rules));
  CLINNOVA_TRY(ReadBase(analysis, settings));
  return settings;
}

}  // namespace clinnova::learn
