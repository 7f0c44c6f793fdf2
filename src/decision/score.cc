// SPDX-License-Identifier: Apache-2.0
#include "decision/score.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/check.h"

namespace clinnova::decision {
namespace {

std::vector<ScoreDefinition> AllScores() {
  std::vector<ScoreDefinition> all;
  for (auto* group : {ArthritisScores, SpondyloarthritisScores, ArthritisResponses, CrohnScores,
                      ColitisScores, SclerosisScores}) {
    for (ScoreDefinition& score : group()) all.push_back(std::move(score));
  }
  std::ranges::sort(all, {}, &ScoreDefinition::name);
  return all;
}

const std::vector<ScoreDefinition>& Registry() {
  static const std::vector<ScoreDefinition> scores = AllScores();
  return scores;
}

bool Inside(const Band& band, double value) {
  return band.edge == Edge::kUpTo ? AtMost(value, band.cut) : Below(value, band.cut);
}

std::string BandText(const Band& band) {
  if (std::isinf(band.cut)) return "beyond: " + band.label;
  return (band.edge == Edge::kUpTo ? "up to " : "below ") + PlainNumber(band.cut) + ": " +
         band.label;
}

std::string Padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

}  // namespace

Band UpTo(double cut, std::string label) { return {std::move(label), cut, Edge::kUpTo}; }
Band BelowCut(double cut, std::string label) { return {std::move(label), cut, Edge::kBelow}; }
Band Beyond(std::string label) { return {.label = std::move(label)}; }

std::span<const ScoreDefinition> Scores() { return Registry(); }

const ScoreDefinition* FindScore(std::string_view name) {
  const auto found = std::ranges::find(Registry(), name, &ScoreDefinition::name);
  return found == Registry().end() ? nullptr : &*found;
}

tl::unexpected<Error> UnknownScore(std::string_view name) {
  std::vector<std::string> names;
  for (const ScoreDefinition& score : Scores()) names.push_back(score.name);
  std::string near;
  for (const std::string& close : CloseNames(name, names)) {
    near += (near.empty() ? "one of: " : ", ") + close;
  }
  if (near.empty()) near = "one of those that clinnova score --list prints";
  return Fail(ErrorCode::kInvalidInput,
              "score: found \"" + std::string(name) + "\", expected " + near);
}

std::string BandOf(std::span<const Band> bands, double value) {
  for (const Band& band : bands) {
    if (Inside(band, value)) return band.label;
  }
  return {};
}

Result<ScoreResult> ComputeScore(const ScoreDefinition& score,
                                 std::span<const std::string> arguments) {
  CLINNOVA_CHECK(score.compute != nullptr);
  CLINNOVA_ASSIGN(FieldValues inputs, ReadFields(score.name, score.fields, arguments));
  const Result<ScoreValue> computed = score.compute(inputs);
  if (!computed) return FailAt(score.name, computed);
  ScoreResult result{.score = score.name,
                     .value = computed->value,
                     .band = computed->band,
                     .version = computed->version,
                     .fields = score.fields,
                     .inputs = std::move(inputs),
                     .source = score.source,
                     .notes = computed->notes,
                     .unverified = score.unverified};
  if (result.band.empty()) result.band = BandOf(score.bands, result.value);
  if (result.version.empty()) result.version = score.version;
  return result;
}

nlohmann::ordered_json ScoreJson(const ScoreResult& result) {
  nlohmann::ordered_json json;
  json["score"] = result.score;
  json["value"] = result.value;
  json["band"] = nullptr;
  if (!result.band.empty()) json["band"] = result.band;
  json["version"] = result.version;
  json["inputs"] = InputsJson(result.fields, result.inputs);
  json["missing"] = result.inputs.missing();
  json["source"] = result.source;
  if (!result.notes.empty()) json["notes"] = result.notes;
  if (!result.unverified.empty()) json["unverified"] = result.unverified;
  return json;
}

std::string ScoreHelp(const ScoreDefinition& score) {
  std::string text = score.name + ": " + score.title + "\n\nFields\n";
  std::size_t width = 0;
  for (const Field& field : score.fields) width = std::max(width, field.name.size());
  for (const Field& field : score.fields) {
    text += "  " + Padded(field.name, width) + "  " + Expected(field);
    if (!field.meaning.empty()) text += "; " + field.meaning;
    if (field.presence != Presence::kRequired) text += " (may be left out)";
    text += '\n';
  }
  if (!score.missing_rule.empty()) text += "\nMissing inputs: " + score.missing_rule + "\n";
  text += "\nBands\n";
  if (score.bands.empty() && score.band_rules.empty()) text += "  none published\n";
  for (const Band& band : score.bands) text += "  " + BandText(band) + "\n";
  for (const std::string& rule : score.band_rules) text += "  " + rule + "\n";
  text += "\nVersion: " + score.version + "\nSource: " + score.source + "\n";
  if (!score.unverified.empty()) text += "Unverified: " + score.unverified + "\n";
  return text;
}

std::string ScoreList() {
  std::vector<std::string> diseases;
  std::size_t width = 0;
  for (const ScoreDefinition& score : Scores()) {
    width = std::max(width, score.name.size());
    if (std::ranges::find(diseases, score.disease) == diseases.end()) {
      diseases.push_back(score.disease);
    }
  }
  std::ranges::sort(diseases);
  std::string text;
  for (const std::string& disease : diseases) {
    text += (text.empty() ? "" : "\n") + disease + "\n";
    for (const ScoreDefinition& score : Scores()) {
      if (score.disease == disease)
        text += "  " + Padded(score.name, width + 2) + score.title + "\n";
    }
  }
  return text;
}

}  // namespace clinnova::decision
