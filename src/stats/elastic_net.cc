// SPDX-License-Identifier: Apache-2.0
#include "stats/elastic_net.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "stats/elastic_net_cox.h"
#include "stats/elastic_net_sums.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

/// From this many columns on an information costs so much more than a score that it is shared between lambdas.
constexpr std::size_t kColumnsToShare = 32;
constexpr std::size_t kInformedPoints = 5;

struct Options {
  std::string family;
  double alpha = 1;
  std::vector<double> lambdas;  ///< falling; empty: a path
  std::size_t path_length = 100;
  double path_ratio = 0;  ///< 0: glmnet's
  PenaltyUnits units = PenaltyUnits::kStandardised;
  std::int64_t folds = 0;
};

Result<void> ReadLambdas(const Analysis& analysis, Options& options) {
  const nlohmann::json& json = analysis.json();
  const bool text = json.contains("lambda") && json["lambda"].is_string();
  if (text && json["lambda"] != "path") {
    return analysis.Wrong("lambda", "found \"" + json["lambda"].get<std::string>() +
                                        "\", expected numbers or \"path\"");
  }
  if (json.contains("lambda") && json["lambda"].is_number()) {
    CLINNOVA_ASSIGN(const double lambda, analysis.Number("lambda", 0));
    options.lambdas = {lambda};
  } else if (!text) {
    CLINNOVA_ASSIGN(options.lambdas, analysis.Numbers("lambda"));
  }
  for (const double lambda : options.lambdas) {
    if (!(lambda >= 0))
      return analysis.Wrong("lambda", "found a negative number, expected 0 or more");
  }
  std::sort(options.lambdas.begin(), options.lambdas.end(), std::greater<>());
  CLINNOVA_ASSIGN(const std::int64_t length, analysis.Integer("nlambda", 100));
  if (length < 2 || length > 1000) return analysis.Wrong("nlambda", "expected 2 to 1000");
  options.path_length = static_cast<std::size_t>(length);
  CLINNOVA_ASSIGN(options.path_ratio, analysis.Number("lambda_min_ratio", 0));
  if (!(options.path_ratio >= 0 && options.path_ratio < 1)) {
    return analysis.Wrong("lambda_min_ratio", "expected a number between 0 and 1");
  }
  return {};
}

Result<Options> ReadOptions(const Analysis& analysis) {
  Options options;
  constexpr std::string_view kFamilies[] = {"gaussian", "binomial", "poisson", "cox"};
  CLINNOVA_ASSIGN(options.family, analysis.Choice("family", kFamilies));
  if (options.family != "cox" && analysis.Has("strata")) {
    return analysis.Wrong("strata", "expected nothing, as only family cox has strata");
  }
  CLINNOVA_ASSIGN(options.alpha, analysis.Number("alpha", 1));
  if (!(options.alpha >= 0 && options.alpha <= 1)) {
    return analysis.Wrong("alpha", "expected a number from 0 (ridge) to 1 (lasso)");
  }
  CLINNOVA_TRY(ReadLambdas(analysis, options));
  CLINNOVA_ASSIGN(const bool standardise, analysis.Flag("standardize", true));
  options.units = standardise ? PenaltyUnits::kStandardised : PenaltyUnits::kOriginal;
  CLINNOVA_ASSIGN(options.folds, analysis.Integer("folds", 0));
  if (analysis.Has("folds") && (options.folds < 3 || options.folds > kMaximumFolds)) {
    return analysis.Wrong("folds", "found " + std::to_string(options.folds) + ", expected 3 to " +
                                       std::to_string(kMaximumFolds));
  }
  return options;
}

/// The fits of one problem along its lambdas.
struct Path {
  std::vector<double> lambdas;
  std::vector<NetSolution> fits;
  double null_deviance = 0;

  std::vector<double> DevianceRatios() const {
    std::vector<double> ratios;
    for (const NetSolution& fit : fits) {
      if (!fit.converged) break;
      ratios.push_back(1 - fit.at.deviance / null_deviance);
    }
    return ratios;
  }
  std::vector<std::vector<double>> Betas() const {
    std::vector<std::vector<double>> betas;
    for (const NetSolution& fit : fits) betas.push_back(fit.beta);
    return betas;
  }
};

