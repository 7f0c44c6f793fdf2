// SPDX-License-Identifier: Apache-2.0
// Learned models' documents: reading one never crashes, and one that is read answers for the patient at the inputs'
// means, whole or with an error.
#include <cstdint>
#include <string_view>

#include "decision/learned_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto model = clinnova::decision::ReadLearnedModel(text, "fuzz.json");
  if (model) (void)clinnova::decision::PredictLearned(*model, {});
  return 0;
}
