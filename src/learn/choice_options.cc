// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_options.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "learn/tree_options.h"
#include "table/number_text.h"

namespace clinnova::learn {

using federation::Analysis;
using Json = nlohmann::ordered_json;

namespace {

Result<void> ReadEvaluation(const Analysis& analysis, ChoiceEvaluation& evaluation) {
  if (!analysis.Has("evaluation")) return {};
  CLINNOVA_ASSIGN(const std::vector<std::string> parts, analysis.Texts("evaluation"));
  evaluation = {.calibration = false,
                .subgroups = false,
                .leave_one_site_out = false,
                .net_benefit = false,
                .between_sites = false,
                .heterogeneity = false,
                .given = true};
  for (const std::string& part : parts) {
    if (part == "calibration") {
      evaluation.calibration = true;
    } else if (part == "subgroups") {
      evaluation.subgroups = true;
    } else if (part == "leave_one_site_out") {
      evaluation.leave_one_site_out = true;
    } else if (part == "net_benefit") {
      evaluation.net_benefit = true;
    } else if (part == "between_sites") {
      evaluation.between_sites = true;
    } else if (part == "heterogeneity") {
      evaluation.heterogeneity = true;
    } else if (part == "policy_tree") {
      evaluation.policy_tree = true;
    } else if (part == "causal_forest") {
      evaluation.causal_forest = true;
    } else if (part != "policies") {
      return analysis.Wrong(
          "evaluation",
          "found \"" + part +
              "\", expected some of policies (always there), calibration, "
              "subgroups, leave_one_site_out, net_benefit, between_sites, heterogeneity, "
              "policy_tree, causal_forest");
    }
  }
  return {};
}

constexpr const char* kTreeOptions[] = {"trees",  "depth", "learning_rate",    "bins",
                                        "lambda", "gamma", "min_child_weight", "subsample"};

/// Small trees and few: what several arms' outcomes can bear, and every tree is `depth` rounds.
Result<void> ReadBoosting(const Analysis& analysis, ChoiceOptions& options) {
  if (analysis.Has("alpha")) {
    return analysis.Wrong("alpha", "is of learner = \"elastic_net\", found \"boosted_trees\"");
  }
  BoostingSettings& settings = options.boosting.emplace();
  constexpr double kAny = std::numeric_limits<double>::max();
  CLINNOVA_ASSIGN(settings.trees, IntegerWithin(analysis, "trees", 60, 1, 500));
  CLINNOVA_ASSIGN(settings.growth.depth, IntegerWithin(analysis, "depth", 3, 1, 6));
  CLINNOVA_ASSIGN(settings.growth.learning_rate,
                  NumberWithin(analysis, "learning_rate", 0.2, 1e-6, 1));
  CLINNOVA_ASSIGN(settings.bins, IntegerWithin(analysis, "bins", 32, 2, kMostBins));
  CLINNOVA_ASSIGN(settings.subsample, NumberWithin(analysis, "subsample", 1, 1e-3, 1));
  SplitRules& rules = settings.growth.rules;
  CLINNOVA_ASSIGN(rules.lambda, NumberWithin(analysis, "lambda", 1, 0, kAny));
  CLINNOVA_ASSIGN(rules.gamma, NumberWithin(analysis, "gamma", 0, 0, kAny));
  CLINNOVA_ASSIGN(rules.min_child_weight, NumberWithin(analysis, "min_child_weight", 1, 0, kAny));
  CLINNOVA_ASSIGN(const std::int64_t seed, analysis.Integer("seed", 1));
  settings.seed = static_cast<std::uint64_t>(seed);
  return {};
}

/// Rising, from 0 on.
Result<void> ReadThresholds(const Analysis& analysis, ChoiceOptions& options) {
  CLINNOVA_ASSIGN(options.thresholds, analysis.Numbers("thresholds"));
  if (!analysis.Has("thresholds")) return {};
  if (!options.evaluation.net_benefit) {
    return analysis.Wrong("thresholds", "needs \"net_benefit\" in evaluation");
  }
  const std::vector<double>& thresholds = options.thresholds;
  const std::string expected = "expected 1 to " + std::to_string(kMostThresholds) +
                               " numbers from 0 on, each larger than the one before";
  if (thresholds.empty() || thresholds.size() > kMostThresholds) {
    return analysis.Wrong("thresholds",
                          "found " + std::to_string(thresholds.size()) + ", " + expected);
  }
  for (std::size_t t = 0; t < thresholds.size(); ++t) {
    const bool rises = t == 0 ? thresholds[t] >= 0 : thresholds[t] > thresholds[t - 1];
    if (rises && std::isfinite(thresholds[t])) continue;
    return analysis.Wrong("thresholds",
                          "found " + table::NumberText(thresholds[t]) +
                              (t == 0 ? std::string(" first, ")
                                      : " after " + table::NumberText(thresholds[t - 1]) + ", ") +
                              expected);
  }
  return {};
}

Result<void> ReadPolicyTree(const Analysis& analysis, ChoiceOptions& options) {
  for (const char* key : {"policy_tree_bins", "policy_tree_columns", "policy_tree_depth"}) {
    if (!analysis.Has(key) || options.evaluation.policy_tree) continue;
    return analysis.Wrong(key, "needs \"policy_tree\" in evaluation");
  }
  CLINNOVA_ASSIGN(options.policy_tree.depth, IntegerWithin(analysis, "policy_tree_depth", 2, 1, 2));
  CLINNOVA_ASSIGN(options.policy_tree.bins, IntegerWithin(analysis, "policy_tree_bins", 8, 2, 32));
  return {};
}

Result<void> ReadCausalForest(const Analysis& analysis, ChoiceOptions& options) {
  for (const char* key : {"causal_forest_bins", "causal_forest_columns_per_node",
                          "causal_forest_depth", "causal_forest_trees"}) {
    if (!analysis.Has(key) || options.evaluation.causal_forest) continue;
    return analysis.Wrong(key, "needs \"causal_forest\" in evaluation");
  }
  CausalForestOptions& forest = options.causal_forest;
  CLINNOVA_ASSIGN(forest.trees, IntegerWithin(analysis, "causal_forest_trees", 200, 1, 5000));
  CLINNOVA_ASSIGN(forest.depth, IntegerWithin(analysis, "causal_forest_depth", 4, 1, 8));
  CLINNOVA_ASSIGN(forest.bins, IntegerWithin(analysis, "causal_forest_bins", 8, 2, 32));
  if (!analysis.Has("causal_forest_columns_per_node")) return {};
  CLINNOVA_ASSIGN(forest.columns,
                  IntegerWithin(analysis, "causal_forest_columns_per_node", 1, 1, 10'000));
  return {};
}

Result<void> ReadNumbers(const Analysis& analysis, ChoiceOptions& options) {
  CLINNOVA_ASSIGN(options.alpha, analysis.Number("alpha", 0.5));
  // A lasso alone does not say how an effect splits into what the arms share and what each has of its own.
  if (!(options.alpha >= 0 && options.alpha <= 0.9)) {
    return analysis.Wrong("alpha", "expected a number from 0 (ridge) to 0.9 (nearly a lasso)");
  }
  CLINNOVA_ASSIGN(options.folds, analysis.Integer("folds", 5));
  if (options.folds < 3 || options.folds > kMostChoiceFolds) {
    return analysis.Wrong("folds", "found " + std::to_string(options.folds) + ", expected 3 to " +
                                       std::to_string(kMostChoiceFolds));
  }
  CLINNOVA_ASSIGN(options.trim, analysis.Number("trim", 0.02));
  if (!(options.trim > 0 && options.trim <= 0.2)) {
    return analysis.Wrong("trim", "expected a number above 0, at most 0.2");
  }
  CLINNOVA_ASSIGN(options.ridge, analysis.Number("ridge", 1));
  if (!(options.ridge > 0)) return analysis.Wrong("ridge", "expected a number above 0");
  CLINNOVA_ASSIGN(options.confidence_level, analysis.Number("conf_level", 0.95));
  if (!(options.confidence_level > 0 && options.confidence_level < 1)) {
    return analysis.Wrong("conf_level", "expected a number between 0 and 1");
  }
  return {};
}

}  // namespace

Result<ChoiceOptions> ChoiceOptionsOf(const Analysis& analysis) {
  ChoiceOptions options;
  constexpr std::string_view kLearners[] = {"elastic_net", "boosted_trees"};
  CLINNOVA_ASSIGN(const std::string learner, analysis.Choice("learner", kLearners));
  if (learner == "boosted_trees") {
    CLINNOVA_TRY(ReadBoosting(analysis, options));
  } else {
    for (const char* key : kTreeOptions) {
      if (!analysis.Has(key)) continue;
      return analysis.Wrong(key, "is of learner = \"boosted_trees\", found \"elastic_net\"");
    }
  }
  constexpr std::string_view kDirections[] = {"higher", "lower"};
  CLINNOVA_ASSIGN(const std::string direction, analysis.Choice("direction", kDirections));
  options.higher_is_better = direction == "higher";
  CLINNOVA_ASSIGN(options.outcome_family, analysis.Text("outcome_family", ""));
  if (!options.outcome_family.empty() && options.outcome_family != "binomial" &&
      options.outcome_family != "gaussian") {
    return analysis.Wrong("outcome_family", "found \"" + options.outcome_family +
                                                "\", expected binomial or gaussian");
  }
  CLINNOVA_TRY(ReadNumbers(analysis, options));
  CLINNOVA_ASSIGN(options.guideline, analysis.Texts("guideline"));
  CLINNOVA_ASSIGN(options.subgroups, analysis.Texts("subgroups"));
  options.subgroups_given = analysis.Has("subgroups");
  CLINNOVA_TRY(ReadEvaluation(analysis, options.evaluation));
  CLINNOVA_TRY(ReadThresholds(analysis, options));
  CLINNOVA_TRY(ReadPolicyTree(analysis, options));
  CLINNOVA_TRY(ReadCausalForest(analysis, options));
  return options;
}

Result<Json> TargetTrial(const Analysis& analysis, const std::vector<std::string>& arms,
                         std::vector<std::string>& untold) {
  constexpr const char* kKeys[] = {"eligibility", "time_zero", "strategies",  "assignment",
                                   "outcome",     "follow_up", "confounders", "negative_controls"};
  CLINNOVA_ASSIGN(const std::string outcome, analysis.Text("outcome"));
  CLINNOVA_ASSIGN(const std::vector<std::string> covariates, analysis.Texts("covariates"));
  Json trial;
  for (const char* key : kKeys) trial[key] = nullptr;
  trial["strategies"] = arms;
  trial["outcome"] = outcome;
  trial["confounders"] = covariates;
  if (analysis.Has("target_trial")) {
    const nlohmann::json& told = analysis.json().at("target_trial");
    if (!told.is_object()) return analysis.Wrong("target_trial", "expected a table");
    for (const auto& item : told.items()) {
      if (!trial.contains(item.key())) {
        return analysis.Wrong("target_trial",
                              "found \"" + item.key() +
                                  "\", expected eligibility, time_zero, strategies, assignment, "
                                  "outcome, follow_up, confounders, negative_controls");
      }
      const bool texts =
          item.value().is_array() &&
          std::ranges::all_of(item.value(), [](const auto& v) { return v.is_string(); });
      if (!item.value().is_string() && !texts) {
        return analysis.Wrong("target_trial", item.key() + ": expected a text or a list of texts");
      }
      trial[item.key()] = item.value();
    }
  }
  for (const char* key : {"eligibility", "time_zero", "follow_up"}) {
    if (trial[key].is_null()) untold.emplace_back(key);
  }
  return trial;
}

}  // namespace clinnova::learn
