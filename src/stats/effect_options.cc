// SPDX-License-Identifier: Apache-2.0
#include "stats/effect_options.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "core/text.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;

constexpr std::string_view kEstimators[] = {"ipw", "aipw", "gcomp", "overlap", "tmle"};
constexpr Estimator kEstimatorOf[] = {Estimator::kIpw, Estimator::kAipw, Estimator::kGcomp,
                                      Estimator::kOverlap, Estimator::kTmle};
constexpr std::string_view kEstimands[] = {"ATE", "ATT", "ATO"};
constexpr std::string_view kFamilies[] = {"", "gaussian", "binomial"};

Result<Estimand> EstimandOf(const Analysis& analysis, Estimator estimator) {
  CLINNOVA_ASSIGN(const std::string word, analysis.Choice("estimand", kEstimands));
  if (estimator == Estimator::kOverlap) {
    if (word != "ATT") return Estimand::kAto;
    return analysis.Wrong("estimand", "found \"ATT\", but overlap weights give the ATO");
  }
  if (word == "ATO") {
    return analysis.Wrong("estimand", "found \"ATO\", which needs estimator = \"overlap\"");
  }
  if (word == "ATT" && estimator == Estimator::kTmle) {
    return analysis.Wrong("estimand", "the ATT by tmle is not there yet; there is aipw");
  }
  return word == "ATT" ? Estimand::kAtt : Estimand::kAte;
}

}  // namespace

Result<EffectOptions> EffectOptionsOf(const Analysis& analysis) {
  EffectOptions options;
  CLINNOVA_ASSIGN(const std::string estimator, analysis.Choice("estimator", kEstimators));
  const auto* at = std::find(std::begin(kEstimators), std::end(kEstimators), estimator);
  options.estimator = kEstimatorOf[at - std::begin(kEstimators)];
  CLINNOVA_ASSIGN(options.estimand, EstimandOf(analysis, options.estimator));
  CLINNOVA_ASSIGN(options.trim, analysis.Number("trim", 0));
  if (!(options.trim >= 0 && options.trim < 0.5)) {
    return analysis.Wrong("trim", "expected a propensity of 0 or more and below 0.5");
  }
  if (options.trim > 0 && !options.needs_propensity()) {
    return analysis.Wrong("trim", "estimator \"gcomp\" has no propensities to trim by");
  }
  CLINNOVA_ASSIGN(options.outcome_family, analysis.Choice("outcome_family", kFamilies));
  CLINNOVA_ASSIGN(options.treated, analysis.Text("treated", ""));
  CLINNOVA_ASSIGN(options.confidence_level, analysis.Number("conf_level", 0.95));
  if (!(options.confidence_level > 0 && options.confidence_level < 1)) {
    return analysis.Wrong("conf_level", "expected a number between 0 and 1");
  }
  return options;
}

Result<std::size_t> FocalArm(const EffectOptions& options, const std::vector<std::string>& levels) {
  if (options.estimand != Estimand::kAtt) return std::size_t{0};
  if (options.treated.empty() && levels.size() == 2) return std::size_t{1};
  const auto found = std::find(levels.begin(), levels.end(), options.treated);
  if (found != levels.end()) return static_cast<std::size_t>(found - levels.begin());
  const std::string list = core::Joined(levels);
  return Fail(ErrorCode::kInvalidInput, "treated: found \"" + options.treated +
                                            "\", expected whose effect the ATT is: " + list);
}

}  // namespace clinnova::stats
