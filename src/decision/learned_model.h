// SPDX-License-Identifier: Apache-2.0
// Models that Clinnova's studies have learned: a JSON document each, read here and asked about one patient.
//
//   CLINNOVA_ASSIGN(const LearnedModel model, ReadLearnedModel(text, "choice.json"));
//   CLINNOVA_ASSIGN(const LearnedPrediction answer,
//                   PredictLearned(model, {.numbers = {{"crp", 12}}, .levels = {{"sex", "F"}}}));
//   answer.outcomes[0];                      // anti-TNF: 0.41, 0.29 to 0.54
//   answer.recommendation;                   // a drug, or nothing: then `abstention` and `reasons` say why
//
// The document ("format": "clinnova-model/1") is drawn in docs/methods/treatment_choice.md. Its columns are made of the patient by
// table/'s own formula code, the code that made them in training. Keys that are not known are left alone, so that a
// registry can add where a model is from.
//
// An answer has for every arm the outcome expected with it and an interval, for every two arms their difference.
// Intervals are normal on the scale of the linear predictor; arms are independent, since each patient had one. A
// missing input stands at its mean (a factor at its commonest level), and every combination of the missing inputs'
// ends is tried as well. There is no recommendation where the model's own evaluation did not show that choosing
// helps, the patient is outside what it has seen, a missing input could turn the answer, or the difference of the
// best two has an interval that covers zero.
// Thread rule: values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::decision {

/// One column of the patient's data that the model reads.
struct ModelInput {
  std::string name;
  bool factor = false;
  std::string unit{};  ///< of a number; may be empty
  double low =
      0.0;  ///< of a number, in training: its 1 % and 99 % quantiles, mean, standard deviation
  double high = 0.0;
  double mean = 0.0;
  double sd = 0.0;
  double missing = 0.0;               ///< share of the rows of training without it
  std::vector<std::string> levels{};  ///< of a factor, the first is the reference
  std::vector<std::int64_t>
      counts{};  ///< rows of training at each level, or in each group of a number
  /// Of a number: where its groups in training begin, but for the first; rising, none where they are not known.
  std::vector<double> cuts{};
};

/// A node of a regression tree: a leaf, or a question that sends the patient left or right.
struct TreeNode {
  bool leaf = false;
  double value = 0.0;               ///< of a leaf
  std::size_t input = 0;            ///< index into LearnedModel::inputs
  double threshold = 0.0;           ///< of a number: x <= threshold goes left
  std::vector<bool> left_levels{};  ///< of a factor: by level, true = left
  bool missing_left = false;
  std::size_t left = 0;  ///< further on in the tree than the node itself
  std::size_t right = 0;
};

enum class OutcomeLink { kLogit, kIdentity, kLog };

/// How the outcome is expected to be under one arm.
struct ModelArm {
  std::string name;
  std::int64_t n = 0;  ///< persons of training who had it
  OutcomeLink link = OutcomeLink::kLogit;
  std::vector<double> coefficients{};             ///< of a linear learner, by term
  std::vector<std::vector<double>> covariance{};  ///< of the coefficients; may be empty
  double base_score = 0.0;                        ///< of trees, on the scale of the link
  std::vector<std::vector<TreeNode>> trees{};
  std::optional<double> std_error{};  ///< of the linear predictor, where there is no covariance
  /// Of an outcome that is a number: as near to the estimate a patient's own is with the model's confidence.
  std::optional<double> outcome_half_width{};
};

enum class LearnedKind { kTreatmentChoice, kPrediction };

/// How far from the patients of training one is: Mahalanobis' distance over some of the terms.
struct Applicability {
  std::vector<std::size_t> terms{};  ///< indices of the design's terms
  std::vector<double> mean{};
  std::vector<std::vector<double>> inverse_covariance{};
  double distance_95 = 0.0;  ///< of the rows of training, 95 % and 99 % were nearer than these
  double distance_99 = 0.0;
};

