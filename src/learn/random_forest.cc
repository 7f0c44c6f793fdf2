// SPDX-License-Identifier: Apache-2.0
#include "learn/random_forest.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "learn/formula_rows.h"
#include "learn/tree_document.h"
#include "learn/tree_metrics.h"
#include "learn/tree_options.h"

namespace clinnova::learn {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

/// A split must gain more than this share of what a row adds to the sum of squares: less is rounding.
constexpr double kLeastShare = 1e-9;

struct Options {
  std::int64_t trees = 200;
  std::int64_t bins = 32;
  GrowthSettings growth;
};

Result<Options> OptionsOf(const Analysis& analysis, std::size_t columns, bool binary) {
  Options options;
  CLINNOVA_ASSIGN(options.trees, IntegerWithin(analysis, "trees", 200, 1, 3000));
  CLINNOVA_ASSIGN(options.bins, IntegerWithin(analysis, "bins", 32, 2, kMostBins));
  GrowthSettings& growth = options.growth;
  CLINNOVA_ASSIGN(growth.depth, IntegerWithin(analysis, "depth", 8, 1, kDeepestTree));
  const double p = static_cast<double>(columns);
  const auto usual =
      static_cast<std::int64_t>(std::max(1.0, std::floor(binary ? std::sqrt(p) : p / 3)));
  CLINNOVA_ASSIGN(growth.features_per_node, IntegerWithin(analysis, "columns_per_node", usual, 1,
                                                          static_cast<std::int64_t>(columns)));
  CLINNOVA_ASSIGN(growth.rules.min_rows, IntegerWithin(analysis, "min_rows", 5, 1, 1'000'000));
  growth.rules.lambda = 0;
  growth.rules.min_child_weight = 0;
  // A leaf's value is its part of the average.
  growth.learning_rate = 1 / static_cast<double>(options.trees);
  return options;
}

class Forest {
 public:
  Forest(Federation& federation, const Analysis& analysis, FormulaProblem made)
      : federation_(federation), analysis_(analysis), made_(std::move(made)) {}

  Result<Json> Run() {
    CLINNOVA_ASSIGN(description_, Describe(federation_, made_.problem, {RunScope{}}));
    CLINNOVA_TRY(CheckOutcome());
    CLINNOVA_ASSIGN(options_, OptionsOf(analysis_, made_.problem.features.size(), binary_));
    options_.growth.rules.least_gain = kLeastShare * MeanSquare();
    CLINNOVA_TRY(FindCuts(federation_, made_.problem, options_.bins, description_));
    CLINNOVA_TRY(Grow());
    CLINNOVA_ASSIGN(metrics_, Measure(federation_, made_.problem, claim_,
                                      {Evaluation::kTrain, Evaluation::kOutOfBag}, binary_));
    return Report();
  }

 private:
  /// What a row adds to the sum of squares about the mean: a forest is the same in every unit of the outcome.
  double MeanSquare() const {
    const OutcomeSummary& outcome = description_.runs.front();
    return outcome.weight / static_cast<double>(outcome.rows) * outcome.sd * outcome.sd;
  }

  /// Rule 3 on a binary outcome.
  Result<void> CheckOutcome() {
    const std::int64_t* rows = description_.outcome_rows;
    binary_ = rows[2] == 0;
    const std::int64_t k = federation_.minimum_count();
    const std::int64_t rarer = std::min(rows[0], rows[1]);
    if (k > 0 && binary_ && rarer > 0 && rarer < k) {
      return Fail(ErrorCode::kRefused,
                  "analysis \"" + analysis_.name() +
                      "\": the outcome has a level with fewer than " + std::to_string(k) +
                      " persons",
                  "rare_level");
    }
    return {};
  }

  Result<void> Grow() {
    CLINNOVA_ASSIGN(const std::int64_t seed, analysis_.Integer("seed", 1));
    claim_.source = made_.problem.source;
    claim_.features = made_.problem.features;
    claim_.bootstrap = true;
    claim_.seed = static_cast<std::uint64_t>(seed);
    ensemble_.base = description_.runs.front().mean;
    claim_.runs = {RunState{.scope = {}, .base = ensemble_.base, .trees = {}}};
    TreeGrowth growth(federation_, made_.problem, claim_, options_.growth);
    const double near = 8 * description_.runs.front().sd;
    growth.Guess(description_.weight_exponent +
                     (near > 0 ? stats::ExponentOf(near) : description_.outcome_exponent + 1),
                 description_.weight_exponent);
    std::vector<TreeGrowth::Start> starts;
    for (std::int64_t t = 0; t < options_.trees; ++t) {
      starts.push_back({0, static_cast<std::uint64_t>(t), made_.problem.rows});
    }
    CLINNOVA_ASSIGN(ensemble_.trees, growth.Grow(starts));
    for (const Tree& tree : ensemble_.trees) claim_.runs.front().trees.push_back(PackTree(tree));
    return {};
  }

  Json Report() {
    const std::vector<Feature>& features = made_.problem.features;
    DocumentFacts facts;
    facts.name = analysis_.name();
    facts.title = "Random forest for " + made_.outcome;
    facts.outcome = made_.outcome;
    facts.outcome_kind = binary_ ? "binary" : "continuous";
    facts.learner = "random_forest";
    facts.link = "identity";
    facts.n = made_.frame.n();
    Json json;
    json["n"] = made_.frame.n();
    json["n_missing"] = made_.frame.n_missing();
    json["converged"] = true;
    json["warnings"] = Json::array();
    const std::string none = NoSplitWarning(ensemble_.trees);
    if (!none.empty()) json["warnings"].push_back(none);
    json["model"] = DocumentJson(facts, ensemble_, features, description_, federation_.schema());
    json["importance"] = ImportanceJson(ensemble_.trees, features);
    json["metrics"] = {{"train", metrics_[0]}, {"out_of_bag", metrics_[1]}};
    Json suppressed = Json::array();
    for (const auto& [name, value] : json["metrics"].items()) {
      if (value.is_null()) suppressed.push_back("metrics/" + name);
    }
    if (!suppressed.empty()) json["suppressed"] = suppressed;
    return json;
  }

  Federation& federation_;
  const Analysis& analysis_;
  FormulaProblem made_;
  Options options_;
  bool binary_ = false;
  Description description_;
  TreeClaim claim_;
  TreeEnsemble ensemble_;
  std::vector<Json> metrics_;
};

Result<Json> RunRandomForest(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(FormulaProblem made, MakeFormulaProblem(federation, analysis));
  const table::Formula& formula = made.frame.formula();
  if (formula.response().kind == table::Response::Kind::kSurvival || !formula.offsets().empty()) {
    return analysis.Wrong("formula", "expected a column on the left of ~ and no offset()");
  }
  return Forest(federation, analysis, std::move(made)).Run();
}

constexpr std::string_view kOptions[] = {"formula", "trees",    "depth",   "columns_per_node",
                                         "bins",    "min_rows", "weights", "id",
                                         "seed",    "missing"};

std::vector<const federation::Step*> AllSteps() {
  std::vector<const federation::Step*> steps = stats::ModelFrameSteps();
  for (const federation::Step* step : FormulaSteps().all()) steps.push_back(step);
  return steps;
}

}  // namespace

stats::Method RandomForestMethod() {
  return {"random_forest", "random forest", kOptions, AllSteps(), RunRandomForest};
}

}  // namespace clinnova::learn
