// SPDX-License-Identifier: Apache-2.0
// The result of a treatment choice as JSON: the object of the result file, and the model document within it
// (decision/learned_model.h reads it; docs/methods/treatment_choice.md draws both).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "learn/choice_discrimination.h"
#include "learn/choice_judgement.h"

namespace clinnova::learn {

/// What the report tells of, all of it known by now.
struct ChoiceStory {
  const federation::Analysis& analysis;  // not owned, outlives this
  const ChoiceOptions& options;          // not owned, outlives this
  const stats::ModelFrame& frame;        // not owned, outlives this
  const LearnedChoice& learned;          // not owned, outlives this
  const ChoiceJudgement& judgement;      // not owned, outlives this
  const table::Schema& schema;           // not owned, outlives this
  int minimum_count = 5;
  std::int64_t guideline = -1;
};

/// The method's own fields; counts below `minimum_count` are null, their paths in "suppressed".
nlohmann::ordered_json ChoiceReport(const ChoiceStory& story);
/// The verdict in words.
std::string Verdict(const ChoiceStory& story);
/// {"estimate","std_error","conf_low","conf_high"}, with "p_value" for differences.
nlohmann::ordered_json EstimateJson(const ChoiceEstimate& estimate);
nlohmann::ordered_json DifferenceJson(const ChoiceEstimate& estimate);
/// How well the outcome models predict, from the sums of the value step.
nlohmann::ordered_json DiscriminationJson(const ChoiceStory& story,
                                          const federation::PooledSums& sums);
/// {"auc", "std_error", "conf_low", "conf_high"} with the normal interval, which does not leave 0 to 1; null where there is none.
nlohmann::ordered_json AucJson(const std::optional<Auc>& auc, double level);
/// {"ici", "e_50", "e_90", "curve"} of an arm of a binary outcome, from the sums of a value step; null where there is no
/// curve.
nlohmann::ordered_json CurveJson(const ChoiceStory& story, const federation::PooledSums& sums,
                                 std::size_t arm);
/// Whether each arm of a binary outcome has as many persons as its model needs.
nlohmann::ordered_json SampleSizeJson(const ChoiceStory& story);
/// {"brier", "scaled_brier"} of a binary outcome, else {"rmse", "r_squared"}.
nlohmann::ordered_json ErrorSizesJson(const ErrorSizes& errors, bool binary);
/// The area within sites, by arm and over all.
nlohmann::ordered_json WithinSitesJson(const ChoiceStory& story);
/// Gain, discrimination and inputs between sites; null where too few sites can be compared.
nlohmann::ordered_json BetweenSitesJson(const ChoiceStory& story);
/// The lines of the effects of every two arms, in the original columns.
nlohmann::ordered_json HeterogeneityJson(const ChoiceStory& story);
/// What happened in a subgroup beside what was predicted, of the drugs that were received; null where it is not told.
nlohmann::ordered_json SubgroupFitJson(const ChoiceStory& story, const GroupGain& group, bool told);
/// Of every two drugs, the benefit of the first over the second in a subgroup; likewise.
nlohmann::ordered_json SubgroupBenefitsJson(const ChoiceStory& story, const GroupGain& group,
                                            bool told);
/// Net benefit by threshold. `known`, `secret`: ToldThresholds'; paths of what is withheld are appended to `suppressed`.
nlohmann::ordered_json NetBenefitJson(const ChoiceStory& story,
                                      const std::vector<std::int64_t>& known,
                                      const std::vector<std::int64_t>& secret,
                                      std::vector<std::string>& suppressed);
/// The policy tree in words and as nodes, and what it gains; likewise.
nlohmann::ordered_json PolicyTreeJson(const ChoiceStory& story,
                                      std::vector<std::string>& suppressed);
/// Adds "gain" over the best single drug and "gain_by_drug" of a policy learned beside the rule, the last of `policies`; `path`: of
/// `json` in the result. Likewise.
void AddJudgedGain(const ChoiceStory& story, const PolicyValues& policies,
                   const JudgedPolicy& judged, const std::string& path,
                   nlohmann::ordered_json& json, std::vector<std::string>& suppressed);
/// Of every two arms how well a predicted benefit ranks and sizes what happens: mean, autoc, qini, slope and distances; of a
/// binary outcome c_for_benefit.
nlohmann::ordered_json ContrastBenefitJson(const ChoiceStory& story,
                                           const ContrastBenefit& contrast);
/// The causal forest: what its effects and its rule are worth, and which inputs divide it; likewise.
nlohmann::ordered_json CausalForestJson(const ChoiceStory& story,
                                        std::vector<std::string>& suppressed);
/// The model: field "model" of the result.
nlohmann::ordered_json ChoiceModelJson(const ChoiceStory& story,
                                       const nlohmann::ordered_json& result);

}  // namespace clinnova::learn
