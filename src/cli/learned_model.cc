// SPDX-License-Identifier: Apache-2.0
#include "cli/learned_model.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "core/json_text.h"
#include "core/text.h"
#include "decision/bedside_cards.h"
#include "decision/learned_model.h"
#include "decision/model_report.h"
#include "decision/onnx_export.h"

namespace clinnova::cli {
namespace {

/// The model's document, also of a registered model. Its signature is for the site that takes it into use.
Result<decision::LearnedModel> ReadModel(const std::string& file) {
  CLINNOVA_ASSIGN(std::string text, ReadText(file));
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_object() && document.contains("signature") && document.contains("model")) {
    text = document["model"].dump();
  }
  return decision::ReadLearnedModel(text, file);
}

}  // namespace

bool NamesModelFile(const std::string& name) {
  std::error_code none;
  return name.ends_with(".json") || std::filesystem::is_regular_file(name, none);
}

Result<void> PredictByFile(const std::string& file, const std::vector<std::string>& fields,
                           bool json) {
  CLINNOVA_ASSIGN(const decision::LearnedModel model, ReadModel(file));
  CLINNOVA_ASSIGN(const auto patient, decision::ReadPatient(model, fields));
  CLINNOVA_ASSIGN(const auto prediction, decision::PredictLearned(model, patient));
  if (json) {
    std::printf("%s", core::ResultJson(decision::LearnedPredictionJson(model, prediction)).c_str());
    return {};
  }
  std::printf("%s: %s\n", model.name.c_str(), model.outcome.c_str());
  for (const decision::ArmOutcome& outcome : prediction.outcomes) {
    std::printf("  %-20s %s\n", outcome.name.c_str(), OutcomeText(model, outcome).c_str());
  }
  if (model.kind == decision::LearnedKind::kTreatmentChoice) {
    std::printf("  recommendation: %s\n",
                prediction.recommendation.empty() ? "none" : prediction.recommendation.c_str());
  }
  for (const std::string& reason : prediction.reasons) std::printf("    %s\n", reason.c_str());
  std::printf("  research; not a medical device\n");
  return {};
}

Result<void> PrintModelCard(const std::string& file, CardForm form) {
  CLINNOVA_ASSIGN(const std::string text, ReadText(file));
  CLINNOVA_ASSIGN(const auto report, decision::ModelReport(text, file));
  const std::string shown = form == CardForm::kJson   ? core::ResultJson(report)
                            : form == CardForm::kHtml ? decision::ModelReportHtml(report)
                                                      : decision::ModelReportText(report);
  std::printf("%s", shown.c_str());
  return {};
}

Result<std::string> ExportModelFile(const std::string& file, bool onnx) {
  CLINNOVA_ASSIGN(const decision::LearnedModel model, ReadModel(file));
  if (!onnx) return model.document;
  return decision::OnnxFile(model);
}

}  // namespace clinnova::cli
