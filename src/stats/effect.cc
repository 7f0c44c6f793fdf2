// SPDX-License-Identifier: Apache-2.0
#include "stats/effect.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "stats/effect_fit.h"
#include "stats/effect_steps.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

constexpr std::string_view kEstimands[] = {"ATE", "ATT", "ATO"};

class Report {
 public:
  Report(const Analysis& analysis, const EffectOptions& options, const ModelFrame& frame,
         const EffectFit& fit)
      : analysis_(analysis), options_(options), frame_(frame), fit_(fit) {}

  Json Write() const {
    Json result;
    result["n"] = frame_.n();
    result["n_missing"] = frame_.n_missing();
    result["converged"] = fit_.converged;
    result["warnings"] = fit_.warnings;
    result["estimator"] = analysis_.Text("estimator", "ipw").value_or("");
    result["estimand"] = kEstimands[static_cast<std::size_t>(options_.estimand)];
    result["outcome_family"] = fit_.binary ? "binomial" : "gaussian";
    result["conf_level"] = options_.confidence_level;
    const Json contrasts = Contrasts();
    if (contrasts.size() == 1) result.update(contrasts.front());
    result["means"] = Means();
    result["contrasts"] = contrasts;
    if (fit_.propensity) result["propensity"] = Json{{"terms", Propensity()}};
    result["balance"] = Balance();
    if (options_.needs_propensity()) {
      double sum = 0;
      double squares = 0;
      for (std::size_t a = 0; a < fit_.weight_sums.size(); ++a) {
        sum += fit_.weight_sums[a];
        squares += fit_.weight_squares[a];
      }
      result["ess"] = Told(sum * sum / squares);
      result["n_trimmed"] = fit_.trimmed;
    }
    result["formula"] = frame_.formula().text();
    return result;
  }

 private:
  const std::vector<std::string>& levels() const { return frame_.design().strata().front().levels; }
  Json Told(double value) const { return fit_.converged ? NumberJson(value) : Json(nullptr); }

  static double Variance(const Matrix& covariance, std::size_t a) {
    return covariance[a][a] + covariance[0][0] - covariance[a][0] - covariance[0][a];
  }

  /// Arm a less the first, for every other arm.
  Json Contrasts() const {
    Coefficients contrasts;
    contrasts.confidence_level = options_.confidence_level;
    const std::size_t count = levels().size() - 1;
    contrasts.covariance.assign(count, std::vector<double>(count));
    for (std::size_t a = 1; a <= count; ++a) {
      contrasts.names.push_back(levels()[a] + " - " + levels()[0]);
      contrasts.estimable.push_back(fit_.converged);
      contrasts.estimates.push_back(fit_.converged ? fit_.means[a] - fit_.means[0] : 0);
      if (fit_.converged) contrasts.covariance[a - 1][a - 1] = Variance(fit_.covariance, a);
    }
    Json list = Json::array();
    std::size_t a = 0;
    for (const Json& term : TermsJson(contrasts)) {
      ++a;
      Json contrast;
      contrast["contrast"] = term["term"];
      for (const char* key :
           {"estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"}) {
        contrast[key] = term[key];
      }
      if (options_.estimator == Estimator::kAipw || options_.estimator == Estimator::kTmle) {
        contrast["influence_std_error"] =
            fit_.converged ? NumberJson(std::sqrt(Variance(fit_.plain, a))) : Json(nullptr);
      }
      list.push_back(std::move(contrast));
    }
    return list;
  }

  Json Means() const {
    Json means = Json::array();
    for (std::size_t a = 0; a < levels().size(); ++a) {
      Json mean;
      mean["level"] = levels()[a];
      mean["n"] = fit_.arm_counts[a];
      mean["estimate"] = fit_.converged ? NumberJson(fit_.means[a]) : Json(nullptr);
      mean["std_error"] =
          fit_.converged ? NumberJson(std::sqrt(fit_.covariance[a][a])) : Json(nullptr);
      if (options_.needs_propensity()) {
        mean["ess"] =
            fit_.converged
                ? NumberJson(fit_.weight_sums[a] * fit_.weight_sums[a] / fit_.weight_squares[a])
                : Json(nullptr);
      }
      means.push_back(std::move(mean));
    }
    return means;
  }

