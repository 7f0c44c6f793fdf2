// SPDX-License-Identifier: Apache-2.0
#include "decision/published_model.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/check.h"
#include "decision/score.h"

namespace clinnova::embedded {
extern const std::string_view cd_vedolizumab_dulai_2018;
extern const std::string_view magnims;
extern const std::string_view modified_rio;
extern const std::string_view ms_choice_chalkou_threestage;
extern const std::string_view ms_choice_chalkou_twostage;
extern const std::string_view ms_choice_chalkou_twostage_lasso;
extern const std::string_view ms_relapse_chalkou_2021;
extern const std::string_view natalizumab_pml;
extern const std::string_view ra_leiden;
extern const std::string_view rio;
extern const std::string_view uc_lindgren;
extern const std::string_view uc_oxford_acute_severe;
extern const std::string_view uc_travis;
extern const std::string_view uc_vedolizumab_dulai_2020;
}  // namespace clinnova::embedded

namespace clinnova::decision {
namespace {

std::vector<PublishedModel> ReadAll() {
  const std::string_view documents[] = {embedded::cd_vedolizumab_dulai_2018,
                                        embedded::magnims,
                                        embedded::modified_rio,
                                        embedded::ms_choice_chalkou_threestage,
                                        embedded::ms_choice_chalkou_twostage,
                                        embedded::ms_choice_chalkou_twostage_lasso,
                                        embedded::ms_relapse_chalkou_2021,
                                        embedded::natalizumab_pml,
                                        embedded::ra_leiden,
                                        embedded::rio,
                                        embedded::uc_lindgren,
                                        embedded::uc_oxford_acute_severe,
                                        embedded::uc_travis,
                                        embedded::uc_vedolizumab_dulai_2020};
  std::vector<PublishedModel> models;
  for (const std::string_view document : documents) {
    Result<PublishedModel> model = ReadPublishedModel(document, "models");
    CLINNOVA_CHECK(model.has_value());
    models.push_back(std::move(*model));
  }
  std::ranges::sort(models, {}, &PublishedModel::name);
  return models;
}

bool Holds(const Condition& condition, const FieldValues& inputs) {
  if (!inputs.Has(condition.field)) return condition.absent;
  if (condition.absent) return false;
  if (!condition.is.empty()) return inputs.Names(condition.field).front() == condition.is;
  const double value = inputs.Number(condition.field);
  return (!condition.equals || value == *condition.equals) &&
         (!condition.at_least || AtLeast(value, *condition.at_least)) &&
         (!condition.above || Above(value, *condition.above)) &&
         (!condition.up_to || AtMost(value, *condition.up_to)) &&
         (!condition.below || Below(value, *condition.below));
}

/// What a term adds to the sum; nothing where its conditions do not hold.
std::optional<double> Contribution(const Term& term, const FieldValues& inputs) {
  for (const Condition& condition : term.when) {
    if (!Holds(condition, inputs)) return std::nullopt;
  }
  if (term.field.empty()) return term.coefficient;
  if (!inputs.Has(term.field)) return std::nullopt;
  double value = inputs.Number(term.field);
  if (term.log_plus) value = std::log(value + *term.log_plus);
  return term.coefficient * (value - term.centre);
}

double Expit(double x) { return 1 / (1 + std::exp(-x)); }

std::string Rounded(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}
std::string Percent(double probability) { return Rounded(100 * probability, 1) + " %"; }

std::string TermName(const Term& term) {
  if (!term.field.empty()) return term.field;
  std::string name;
  for (const Condition& condition : term.when) {
    if (name.find(condition.field) == std::string::npos) {
      name += (name.empty() ? "" : ", ") + condition.field;
    }
  }
  return name;
}

bool AnyTermHolds(const PublishedModel& model, const FieldValues& inputs) {
  return std::ranges::any_of(
      model.terms, [&](const Term& term) { return Contribution(term, inputs).has_value(); });
}

/// The sum of the terms, and the terms that moved it as reasons, the strongest first.
double LinearSum(const PublishedModel& model, Prediction& prediction) {
  const char* unit = model.kind == ModelKind::kPoints ? " points" : " on the log odds";
  double sum = model.intercept;
  std::vector<std::pair<double, std::string>> parts;
  for (const Term& term : model.terms) {
    const auto part = Contribution(term, prediction.inputs);
    if (!part) continue;
    sum += *part;
    if (*part != 0) parts.emplace_back(*part, TermName(term));
  }
  std::ranges::stable_sort(parts, std::greater<>(),
                           [](const auto& part) { return std::abs(part.first); });
  if (model.kind == ModelKind::kProbability) return sum;
  for (const auto& [part, name] : parts) {
    prediction.reasons.push_back(name + ": " + (part > 0 ? "+" : "") + Rounded(part, 3) + unit);
  }
  return sum;
}

const ModelBand* BandFor(const PublishedModel& model, double value) {
  for (const ModelBand& band : model.bands) {
    if (band.up_to && !AtMost(value, *band.up_to)) continue;
    if (band.below && !Below(value, *band.below)) continue;
    return &band;
  }
  return nullptr;
}

void PredictPoints(const PublishedModel& model, Prediction& prediction) {
  const ModelBand* band = BandFor(model, prediction.linear);
  OutcomeProbability outcome{.name = model.outcome_name};
  if (band != nullptr) {
    prediction.band = band->label;
    outcome.probability = band->probability;
    if (!band->note.empty()) prediction.reasons.push_back(band->note);
  }
  if (!outcome.probability) {
    prediction.reasons.emplace_back("the publication gives a band, not a probability, for it");
  }
  prediction.outcomes.push_back(outcome);
}

/// A table of probabilities has no estimate where no row holds.
void PredictProbability(const PublishedModel& model, Prediction& prediction) {
  OutcomeProbability outcome{.name = model.outcome_name};
  if (AnyTermHolds(model, prediction.inputs)) {
    outcome.probability = prediction.linear;
  } else {
    prediction.reasons.emplace_back("the publication gives no estimate for these inputs");
  }
  prediction.outcomes.push_back(outcome);
}

Result<std::vector<Treatment>> WithThresholds(const PublishedModel& model,
                                              const std::map<std::string, double>& thresholds) {
  std::vector<Treatment> treatments = model.treatments;
  for (const auto& [name, threshold] : thresholds) {
    const auto treatment = std::ranges::find(treatments, name, &Treatment::name);
    if (treatment == treatments.end() || name == model.reference) {
      std::string list;
      for (const Treatment& other : treatments) {
        if (other.name != model.reference) list += (list.empty() ? "" : ", ") + other.name;
      }
      return Fail(ErrorCode::kInvalidInput,
                  model.name + ": threshold: found \"" + name + "\", expected " +
                      (list.empty() ? "none: the model has no choice" : "one of: " + list));
    }
    treatment->threshold = threshold;
  }
  return treatments;
}

/// The rule of choice over the outcomes of `treatments`, which stand in the same order.
void Recommend(const PublishedModel& model, const std::vector<Treatment>& treatments,
               Prediction& prediction) {
  const auto reference =
      std::ranges::find(prediction.outcomes, model.reference, &OutcomeProbability::name);
  double best = -1.0;
  prediction.recommendation = model.none;
  std::vector<std::string> reasons;
  for (std::size_t i = 0; i < treatments.size(); ++i) {
    const Treatment& treatment = treatments[i];
    if (treatment.name == model.reference) continue;
    const double advantage = *reference->probability - *prediction.outcomes[i].probability;
    const bool enough = AtLeast(advantage, treatment.threshold);
    reasons.push_back(treatment.name + ": " + Percent(*prediction.outcomes[i].probability) + ", " +
                      Rounded(100 * advantage, 1) + " points below " + model.reference +
                      (enough ? ", at least" : ", less than") + " its threshold of " +
                      Rounded(100 * treatment.threshold, 1));
    if (enough && advantage - treatment.threshold > best) {
      best = advantage - treatment.threshold;
      prediction.recommendation = treatment.name;
    }
  }
  reasons.emplace_back(
      "the thresholds weigh harm and burden of each treatment and are for physician and patient to "
      "set");
  reasons.insert(reasons.end(), prediction.reasons.begin(), prediction.reasons.end());
  prediction.reasons = std::move(reasons);
}

void PredictChoice(const PublishedModel& model, const std::vector<Treatment>& treatments,
                   Prediction& prediction) {
  prediction.baseline_risk = Expit(prediction.linear);
  for (const Treatment& treatment : treatments) {
    const double logit =
        treatment.intercept + treatment.slope * (prediction.linear - model.risk_centre);
    prediction.outcomes.push_back({.name = treatment.name, .probability = Expit(logit)});
  }
  Recommend(model, treatments, prediction);
}

/// Marks what lies outside the published range of the risk.
void CheckValidity(const PublishedModel& model, Prediction& prediction) {
  if (!model.valid_risk) return;
  const auto [low, high] = *model.valid_risk;
  const double risk = Expit(prediction.linear);
  if (AtLeast(risk, low) && AtMost(risk, high)) return;
  prediction.extrapolated = true;
  prediction.reasons.insert(prediction.reasons.begin(), "extrapolated: the risk " + Percent(risk) +
                                                            " lies outside the published range " +
                                                            Percent(low) + " to " + Percent(high));
}

}  // namespace

std::span<const PublishedModel> PublishedModels() {
  static const std::vector<PublishedModel> models = ReadAll();
  return models;
}

const PublishedModel* FindPublishedModel(std::string_view name) {
  const auto models = PublishedModels();
  const auto found = std::ranges::find(models, name, &PublishedModel::name);
  return found == models.end() ? nullptr : &*found;
}

double LinearPredictor(const PublishedModel& model, const FieldValues& inputs) {
  double sum = model.intercept;
  for (const Term& term : model.terms) sum += Contribution(term, inputs).value_or(0);
  return sum;
}

tl::unexpected<Error> UnknownModel(std::string_view name) {
  std::vector<std::string> names;
  for (const PublishedModel& model : PublishedModels()) names.push_back(model.name);
  std::string near;
  for (const std::string& close : CloseNames(name, names)) {
    near += (near.empty() ? "one of: " : ", ") + close;
  }
  if (near.empty()) near = "one of those that clinnova model list prints";
  return Fail(ErrorCode::kInvalidInput,
              "model: found \"" + std::string(name) + "\", expected " + near);
}

Result<Prediction> Predict(const PublishedModel& model, std::span<const std::string> arguments,
                           const std::map<std::string, double>& thresholds) {
  CLINNOVA_ASSIGN(const std::vector<Treatment> treatments, WithThresholds(model, thresholds));
  Prediction prediction{.model = &model};
  CLINNOVA_ASSIGN(prediction.inputs, ReadFields(model.name, model.fields, arguments));
  prediction.linear = LinearSum(model, prediction);
  switch (model.kind) {
    case ModelKind::kLogistic:
      prediction.outcomes.push_back(
          {.name = model.outcome_name, .probability = Expit(prediction.linear)});
      break;
    case ModelKind::kChoice: PredictChoice(model, treatments, prediction); break;
    case ModelKind::kPoints: PredictPoints(model, prediction); break;
    case ModelKind::kProbability: PredictProbability(model, prediction); break;
  }
  CheckValidity(model, prediction);
  return prediction;
}

}  // namespace clinnova::decision
