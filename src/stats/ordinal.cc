// SPDX-License-Identifier: Apache-2.0
#include "stats/ordinal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "stats/newton.h"
#include "stats/ordinal_steps.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

class OrdinalFit {
 public:
  OrdinalFit(Federation& federation, const Analysis& analysis, OrdinalLink link, double level,
             ModelFrame frame)
      : federation_(federation),
        analysis_(analysis),
        link_(link),
        confidence_level_(level),
        frame_(std::move(frame)) {}

  Result<Json> Run() {
    const auto allowed = CheckParameterCount(static_cast<std::int64_t>(k() + q()), frame_.n(),
                                             federation_.minimum_count());
    if (!allowed) return FailAt("analysis \"" + analysis_.name() + "\"", allowed);
    const int z = frame_.standardised_exponent();
    parameters_.claim = frame_.claim();
    parameters_.score_exponent = frame_.weights_exponent() + z + 1;
    parameters_.information_exponent = frame_.weights_exponent() + 2 * z + 1;
    parameters_.cross_exponent = frame_.weights_exponent() + z + 1;
    parameters_.expected = true;
    std::vector<double> start = StartingThresholds();
    start.resize(start.size() + q(), 0.0);
    const auto evaluate = [&](const std::vector<double>& at) { return Evaluate(at); };
    auto fit = MaximiseLikelihood(std::move(start), evaluate);
    if (!fit) return FailAt("analysis \"" + analysis_.name() + "\"", fit);
    fit_ = std::move(*fit);
    return Report();
  }

 private:
  std::size_t q() const { return frame_.columns() - 1; }  ///< coefficients
  std::size_t k() const { return levels().size() - 1; }   ///< thresholds
  const std::vector<std::string>& levels() const { return frame_.design().response_levels(); }

  /// Of the model without covariates, by the counts that the model frame has already.
  std::vector<double> StartingThresholds() const {
    std::vector<double> thresholds;
    const auto& factors = frame_.design().factors();
    const auto& response = frame_.formula().response().parts[0];
    for (std::size_t f = 0; f < factors.size(); ++f) {
      if (factors[f].column != response.arguments[0].name && factors[f].column != response.Text())
        continue;
      std::int64_t below = 0;
      for (std::size_t level = 0; level < k(); ++level) {
        below += frame_.level_counts()[f][level];
        thresholds.push_back(DistributionQuantile(
            link_, static_cast<double>(below) / static_cast<double>(frame_.n())));
      }
      break;
    }
    return thresholds;
  }

