// SPDX-License-Identifier: Apache-2.0
#include "learn/boosted_trees.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "learn/formula_rows.h"
#include "learn/tree_document.h"
#include "learn/tree_metrics.h"
#include "learn/tree_options.h"
#include "stats/split_columns.h"

namespace clinnova::learn {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

std::string_view LinkOf(Objective objective) {
  if (objective == Objective::kLogistic) return "logit";
  return objective == Objective::kSquared ? "identity" : "log";
}

class Boosting {
 public:
  Boosting(Federation& federation, const Analysis& analysis, FormulaProblem made)
      : federation_(federation), analysis_(analysis), made_(std::move(made)) {}

  Result<Json> Run() {
    const bool survival = made_.frame.formula().response().kind == table::Response::Kind::kSurvival;
    CLINNOVA_ASSIGN(settings_, BoostingSettingsOf(analysis_, survival));
    CLINNOVA_ASSIGN(folds_, FoldOptionsOf(analysis_));
    CLINNOVA_TRY(PlanRuns());
    CLINNOVA_ASSIGN(description_, Describe(federation_, made_.problem, runs_));
    CLINNOVA_TRY(CheckOutcome());
    DropEmptyRuns();
    CLINNOVA_ASSIGN(fit_,
                    FitBoostedTrees(federation_, made_.problem, settings_, runs_, description_));
    CLINNOVA_TRY(MeasureAll());
    return Report();
  }

 private:
  std::string Where() const { return "analysis \"" + analysis_.name() + "\": "; }

  /// Run 0 is the model; one without each fold follows, then one without each site.
  Result<void> PlanRuns() {
    runs_ = {RunScope{.without_fold = folds_.test_fraction > 0 ? 1 : 0}};
    if (folds_.test_fraction == 0 && folds_.folds > 1) {
      for (std::int64_t fold = 1; fold <= folds_.folds; ++fold) {
        runs_.push_back({.without_fold = fold});
      }
    }
    CLINNOVA_ASSIGN(const bool wanted, analysis_.Flag("cross_site", true));
    CLINNOVA_ASSIGN(released_, analysis_.Flag("release_sites", false));
    if (!wanted || federation_.sites().size() < 2) return {};
    if (federation_.minimum_count() > 0 && !released_) {
      warnings_.push_back(
          "cross_site is left out: models with and without a site show what the site adds; it "
          "needs "
          "release_sites = true");
      return {};
    }
    cross_site_ = true;
    const auto sites = static_cast<std::int64_t>(federation_.schema().columns.back().levels.size());
    for (std::int64_t site = 0; site < sites; ++site) {
      runs_.push_back({.without_fold = runs_.front().without_fold, .without_site = site});
    }
    return {};
  }

  /// A run that is without no row, or has no two outcomes, is none.
  void DropEmptyRuns() {
    std::vector<RunScope> runs;
    std::vector<OutcomeSummary> summaries;
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      const OutcomeSummary& of = description_.runs[run];
      const bool varies =
          settings_.objective != Objective::kLogistic || (of.mean > 0 && of.mean < 1);
      const bool counts = settings_.objective != Objective::kPoisson || of.mean > 0;
      const bool other = run == 0 || of.rows < description_.runs.front().rows;
      if (run != 0 && !(of.rows > 0 && varies && counts && other)) continue;
      runs.push_back(runs_[run]);
      summaries.push_back(of);
    }
    runs_ = std::move(runs);
    description_.runs = std::move(summaries);
  }

  /// The outcome fits the objective, and no value of a binary one is rare (rule 3).
  Result<void> CheckOutcome() {
    const std::int64_t* rows = description_.outcome_rows;
    binary_ = rows[2] == 0 && settings_.objective != Objective::kPoisson;
    if (settings_.objective == Objective::kLogistic && rows[2] != 0) {
      return Fail(ErrorCode::kInvalidInput,
                  Where() + "the outcome is neither 0 nor 1 in " + std::to_string(rows[2]) +
                      " rows; expected a binary outcome, or objective = \"squared\"");
    }
    const std::int64_t k = federation_.minimum_count();
    const std::int64_t rarer = std::min(rows[0], rows[1]);
    const bool levels = binary_ || settings_.objective == Objective::kCox;
    if (k > 0 && levels && rarer > 0 && rarer < k) {
      return Fail(
          ErrorCode::kRefused,
          Where() + "the outcome has a level with fewer than " + std::to_string(k) + " persons",
          "rare_level");
    }
    if (settings_.objective == Objective::kCox && rows[1] == 0) {
      return Fail(ErrorCode::kFailed, Where() + "nobody had the event");
    }
    return {};
  }