  /// Log odds of each arm against the first, one list of terms after the other.
  Json Propensity() const {
    const std::size_t p = frame_.columns();
    Json list = Json::array();
    for (std::size_t a = 1; a < levels().size(); ++a) {
      const std::size_t first = (a - 1) * p;
      Coefficients terms;
      terms.names = frame_.design().names();
      terms.confidence_level = options_.confidence_level;
      for (std::size_t i = 0; i < p; ++i) {
        terms.estimates.push_back(fit_.propensity->point()[first + i]);
        terms.estimable.push_back(fit_.propensity->converged() &&
                                  !fit_.propensity->aliased()[first + i]);
        const std::vector<double>& row = fit_.propensity->inverse()[first + i];
        const auto begin = row.begin() + static_cast<std::ptrdiff_t>(first);
        terms.covariance.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(p));
      }
      frame_.ToOriginalScale(terms.estimates, terms.covariance);
      for (Json& term : TermsJson(terms)) {
        if (levels().size() > 2) term["level"] = levels()[a];
        list.push_back(std::move(term));
      }
    }
    return list;
  }

  /// Standardised mean differences of the design's columns, with the arms' unweighted variances before and after.
  Json Balance() const {
    Json list = Json::array();
    if (fit_.column_means.empty()) return list;
    for (std::size_t a = 1; a < levels().size(); ++a) {
      for (std::size_t j = 0; j < frame_.columns(); ++j) {
        if (frame_.design().assign()[j] == 0) continue;
        const double spread =
            std::sqrt((fit_.column_variances[a][j] + fit_.column_variances[0][j]) / 2);
        const auto difference = [&](const Matrix& means) {
          return means.empty() ? Json(nullptr) : NumberJson((means[a][j] - means[0][j]) / spread);
        };
        Json entry;
        entry["variable"] = frame_.design().names()[j];
        if (levels().size() > 2) entry["contrast"] = levels()[a] + " - " + levels()[0];
        entry["smd_before"] = difference(fit_.column_means);
        entry["smd_after"] = difference(fit_.weighted_means);
        list.push_back(std::move(entry));
      }
    }
    return list;
  }

  const Analysis& analysis_;      // not owned, outlives this
  const EffectOptions& options_;  // not owned, outlives this
  const ModelFrame& frame_;       // not owned, outlives this
  const EffectFit& fit_;          // not owned, outlives this
};

Result<void> CheckFrame(const Analysis& analysis, const EffectOptions& options,
                        const ModelFrame& frame, int minimum_count) {
  const std::vector<std::string>& levels = frame.design().strata().front().levels;
  if (levels.size() < 2) {
    return analysis.Wrong("treatment", "found " + std::to_string(levels.size()) +
                                           " level in use, expected two or more");
  }
  if (frame.design().response_levels().size() > 2) {
    return analysis.Wrong("outcome", "found a factor of " +
                                         std::to_string(frame.design().response_levels().size()) +
                                         " levels, expected a number or two levels");
  }
  if (const auto focal = FocalArm(options, levels); !focal) {
    return FailAt("analysis \"" + analysis.name() + "\"", focal);
  }
  if (const auto arms = CheckArms(options, frame.claim(), frame.design(), minimum_count); !arms) {
    return FailAt("analysis \"" + analysis.name() + "\"", arms);
  }
  return {};
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const EffectOptions options, EffectOptionsOf(analysis));
  for (const char* key : {"outcome", "treatment"}) CLINNOVA_TRY(analysis.Text(key));
  CLINNOVA_ASSIGN(const ModelFrame frame,
                  ModelFrame::Build(federation, analysis, ModelFrame::Outcome::kLevels));
  CLINNOVA_TRY(CheckFrame(analysis, options, frame, federation.minimum_count()));
  CLINNOVA_ASSIGN(const EffectFit fit, FitEffect(federation, analysis, options, frame));
  return Report(analysis, options, frame, fit).Write();
}

constexpr std::string_view kOptions[] = {"outcome",  "treatment", "covariates",     "estimator",
                                         "estimand", "trim",      "outcome_family", "treated"};

}  // namespace

Method EffectMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  for (const federation::Step* step : std::initializer_list<const federation::Step*>{
           &kEffectModelStep, &kEffectTargetStep, &kEffectMomentStep, &kEffectInfluenceStep}) {
    steps.push_back(step);
  }
  return {"effect", "effect of a treatment from observational data", kOptions, std::move(steps),
          Run};
}

}  // namespace clinnova::stats
