// SPDX-License-Identifier: Apache-2.0
#include "stats/meta_analysis.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "core/text.h"
#include "stats/meta_bayes.h"
#include "stats/meta_profile.h"
#include "stats/meta_steps.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kMaximumIterations = 100;
/// tau^2 is found when it moves by less than this part of itself and a typical variance.
constexpr double kTolerance = 1e-14;

enum class Heterogeneity : std::uint8_t {
  kNone,
  kDerSimonianLaird,
  kRestricted,
  kPauleMandel,
  kBayes
};
enum class KnappHartung : std::uint8_t { kNo, kYes, kAtLeastOne };

struct Options {
  Heterogeneity heterogeneity = Heterogeneity::kNone;
  std::string tau2_method;
  KnappHartung knapp_hartung = KnappHartung::kNo;
  double level = 0.95;
  bool release_sites = false;
  MetaPriors priors;
  bool profile = false;  ///< sites' own likelihoods instead of normal ones
};

Result<void> ReadPriors(const Analysis& analysis, Options& options) {
  CLINNOVA_ASSIGN(options.priors.mean, analysis.Number("prior_mean", options.priors.mean));
  CLINNOVA_ASSIGN(options.priors.sd, analysis.Number("prior_sd", options.priors.sd));
  CLINNOVA_ASSIGN(options.priors.tau_scale, analysis.Number("tau_scale", options.priors.tau_scale));
  if (!(options.priors.sd > 0)) return analysis.Wrong("prior_sd", "expected more than 0");
  if (!(options.priors.tau_scale > 0)) return analysis.Wrong("tau_scale", "expected more than 0");
  for (const char* key : {"tau2", "hartung_knapp"}) {
    if (analysis.Has(key)) return analysis.Wrong(key, "is not for model = \"bayes\"");
  }
  constexpr std::string_view kLikelihoods[] = {"normal", "profile"};
  CLINNOVA_ASSIGN(const std::string likelihood, analysis.Choice("likelihood", kLikelihoods));
  options.profile = likelihood == "profile";
  for (const char* key : {"estimate", "formula", "release_sites"}) {
    if (options.profile && analysis.Has(key))
      return analysis.Wrong(key, "is not for likelihood = \"profile\"");
  }
  options.heterogeneity = Heterogeneity::kBayes;
  options.tau2_method = "";
  return {};
}

Result<Options> ReadOptions(const Analysis& analysis) {
  Options options;
  CLINNOVA_ASSIGN(options.level, analysis.Number("conf_level", 0.95));
  CLINNOVA_ASSIGN(options.release_sites, analysis.Flag("release_sites", false));
  if (analysis.Has("hartung_knapp") && analysis.json()["hartung_knapp"] == "adhoc") {
    options.knapp_hartung = KnappHartung::kAtLeastOne;
  } else {
    CLINNOVA_ASSIGN(const bool adjusted, analysis.Flag("hartung_knapp", false));
    if (adjusted) options.knapp_hartung = KnappHartung::kYes;
  }
  constexpr std::string_view kModels[] = {"fixed", "random", "bayes"};
  CLINNOVA_ASSIGN(std::string model, analysis.Choice("model", kModels));
  constexpr std::string_view kMethods[] = {"DL", "REML", "PM"};
  CLINNOVA_ASSIGN(options.tau2_method, analysis.Choice("tau2", kMethods));
  if (!analysis.Has("model") && analysis.Has("tau2")) model = "random";
  if (model == "bayes") {
    CLINNOVA_TRY(ReadPriors(analysis, options));
    return options;
  }
  for (const char* key : {"prior_mean", "prior_sd", "tau_scale", "likelihood"}) {
    if (analysis.Has(key)) return analysis.Wrong(key, "needs model = \"bayes\"");
  }
  if (model == "fixed") {
    if (analysis.Has("tau2")) return analysis.Wrong("tau2", "needs model = \"random\"");
    options.tau2_method = "";
    return options;
  }
  options.heterogeneity = options.tau2_method == "DL"     ? Heterogeneity::kDerSimonianLaird
                          : options.tau2_method == "REML" ? Heterogeneity::kRestricted
                                                          : Heterogeneity::kPauleMandel;
  return options;
}

