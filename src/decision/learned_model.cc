// SPDX-License-Identifier: Apache-2.0
#include "decision/learned_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/distributions.h"
#include "core/text.h"
#include "decision/field.h"
#include "decision/learned_model_design.h"
#include "table/number_text.h"

namespace clinnova::decision {
namespace {

using core::Significant;

/// Of missing inputs so many combinations are tried at most.
constexpr std::size_t kMostCombinations = 1024;
/// A number outside the training's 1 % and 99 % quantiles by more than this part of their distance is extrapolated.
constexpr double kMargin = 0.5;

double FromLink(OutcomeLink link, double eta) {
  if (link == OutcomeLink::kIdentity) return eta;
  if (link == OutcomeLink::kLog) return std::exp(eta);
  return eta >= 0 ? 1 / (1 + std::exp(-eta)) : std::exp(eta) / (1 + std::exp(eta));
}

double LinkSlope(OutcomeLink link, double mean) {
  if (link == OutcomeLink::kIdentity) return 1;
  return link == OutcomeLink::kLog ? mean : mean * (1 - mean);
}

/// A patient's complete values, and which of them were given.
struct Patient {
  CompleteValues values;
  std::vector<bool> given;
};

double TreeValue(const std::vector<TreeNode>& tree, const LearnedModel& model,
                 const Patient& patient) {
  std::size_t at = 0;
  while (!tree[at].leaf) {
    const TreeNode& node = tree[at];
    bool left = node.missing_left;
    if (patient.given[node.input]) {
      const double value = patient.values[node.input];
      left = model.inputs[node.input].factor ? node.left_levels[static_cast<std::size_t>(value)]
                                             : value <= node.threshold;
    }
    at = left ? node.left : node.right;
  }
  return tree[at].value;
}

/// An arm's linear predictor with its standard error.
struct Predictor {
  double eta = 0.0;
  std::optional<double> std_error{};
};

class Asked {
 public:
  Asked(const LearnedModel& model, const PatientDesign& design) : model_(model), design_(design) {}

  Result<std::vector<Predictor>> Predictors(const Patient& patient) const {
    CLINNOVA_ASSIGN(const std::vector<double> row, design_.Row(model_, patient.values));
    std::vector<Predictor> predictors;
    for (const ModelArm& arm : model_.arms) predictors.push_back(Of(arm, row, patient));
    return predictors;
  }

  /// Index of the arm with the best estimate; the first of equals, or the best single drug if it is among them.
  std::size_t Best(const std::vector<Predictor>& predictors) const {
    std::size_t best = 0;
    for (std::size_t a = 1; a < predictors.size(); ++a) {
      const double gain = Mean(a, predictors[a]) - Mean(best, predictors[best]);
      const double better = model_.higher_is_better ? gain : -gain;
      if (better > 0 || (better == 0 && model_.arms[a].name == model_.best_single)) best = a;
    }
    return best;
  }

  double Mean(std::size_t arm, const Predictor& predictor) const {
    return FromLink(model_.arms[arm].link, predictor.eta);
  }

 private:
  Predictor Of(const ModelArm& arm, const std::vector<double>& row, const Patient& patient) const {
    Predictor predictor{.eta = arm.base_score, .std_error = arm.std_error};
    for (const auto& tree : arm.trees) predictor.eta += TreeValue(tree, model_, patient);
    for (std::size_t j = 0; j < arm.coefficients.size(); ++j) {
      predictor.eta += arm.coefficients[j] * row[j];
    }
    if (arm.covariance.empty()) return predictor;
    double variance = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      for (std::size_t j = 0; j < row.size(); ++j) {
        variance += row[i] * arm.covariance[i][j] * row[j];
      }
    }
    predictor.std_error = std::sqrt(std::max(0.0, variance));
    return predictor;
  }

