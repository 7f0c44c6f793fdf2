// SPDX-License-Identifier: Apache-2.0
#include "stats/model_terms.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/deterministic_math.h"

namespace clinnova::stats {

using Json = nlohmann::ordered_json;

Coefficients ModelCoefficients(const ModelFrame& frame, StandardisedFit fit) {
  const std::size_t p = fit.beta.size();
  Coefficients terms;
  terms.names = frame.design().names();
  terms.estimates = std::move(fit.beta);
  terms.covariance = std::move(fit.covariance);
  if (terms.covariance.empty()) terms.covariance.assign(p, std::vector<double>(p));
  frame.ToOriginalScale(terms.estimates, terms.covariance);
  for (std::size_t j = 0; j < p; ++j) terms.estimable.push_back(fit.converged && !fit.aliased[j]);
  terms.confidence_level = fit.confidence_level;
  return terms;
}

Coefficients HazardCoefficients(const ModelFrame& frame, const StandardisedFit& fit) {
  // The intercept's column stands in for the transformation.
  StandardisedFit wide{
      .beta = {0.0},
      .covariance = Matrix(fit.beta.size() + 1, std::vector<double>(fit.beta.size() + 1)),
      .aliased = {false},
      .converged = fit.converged,
      .confidence_level = fit.confidence_level};
  wide.beta.insert(wide.beta.end(), fit.beta.begin(), fit.beta.end());
  wide.aliased.insert(wide.aliased.end(), fit.aliased.begin(), fit.aliased.end());
  for (std::size_t i = 0; i < fit.covariance.size(); ++i) {
    for (std::size_t j = 0; j < fit.covariance.size(); ++j)
      wide.covariance[i + 1][j + 1] = fit.covariance[i][j];
  }
  Coefficients terms = ModelCoefficients(frame, std::move(wide));
  terms.names.erase(terms.names.begin());
  terms.estimates.erase(terms.estimates.begin());
  terms.estimable.erase(terms.estimable.begin());
  terms.covariance.erase(terms.covariance.begin());
  for (std::vector<double>& row : terms.covariance) row.erase(row.begin());
  return terms;
}

Json HazardTermsJson(const Coefficients& coefficients) {
  Json terms = TermsJson(coefficients);
  for (std::size_t j = 0; j < coefficients.names.size(); ++j) {
    terms[j]["hazard_ratio"] = coefficients.estimable[j]
                                   ? NumberJson(core::Exp(coefficients.estimates[j]))
                                   : Json(nullptr);
  }
  return terms;
}

}  // namespace clinnova::stats