class ElasticNetFit {
 public:
  ElasticNetFit(const Analysis& analysis, Options options, const ModelFrame& frame,
                std::unique_ptr<NetSource> source)
      : analysis_(analysis),
        options_(std::move(options)),
        frame_(frame),
        source_(std::move(source)),
        solver_(source_->problems(), options_.alpha,
                [this](const std::vector<NetPoint>& points) { return source_->Evaluate(points); }) {
  }
  ElasticNetFit(const ElasticNetFit&) = delete;
  ElasticNetFit& operator=(const ElasticNetFit&) = delete;

  Result<Json> Run() {
    CLINNOVA_TRY(FitNull());
    CLINNOVA_TRY(FitPaths());
    if (!source_->fold_rows().empty()) CLINNOVA_TRY(CrossValidate());
    return Report();
  }

 private:
  bool on_path() const { return options_.lambdas.empty(); }

  /// The null model of every problem, which says where its path begins.
  Result<void> FitNull() {
    const std::vector<NetProblem>& problems = source_->problems();
    std::vector<NetTarget> targets;
    if (frame_.columns() >= kColumnsToShare && options_.family != "gaussian")
      solver_.ShareInformation(kInformedPoints);
    for (std::size_t f = 0; f < problems.size(); ++f) {
      solver_.SetScale(f, source_->NullScale(f));
      targets.push_back({.problem = f, .lambda = 0, .null = true, .start = source_->NullStart(f)});
    }
    CLINNOVA_ASSIGN(nulls_, solver_.Solve(targets, nullptr));
    for (std::size_t f = 0; f < problems.size(); ++f) {
      if (!nulls_[f].converged) {
        return Fail(ErrorCode::kFailed, "analysis \"" + analysis_.name() +
                                            "\": the model without terms did not converge");
      }
      Path path;
      path.null_deviance = nulls_[f].at.deviance;
      const double largest = LargestLambda(problems[f], options_.alpha, nulls_[f].at.score);
      if (!(largest > 0) && on_path()) {
        return Fail(ErrorCode::kFailed, "analysis \"" + analysis_.name() +
                                            "\": no term is associated with the outcome, so that "
                                            "there is no path; expected lambda to be given");
      }
      // Where alpha is small the largest lambda is a thousand times what the gradient is.
      if (largest > 0) solver_.SetScale(f, largest * std::max(options_.alpha, 1e-3));
      path.lambdas = on_path()
                         ? LambdaPath(largest, problems[f].rows, frame_.columns() - Intercepts(),
                                      options_.path_length, options_.path_ratio)
                         : options_.lambdas;
      paths_.push_back(std::move(path));
    }
    return {};
  }

  /// A Cox model has no intercept; its column stands in for the transformation of scales.
  std::size_t FirstTerm() const { return options_.family == "cox" ? 1 : 0; }
  std::size_t Intercepts() const { return frame_.design().intercept() ? 1 : 0; }

  /// All problems' paths together. glmnet begins a path with the null model, also where ridge alone would not.
  Result<void> FitPaths() {
    std::vector<NetTarget> targets;
    for (std::size_t f = 0; f < paths_.size(); ++f) {
      const auto known = std::make_shared<const NetEvaluation>(nulls_[f].at);
      for (std::size_t k = 0; k < paths_[f].lambdas.size(); ++k) {
        targets.push_back({.problem = f,
                           .lambda = paths_[f].lambdas[k],
                           .null = on_path() && k == 0,
                           .start = nulls_[f].beta,
                           .known = known});
      }
    }
    CLINNOVA_ASSIGN(const std::vector<NetSolution> solutions, Solve(targets));
    Distribute(solutions);
    for (Path& path : paths_) {
      const std::vector<double> ratios = path.DevianceRatios();
      const PathEnd end = on_path() ? EndOfPath(options_.family, ratios, path.lambdas.size())
                                    : PathEnd{ratios.size(), ratios.size() == path.lambdas.size()};
      const std::size_t length = end.length;
      cut_short_ = cut_short_ || !end.reached;
      if (length == 0) {
        return Fail(ErrorCode::kFailed, "analysis \"" + analysis_.name() +
                                            "\": the fit at the largest lambda did not converge");
      }
      path.fits.resize(length);
      path.lambdas.resize(length);
    }
    return {};
  }

