// SPDX-License-Identifier: Apache-2.0
#include "stats/mixed.h"

#include <nlohmann/json.hpp>

#include "stats/linear_mixed.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;

Result<nlohmann::ordered_json> RunMixed(Federation& federation, const Analysis& analysis) {
  constexpr std::string_view kFamilies[] = {"gaussian"};
  CLINNOVA_TRY(analysis.Choice("family", kFamilies));
  CLINNOVA_ASSIGN(const ModelFrame frame, ModelFrame::Build(federation, analysis));
  const auto kind = frame.formula().response().kind;
  if (kind != table::Response::Kind::kNumeric) {
    return analysis.Wrong("formula", "expected an outcome before ~");
  }
  return FitLinearMixed(federation, analysis, frame);
}

constexpr std::string_view kOptions[] = {"formula", "family", "reml"};

}  // namespace

Method MixedMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  for (const federation::Step* step : LinearMixedSteps()) steps.push_back(step);
  return {"mixed", "mixed model", kOptions, std::move(steps), RunMixed};
}

}  // namespace clinnova::stats
