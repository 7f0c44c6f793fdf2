// SPDX-License-Identifier: Apache-2.0
#include "stats/multinomial.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "federation/batches.h"
#include "stats/model_frame.h"
#include "stats/newton.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::ScaledBlock;
using federation::SiteView;
using federation::WideBlock;
using table::DesignBatch;
using table::kBatchRows;
using Json = nlohmann::ordered_json;

struct MultinomialParameters {
  FrameClaim claim;
  std::int64_t levels = 0;   ///< without the reference
  std::vector<double> beta;  ///< level by level; standardised scale
  std::int64_t score_exponent = 0;
  std::int64_t information_exponent = 0;

  template <class A>
  void Fields(A& a) {
    a(claim);
    a(levels);
    a(beta);
    a(score_exponent);
    a(information_exponent);
  }
};

/// The information holds the lower triangles of the levels' pairs (a, b), b <= a, in that order.
enum MultinomialBlock { kScore, kInformation, kFit, kLevelWeights, kCounts };
enum FitNumber { kLogLikelihood, kWeight, kFitSize };

// --- the site ---------------------------------------------------------------------------------

struct MultinomialBatch {
  DesignBatch design;
  std::vector<std::vector<double>> probability;  ///< per level without the reference: first its eta
  std::vector<double> weight = std::vector<double>(kBatchRows);
};

Result<Layout> MultinomialLayout(const Analysis&, const table::Schema&,
                                 const MultinomialParameters& parameters) {
  const std::size_t p = parameters.claim.center.size();
  const auto levels = static_cast<std::size_t>(parameters.levels);
  if (parameters.levels < 1 || parameters.levels > 1000) {
    return Fail(ErrorCode::kRefused, "levels that do not fit the outcome", "wrong_layout");
  }
  return Layout{{ScaledBlock("score", levels * p, static_cast<int>(parameters.score_exponent)),
                 ScaledBlock("information", levels * (levels + 1) / 2 * (p * (p + 1) / 2),
                             static_cast<int>(parameters.information_exponent)),
                 WideBlock("fit", kFitSize), WideBlock("level_weights", levels + 1),
                 CountBlock("counts", 1)}};
}

/// Probabilities of the levels, and what a row adds to the likelihood.
void Predict(const MultinomialParameters& parameters, MultinomialBatch& batch, ExactSums& sums) {
  const DesignBatch& design = batch.design;
  const auto levels = static_cast<std::size_t>(parameters.levels);
  const std::size_t p = parameters.claim.center.size();
  batch.probability.resize(levels);
  for (std::size_t a = 0; a < levels; ++a) {
    std::vector<double>& eta = batch.probability[a];
    eta.assign(kBatchRows, 0.0);
    for (std::size_t j = 0; j < p; ++j) {
      const double b = parameters.beta[a * p + j];
      const double* x = design.x.data() + j * kBatchRows;
      for (std::size_t r = 0; r < design.rows; ++r) eta[r] += b * x[r];
    }
  }
  std::int64_t positive = 0;
  for (std::size_t r = 0; r < design.rows; ++r) {
    double largest = 0;
    for (std::size_t a = 0; a < levels; ++a) largest = std::max(largest, batch.probability[a][r]);
    const auto level = static_cast<std::size_t>(design.response_codes[r]);
    const double own = level == 0 ? 0 : batch.probability[level - 1][r];
    double total = core::Exp(-largest);
    for (std::size_t a = 0; a < levels; ++a) {
      batch.probability[a][r] = core::Exp(batch.probability[a][r] - largest);
      total += batch.probability[a][r];
    }
    for (std::size_t a = 0; a < levels; ++a) batch.probability[a][r] /= total;
    const double weight = design.weights[r];
    if (!(weight > 0)) continue;
    ++positive;
    sums.Add(kFit, kLogLikelihood, weight * (own - largest - core::Log(total)));
    sums.Add(kFit, kWeight, weight);
    sums.Add(kLevelWeights, level, weight);
  }
  sums.AddCount(kCounts, 0, positive);
}