  const LearnedModel& model_;    // not owned, outlives this
  const PatientDesign& design_;  // not owned, outlives this
};

double CommonestLevel(const ModelInput& input) {
  return static_cast<double>(std::ranges::max_element(input.counts) - input.counts.begin());
}

double Centre(const ModelInput& input) { return input.factor ? CommonestLevel(input) : input.mean; }

/// The values at which a missing input is tried.
std::vector<double> Ends(const ModelInput& input) {
  if (!input.factor) return {input.low, input.high};
  std::vector<double> levels;
  for (std::size_t l = 0; l < input.levels.size(); ++l) levels.push_back(static_cast<double>(l));
  return levels;
}

std::string ValueText(const ModelInput& input, double value) {
  if (input.factor) return input.levels[static_cast<std::size_t>(value)];
  return Significant(value, 3) + (input.unit.empty() ? "" : " " + input.unit);
}

Result<Patient> Complete(const LearnedModel& model, const PatientValues& given) {
  Patient patient;
  for (const ModelInput& input : model.inputs) {
    const auto number = given.numbers.find(input.name);
    const auto level = given.levels.find(input.name);
    double value = Centre(input);
    bool known = false;
    if (input.factor && level != given.levels.end()) {
      const auto found = std::ranges::find(input.levels, level->second);
      if (found == input.levels.end()) {
        return Fail(ErrorCode::kInvalidInput, model.name + ": " + input.name + ": found \"" +
                                                  level->second + "\", expected one of its levels");
      }
      value = static_cast<double>(found - input.levels.begin());
      known = true;
    } else if (!input.factor && number != given.numbers.end() && std::isfinite(number->second)) {
      value = number->second;
      known = true;
    }
    patient.values.push_back(value);
    patient.given.push_back(known);
  }
  return patient;
}

class Answer {
 public:
  Answer(const LearnedModel& model, const PatientDesign& design, Patient patient)
      : model_(model), asked_(model, design), design_(design), patient_(std::move(patient)) {}

  Result<LearnedPrediction> Give() {
    CLINNOVA_ASSIGN(predictors_, asked_.Predictors(patient_));
    best_ = asked_.Best(predictors_);
    result_.best = model_.arms[best_].name;
    z_ = core::StudentTQuantile(0.5 + model_.confidence_level / 2,
                                std::numeric_limits<double>::infinity());
    FillOutcomes();
    FillDifferences();
    CLINNOVA_TRY(FillContributions());
    CLINNOVA_TRY(FillMissing());
    CLINNOVA_TRY(FillApplicability());
    if (model_.kind == LearnedKind::kTreatmentChoice) Recommend();
    return std::move(result_);
  }

 private:
  void FillOutcomes() {
    for (std::size_t a = 0; a < model_.arms.size(); ++a) {
      const Predictor& predictor = predictors_[a];
      const OutcomeLink link = model_.arms[a].link;
      ArmOutcome outcome{.name = model_.arms[a].name, .estimate = asked_.Mean(a, predictor)};
      outcome.least = outcome.largest = outcome.estimate;
      if (predictor.std_error) {
        outcome.low = FromLink(link, predictor.eta - z_ * *predictor.std_error);
        outcome.high = FromLink(link, predictor.eta + z_ * *predictor.std_error);
      }
      if (const auto half = model_.arms[a].outcome_half_width) {
        outcome.own_low = outcome.estimate - *half;
        outcome.own_high = outcome.estimate + *half;
      }
      result_.outcomes.push_back(std::move(outcome));
    }
  }

  /// By the delta method; on the outcome's scale, so that a difference of probabilities is one.
  void FillDifferences() {
    for (std::size_t a = 0; a < model_.arms.size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        ArmDifference difference{.first = model_.arms[a].name, .second = model_.arms[b].name};
        difference.estimate = asked_.Mean(a, predictors_[a]) - asked_.Mean(b, predictors_[b]);
        const std::optional<double> error = OutcomeError(a);
        const std::optional<double> other = OutcomeError(b);
        if (error && other) {
          const double half = z_ * std::hypot(*error, *other);
          difference.low = difference.estimate - half;
          difference.high = difference.estimate + half;
        }
        result_.differences.push_back(std::move(difference));
      }
    }
  }

  std::optional<double> OutcomeError(std::size_t arm) const {
    if (!predictors_[arm].std_error) return std::nullopt;
    const double mean = asked_.Mean(arm, predictors_[arm]);
    return *predictors_[arm].std_error * LinkSlope(model_.arms[arm].link, mean);
  }