  Result<void> MeasureAll() {
    std::vector<Evaluation> evaluations = {Evaluation::kTrain};
    std::vector<std::string> names = {"train"};
    if (folds_.test_fraction > 0) {
      evaluations.push_back(Evaluation::kTest);
      names.push_back("test");
    } else if (folds_.folds > 1) {
      evaluations.push_back(Evaluation::kFolds);
      names.push_back("cross_validated");
    }
    if (cross_site_) evaluations.push_back(Evaluation::kSites);
    CLINNOVA_ASSIGN(std::vector<Json> all,
                    Measure(federation_, made_.problem, fit_.claim, evaluations, binary_));
    for (std::size_t e = 0; e < names.size(); ++e) metrics_[names[e]] = std::move(all[e]);
    for (const auto& [name, value] : metrics_.items()) {
      if (value.is_null()) suppressed_.push_back("metrics/" + name);
    }
    if (!cross_site_) return {};
    cross_site_json_["pooled"] = std::move(all.back());
    CLINNOVA_ASSIGN(std::vector<Json> sites,
                    MeasureSites(federation_, made_.problem, fit_.claim, binary_));
    cross_site_json_["per_site"] = std::move(sites);
    return {};
  }

  DocumentFacts Facts() const {
    DocumentFacts facts;
    facts.name = analysis_.name();
    facts.title = "Boosted trees for " + made_.outcome;
    facts.outcome = made_.outcome;
    facts.outcome_kind = settings_.objective == Objective::kLogistic ? "binary" : "continuous";
    facts.learner = "boosted_trees";
    facts.link = LinkOf(settings_.objective);
    facts.n = made_.frame.n();
    return facts;
  }

  Json Report() {
    const std::vector<Feature>& features = made_.problem.features;
    Json json;
    json["n"] = made_.frame.n();
    json["n_missing"] = made_.frame.n_missing();
    json["converged"] = true;
    const std::string none = NoSplitWarning(fit_.ensembles.front().trees);
    if (!none.empty()) warnings_.push_back(none);
    json["warnings"] = warnings_;
    json["model"] =
        DocumentJson(Facts(), fit_.ensembles.front(), features, description_, federation_.schema());
    json["importance"] = ImportanceJson(fit_.ensembles.front().trees, features);
    json["metrics"] = metrics_;
    json["cross_site"] = cross_site_json_;
    for (const Feature& feature : features) {
      if (!feature.factor()) json["cuts"][feature.name] = feature.cuts;
    }
    if (cross_site_json_.is_null() && federation_.minimum_count() > 0 && !released_) {
      suppressed_.push_back("cross_site");
    }
    if (!suppressed_.empty()) json["suppressed"] = suppressed_;
    return json;
  }

  Federation& federation_;
  const Analysis& analysis_;
  FormulaProblem made_;
  BoostingSettings settings_;
  FoldOptions folds_;
  std::vector<RunScope> runs_;
  bool released_ = false;
  bool cross_site_ = false;
  bool binary_ = false;
  Description description_;
  BoostedTrees fit_;
  Json metrics_ = Json::object();
  Json cross_site_json_;
  std::vector<std::string> warnings_;
  std::vector<std::string> suppressed_;
};

Result<Json> RunBoostedTrees(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(FormulaProblem made, MakeFormulaProblem(federation, analysis));
  return Boosting(federation, analysis, std::move(made)).Run();
}

constexpr std::string_view kOptions[] = {"formula",
                                         "objective",
                                         "trees",
                                         "depth",
                                         "learning_rate",
                                         "bins",
                                         "lambda",
                                         "alpha",
                                         "gamma",
                                         "min_child_weight",
                                         "max_delta_step",
                                         "subsample",
                                         "colsample_bytree",
                                         "max_cat_to_onehot",
                                         "base_score",
                                         "weights",
                                         "id",
                                         "seed",
                                         "folds",
                                         "fold_column",
                                         "test_fraction",
                                         "missing",
                                         "cross_site",
                                         "release_sites"};

std::vector<const federation::Step*> AllSteps() {
  std::vector<const federation::Step*> steps = stats::ModelFrameSteps();
  for (const federation::Step* step : FormulaSteps().all()) steps.push_back(step);
  return steps;
}

}  // namespace

stats::Method BoostedTreesMethod() {
  return {"boosted_trees", "gradient boosted trees", kOptions, AllSteps(), RunBoostedTrees};
}

}  // namespace clinnova::learn