void AddScores(const MultinomialParameters& parameters, MultinomialBatch& batch, ExactSums& sums) {
  const DesignBatch& design = batch.design;
  const auto levels = static_cast<std::size_t>(parameters.levels);
  const std::size_t p = parameters.claim.center.size();
  const federation::ColumnsView x{design.x.data(), kBatchRows, p};
  std::size_t pair = 0;
  for (std::size_t a = 0; a < levels; ++a) {
    const std::vector<double>& mine = batch.probability[a];
    for (std::size_t r = 0; r < design.rows; ++r) {
      const bool hit = design.response_codes[r] == static_cast<std::int32_t>(a + 1);
      batch.weight[r] = design.weights[r] * ((hit ? 1.0 : 0.0) - mine[r]);
    }
    sums.AddWeightedColumns(kScore, a * p, x, batch.weight.data(), design.rows);
    for (std::size_t b = 0; b <= a; ++b, ++pair) {
      const std::vector<double>& other = batch.probability[b];
      for (std::size_t r = 0; r < design.rows; ++r) {
        const double covariance = a == b ? mine[r] * (1 - mine[r]) : -(mine[r] * other[r]);
        batch.weight[r] = design.weights[r] * covariance;
      }
      sums.AddWeightedGram(kInformation, pair * (p * (p + 1) / 2), x, batch.weight.data(),
                           design.rows);
    }
  }
}

Result<void> MultinomialEvaluate(const SiteView& site, const MultinomialParameters& parameters,
                                 ExactSums& sums) {
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame,
                  SiteFrameOf(site, parameters.claim));
  const auto levels = static_cast<std::size_t>(parameters.levels);
  if (levels + 1 != frame->design.response_levels().size() ||
      parameters.beta.size() != levels * frame->design.names().size()) {
    return Fail(ErrorCode::kRefused, "coefficients that do not fit the design", "wrong_layout");
  }
  CLINNOVA_TRY(CheckParameterCount(static_cast<std::int64_t>(parameters.beta.size()),
                                   parameters.claim.n, site.minimum_count));
  return federation::ForEachBatch<MultinomialBatch>(
      site.table.rows, site.threads, sums,
      [&](std::size_t first, std::size_t count, MultinomialBatch& batch,
          ExactSums& mine) -> Result<void> {
        frame->design.Evaluate(site.table, first, count, batch.design);
        Standardise(parameters.claim, batch.design);
        Predict(parameters, batch, mine);
        AddScores(parameters, batch, mine);
        return {};
      });
}

const federation::TypedStep<MultinomialParameters> kMultinomialStep{
    "multinomial.score", MultinomialLayout, MultinomialEvaluate, FrameGuard{}};

// --- the coordinator --------------------------------------------------------------------------

class MultinomialFit {
 public:
  MultinomialFit(Federation& federation, const Analysis& analysis, double level, ModelFrame frame)
      : federation_(federation),
        analysis_(analysis),
        confidence_level_(level),
        frame_(std::move(frame)) {}

  Result<Json> Run() {
    const auto allowed = CheckParameterCount(static_cast<std::int64_t>(k() * p()), frame_.n(),
                                             federation_.minimum_count());
    if (!allowed) return FailAt("analysis \"" + analysis_.name() + "\"", allowed);
    const int z = frame_.standardised_exponent();
    parameters_.claim = frame_.claim();
    parameters_.levels = static_cast<std::int64_t>(k());
    parameters_.score_exponent = frame_.weights_exponent() + z;
    parameters_.information_exponent = frame_.weights_exponent() + 2 * z;
    const auto evaluate = [&](const std::vector<double>& at) { return Evaluate(at); };
    auto fit = MaximiseLikelihood(std::vector<double>(k() * p()), evaluate);
    if (!fit) return FailAt("analysis \"" + analysis_.name() + "\"", fit);
    fit_ = std::move(*fit);
    return Report();
  }

 private:
  std::size_t p() const { return frame_.columns(); }
  std::size_t k() const { return levels().size() - 1; }
  const std::vector<std::string>& levels() const { return frame_.design().response_levels(); }