  /// The linear predictor less what it is with the input at its mean, or on average over its levels; the coefficient
  /// times (x - mean) where the input enters linearly.
  Result<void> FillContributions() {
    for (std::size_t i = 0; i < model_.inputs.size(); ++i) {
      if (!patient_.given[i]) continue;
      CLINNOVA_ASSIGN(const std::vector<double> average, AverageWithout(i));
      for (std::size_t a = 0; a < model_.arms.size(); ++a) {
        result_.contributions.push_back({.arm = model_.arms[a].name,
                                         .input = model_.inputs[i].name,
                                         .value = predictors_[a].eta - average[a]});
      }
    }
    return {};
  }

  Result<std::vector<double>> AverageWithout(std::size_t input) const {
    const ModelInput& of = model_.inputs[input];
    std::vector<double> average(model_.arms.size());
    double total = 0;
    const std::vector<double> points = of.factor ? Ends(of) : std::vector<double>{of.mean};
    for (std::size_t k = 0; k < points.size(); ++k) {
      Patient other = patient_;
      other.values[input] = points[k];
      const double weight = of.factor ? static_cast<double>(of.counts[k]) : 1;
      CLINNOVA_ASSIGN(const std::vector<Predictor> there, asked_.Predictors(other));
      for (std::size_t a = 0; a < average.size(); ++a) average[a] += weight * there[a].eta;
      total += weight;
    }
    if (!(total > 0)) {  // levels without counts
      for (std::size_t a = 0; a < average.size(); ++a) average[a] = predictors_[a].eta;
      return average;
    }
    for (double& value : average) value /= total;
    return average;
  }

  /// The arm that is best at each end of each missing input, then all of their combinations.
  Result<void> FillMissing() {
    std::vector<std::size_t> absent;
    std::size_t combinations = 1;
    for (std::size_t i = 0; i < model_.inputs.size(); ++i) {
      if (patient_.given[i]) continue;
      absent.push_back(i);
      combinations = std::min(kMostCombinations + 1, combinations * Ends(model_.inputs[i]).size());
      MissingInput missing{.name = model_.inputs[i].name};
      for (const double end : Ends(model_.inputs[i])) {
        Patient other = patient_;
        other.values[i] = end;
        other.given[i] = true;
        CLINNOVA_ASSIGN(const std::size_t best, Try(other));
        missing.turns_answer = missing.turns_answer || best != best_;
        missing.best.emplace_back(ValueText(model_.inputs[i], end), model_.arms[best].name);
      }
      turned_ = turned_ || missing.turns_answer;
      result_.missing.push_back(std::move(missing));
    }
    if (absent.size() < 2) return {};
    if (combinations > kMostCombinations) {
      too_many_missing_ = true;
      return {};
    }
    return TryCombinations(absent, combinations);
  }

  Result<void> TryCombinations(const std::vector<std::size_t>& absent, std::size_t combinations) {
    for (std::size_t c = 0; c < combinations; ++c) {
      Patient other = patient_;
      std::size_t rest = c;
      for (const std::size_t i : absent) {
        const std::vector<double> ends = Ends(model_.inputs[i]);
        other.values[i] = ends[rest % ends.size()];
        other.given[i] = true;
        rest /= ends.size();
      }
      CLINNOVA_ASSIGN(const std::size_t best, Try(other));
      turned_ = turned_ || best != best_;
    }
    return {};
  }

  /// The best arm at `other`, whose outcomes widen what the missing inputs make possible.
  Result<std::size_t> Try(const Patient& other) {
    CLINNOVA_ASSIGN(const std::vector<Predictor> there, asked_.Predictors(other));
    for (std::size_t a = 0; a < there.size(); ++a) {
      ArmOutcome& outcome = result_.outcomes[a];
      outcome.least = std::min(outcome.least, asked_.Mean(a, there[a]));
      outcome.largest = std::max(outcome.largest, asked_.Mean(a, there[a]));
    }
    return asked_.Best(there);
  }

  Result<void> FillApplicability() {
    for (std::size_t i = 0; i < model_.inputs.size(); ++i) {
      const ModelInput& input = model_.inputs[i];
      if (!patient_.given[i]) continue;
      const double value = patient_.values[i];
      if (input.factor) {
        if (input.counts[static_cast<std::size_t>(value)] == 0) Outside(input, value, "never");
        continue;
      }
      const double width = input.high - input.low;
      if (value >= input.low && value <= input.high) continue;
      if (value < input.low - kMargin * width || value > input.high + kMargin * width) {
        Outside(input, value, "never or hardly ever");
      } else {
        result_.reasons.push_back(input.name + " " + ValueText(input, value) +
                                  " is rare among the patients it learned from (1 % to 99 %: " +
                                  Significant(input.low, 3) + " to " + Significant(input.high, 3) +
                                  ")");
      }
    }
    return FillDistance();
  }

