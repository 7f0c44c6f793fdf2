// SPDX-License-Identifier: Apache-2.0
#include "stats/mixed.h"

#include <nlohmann/json.hpp>

#include "stats/generalised_mixed.h"
#include "stats/linear_mixed.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;

Result<nlohmann::ordered_json> RunMixed(Federation& federation, const Analysis& analysis) {
  constexpr std::string_view kFamilies[] = {"gaussian", "binomial", "poisson"};
  CLINNOVA_ASSIGN(const std::string family, analysis.Choice("family", kFamilies));
  CLINNOVA_ASSIGN(const ModelFrame frame, ModelFrame::Build(federation, analysis));
  const auto kind = frame.formula().response().kind;
  const bool counts = kind == table::Response::Kind::kCounts && family == "binomial";
  if (kind != table::Response::Kind::kNumeric && !counts) {
    return analysis.Wrong("formula", "expected an outcome before ~");
  }
  if (family != "gaussian") return FitGeneralisedMixed(federation, analysis, frame);
  return FitLinearMixed(federation, analysis, frame);
}

constexpr std::string_view kOptions[] = {"formula", "family", "quadrature", "reml", "weights"};

}  // namespace

Method MixedMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  for (const federation::Step* step : LinearMixedSteps()) steps.push_back(step);
  for (const federation::Step* step : GeneralisedMixedSteps()) steps.push_back(step);
  return {"mixed", "mixed model", kOptions, std::move(steps), RunMixed};
}

}  // namespace clinnova::stats
