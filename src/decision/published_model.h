// SPDX-License-Identifier: Apache-2.0
// Published prediction and treatment-choice models, each a TOML file in models/: the formula is data, with its
// source, its range of validity, and what has not been verified.
//
//   const PublishedModel* model = FindPublishedModel("ms-relapse-chalkou-2021");
//   const Result<Prediction> prediction = Predict(*model, {"age=30", "edss=1.5", …}, {});
//   prediction->outcomes[0];   // risk, 0.412…
//
// A file's keys:
//
//   name, title, disease, kind, version, outcome, population, source, performance, validity, unverified
//   outcome_name                      what the outcome is called in the answer ("risk")
//   [[field]]   name, unit, low, high, kind ("number", "whole", "halves", "sex"), meaning, optional
//   [linear]    intercept             the sum of the terms below, L
//   [[linear.term]]  coefficient      times 1, or times the field's value: transformed to log(value + log_plus)
//                                     where that is given, less `centre`
//               field, centre, log_plus
//               when = [conditions]   the term counts only where all hold: field with equals, at_least, above,
//                                     up_to, below, is ("m", "f") or absent = true
//   [[band]]    label, up_to or below, probability, note    in ascending order of L
//   [risk]      valid = [low, high]   outside it a prediction is extrapolated
//   [choice]    reference, none, risk_centre
//   [[choice.treatment]]  name, intercept, slope, threshold
//
// kind: "logistic": the probability is 1 / (1 + exp(-L)). "choice": that is the risk R, and a treatment's
// probability is expit(intercept + slope (logit R - risk_centre)). "points": L is a score with bands.
// "probability": L is the probability; where no term holds there is none.
//
// The rule of choice (K. Chalkou et al.'s decision curves): of the treatments whose probability is below the
// reference's by at least their threshold, the one that exceeds it most; otherwise `none`. The thresholds weigh
// harm and burden; the caller can set others.
// Thread rule: immutable data and pure functions.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "decision/field.h"

namespace clinnova::decision {

enum class ModelKind { kLogistic, kChoice, kPoints, kProbability };

/// What must hold of a field for a term to count; several bounds must hold together.
struct Condition {
  std::string field;
  std::optional<double> equals{}, at_least{}, above{}, up_to{}, below{};
  std::string is{};     ///< "m" or "f"
  bool absent = false;  ///< the field was left out
};

struct Term {
  double coefficient = 0.0;
  std::string field{};  ///< empty = the coefficient itself
  double centre = 0.0;
  std::optional<double> log_plus{};
  std::vector<Condition> when{};
};

struct ModelBand {
  std::string label;
  std::optional<double> up_to, below;  ///< neither = the last
  std::optional<double> probability;
  std::string note{};
};

struct Treatment {
  std::string name;
  double intercept = 0.0;
  double slope = 0.0;
  double threshold = 0.0;  ///< the least advantage over the reference for which it is recommended
};

struct PublishedModel {
  std::string name, title, disease, version, outcome, outcome_name, population, source, performance,
      validity, unverified;
  ModelKind kind = ModelKind::kLogistic;
  std::vector<Field> fields;
  double intercept = 0.0;
  std::vector<Term> terms;
  std::vector<ModelBand> bands;
  std::optional<std::pair<double, double>> valid_risk;
  std::string reference, none;  ///< of a choice
  double risk_centre = 0.0;
  std::vector<Treatment> treatments;
  std::string document;  ///< the TOML file's text
};

/// Reads a model's file. kInvalidInput: `FILE:LINE: key: what was found, what was expected`.
Result<PublishedModel> ReadPublishedModel(std::string_view toml, const std::string& file);

/// The models that are compiled in, by name.
std::span<const PublishedModel> PublishedModels();
/// Null when there is no such model.
const PublishedModel* FindPublishedModel(std::string_view name);
/// `found "x", expected one of: …` with names that are near, in kInvalidInput.
tl::unexpected<Error> UnknownModel(std::string_view name);

/// A probability with its interval, where the publication gives them.
struct OutcomeProbability {
  std::string name;  ///< a treatment, or the model's outcome_name
  std::optional<double> probability{}, low{}, high{};
};

struct Prediction {
  const PublishedModel* model = nullptr;  // not owned, outlives this
  FieldValues inputs{};
  double linear = 0.0;                    ///< L
  std::optional<double> baseline_risk{};  ///< of a choice: R
  std::string band{};                     ///< of points
  std::vector<OutcomeProbability> outcomes{};
  std::string recommendation{};  ///< empty where the model has no rule of choice
  std::vector<std::string> reasons{};
  bool extrapolated = false;
};

/// L for inputs that were read against the model's fields: the points of a model of points.
double LinearPredictor(const PublishedModel& model, const FieldValues& inputs);

/// `thresholds` replace those of the treatments they name. kInvalidInput as for ReadFields, and for an
/// unknown treatment.
Result<Prediction> Predict(const PublishedModel& model, std::span<const std::string> arguments,
                           const std::map<std::string, double>& thresholds);

/// {"model","outcomes":{name:{"probability","low","high"}},"recommendation","reasons","extrapolated",
/// "score","band","baseline_risk","version","inputs","missing","source","unverified"}
nlohmann::ordered_json PredictionJson(const Prediction& prediction);
/// What a reader must know before using a model: population, outcome, equation, validity, performance.
std::string ModelCard(const PublishedModel& model);
nlohmann::ordered_json ModelCardJson(const PublishedModel& model);
/// All names with their titles, by disease, as text.
std::string ModelList();

}  // namespace clinnova::decision
