// SPDX-License-Identifier: Apache-2.0
#include "learn/treatment_choice.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "learn/choice_causal_steps.h"
#include "learn/choice_policy_steps.h"
#include "learn/choice_report.h"

namespace clinnova::learn {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

Result<void> CheckFrame(const Analysis& analysis, const stats::ModelFrame& frame) {
  const std::vector<std::string>& levels = frame.design().strata().front().levels;
  if (levels.size() < 2) {
    return analysis.Wrong("treatment", "found " + std::to_string(levels.size()) +
                                           " level in use, expected two or more");
  }
  if (frame.columns() < 2) return analysis.Wrong("covariates", "found none, expected at least one");
  return {};
}

/// The first arm of the guideline, or -1. kInvalidInput for an arm that is none.
Result<std::int64_t> GuidelineArm(const Analysis& analysis, const ChoiceOptions& options,
                                  const std::vector<std::string>& arms) {
  for (const std::string& arm : options.guideline) {
    if (std::ranges::find(arms, arm) != arms.end()) continue;
    std::string list;
    for (const std::string& one : arms) list += (list.empty() ? "" : ", ") + one;
    return analysis.Wrong("guideline", "found \"" + arm + "\", expected arms: " + list);
  }
  if (options.guideline.empty()) return std::int64_t{-1};
  return std::ranges::find(arms, options.guideline.front()) - arms.begin();
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const ChoiceOptions options, ChoiceOptionsOf(analysis));
  for (const char* key : {"outcome", "treatment"}) CLINNOVA_TRY(analysis.Text(key));
  CLINNOVA_TRY(InputsOf(analysis, federation.schema()));
  CLINNOVA_TRY(SubgroupingsOf(analysis, federation.schema(), true));
  if (options.evaluation.policy_tree) CLINNOVA_TRY(PolicyFeatures(analysis, federation.schema()));
  if (options.evaluation.causal_forest) CLINNOVA_TRY(CausalFeatures(analysis, federation.schema()));
  if (options.boosting) CLINNOVA_TRY(ChoiceFeatures(analysis, federation.schema()));
  std::vector<std::string> untold;
  CLINNOVA_TRY(TargetTrial(analysis, {}, untold));
  CLINNOVA_ASSIGN(const stats::ModelFrame frame, stats::ModelFrame::Build(federation, analysis));
  CLINNOVA_TRY(CheckFrame(analysis, frame));
  const std::vector<std::string>& arms = frame.design().strata().front().levels;
  if (options.evaluation.policy_tree) {
    CLINNOVA_TRY(CheckPolicyTree(analysis, federation.schema(), options, arms.size()));
  }
  if (options.evaluation.causal_forest) {
    CLINNOVA_TRY(CheckCausalForest(analysis, options, arms.size(), federation.minimum_count()));
  }
  CLINNOVA_ASSIGN(const std::int64_t guideline, GuidelineArm(analysis, options, arms));
  CLINNOVA_ASSIGN(const LearnedChoice learned,
                  LearnChoice(federation, analysis, options, frame, ChoiceFolding::kByPerson));
  CLINNOVA_ASSIGN(const ChoiceJudgement judgement,
                  JudgeChoice(federation, analysis, options, frame, learned, guideline));
  const ChoiceStory story{.analysis = analysis,
                          .options = options,
                          .frame = frame,
                          .learned = learned,
                          .judgement = judgement,
                          .schema = federation.schema(),
                          .minimum_count = federation.minimum_count(),
                          .guideline = guideline};
  Json result = ChoiceReport(story);
  untold.clear();
  CLINNOVA_ASSIGN(result["target_trial"], TargetTrial(analysis, arms, untold));
  if (!untold.empty()) {
    std::string list;
    for (const std::string& key : untold) list += (list.empty() ? "" : ", ") + key;
    result["warnings"].push_back("target_trial does not tell: " + list);
  }
  result["model"] = ChoiceModelJson(story, result);
  return result;
}

constexpr std::string_view kOptions[] = {"alpha",
                                         "bins",
                                         "causal_forest_bins",
                                         "causal_forest_columns_per_node",
                                         "causal_forest_depth",
                                         "causal_forest_trees",
                                         "covariates",
                                         "depth",
                                         "direction",
                                         "evaluation",
                                         "fold_column",
                                         "folds",
                                         "gamma",
                                         "guideline",
                                         "id",
                                         "lambda",
                                         "learner",
                                         "learning_rate",
                                         "min_child_weight",
                                         "outcome",
                                         "outcome_family",
                                         "policy_tree_bins",
                                         "policy_tree_columns",
                                         "policy_tree_depth",
                                         "ridge",
                                         "seed",
                                         "subgroups",
                                         "subsample",
                                         "target_trial",
                                         "thresholds",
                                         "treatment",
                                         "trees",
                                         "trim"};

}  // namespace

stats::Method TreatmentChoiceMethod() {
  std::vector<const federation::Step*> steps = stats::ModelFrameSteps();
  for (const federation::Step* step : std::initializer_list<const federation::Step*>{
           &kChoiceCountStep, &kChoiceMomentStep, &kChoicePointStep, &kChoicePropensityStep,
           &kChoiceValueStep, &kChoicePairStep, &kChoiceInputStep, &kChoiceSpreadStep,
           &kChoiceGroupStep, &kChoiceRecalibrationStep, &kChoiceBenefitStep, &kPolicyCountStep,
           &kPolicySumStep, &kPolicyArmStep, &kPolicyValueStep}) {
    steps.push_back(step);
  }
  for (const federation::Step* step : ChoiceTreeStepList()) steps.push_back(step);
  for (const federation::Step* step : CausalStepList()) steps.push_back(step);
  return {"treatment_choice",
          "which drug for whom, and whether choosing beats the best single drug", kOptions,
          std::move(steps), Run};
}

}  // namespace clinnova::learn