  Result<LikelihoodAt> Evaluate(const std::vector<double>& at) {
    const auto middle = at.begin() + static_cast<std::ptrdiff_t>(k());
    parameters_.thresholds.assign(at.begin(), middle);
    parameters_.beta.assign(middle, at.end());
    LikelihoodAt likelihood;
    likelihood.inside =
        std::is_sorted(at.begin(), middle) && std::adjacent_find(at.begin(), middle) == middle;
    if (!likelihood.inside) return likelihood;
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kOrdinalStep, parameters_));
    parameters_.score_exponent = sums.layout().blocks[kOrdinalScore].exponent;
    parameters_.information_exponent = sums.layout().blocks[kOrdinalInformation].exponent;
    parameters_.cross_exponent = sums.layout().blocks[kOrdinalCross].exponent;
    likelihood.inside = sums.Count(kOrdinalCounts, kOrdinalImpossible) == 0;
    if (!likelihood.inside) return likelihood;
    if (parameters_.expected) CLINNOVA_TRY(CheckWeights(sums));
    parameters_.expected = false;
    likelihood.log_likelihood = sums.Number(kOrdinalFit, kOrdinalLogLikelihood);
    Assemble(sums, likelihood);
    return likelihood;
  }

  Result<void> CheckWeights(const PooledSums& sums) {
    positive_weight_ = sums.Count(kOrdinalCounts, kOrdinalPositiveWeight);
    weight_ = sums.Number(kOrdinalFit, kOrdinalWeight);
    for (std::size_t level = 0; level <= k(); ++level) {
      if (sums.Number(kOrdinalLevelWeights, level) > 0) continue;
      return Fail(ErrorCode::kFailed,
                  "level \"" + levels()[level] + "\" of the outcome has no row of positive weight");
    }
    return {};
  }

  void Assemble(const PooledSums& sums, LikelihoodAt& likelihood) const {
    const std::size_t size = k() + q();
    likelihood.score = sums.Numbers(kOrdinalThresholds);
    likelihood.score.resize(k());
    const std::vector<double> score = sums.Numbers(kOrdinalScore);
    likelihood.score.insert(likelihood.score.end(), score.begin(), score.end());
    Matrix& information = likelihood.information;
    information.assign(size, std::vector<double>(size));
    const Matrix of_beta = FromLowerTriangle(sums.Numbers(kOrdinalInformation), q());
    for (std::size_t t = 0; t < k(); ++t) {
      information[t][t] = sums.Number(kOrdinalThresholds, k() + t);
      if (t + 1 < k()) {
        information[t][t + 1] = information[t + 1][t] =
            sums.Number(kOrdinalThresholds, 2 * k() + t);
      }
      for (std::size_t j = 0; j < q(); ++j) {
        information[t][k() + j] = information[k() + j][t] = sums.Number(kOrdinalCross, t * q() + j);
      }
    }
    for (std::size_t i = 0; i < q(); ++i) {
      for (std::size_t j = 0; j < q(); ++j) information[k() + i][k() + j] = of_beta[i][j];
    }
  }

  /// From the standardised columns' parameters to the original ones': thresholds, then coefficients.
  Matrix ToOriginalScale() const {
    const std::size_t size = k() + q();
    Matrix transform(size, std::vector<double>(size));
    for (std::size_t t = 0; t < k(); ++t) transform[t][t] = 1;
    for (std::size_t j = 0; j < q(); ++j) {
      const double scale = frame_.claim().inverse_scale[j + 1];
      transform[k() + j][k() + j] = scale;
      for (std::size_t t = 0; t < k(); ++t) {
        transform[t][k() + j] = scale * frame_.claim().center[j + 1];
      }
    }
    return transform;
  }

  std::vector<std::string> Warnings() const {
    const auto& names = frame_.design().names();
    std::vector<std::string> warnings =
        AliasedWarnings({names.begin() + 1, names.end()}, fit_.aliased, k());
    if (!fit_.converged) {
      warnings.push_back(
          "not converged: the outcome is separated by the terms (perfectly or nearly), so that "
          "some estimates are infinite; none is given");
    }
    return warnings;
  }

  /// The parameters from `first` on, as *terms*.
  Coefficients Part(std::size_t first, std::vector<std::string> names,
                    const std::vector<double>& estimates, const Matrix& covariance) const {
    Coefficients part;
    part.confidence_level = confidence_level_;
    for (std::size_t i = 0; i < names.size(); ++i) {
      part.estimates.push_back(estimates[first + i]);
      part.estimable.push_back(fit_.converged && !fit_.aliased[first + i]);
      const auto row = covariance[first + i].begin() + static_cast<std::ptrdiff_t>(first);
      part.covariance.emplace_back(row, row + static_cast<std::ptrdiff_t>(names.size()));
    }
    part.names = std::move(names);
    return part;
  }

  Json Report() const {
    std::vector<double> estimates = fit_.estimate;
    Matrix covariance = fit_.covariance;
    ApplyTransform(ToOriginalScale(), estimates, covariance);
    const auto& columns = frame_.design().names();
    std::vector<std::string> thresholds;
    for (std::size_t t = 0; t < k(); ++t) thresholds.push_back(levels()[t] + "|" + levels()[t + 1]);
    Json result;
    result["n"] = positive_weight_;
    result["n_missing"] = frame_.n_missing();
    result["converged"] = fit_.converged;
    result["warnings"] = Warnings();
    result["levels"] = levels();
    result["terms"] =
        TermsJson(Part(k(), {columns.begin() + 1, columns.end()}, estimates, covariance));
    result["thresholds"] = TermsJson(Part(0, thresholds, estimates, covariance));
    AddCovariance(covariance, thresholds, result);
    AddFit(result);
    return result;
  }

  /// Coefficients first, then thresholds, as in vcov() of a polr.
  void AddCovariance(const Matrix& covariance, const std::vector<std::string>& thresholds,
                     Json& result) const {
    const std::size_t size = k() + q();
    std::vector<std::string> names(frame_.design().names().begin() + 1,
                                   frame_.design().names().end());
    names.insert(names.end(), thresholds.begin(), thresholds.end());
    Matrix values(size, std::vector<double>(size));
    std::vector<bool> estimable(size);
    const auto from = [&](std::size_t i) { return i < q() ? k() + i : i - q(); };
    for (std::size_t i = 0; i < size; ++i) {
      estimable[i] = fit_.converged && !fit_.aliased[from(i)];
      for (std::size_t j = 0; j < size; ++j) values[i][j] = covariance[from(i)][from(j)];
    }
    result["vcov"] = MatrixJson(names, values, estimable);
  }

  void AddFit(Json& result) const {
    const auto number = [&](double value) {
      return fit_.converged ? NumberJson(value) : Json(nullptr);
    };
    const auto parameters = static_cast<double>(fit_.rank);
    const double deviance = -2 * fit_.log_likelihood;
    result["log_lik"] = number(fit_.log_likelihood);
    result["deviance"] = number(deviance);
    result["aic"] = number(deviance + 2 * parameters);
    result["bic"] = number(deviance + std::log(weight_) * parameters);
    result["edf"] = static_cast<std::int64_t>(fit_.rank);
    result["df_residual"] = NumberJson(weight_ - parameters);
    result["iterations"] = fit_.iterations;
    result["formula"] = frame_.formula().text();
    result["link"] = analysis_.Text("link", "logit").value_or("");
    result["conf_level"] = confidence_level_;
    if (link_ == OrdinalLink::kLogit) result["ratio"] = "odds ratio";
  }

  Federation& federation_;
  const Analysis& analysis_;
  OrdinalLink link_;
  double confidence_level_;
  ModelFrame frame_;
  OrdinalParameters parameters_;
  NewtonFit fit_;
  std::int64_t positive_weight_ = 0;
  double weight_ = 0;
};

Result<Json> RunOrdinal(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const std::string word, analysis.Text("link", ""));
  const auto link = ParseOrdinalLink(word);
  if (!link) return FailAt("analysis \"" + analysis.name() + "\"", link);
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  CLINNOVA_ASSIGN(ModelFrame frame,
                  ModelFrame::Build(federation, analysis, ModelFrame::Outcome::kLevels));
  const std::size_t levels = frame.design().response_levels().size();
  if (levels < 2) {
    return analysis.Wrong(
        "formula",
        "expected a factor of two or more levels in use before ~, "
        "found " +
            (levels == 1 ? std::string("one level in use") : std::string("something else")));
  }
  if (!frame.design().intercept()) {
    return analysis.Wrong("formula", "the thresholds are intercepts already: expected no - 1");
  }
  return OrdinalFit(federation, analysis, *link, level, std::move(frame)).Run();
}

constexpr std::string_view kOptions[] = {"formula", "link", "weights"};

}  // namespace

Method OrdinalMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kOrdinalStep);
  return {"ordinal", "ordinal regression with proportional odds or another link", kOptions,
          std::move(steps), RunOrdinal};
}

}  // namespace clinnova::stats