class MetaAnalysis {
 public:
  MetaAnalysis(Federation& federation, const Analysis& analysis, Options options)
      : federation_(federation), analysis_(analysis), options_(std::move(options)) {}

  Result<Json> Run() {
    CLINNOVA_TRY(Prepare());
    if (options_.profile) return RunProfile();
    CLINNOVA_TRY(FirstRounds());
    Json result = Head();
    if (options_.heterogeneity == Heterogeneity::kBayes) {
      CLINNOVA_TRY(FindPosterior(result));
    } else {
      CLINNOVA_TRY(FindTau2());
      CLINNOVA_TRY(Finish());
      Report(result);
    }
    if (options_.release_sites) CLINNOVA_TRY(ReleaseSites(result));
    return result;
  }

 private:
  Result<void> Prepare() {
    const int sources = static_cast<int>(analysis_.Has("analysis")) +
                        static_cast<int>(analysis_.Has("formula")) +
                        static_cast<int>(analysis_.Has("estimate"));
    if (sources != 1) {
      return analysis_.Wrong("analysis",
                             "expected one of analysis (another analysis' name), formula, or "
                             "estimate and std_error (columns)");
    }
    if (RowsAreEstimates(analysis_)) {
      if (options_.release_sites)
        return analysis_.Wrong("release_sites", "needs estimates that the sites make themselves");
      return {};
    }
    CLINNOVA_ASSIGN(const Analysis fitted, FittedAnalysis(analysis_));
    CLINNOVA_ASSIGN(const ModelFrame frame,
                    ModelFrame::Build(federation_, analysis_.Has("analysis") ? fitted : analysis_));
    n_ = frame.n();
    n_missing_ = frame.n_missing();
    parameters_.request.claim = frame.claim();
    return ChooseTerm(frame);
  }

  Result<void> ChooseTerm(const ModelFrame& frame) {
    std::vector<std::string> names = frame.design().names();
    const bool survival = frame.formula().response().kind == table::Response::Kind::kSurvival;
    if (survival) names.erase(names.begin());  // no intercept in those models
    const std::string list = core::Joined(names);
    CLINNOVA_ASSIGN(std::string term, analysis_.Text("term", ""));
    if (term.empty()) {
      std::erase(names, "(Intercept)");
      if (names.size() != 1)
        return analysis_.Wrong("term", "found nothing, expected one of " + list);
      term = names[0];
    } else if (std::find(names.begin(), names.end(), term) == names.end()) {
      return analysis_.Wrong("term", "found \"" + term + "\", expected one of " + list);
    }
    parameters_.request.term = term;
    return {};
  }

