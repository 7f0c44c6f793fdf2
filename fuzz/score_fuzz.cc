// SPDX-License-Identifier: Apache-2.0
// The inputs of a score or a published model, one argument a line after the name: any text gives a finite value
// or one line that says why not.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "decision/published_model.h"
#include "decision/score.h"
#include "one_line.h"

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova::decision;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  if (lines.empty()) return 0;
  const std::string name = lines.front();
  lines.erase(lines.begin());
  if (const ScoreDefinition* score = FindScore(name)) {
    const auto result = ComputeScore(*score, lines);
    clinnova::fuzz::MustTellInOneLine(result);
    if (result) Check(std::isfinite(result->value));
  }
  if (const PublishedModel* model = FindPublishedModel(name)) {
    const auto prediction = Predict(*model, lines, {});
    clinnova::fuzz::MustTellInOneLine(prediction);
    if (prediction) Check(std::isfinite(prediction->linear));
  }
  return 0;
}
