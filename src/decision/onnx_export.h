// SPDX-License-Identifier: Apache-2.0
// Models as ONNX files, for a hospital's own runtime. What such a file computes and what it leaves out:
// docs/onnx.md.
//
//   CLINNOVA_ASSIGN(const std::string bytes, OnnxFile(model));
//
// One input a column of the patient's data, [patients, 1]: doubles, or a factor's levels as texts. One output per
// arm, [patients, 1] doubles: "probability_ARM", or "mean_ARM" of an outcome that is no probability. The same numbers
// as PredictLearned and Predict to 1e-12, in double precision.
// Thread rule: pure functions.
#pragma once

#include <string>

#include "core/error.h"
#include "decision/learned_model.h"
#include "decision/published_model.h"

namespace clinnova::decision {

/// A missing number is NaN, a missing level the empty text. kInvalidInput names the term that the file cannot carry
/// (ns()), or says that the model has no inputs, or two things of one name.
Result<std::string> OnnxFile(const LearnedModel& model);

/// Of risks and of choices by risk; a missing number gives NaN. kInvalidInput for other kinds, and for fields that
/// may be left out.
Result<std::string> OnnxFile(const PublishedModel& model);

}  // namespace clinnova::decision