  /// All lambdas together, or where a round carries few points only each from the one before.
  Result<std::vector<NetSolution>> Solve(std::vector<NetTarget>& targets) {
    if (source_->many_at_once()) {
      solver_.EndPaths([this](std::size_t problem, const std::vector<double>& deviances) {
        return LengthOf(problem, deviances);
      });
      return solver_.Solve(targets, [this](const auto& so_far) { return Enough(so_far); });
    }
    std::vector<NetSolution> solutions(targets.size());
    for (std::size_t k = 0; k < targets.size(); ++k) {
      const std::size_t problem = targets[k].problem;
      const bool goes_on = k > 0 && targets[k - 1].problem == problem;
      if (goes_on && (!solutions[k - 1].converged || Ended(problem, solutions))) {
        continue;  // to the next problem's path
      }
      if (goes_on) targets[k].start = solutions[k - 1].beta;
      CLINNOVA_ASSIGN(const std::vector<NetSolution> one, solver_.Solve({targets[k]}, nullptr));
      solutions[k] = one[0];
    }
    return solutions;
  }

  void Distribute(const std::vector<NetSolution>& solutions) {
    std::size_t at = 0;
    for (Path& path : paths_) {
      path.fits.assign(solutions.begin() + static_cast<std::ptrdiff_t>(at),
                       solutions.begin() + static_cast<std::ptrdiff_t>(at + path.lambdas.size()));
      at += path.lambdas.size();
    }
  }

  /// True when a problem's path has reached its end among those that have converged.
  bool Ended(std::size_t problem, const std::vector<NetSolution>& so_far) {
    if (!on_path()) return false;
    Distribute(so_far);
    const Path& path = paths_[problem];
    return EndOfPath(options_.family, path.DevianceRatios(), path.lambdas.size()).reached;
  }

  /// How long a problem's path is, as far as the deviances of its first lambdas tell.
  std::size_t LengthOf(std::size_t problem, const std::vector<double>& deviances) const {
    const Path& path = paths_[problem];
    if (!on_path()) return path.lambdas.size();
    std::vector<double> ratios;
    for (const double deviance : deviances) ratios.push_back(1 - deviance / path.null_deviance);
    const PathEnd end = EndOfPath(options_.family, ratios, path.lambdas.size());
    return end.reached ? end.length : path.lambdas.size();
  }

  /// True when every path has.
  bool Enough(const std::vector<NetSolution>& so_far) {
    if (!on_path()) return false;
    Distribute(so_far);
    return std::all_of(paths_.begin(), paths_.end(), [this](const Path& path) {
      return EndOfPath(options_.family, path.DevianceRatios(), path.lambdas.size()).reached;
    });
  }

  /// Losses of each fold at the lambdas of all rows, as cv.glmnet: with a path, each training set has its own,
  /// between whose lambdas coefficients are interpolated.
  Result<void> CrossValidate() {
    std::vector<std::vector<std::vector<double>>> betas(source_->fold_rows().size());
    for (std::size_t fold = 0; fold < source_->fold_rows().size(); ++fold) {
      const Path& training = paths_[fold + 1];
      const std::vector<std::vector<double>> fitted = training.Betas();
      for (std::size_t k = 0; k < paths_[0].lambdas.size(); ++k) {
        if (!on_path() && k >= fitted.size()) break;
        betas[fold].push_back(on_path()
                                  ? InterpolatedPath(training.lambdas, fitted, paths_[0].lambdas[k])
                                  : fitted[k]);
      }
      if (betas[fold].size() < paths_[0].lambdas.size()) return {};  // said by the warning
    }
    CLINNOVA_ASSIGN(const std::vector<std::vector<double>> loss, source_->FoldLoss(betas));
    validation_ = Summarise(loss, source_->fold_weights());
    return {};
  }

  Json PathJson() const {
    Json path = Json::array();
    for (std::size_t k = 0; k < paths_[0].fits.size(); ++k) {
      const NetSolution& fit = paths_[0].fits[k];
      std::vector<double> beta = fit.beta;
      if (frame_.design().intercept()) beta[0] += source_->response_center();
      std::vector<std::vector<double>> none;
      frame_.ToOriginalScale(beta, none);
      Json terms = Json::array();
      std::size_t nonzero = 0;
      for (std::size_t j = FirstTerm(); j < beta.size(); ++j) {
        terms.push_back({{"term", frame_.design().names()[j]}, {"estimate", NumberJson(beta[j])}});
        nonzero += InModel(j, fit.beta[j]) ? 1 : 0;
      }
      path.push_back(
          {{"lambda", paths_[0].lambdas[k]},
           {"terms", std::move(terms)},
           {"df", nonzero},
           {"deviance_ratio", NumberJson(1 - fit.at.deviance / paths_[0].null_deviance)}});
    }
    return path;
  }

