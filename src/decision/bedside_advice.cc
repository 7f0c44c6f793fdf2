// SPDX-License-Identifier: Apache-2.0
#include "decision/bedside_advice.h"

#include <algorithm>

#include "core/text.h"

namespace clinnova::decision {
namespace {

bool Holds(const cohort::SafetyRule::Condition& condition, const cohort::PatientFacts& facts) {
  if (!condition.is.empty()) {
    const auto level = facts.levels.find(condition.feature);
    return level != facts.levels.end() &&
           std::ranges::find(condition.is, level->second) != condition.is.end();
  }
  const auto number = facts.numbers.find(condition.feature);
  if (number == facts.numbers.end()) return false;
  return condition.at_least ? number->second >= *condition.at_least : number->second == 1;
}

const ModelArm* FindArm(const LearnedModel& model, const std::string& name) {
  const auto found = std::ranges::find(model.arms, name, &ModelArm::name);
  return found == model.arms.end() ? nullptr : &*found;
}

PatientValues ValuesOf(const RegisteredModel& model, const cohort::PatientFacts& facts) {
  PatientValues values;
  for (const ModelInput& input : model.model.inputs) {
    const std::string& feature = model.feature_of.at(input.name);
    const auto number = facts.numbers.find(feature);
    const auto level = facts.levels.find(feature);
    if (input.factor && level != facts.levels.end()) values.levels[input.name] = level->second;
    if (input.factor && number != facts.numbers.end()) {  // factor(x) of a column of ones and zeros
      values.levels[input.name] = number->second == 1 ? "1" : "0";
    }
    if (!input.factor && number != facts.numbers.end()) values.numbers[input.name] = number->second;
  }
  return values;
}

class Adviser {
 public:
  explicit Adviser(const AdviceRequest& request) : request_(request) {}

  Result<Advice> Give() {
    const PatientValues values = ValuesOf(request_.model, request_.facts);
    CLINNOVA_ASSIGN(advice_.prediction, PredictLearned(request_.model.model, values));
    if (request_.similar != nullptr) advice_.similar = request_.similar->Find(values);
    advice_.model = &request_.model;
    advice_.unsupplied = request_.unsupplied;
    advice_.unusable = request_.read.unusable;
    advice_.recommendation = advice_.prediction.recommendation;
    JudgeDrafts();
    FindSafety();
    GateBySafety();
    GateByRecords();
    GateByPopulation();
    const bool recommended = !advice_.prediction.recommendation.empty();
    if (!recommended) Withhold(std::string(AbstentionName(advice_.prediction.abstention)), "");
    // Why a drug would be better is no reason for recommending none.
    if (recommended && !advice_.withheld.empty()) return std::move(advice_);
    for (const std::string& reason : advice_.prediction.reasons) advice_.reasons.push_back(reason);
    return std::move(advice_);
  }

 private:
  /// The first reason code stands; every reason is told.
  void Withhold(const std::string& code, const std::string& reason) {
    if (advice_.withheld.empty()) advice_.withheld = code;
    if (!reason.empty()) advice_.reasons.push_back(reason);
    advice_.recommendation.clear();
  }

  bool IsLearned(const std::string& arm) const {
    return FindArm(request_.model.model, arm) != nullptr;
  }
  bool IsDrafted(const std::string& arm) const {
    return std::ranges::find(advice_.drafts, arm, &DraftVerdict::arm) != advice_.drafts.end();
  }

  void FindSafety() {
    for (const cohort::SafetyRule& rule : request_.module.safety_rules()) {
      const auto holds = [&](const auto& condition) { return Holds(condition, request_.facts); };
      if (!std::ranges::all_of(rule.when, holds)) continue;
      for (const std::string& arm : rule.arms) {
        if (IsLearned(arm) || IsDrafted(arm)) advice_.safety.push_back({&rule, arm});
      }
    }
  }

  void GateBySafety() {
    const std::string best = advice_.prediction.recommendation;
    for (const SafetyFinding& finding : advice_.safety) {
      if (finding.arm != best || finding.rule->level == cohort::SafetyLevel::kCaution) continue;
      Withhold("safety", best + " is expected to do best, but: " + finding.rule->reason);
    }
    for (const char* needed : {"conditions", "observations"}) {
      if (std::ranges::find(request_.unsupplied, needed) == request_.unsupplied.end()) continue;
      Withhold("not_supplied", std::string(needed) + " were not sent: safety could not be checked");
    }
  }

  void GateByRecords() {
    if (advice_.unusable.empty()) return;
    Withhold("unusable_record", std::to_string(advice_.unusable.size()) +
                                    " of the patient's records could not be used: see below");
  }

  void GateByPopulation() {
    const cohort::IndexEvent* index = request_.module.FindIndexEvent(request_.model.index);
    if (request_.facts.age && *request_.facts.age < index->minimum_age) {
      Withhold("outside_population", "the patient is younger than the " +
                                         std::to_string(index->minimum_age) +
                                         " years of those it learned from");
    }
    if (!request_.facts.arms_before.empty()) {
      Withhold("outside_population", "the patient has had " +
                                         core::Joined(request_.facts.arms_before) +
                                         "; it learned from those who had none of these drugs");
    }
  }

  void JudgeDrafts() {
    for (const DraftedDrug& draft : request_.read.drafts) {
      DraftVerdict verdict{.drug = draft.name, .arm = {}};
      for (const cohort::Arm& arm : request_.module.arms()) {
        const auto* set = request_.module.FindConceptSet(arm.concept_set);
        const auto in_set = [&](std::int64_t id) {
          return std::ranges::find(set->concepts, id) != set->concepts.end();
        };
        if (std::ranges::any_of(draft.concepts, in_set)) verdict.arm = arm.name;
      }
      verdict.learned = IsLearned(verdict.arm);
      advice_.drafts.push_back(std::move(verdict));
    }
  }

  const AdviceRequest& request_;
  Advice advice_;
};

}  // namespace

Result<std::vector<std::string>> FeaturesFor(const RegisteredModel& model,
                                             const cohort::DiseaseModule& module) {
  std::set<std::string> features;
  for (const ModelInput& input : model.model.inputs) {
    const auto feature = model.feature_of.find(input.name);
    if (feature == model.feature_of.end()) {
      return Fail(
          ErrorCode::kInvalidInput,
          model.Label() + ": input \"" + input.name +
              "\": its study has no variable of this name, so that it cannot be computed at "
              "the bedside");
    }
    features.insert(feature->second);
  }
  for (const cohort::SafetyRule& rule : module.safety_rules()) {
    for (const auto& condition : rule.when) features.insert(condition.feature);
  }
  return std::vector<std::string>(features.begin(), features.end());
}

Result<Advice> Advise(const AdviceRequest& request) { return Adviser(request).Give(); }

}  // namespace clinnova::decision
