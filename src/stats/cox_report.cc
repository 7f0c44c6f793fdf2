// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_report.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "stats/model_terms.h"
#include "stats/survival_curve.h"

namespace clinnova::stats {

using Json = nlohmann::ordered_json;

void ReportAfterFit(const CoxAfterFit& after, Json& result) {
  const auto number = [](const std::optional<double>& value) {
    return value ? NumberJson(*value) : Json(nullptr);
  };
  result["concordance"] = number(after.concordance.value);
  result["concordance_se"] = number(after.concordance.standard_error);
  result["baseline"] = nullptr;
  if (!after.baseline.empty()) result["baseline"] = Json::array();
  for (const BaselinePoint& point : after.baseline) {
    result["baseline"].push_back(
        {{"time", NumberJson(point.time)}, {"hazard", NumberJson(point.hazard)}});
  }
  result["proportional_hazards"] = nullptr;
  if (!after.tests.empty()) result["proportional_hazards"] = Json::array();
  for (const ProportionalityTest& test : after.tests) {
    const auto degrees = static_cast<double>(test.degrees_of_freedom);
    result["proportional_hazards"].push_back(
        {{"term", test.term},
         {"statistic", number(test.statistic)},
         {"df", test.degrees_of_freedom},
         {"p_value", test.statistic
                         ? NumberJson(core::ChiSquaredUpperTail(*test.statistic, degrees))
                         : Json(nullptr)}});
  }
  result["suppressed"] = Json::array();
  if (after.concordance.suppressed) result["suppressed"] = {"concordance", "concordance_se"};
}

void ReportPredictions(const CoxAfterFit& after, const nlohmann::json& newdata, double level,
                       Json& result) {
  const double quantile = -core::NormalQuantile((1 - level) / 2);
  result["predictions"] = Json::array();
  for (std::size_t i = 0; i < newdata.size(); ++i) {
    Json json;
    json["newdata"] = newdata[i];
    for (const char* key : {"time", "estimate", "std_error", "conf_low", "conf_high"})
      json[key] = Json::array();
    for (std::size_t t = 0; i < after.predictions.size() && t < after.predictions[i].size(); ++t) {
      const PredictedSurvival& at = after.predictions[i][t];
      const Limits limits =
          ConfidenceLimits(Interval::kLog, at.survival, at.hazard_error, quantile);
      json["time"].push_back(at.time);
      json["estimate"].push_back(NumberJson(at.survival));
      json["std_error"].push_back(NumberJson(at.survival * at.hazard_error));
      json["conf_low"].push_back(NumberJson(limits.low));
      json["conf_high"].push_back(NumberJson(limits.high));
    }
    result["predictions"].push_back(std::move(json));
  }
}

}  // namespace clinnova::stats