  void Outside(const ModelInput& input, double value, const char* often) {
    result_.extrapolated = true;
    result_.reasons.push_back(input.name + " " + ValueText(input, value) + " was " + often +
                              " seen among the patients it learned from");
  }

  Result<void> FillDistance() {
    if (!model_.applicability) return {};
    const Applicability& range = *model_.applicability;
    CLINNOVA_ASSIGN(const std::vector<double> row, design_.Row(model_, patient_.values));
    double square = 0;
    for (std::size_t i = 0; i < range.terms.size(); ++i) {
      for (std::size_t j = 0; j < range.terms.size(); ++j) {
        square += (row[range.terms[i]] - range.mean[i]) * range.inverse_covariance[i][j] *
                  (row[range.terms[j]] - range.mean[j]);
      }
    }
    result_.distance = std::sqrt(std::max(0.0, square));
    if (*result_.distance <= range.distance_99) return {};
    result_.extrapolated = true;
    result_.reasons.push_back(
        "taken together, the values are unlike those of 99 % of the patients it learned "
        "from (distance " +
        Significant(*result_.distance, 3) + ", 99 % within " + Significant(range.distance_99, 3) +
        ")");
    return {};
  }

  /// Index of the best arm but one.
  std::size_t Second() const {
    std::size_t second = best_ == 0 ? 1 : 0;
    for (std::size_t a = 0; a < model_.arms.size(); ++a) {
      if (a == best_) continue;
      const double gain = asked_.Mean(a, predictors_[a]) - asked_.Mean(second, predictors_[second]);
      if ((model_.higher_is_better ? gain : -gain) > 0) second = a;
    }
    return second;
  }

  const ArmDifference& Between(std::size_t first, std::size_t second) const {
    const std::size_t high = std::max(first, second);
    return result_.differences[high * (high - 1) / 2 + std::min(first, second)];
  }

  Abstention WhyNot(const ArmDifference& difference) const {
    if (model_.beats_best_single && !*model_.beats_best_single) return Abstention::kNoBenefitShown;
    if (result_.extrapolated) return Abstention::kOutsideSupport;
    if (turned_ || too_many_missing_) return Abstention::kMissingInput;
    if (!difference.low) return Abstention::kNoInterval;
    if (*difference.low <= 0 && *difference.high >= 0) return Abstention::kIntervalCoversZero;
    return Abstention::kNone;
  }

  void Recommend() {
    const std::size_t second = Second();
    const ArmDifference& difference = Between(best_, second);
    result_.abstention = WhyNot(difference);
    const std::string pair = model_.arms[best_].name + " and " + model_.arms[second].name;
    std::string reason;
    switch (result_.abstention) {
      case Abstention::kNone:
        result_.recommendation = result_.best;
        reason = model_.arms[best_].name + " is expected to do better than " +
                 model_.arms[second].name + ": by " + SizeText(difference);
        break;
      case Abstention::kNoBenefitShown:
        reason = "its evaluation did not show that choosing by it does better than " +
                 (model_.best_single.empty() ? std::string("the best single drug")
                                             : model_.best_single + " for everybody");
        break;
      case Abstention::kOutsideSupport:
        reason = "the patient is outside what the model has seen";
        break;
      case Abstention::kMissingInput:
        reason = "what is missing could turn the answer: " + MissingNames();
        break;
      case Abstention::kNoInterval:
        reason = "the model gives no interval for the difference of " + pair;
        break;
      case Abstention::kIntervalCoversZero:
        reason = "no drug is clearly better: " + pair +
                 " may do equally well (the interval covers zero)";
        break;
    }
    result_.reasons.insert(result_.reasons.begin(), reason);
  }

