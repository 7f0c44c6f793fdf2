// SPDX-License-Identifier: Apache-2.0
// A learned model's answer for one patient, with what stands against it: safety first, then whether the patient is
// one the model is for, then what the records leave open.
//
//   const Advice advice = Advise({.model = model, .module = module, .facts = facts, .read = read}).value();
//   advice.recommendation;     // "anti-IL-6", or empty: advice.withheld and advice.reasons say why
//
// A recommendation is withheld by the model's own abstention (learned_model.h), by a safety rule against the drug
// (contraindicated, avoid), when a drug class cannot be judged because conditions or medications were not sent,
// when a record of the patient could not be used, and when the patient is not one whom the study would have
// included. A withheld recommendation is empty; numbers are shown all the same, so that the physician can judge.
// Thread rule: values and pure functions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cohort/disease_module.h"
#include "decision/bedside_question.h"
#include "decision/registered_model.h"
#include "decision/similar_patients.h"

namespace clinnova::decision {

/// A rule that holds for the patient.
struct SafetyFinding {
  const cohort::SafetyRule* rule = nullptr;  // not owned: of the disease module
  std::string arm;
};

/// What about the drug that is about to be ordered.
struct DraftVerdict {
  std::string drug;
  std::string arm;       ///< of the disease module's; empty: none
  bool learned = false;  ///< the model knows the arm; safety rules hold for it either way
};

struct Advice {
  const RegisteredModel* model = nullptr;  // not owned
  LearnedPrediction prediction{};
  std::vector<SafetyFinding> safety{};
  std::vector<std::string> unsupplied{};  ///< "conditions": what was asked for and not sent
  std::vector<UnusableRecord> unusable{};
  std::vector<DraftVerdict> drafts{};
  std::vector<SimilarCount> similar{};  ///< the site's own patients, by arm; empty: nobody to count
  std::string recommendation{};
  std::string withheld{};              ///< a reason code; empty where there is a recommendation
  std::vector<std::string> reasons{};  ///< in words, safety first
};

struct AdviceRequest {
  const RegisteredModel& model;
  const cohort::DiseaseModule& module;
  const cohort::PatientFacts& facts;
  const ReadQuestion& read;
  std::vector<std::string> unsupplied{};
  const SimilarPatients* similar = nullptr;  ///< not owned; null: nobody is counted
};

/// The features that advice by `model` needs: its inputs and what the module's safety rules look at. kInvalidInput
/// for an input that the study gave no feature.
Result<std::vector<std::string>> FeaturesFor(const RegisteredModel& model,
                                             const cohort::DiseaseModule& module);

/// kInvalidInput as PredictLearned.
Result<Advice> Advise(const AdviceRequest& request);

}  // namespace clinnova::decision