  Result<LikelihoodAt> Evaluate(const std::vector<double>& at) {
    parameters_.beta = at;
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kMultinomialStep, parameters_));
    parameters_.score_exponent = sums.layout().blocks[kScore].exponent;
    parameters_.information_exponent = sums.layout().blocks[kInformation].exponent;
    positive_weight_ = sums.Count(kCounts);
    for (std::size_t level = 0; level <= k(); ++level) {
      if (sums.Number(kLevelWeights, level) > 0) continue;
      return Fail(ErrorCode::kFailed,
                  "level \"" + levels()[level] + "\" of the outcome has no row of positive weight");
    }
    LikelihoodAt likelihood;
    likelihood.log_likelihood = sums.Number(kFit, kLogLikelihood);
    likelihood.score = sums.Numbers(kScore);
    likelihood.information.assign(k() * p(), std::vector<double>(k() * p()));
    std::size_t element = 0;
    for (std::size_t a = 0; a < k(); ++a) {
      for (std::size_t b = 0; b <= a; ++b) {
        element = AssemblePair(sums, a, b, element, likelihood.information);
      }
    }
    return likelihood;
  }

  std::size_t AssemblePair(const PooledSums& sums, std::size_t a, std::size_t b,
                           std::size_t element, Matrix& information) const {
    for (std::size_t i = 0; i < p(); ++i) {
      for (std::size_t j = 0; j <= i; ++j, ++element) {
        const double value = sums.Number(kInformation, element);
        information[a * p() + i][b * p() + j] = information[a * p() + j][b * p() + i] = value;
        information[b * p() + i][a * p() + j] = information[b * p() + j][a * p() + i] = value;
      }
    }
    return element;
  }

  Matrix ToOriginalScale() const {
    Matrix transform(k() * p(), std::vector<double>(k() * p()));
    for (std::size_t a = 0; a < k(); ++a) {
      for (std::size_t j = 0; j < p(); ++j) {
        const double scale = frame_.claim().inverse_scale[j];
        transform[a * p() + j][a * p() + j] = scale;
        if (frame_.design().intercept() && j > 0) {
          transform[a * p()][a * p() + j] = -scale * frame_.claim().center[j];
        }
      }
    }
    return transform;
  }

  std::vector<std::string> Warnings() const {
    std::vector<std::string> warnings = AliasedWarnings(frame_.design().names(), fit_.aliased);
    if (!fit_.converged) {
      warnings.push_back(
          "not converged: the outcome is separated by the terms (perfectly or nearly), so that "
          "some estimates are infinite; none is given");
    }
    return warnings;
  }

  Json Report() const {
    Coefficients terms;
    terms.confidence_level = confidence_level_;
    terms.estimates = fit_.estimate;
    terms.covariance = fit_.covariance;
    ApplyTransform(ToOriginalScale(), terms.estimates, terms.covariance);
    std::vector<std::string> full_names;
    for (std::size_t a = 0; a < k(); ++a) {
      for (std::size_t j = 0; j < p(); ++j) {
        terms.names.push_back(frame_.design().names()[j]);
        full_names.push_back(levels()[a + 1] + ":" + frame_.design().names()[j]);
        terms.estimable.push_back(fit_.converged && !fit_.aliased[a * p() + j]);
      }
    }
    Json result;
    result["n"] = positive_weight_;
    result["n_missing"] = frame_.n_missing();
    result["converged"] = fit_.converged;
    result["warnings"] = Warnings();
    result["levels"] = levels();
    result["terms"] = Json::array();
    const Json plain = TermsJson(terms);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      Json term{{"y_level", levels()[i / p() + 1]}};
      term.update(plain[i]);
      result["terms"].push_back(std::move(term));
    }
    result["vcov"] = MatrixJson(full_names, terms.covariance, terms.estimable);
    AddFit(result);
    return result;
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
    result["bic"] = number(deviance + std::log(static_cast<double>(positive_weight_)) * parameters);
    result["edf"] = static_cast<std::int64_t>(fit_.rank);
    result["iterations"] = fit_.iterations;
    result["formula"] = frame_.formula().text();
    result["conf_level"] = confidence_level_;
    result["ratio"] = "odds ratio";
  }

  Federation& federation_;
  const Analysis& analysis_;
  double confidence_level_;
  ModelFrame frame_;
  MultinomialParameters parameters_;
  NewtonFit fit_;
  std::int64_t positive_weight_ = 0;
};

Result<Json> RunMultinomial(Federation& federation, const Analysis& analysis) {
  constexpr std::string_view kLinks[] = {"logit"};
  CLINNOVA_TRY(analysis.Choice("link", kLinks));
  CLINNOVA_ASSIGN(const double level, analysis.Number("conf_level", 0.95));
  CLINNOVA_ASSIGN(ModelFrame frame,
                  ModelFrame::Build(federation, analysis, ModelFrame::Outcome::kLevels));
  const std::size_t levels = frame.design().response_levels().size();
  if (levels < 2) {
    return analysis.Wrong("formula",
                          std::string("found ") + (levels == 1 ? "one level in use" : "no factor") +
                              " before ~, expected a factor of two or more levels in use");
  }
  if (!frame.formula().offsets().empty()) {
    return analysis.Wrong("formula", "offset() is not there for multinomial");
  }
  return MultinomialFit(federation, analysis, level, std::move(frame)).Run();
}

constexpr std::string_view kOptions[] = {"formula", "link", "weights"};

}  // namespace

Method MultinomialMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  steps.push_back(&kMultinomialStep);
  return {"multinomial", "multinomial logistic regression", kOptions, std::move(steps),
          RunMultinomial};
}

}  // namespace clinnova::stats
