// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "decision/learned_model.h"

namespace clinnova::decision {
namespace {

using nlohmann::ordered_json;

ordered_json OrNull(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json MissingJson(const LearnedPrediction& prediction) {
  ordered_json list = ordered_json::array();
  for (const MissingInput& missing : prediction.missing) {
    ordered_json best = ordered_json::array();
    for (const auto& [value, arm] : missing.best) best.push_back({{"value", value}, {"best", arm}});
    list.push_back({{"input", missing.name}, {"turns_answer", missing.turns_answer}, {"at", best}});
  }
  return list;
}

ordered_json ApplicabilityJson(const LearnedModel& model, const LearnedPrediction& prediction) {
  ordered_json json{{"distance", OrNull(prediction.distance)}};
  if (!model.applicability) return json;
  json["distance_95"] = model.applicability->distance_95;
  json["distance_99"] = model.applicability->distance_99;
  return json;
}

}  // namespace

ordered_json LearnedPredictionJson(const LearnedModel& model, const LearnedPrediction& prediction) {
  ordered_json json;
  json["model"] = model.name;
  json["kind"] = model.kind == LearnedKind::kPrediction ? "prediction" : "treatment_choice";
  for (const ArmOutcome& outcome : prediction.outcomes) {
    ordered_json& entry = json["outcomes"][outcome.name];
    entry[model.binary ? "probability" : "value"] = outcome.estimate;
    entry["low"] = OrNull(outcome.low);
    entry["high"] = OrNull(outcome.high);
    if (outcome.own_low)
      entry.update({{"own_low", *outcome.own_low}, {"own_high", *outcome.own_high}});
    if (prediction.missing.empty()) continue;
    entry["least"] = outcome.least;
    entry["largest"] = outcome.largest;
  }
  const bool choice = model.kind == LearnedKind::kTreatmentChoice;
  json["recommendation"] =
      prediction.recommendation.empty() ? ordered_json() : ordered_json(prediction.recommendation);
  json["reasons"] = prediction.reasons;
  json["extrapolated"] = prediction.extrapolated;
  if (choice) {
    json["best_estimate"] = prediction.best;
    const std::string_view abstention = AbstentionName(prediction.abstention);
    json["abstention"] = abstention.empty() ? ordered_json() : ordered_json(abstention);
  }
  json["conf_level"] = model.confidence_level;
  json["differences"] = ordered_json::array();
  for (const ArmDifference& difference : prediction.differences) {
    json["differences"].push_back({{"first", difference.first},
                                   {"second", difference.second},
                                   {"estimate", difference.estimate},
                                   {"low", OrNull(difference.low)},
                                   {"high", OrNull(difference.high)}});
  }
  json["contributions"] = ordered_json::array();
  for (const InputContribution& contribution : prediction.contributions) {
    json["contributions"].push_back(
        {{"arm", contribution.arm}, {"input", contribution.input}, {"value", contribution.value}});
  }
  json["missing"] = MissingJson(prediction);
  json["applicability"] = ApplicabilityJson(model, prediction);
  return json;
}

std::string OwnOutcomesText(const LearnedModel& model) {
  std::string text;
  for (const ModelArm& arm : model.arms) {
    if (!arm.outcome_half_width) continue;
    text += (text.empty() ? "" : ", ") + arm.name + ": within " +
            core::Significant(*arm.outcome_half_width, 4);
  }
  if (text.empty()) return text;
  return text + " of the estimate with a chance of " +
         core::Significant(100 * model.confidence_level, 4) +
         " %, among patients such as received it (conformal, from predictions out of fold)";
}

}  // namespace clinnova::decision
