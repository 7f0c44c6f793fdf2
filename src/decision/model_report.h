// SPDX-License-Identifier: Apache-2.0
// The card of a learned model: what a reader must know before using it, in the order of TRIPOD+AI
// (G. S. Collins et al., BMJ 385 (2024) e078378), from the model's document and nothing else.
//
//   CLINNOVA_ASSIGN(nlohmann::ordered_json report, ModelReport(document, "choice.json"));
//   std::string page = ModelReportHtml(report);
//
// What the document does not say is listed under `not_reported`, so that the reader sees the gap. Beside it stand the
// questions of PROBAST+AI's domains (K. G. M. Moons et al., BMJ 388 (2025) e082505) in our words: those that the run
// itself answers are answered, the others are "to be judged by a person".
// Thread rule: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/error.h"

namespace clinnova::decision {

/// {"title", "items":[{"item": TRIPOD+AI's number, "section", "heading", "text"}], "not_reported":[…],
/// "risk_of_bias":[{"domain", "question", "answer", "evidence"}]} of a model's
/// document or of a registered one. kInvalidInput as ReadLearnedModel.
Result<nlohmann::ordered_json> ModelReport(std::string_view document, const std::string& file);
/// The same as text, and as a page of HTML without scripts or outside references.
std::string ModelReportText(const nlohmann::ordered_json& report);
std::string ModelReportHtml(const nlohmann::ordered_json& report);

}  // namespace clinnova::decision
