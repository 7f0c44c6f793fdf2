// SPDX-License-Identifier: Apache-2.0
#include "stats/terms.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "core/distributions.h"

namespace clinnova::stats {

using Json = nlohmann::ordered_json;

Json NumberJson(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

std::string AliasedNames(const std::vector<std::string>& names, const std::vector<bool>& aliased,
                         std::size_t first) {
  std::string list;
  for (std::size_t j = 0; j < names.size(); ++j) {
    if (aliased[first + j]) list += (list.empty() ? "" : ", ") + names[j];
  }
  return list;
}

std::vector<std::string> AliasedWarnings(const std::vector<std::string>& names,
                                         const std::vector<bool>& aliased, std::size_t first) {
  const std::string list = AliasedNames(names, aliased, first);
  if (list.empty()) return {};
  return {"not estimable, because collinear with the terms before: " + list};
}

Json TermsJson(const Coefficients& coefficients) {
  const double quantile = -core::NormalQuantile((1 - coefficients.confidence_level) / 2);
  Json terms = Json::array();
  for (std::size_t j = 0; j < coefficients.names.size(); ++j) {
    Json term;
    term["term"] = coefficients.names[j];
    if (!coefficients.estimable[j]) {
      for (const char* key :
           {"estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"}) {
        term[key] = nullptr;
      }
      terms.push_back(std::move(term));
      continue;
    }
    const double estimate = coefficients.estimates[j];
    const double error = std::sqrt(coefficients.covariance[j][j]);
    const double statistic = estimate / error;
    const double p = coefficients.degrees_of_freedom > 0
                         ? core::StudentTTwoSidedP(statistic, coefficients.degrees_of_freedom)
                         : core::NormalTwoSidedP(statistic);
    term["estimate"] = NumberJson(estimate);
    term["std_error"] = NumberJson(error);
    term["statistic"] = NumberJson(statistic);
    term["p_value"] = NumberJson(p);
    term["conf_low"] = NumberJson(estimate - quantile * error);
    term["conf_high"] = NumberJson(estimate + quantile * error);
    terms.push_back(std::move(term));
  }
  return terms;
}

Json MatrixJson(const std::vector<std::string>& names, const Matrix& values,
                const std::vector<bool>& estimable) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < names.size(); ++i) {
    Json row = Json::array();
    for (std::size_t j = 0; j < names.size(); ++j) {
      row.push_back(estimable[i] && estimable[j] ? NumberJson(values[i][j]) : Json(nullptr));
    }
    rows.push_back(std::move(row));
  }
  return Json{{"names", names}, {"values", std::move(rows)}};
}

}  // namespace clinnova::stats