  /// "8 of 100 such patients (3 to 13)", whichever of the two is ahead; "0.42 (0.1 to 0.74)".
  std::string SizeText(const ArmDifference& difference) const {
    const auto number = [&](double value) {
      const double hundred = 100 * std::abs(value);
      if (!model_.binary) return Significant(std::abs(value), 3);
      return hundred < 1 ? Significant(hundred, 1) : Significant(std::round(hundred), 3);
    };
    const bool ahead = difference.estimate > 0;
    return number(difference.estimate) + (model_.binary ? " of 100 such patients (" : " (") +
           number(ahead ? *difference.low : *difference.high) + " to " +
           number(ahead ? *difference.high : *difference.low) + ")";
  }

  std::string MissingNames() const {
    std::string names;
    for (const MissingInput& missing : result_.missing) {
      names += (names.empty() ? "" : ", ") + missing.name;
    }
    return names;
  }

  const LearnedModel& model_;  // not owned, outlives this
  Asked asked_;
  const PatientDesign& design_;  // not owned, outlives this
  Patient patient_;
  LearnedPrediction result_;
  std::vector<Predictor> predictors_;
  std::size_t best_ = 0;
  double z_ = 0.0;
  bool turned_ = false;
  bool too_many_missing_ = false;
};

Result<void> CheckNames(const LearnedModel& model, const PatientValues& patient) {
  std::vector<std::string> known;
  for (const ModelInput& input : model.inputs) known.push_back(input.name);
  const auto check = [&](const std::string& name, bool factor) -> Result<void> {
    const auto found = std::ranges::find(model.inputs, name, &ModelInput::name);
    if (found != model.inputs.end() && found->factor == factor) return {};
    const std::string list = core::Joined(known);
    const bool there = found != model.inputs.end();
    return Fail(ErrorCode::kInvalidInput,
                model.name + ": " + name + ": " +
                    (there ? std::string("expected ") + (factor ? "a number" : "one of its levels")
                           : "found an unknown input, expected one of: " + list));
  };
  for (const auto& [name, value] : patient.numbers) CLINNOVA_TRY(check(name, false));
  for (const auto& [name, value] : patient.levels) CLINNOVA_TRY(check(name, true));
  return {};
}

}  // namespace

std::string_view AbstentionName(Abstention abstention) {
  switch (abstention) {
    case Abstention::kNone: return "";
    case Abstention::kNoBenefitShown: return "no_benefit_shown";
    case Abstention::kOutsideSupport: return "outside_support";
    case Abstention::kMissingInput: return "missing_input";
    case Abstention::kIntervalCoversZero: return "interval_covers_zero";
    case Abstention::kNoInterval: return "no_interval";
  }
  return "";
}

Result<PatientValues> ReadPatient(const LearnedModel& model,
                                  const std::vector<std::string>& arguments) {
  PatientValues patient;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (equals == std::string::npos || name.empty()) {
      return Fail(ErrorCode::kInvalidInput,
                  model.name + ": found \"" + argument + "\", expected field=value");
    }
    if (patient.numbers.contains(name) || patient.levels.contains(name)) {
      return Fail(ErrorCode::kInvalidInput, model.name + ": " + name + ": found twice");
    }
    const std::string value = argument.substr(equals + 1);
    const auto input = std::ranges::find(model.inputs, name, &ModelInput::name);
    if (input != model.inputs.end() && input->factor) {
      patient.levels[name] = value;
      continue;
    }
    const std::optional<double> number = table::ParseNumber(value);
    if (input != model.inputs.end() && !number) {
      return Fail(ErrorCode::kInvalidInput, model.name + ": " + name + ": found \"" + value +
                                                "\", expected a number" +
                                                (input->unit.empty() ? "" : " in " + input->unit));
    }
    patient.numbers[name] = number.value_or(0);
  }
  CLINNOVA_TRY(CheckNames(model, patient));
  CLINNOVA_TRY(Complete(model, patient));
  return patient;
}

Result<LearnedPrediction> PredictLearned(const LearnedModel& model, const PatientValues& patient) {
  CLINNOVA_TRY(CheckNames(model, patient));
  CLINNOVA_ASSIGN(const PatientDesign design, PatientDesign::Create(model));
  CLINNOVA_ASSIGN(Patient complete, Complete(model, patient));
  return Answer(model, design, std::move(complete)).Give();
}

}  // namespace clinnova::decision
