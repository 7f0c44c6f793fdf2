// SPDX-License-Identifier: Apache-2.0
// `clinnova model predict|card|export FILE`: a learned model by its document, or as the hub's registry signed it.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace clinnova::cli {

enum class CardForm { kText, kJson, kHtml };

/// Whether `name` means a learned model: a file.
bool NamesModelFile(const std::string& name);
/// Prints the answer for one patient; `fields` as `crp=12`, `sex=F`.
Result<void> PredictByFile(const std::string& file, const std::vector<std::string>& fields,
                           bool json);
/// Prints the model's card by TRIPOD+AI.
Result<void> PrintModelCard(const std::string& file, CardForm form);

/// The model's document, or with `onnx` its ONNX file's bytes.
Result<std::string> ExportModelFile(const std::string& file, bool onnx);

}  // namespace clinnova::cli