  Result<WeightedSums> Evaluate(double tau2, std::size_t powers) {
    parameters_.tau2 = tau2;
    parameters_.powers = powers;
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kMetaStep, parameters_));
    estimates_ = sums.Count(kMetaEstimates);
    if (estimates_ == 0) return WeightedSums();
    return WeightedSumsFrom(sums, kMetaSums, powers, parameters_.center);
  }

  /// The fixed-effect mean, then the sums about it at tau^2 = 0.
  Result<void> FirstRounds() {
    CLINNOVA_ASSIGN(const WeightedSums rough, Evaluate(0, 1));
    CLINNOVA_TRY(CheckEstimates());
    parameters_.center = rough.mean;
    CLINNOVA_ASSIGN(fixed_, Evaluate(0, 2));
    return {};
  }

  std::int64_t FewestEstimates() const {
    const std::int64_t k = federation_.minimum_count();
    return k == 0 ? 0 : RowsAreEstimates(analysis_) ? std::max(k, kFewestSites) : kFewestSites;
  }

  Result<void> CheckEstimates() const {
    if (estimates_ == 0) {
      return Fail(ErrorCode::kFailed, "analysis \"" + analysis_.name() +
                                          "\": no site can estimate " + What() +
                                          " from its own rows");
    }
    const bool rows = RowsAreEstimates(analysis_);
    const std::int64_t fewest = FewestEstimates();
    if (estimates_ < fewest) {
      return Fail(ErrorCode::kRefused,
                  "analysis \"" + analysis_.name() + "\": fewer than " + std::to_string(fewest) +
                      (rows ? " rows" : " sites") + " have an estimate of " + What(),
                  "too_few_sites");
    }
    return {};
  }

  std::string What() const {
    return RowsAreEstimates(analysis_) ? "anything" : parameters_.request.term;
  }
  double Degrees() const { return static_cast<double>(estimates_ - 1); }
  double Q() const { return estimates_ == 1 ? 0 : fixed_.wee[0]; }
  double TypicalVariance() const { return stats::TypicalVariance(fixed_, estimates_); }

  Result<void> FindTau2() {
    if (options_.heterogeneity == Heterogeneity::kNone || estimates_ == 1) return {};
    const double moment = MomentTau2(fixed_, estimates_);
    if (options_.heterogeneity == Heterogeneity::kDerSimonianLaird) {
      tau2_ = moment;
      return {};
    }
    const bool restricted = options_.heterogeneity == Heterogeneity::kRestricted;
    if (!restricted && Q() <= Degrees()) return {};
    return Solve(moment);
  }

  struct Equation {
    double value = 0;
    double slope = 0;
  };

  Equation PauleMandel(const WeightedSums& at) const { return {at.wee[0] - Degrees(), -at.wee[1]}; }

  /// The derivative of the restricted likelihood (twice it) and its own; where that does not fall, minus the expected
  /// information, as in Fisher's scoring.
  static Equation Restricted(const WeightedSums& at) {
    const double ratio = at.w[1] / at.w[0];
    Equation equation;
    equation.value = at.wee[1] - at.w[0] + ratio;
    // d mu / d tau^2 = -[w^2 (y - mu)] / [w].
    equation.slope = -2 * at.wee[2] + 2 * at.we[1] * at.we[1] / at.w[0] + at.w[1] -
                     2 * at.w[2] / at.w[0] + ratio * ratio;
    const double information = at.w[1] - 2 * at.w[2] / at.w[0] + ratio * ratio;
    if (!(equation.slope < 0)) equation.slope = -information;
    return equation;
  }

  /// Newton's method within a bracket that closes in; a root below zero is zero.
  Result<void> Solve(double start) {
    const bool restricted = options_.heterogeneity == Heterogeneity::kRestricted;
    double low = 0;  // the equation is positive here or this is zero
    double high = std::numeric_limits<double>::infinity();
    tau2_ = start;
    for (iterations_ = 1; iterations_ <= kMaximumIterations; ++iterations_) {
      CLINNOVA_ASSIGN(const WeightedSums at, Evaluate(tau2_, restricted ? 3 : 2));
      const Equation equation = restricted ? Restricted(at) : PauleMandel(at);
      if (equation.value > 0) low = std::max(low, tau2_);
      if (equation.value < 0) high = std::min(high, tau2_);
      if (equation.value <= 0 && tau2_ == 0) return {};
      double next = tau2_ - equation.value / equation.slope;
      if (next <= low && low == 0) {
        next = 0;
      } else if (!(next >= low && next <= high)) {
        next = std::isfinite(high) ? (low + high) / 2 : 2 * tau2_ + TypicalVariance();
      }
      const bool done = std::fabs(next - tau2_) <= kTolerance * (tau2_ + TypicalVariance());
      tau2_ = next;
      if (done) return {};
    }
    converged_ = false;
    return {};
  }

  Result<void> Finish() {
    at_ = fixed_;
    if (tau2_ > 0) {
      CLINNOVA_ASSIGN(at_, Evaluate(tau2_, 1));
    }
    std_error_ = std::sqrt(1 / at_.w[0]);
    if (options_.knapp_hartung == KnappHartung::kNo) return {};
    double factor = at_.wee[0] / Degrees();
    if (options_.knapp_hartung == KnappHartung::kAtLeastOne) factor = std::max(factor, 1.0);
    std_error_ *= std::sqrt(factor);
    return {};
  }

  MetaIntervals Intervals() const {
    const double tail = (1 - options_.level) / 2;
    return IntervalsAround(at_.mean, std_error_, tau2_,
                           options_.knapp_hartung == KnappHartung::kNo
                               ? -core::NormalQuantile(tail)
                               : core::StudentTQuantile(1 - tail, Degrees()));
  }

  void ReportHeterogeneity(const MetaIntervals& intervals, Json& result) const {
    const bool fixed = options_.heterogeneity == Heterogeneity::kNone;
    const double typical = TypicalVariance();
    const double excess = Q() > 0 ? std::max(0.0, (Q() - Degrees()) / Q()) : 0;
    result["tau2"] = tau2_;
    const bool alone = estimates_ == 1;
    result["i2"] = NumberJson(alone ? 0 : 100 * (fixed ? excess : tau2_ / (typical + tau2_)));
    result["h2"] = NumberJson(alone ? 1 : fixed ? Q() / Degrees() : tau2_ / typical + 1);
    result["q"] = NumberJson(Q());
    result["q_df"] = estimates_ - 1;
    result["q_p_value"] = NumberJson(alone ? 1 : core::ChiSquaredUpperTail(Q(), Degrees()));
    result["prediction_low"] = NumberJson(fixed ? kNaN : intervals.prediction_low);
    result["prediction_high"] = NumberJson(fixed ? kNaN : intervals.prediction_high);
  }

  /// What does not depend on the model.
  Json Head() const {
    Json result;
    const bool rows = RowsAreEstimates(analysis_);
    result["n"] = rows ? estimates_ : n_;
    result["n_missing"] = n_missing_;
    result["warnings"] = Json::array();
    const auto sites = static_cast<std::int64_t>(federation_.sites().size());
    if (!rows && estimates_ < sites) {
      result["warnings"].push_back(std::to_string(sites - estimates_) + " of " +
                                   std::to_string(sites) + " sites cannot estimate " + What() +
                                   " from their own rows and are left out");
    }
    result["conf_level"] = options_.level;
    if (!rows) result["term"] = parameters_.request.term;
    result["k"] = estimates_;
    return result;
  }

  /// One round at all nodes of the quadrature over tau.
  Result<void> FindPosterior(Json& result) {
    std::vector<TauNode> nodes = TauNodes(options_.priors);
    MetaTauParameters parameters{parameters_.request, parameters_.center, {}};
    for (const TauNode& node : nodes) parameters.taus.push_back(node.tau);
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kMetaTauStep, parameters));
    for (std::size_t t = 0; t < nodes.size(); ++t) {
      nodes[t].w = sums.Number(0, 4 * t);
      nodes[t].wy = sums.Number(0, 4 * t + 1);
      nodes[t].wyy = sums.Number(0, 4 * t + 2);
      nodes[t].log_w = sums.Number(0, 4 * t + 3);
    }
    const MetaPosterior posterior =
        PosteriorOf(nodes, options_.priors, parameters_.center, options_.level);
    ReportPosterior(posterior.mu, posterior.tau, result);
    result["q"] = NumberJson(Q());
    result["prediction_low"] = NumberJson(posterior.prediction.low);
    result["prediction_high"] = NumberJson(posterior.prediction.high);
    return {};
  }

  void ReportPosterior(const Posterior& mu, const Posterior& tau, Json& result) const {
    result["model"] = "bayes";
    result["prior"] = {{"mean", options_.priors.mean},
                       {"sd", options_.priors.sd},
                       {"tau_scale", options_.priors.tau_scale}};
    result["estimate"] = NumberJson(mu.mean);
    result["std_error"] = NumberJson(mu.sd);
    result["median"] = NumberJson(mu.median);
    result["conf_low"] = NumberJson(mu.low);
    result["conf_high"] = NumberJson(mu.high);
    result["tau"] = {{"mean", NumberJson(tau.mean)},
                     {"sd", NumberJson(tau.sd)},
                     {"median", NumberJson(tau.median)},
                     {"conf_low", NumberJson(tau.low)},
                     {"conf_high", NumberJson(tau.high)}};
  }

  /// The posterior with sites' own profile likelihoods.
  Result<Json> RunProfile() {
    CLINNOVA_ASSIGN(const ProfilePosterior posterior,
                    PosteriorOfProfiles(federation_, analysis_, parameters_.request,
                                        options_.priors, options_.level, FewestEstimates()));
    estimates_ = posterior.sites;
    CLINNOVA_TRY(CheckEstimates());
    Json result = Head();
    result["converged"] = posterior.converged;
    if (!posterior.converged) {
      result["warnings"].push_back(
          "not converged: the likelihoods are not met by the grid of mu; no number is given");
    }
    result["likelihood"] = "profile";
    const double nan = std::nan("");
    const Posterior none{.mean = nan, .sd = nan, .median = nan, .low = nan, .high = nan};
    ReportPosterior(posterior.converged ? posterior.mu : none,
                    posterior.converged ? posterior.tau : none, result);
    return result;
  }

  void Report(Json& result) const {
    result["converged"] = converged_;
    if (!converged_)
      result["warnings"].push_back("not converged: no tau2 was found; none is given");
    result["model"] = options_.heterogeneity == Heterogeneity::kNone ? "fixed" : "random";
    if (!options_.tau2_method.empty()) result["tau2_method"] = options_.tau2_method;
    result["hartung_knapp"] = options_.knapp_hartung != KnappHartung::kNo;
    const double statistic = at_.mean / std_error_;
    const MetaIntervals intervals = Intervals();
    result["estimate"] = NumberJson(at_.mean);
    result["std_error"] = NumberJson(std_error_);
    result["statistic"] = NumberJson(statistic);
    result["p_value"] = NumberJson(options_.knapp_hartung == KnappHartung::kNo
                                       ? core::NormalTwoSidedP(statistic)
                                       : core::StudentTTwoSidedP(statistic, Degrees()));
    result["conf_low"] = NumberJson(intervals.low);
    result["conf_high"] = NumberJson(intervals.high);
    ReportHeterogeneity(intervals, result);
    if (converged_) return;
    for (const char* key : {"estimate", "std_error", "statistic", "p_value", "conf_low",
                            "conf_high", "tau2", "i2", "h2", "prediction_low", "prediction_high"}) {
      result[key] = nullptr;
    }
  }

  Result<void> ReleaseSites(Json& result) {
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kMetaSitesStep, parameters_));
    const table::Schema& schema = federation_.schema();
    const std::vector<std::string>& names = schema.columns[*schema.Find("site")].levels;
    result["per_site"] = Json::array();
    for (std::size_t s = 0; s < names.size(); ++s) {
      const bool there = sums.Count(0, s) > 0;
      const double estimate = there ? sums.Number(1, s) : kNaN;
      const double error = there ? std::sqrt(sums.Number(2, s)) : kNaN;
      const double width = -core::NormalQuantile((1 - options_.level) / 2) * error;
      const double weight = 100 / (error * error + tau2_) / at_.w[0];
      const bool weighed = converged_ && options_.heterogeneity != Heterogeneity::kBayes;
      result["per_site"].push_back({{"site", names[s]},
                                    {"estimate", NumberJson(estimate)},
                                    {"std_error", NumberJson(error)},
                                    {"conf_low", NumberJson(estimate - width)},
                                    {"conf_high", NumberJson(estimate + width)},
                                    {"weight", NumberJson(weighed ? weight : kNaN)}});
    }
    return {};
  }

  Federation& federation_;
  const Analysis& analysis_;  // not owned, outlives this
  Options options_;
  MetaParameters parameters_;
  std::int64_t n_ = 0;
  std::int64_t n_missing_ = 0;
  std::int64_t estimates_ = 0;
  WeightedSums fixed_;  ///< at tau^2 = 0
  WeightedSums at_;     ///< at the tau^2 found
  double tau2_ = 0;
  double std_error_ = kNaN;
  int iterations_ = 0;
  bool converged_ = true;
};

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(Options options, ReadOptions(analysis));
  return MetaAnalysis(federation, analysis, std::move(options)).Run();
}

constexpr std::string_view kOptions[] = {
    "analysis",      "term",       "formula",   "family",    "link",      "ties",
    "weights",       "estimate",   "std_error", "model",     "tau2",      "hartung_knapp",
    "release_sites", "prior_mean", "prior_sd",  "tau_scale", "likelihood"};

}  // namespace

Method MetaAnalysisMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kMetaStep);
  steps.push_back(&kMetaTauStep);
  steps.push_back(&kMetaProfileStep);
  steps.push_back(&kMetaSitesStep);
  return {"meta", "meta-analysis of the sites' own estimates", kOptions, std::move(steps), Run};
}

}  // namespace clinnova::stats