  /// Ridge alone never makes a coefficient 0; at the head of its path glmnet counts all, though it shows zeros.
  bool InModel(std::size_t column, double beta) const {
    if (column < Intercepts()) return false;
    return beta != 0 || (options_.alpha == 0 && !source_->problems()[0].held[column]);
  }

  std::vector<std::string> Warnings() const {
    std::vector<std::string> warnings = source_->warnings();
    std::string constant;
    for (std::size_t j = FirstTerm(); j < frame_.columns(); ++j) {
      if (!source_->problems()[0].held[j]) continue;
      constant += (constant.empty() ? "" : ", ") + frame_.design().names()[j];
    }
    if (!constant.empty()) warnings.push_back("does not vary, and stays out: " + constant);
    if (cut_short_) {
      warnings.push_back("not converged at the smaller lambdas, which are left out");
    }
    return warnings;
  }

  double LargestViolation() const {
    double largest = 0;
    for (const Path& path : paths_) {
      for (const NetSolution& fit : path.fits) largest = std::max(largest, fit.violation);
    }
    return largest;
  }

  Json Report() const {
    Json result;
    result["n"] = frame_.n();
    result["n_missing"] = frame_.n_missing();
    result["converged"] = !cut_short_;
    result["warnings"] = Warnings();
    result["formula"] = frame_.formula().text();
    result["family"] = options_.family;
    result["alpha"] = options_.alpha;
    result["standardize"] = options_.units == PenaltyUnits::kStandardised;
    result["null_deviance"] = NumberJson(paths_[0].null_deviance);
    result["kkt_violation"] = LargestViolation();
    result["path"] = PathJson();
    result["lambda_min"] = nullptr;
    result["lambda_1se"] = nullptr;
    if (validation_.mean.empty()) return result;
    result["lambda_min"] = paths_[0].lambdas[validation_.minimum];
    result["lambda_1se"] = paths_[0].lambdas[validation_.one_error];
    result["measure"] = options_.family == "gaussian" ? "mean squared error" : "deviance";
    result["folds"] = source_->fold_rows().size();
    result["cross_validation"] = Json::array();
    for (std::size_t k = 0; k < validation_.mean.size(); ++k) {
      result["cross_validation"].push_back({{"lambda", paths_[0].lambdas[k]},
                                            {"mean", NumberJson(validation_.mean[k])},
                                            {"std_error", NumberJson(validation_.std_error[k])}});
    }
    return result;
  }

  const Analysis& analysis_;
  Options options_;
  const ModelFrame& frame_;
  std::unique_ptr<NetSource> source_;
  NetSolver solver_;
  std::vector<NetSolution> nulls_;
  std::vector<Path> paths_;
  CrossValidation validation_;
  bool cut_short_ = false;
};

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(Options options, ReadOptions(analysis));
  CLINNOVA_ASSIGN(const ModelFrame frame, ModelFrame::Build(federation, analysis));
  const bool survival = options.family == "cox";
  const auto kind = frame.formula().response().kind;
  if (survival && kind != table::Response::Kind::kSurvival) {
    return analysis.Wrong("formula", "expected Surv(time, status) before ~");
  }
  if (!survival && kind != table::Response::Kind::kNumeric) {
    return analysis.Wrong("formula", "expected one outcome column before ~");
  }
  if (frame.columns() < (frame.design().intercept() ? 2U : 1U)) {
    return analysis.Wrong("formula", "expected at least one term on the right of ~");
  }
  CLINNOVA_ASSIGN(std::unique_ptr<NetSource> source,
                  survival
                      ? CoxNetSource(federation, analysis, frame, options.units, options.folds)
                      : NetSums::Begin(federation, analysis, frame, options.units, options.folds));
  ElasticNetFit fit(analysis, std::move(options), frame, std::move(source));
  return fit.Run();
}

constexpr std::string_view kOptions[] = {
    "formula",     "family", "alpha",       "lambda", "nlambda", "lambda_min_ratio",
    "standardize", "folds",  "fold_column", "id",     "seed",    "strata"};

}  // namespace

Method ElasticNetMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kElasticNetResponseStep);
  steps.push_back(&kElasticNetGramStep);
  steps.push_back(&kElasticNetScoreStep);
  steps.push_back(&kElasticNetLossStep);
  for (const federation::Step* step : CoxNetSteps()) steps.push_back(step);
  return {"elastic_net", "lasso, ridge and elastic net", kOptions, std::move(steps), Run};
}

}  // namespace clinnova::stats
