// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "decision/published_model.h"

namespace clinnova::decision {
namespace {

using nlohmann::ordered_json;

ordered_json OrNull(const std::optional<double>& value) {
  return value ? ordered_json(*value) : ordered_json();
}
ordered_json OrNull(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

std::string ConditionText(const Condition& condition) {
  if (condition.absent) return condition.field + " left out";
  if (!condition.is.empty()) return condition.field + " = " + condition.is;
  std::string text;
  const auto add = [&](const char* relation, const std::optional<double>& bound) {
    if (!bound) return;
    text += (text.empty() ? "" : " and ") + condition.field + relation + PlainNumber(*bound);
  };
  add(" = ", condition.equals);
  add(" >= ", condition.at_least);
  add(" > ", condition.above);
  add(" <= ", condition.up_to);
  add(" < ", condition.below);
  return text;
}

std::string TermText(const Term& term) {
  std::string text = PlainNumber(term.coefficient);
  if (!term.field.empty()) {
    std::string value = term.field;
    if (term.log_plus) value = "ln(" + term.field + " + " + PlainNumber(*term.log_plus) + ")";
    if (term.centre != 0) value = "(" + value + " - " + PlainNumber(term.centre) + ")";
    text += " * " + value;
  }
  std::string conditions;
  for (const Condition& condition : term.when) {
    conditions += (conditions.empty() ? " where " : " and ") + ConditionText(condition);
  }
  return text + conditions;
}

std::string BandText(const ModelBand& band) {
  std::string text = band.up_to ? "up to " + PlainNumber(*band.up_to)
                                : (band.below ? "below " + PlainNumber(*band.below) : "beyond");
  text += ": " + band.label;
  if (band.probability) text += ", probability " + PlainNumber(*band.probability);
  if (!band.note.empty()) text += "; " + band.note;
  return text;
}

std::string TreatmentText(const PublishedModel& model, const Treatment& treatment) {
  std::string text = treatment.name + ": logit p = " + PlainNumber(treatment.intercept) + " + " +
                     PlainNumber(treatment.slope) + " * (logit R - " +
                     PlainNumber(model.risk_centre) + ")";
  if (treatment.name != model.reference) {
    text += ", recommended from " + PlainNumber(treatment.threshold) + " below " + model.reference;
  }
  return text;
}

std::string_view KindText(ModelKind kind) {
  switch (kind) {
    case ModelKind::kLogistic: return "probability = 1 / (1 + exp(-L))";
    case ModelKind::kChoice: return "risk R = 1 / (1 + exp(-L)); then for each treatment";
    case ModelKind::kPoints: return "score = L";
    case ModelKind::kProbability: return "probability = L";
  }
  return {};
}

ordered_json Lines(const PublishedModel& model) {
  ordered_json lines = ordered_json::array();
  lines.push_back("L = " + PlainNumber(model.intercept) + " + the sum of");
  for (const Term& term : model.terms) lines.push_back("  " + TermText(term));
  lines.push_back(KindText(model.kind));
  for (const Treatment& treatment : model.treatments) {
    lines.push_back("  " + TreatmentText(model, treatment));
  }
  for (const ModelBand& band : model.bands) lines.push_back("  " + BandText(band));
  return lines;
}

}  // namespace

ordered_json PredictionJson(const Prediction& prediction) {
  const PublishedModel& model = *prediction.model;
  ordered_json json;
  json["model"] = model.name;
  json["outcomes"] = ordered_json::object();
  for (const OutcomeProbability& outcome : prediction.outcomes) {
    json["outcomes"][outcome.name] = {{"probability", OrNull(outcome.probability)},
                                      {"low", OrNull(outcome.low)},
                                      {"high", OrNull(outcome.high)}};
  }
  json["recommendation"] = OrNull(prediction.recommendation);
  json["reasons"] = prediction.reasons;
  json["extrapolated"] = prediction.extrapolated;
  if (model.kind == ModelKind::kPoints) {
    json["score"] = prediction.linear;
    json["band"] = OrNull(prediction.band);
  }
  if (prediction.baseline_risk) json["baseline_risk"] = *prediction.baseline_risk;
  json["outcome"] = model.outcome;
  json["version"] = model.version;
  json["inputs"] = InputsJson(model.fields, prediction.inputs);
  json["missing"] = prediction.inputs.missing();
  json["source"] = model.source;
  if (!model.unverified.empty()) json["unverified"] = model.unverified;
  return json;
}

ordered_json ModelCardJson(const PublishedModel& model) {
  ordered_json json;
  json["model"] = model.name;
  json["title"] = model.title;
  json["disease"] = model.disease;
  json["version"] = model.version;
  json["outcome"] = model.outcome;
  json["population"] = model.population;
  json["equation"] = Lines(model);
  json["fields"] = ordered_json::array();
  for (const Field& field : model.fields) {
    json["fields"].push_back({{"name", field.name},
                              {"unit", field.unit},
                              {"expected", Expected(field)},
                              {"meaning", field.meaning},
                              {"required", field.presence == Presence::kRequired}});
  }
  json["validity"] = model.validity;
  json["performance"] = model.performance;
  json["source"] = model.source;
  json["unverified"] = OrNull(model.unverified);
  json["use"] = "research; not a medical device";
  return json;
}

std::string ModelCard(const PublishedModel& model) {
  std::string text = model.name + ": " + model.title + "\n";
  const auto add = [&](const char* heading, const std::string& value) {
    if (!value.empty()) text += std::string("\n") + heading + "\n  " + value + "\n";
  };
  add("Outcome", model.outcome);
  add("Population", model.population);
  text += "\nInputs\n";
  for (const Field& field : model.fields) {
    text += "  " + field.name + ": " + Expected(field) + "; " + field.meaning +
            (field.presence == Presence::kRequired ? "" : " (may be left out)") + "\n";
  }
  text += "\nEquation\n";
  for (const auto& line : Lines(model)) text += "  " + line.get<std::string>() + "\n";
  add("Range of validity", model.validity);
  add("Performance", model.performance);
  add("Version", model.version);
  add("Source", model.source);
  add("Unverified", model.unverified);
  add("Use", "research; not a medical device");
  return text;
}

std::string ModelList() {
  std::size_t width = 0;
  std::vector<std::string> diseases;
  for (const PublishedModel& model : PublishedModels()) {
    width = std::max(width, model.name.size());
    if (std::ranges::find(diseases, model.disease) == diseases.end()) {
      diseases.push_back(model.disease);
    }
  }
  std::ranges::sort(diseases);
  std::string text;
  for (const std::string& disease : diseases) {
    text += (text.empty() ? "" : "\n") + disease + "\n";
    for (const PublishedModel& model : PublishedModels()) {
      if (model.disease != disease) continue;
      text += "  " + model.name + std::string(width + 2 - model.name.size(), ' ') + model.title +
              (model.unverified.empty() ? "" : " (in part unverified)") + "\n";
    }
  }
  return text;
}

}  // namespace clinnova::decision