struct LearnedModel {
  LearnedKind kind = LearnedKind::kTreatmentChoice;
  std::string name, title;
  std::string outcome;
  bool binary = true;
  bool higher_is_better = true;
  std::string treatment;  ///< the treatment's column; empty for a prediction
  std::string best_single;
  std::vector<std::string> guideline;
  std::vector<ModelInput> inputs;
  std::string formula;                                     ///< "~ crp + sex"
  std::vector<std::string> terms;                          ///< "(Intercept)", "crp", "sexM"
  std::map<std::string, std::vector<double>> knots;        ///< of ns() and bs() terms
  std::map<std::string, std::vector<double>> polynomials;  ///< of poly() terms that are not raw
  std::vector<ModelArm> arms;
  double confidence_level = 0.95;
  std::optional<Applicability> applicability;
  /// Whether the model's evaluation showed that choosing by it beats the best single drug; nothing where it does
  /// not say.
  std::optional<bool> beats_best_single;
  std::string verdict;   ///< of the evaluation, in words
  std::string document;  ///< the JSON text
};

/// Reads a model's document. kInvalidInput: `FILE: key: what was found, what was expected`. A model that is read is
/// whole: its formula gives its terms, every arm has their coefficients or trees that end.
Result<LearnedModel> ReadLearnedModel(std::string_view json, const std::string& file);

/// What is known of a patient, by the name of the input.
struct PatientValues {
  std::map<std::string, double> numbers{};
  std::map<std::string, std::string> levels{};
};

/// `name=value` arguments as a patient's values. kInvalidInput for an unknown or repeated input, a text where a number
/// is expected, and a level that the model does not know (with those it knows).
Result<PatientValues> ReadPatient(const LearnedModel& model,
                                  const std::vector<std::string>& arguments);

/// An estimate with its interval, and over the ends of the missing inputs its least and largest value.
struct ArmOutcome {
  std::string name;
  double estimate = 0.0;  ///< a probability, or the outcome expected
  std::optional<double> low{}, high{};
  double least = 0.0, largest = 0.0;
  /// Where one patient's own outcome is expected, not the mean of such patients; none of a binary outcome.
  std::optional<double> own_low{}, own_high{};
};
/// first - second.
struct ArmDifference {
  std::string first, second;
  double estimate = 0.0;
  std::optional<double> low{}, high{};
};
/// What an input moves an arm's linear predictor by, against the patients of training on average.
struct InputContribution {
  std::string arm, input;
  double value = 0.0;
};
/// An input that was not given: what would be answered at the ends of its range.
struct MissingInput {
  std::string name;
  bool turns_answer = false;                                ///< another arm would be best
  std::vector<std::pair<std::string, std::string>> best{};  ///< value, the best arm there
};

enum class Abstention {
  kNone,
  kNoBenefitShown,
  kOutsideSupport,
  kMissingInput,
  kIntervalCoversZero,
  kNoInterval
};
/// "no_benefit_shown"; empty for kNone.
std::string_view AbstentionName(Abstention abstention);

struct LearnedPrediction {
  std::vector<ArmOutcome> outcomes;        ///< by arm, in the model's order
  std::vector<ArmDifference> differences;  ///< every two arms
  std::vector<InputContribution> contributions;
  std::vector<MissingInput> missing;
  std::optional<double> distance;  ///< Mahalanobis, where the model has what it needs
  bool extrapolated = false;
  std::string best;            ///< the arm with the best estimate
  std::string recommendation;  ///< it, or empty
  Abstention abstention = Abstention::kNone;
  std::vector<std::string> reasons;
};

/// kInvalidInput for a value whose term is not finite (the logarithm of zero), and for a value of no input.
Result<LearnedPrediction> PredictLearned(const LearnedModel& model, const PatientValues& patient);

/// {"model","kind","outcomes":{arm:{"probability","low","high"}},"recommendation","reasons","extrapolated",
/// "differences","contributions","missing","applicability","abstention"}; `probability` is `value` where the outcome is continuous,
/// and then there are `own_low` and `own_high`, too, where the model has them.
nlohmann::ordered_json LearnedPredictionJson(const LearnedModel& model,
                                             const LearnedPrediction& prediction);

/// How far one patient's own outcome may be from the estimate, by arm, in words; empty where the model does not know.
std::string OwnOutcomesText(const LearnedModel& model);

}  // namespace clinnova::decision
