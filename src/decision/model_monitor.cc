// SPDX-License-Identifier: Apache-2.0
#include "decision/model_monitor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/deterministic_math.h"

namespace clinnova::decision {
namespace {

using nlohmann::json;

constexpr double kLeastShare = 1e-4;

PatientValues ValuesOf(const SimilarPatients::Row& row, const LearnedModel& model) {
  PatientValues values;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    const ModelInput& input = model.inputs[i];
    if (input.factor) {
      values.levels[input.name] = input.levels[static_cast<std::size_t>(*row.values[i])];
    } else {
      values.numbers[input.name] = *row.values[i];
    }
  }
  return values;
}

/// Maximum likelihood of a in logit P(y=1) = a + lp, by Newton's method; the likelihood is concave.
void FitIntercept(const std::vector<double>& predictors, SiteCalibration& fit) {
  constexpr int kMostSteps = 100;
  const auto patients = static_cast<double>(predictors.size());
  const auto observed = static_cast<double>(fit.observed);
  if (observed == 0 || observed == patients) {
    fit.intercept_error = std::numeric_limits<double>::infinity();
    return;
  }
  // From the side on which Newton's steps cannot leap far: where the mean of the predictors gives the share.
  double mean = 0;
  for (const double each : predictors) mean += each / patients;
  fit.intercept = std::log(observed / (patients - observed)) - mean;
  for (int step = 0; step < kMostSteps; ++step) {
    double score = observed;
    double information = 0;
    for (const double each : predictors) {
      const double p = core::Expit(each + fit.intercept);
      score -= p;
      information += p * (1 - p);
    }
    fit.intercept_error = 1 / std::sqrt(information);
    const double change = std::clamp(score / information, -2.0, 2.0);
    fit.intercept += change;
    if (std::abs(change) < 1e-13 * (std::abs(fit.intercept) + 1)) return;
  }
}

/// Shares of the site and of training by level or group; both none where either has nobody.
struct Shares {
  std::vector<double> site{}, training{};
};
Shares SharesOf(const std::vector<double>& at_site, const std::vector<std::int64_t>& trained) {
  double site = 0;
  double training = 0;
  for (const double count : at_site) site += count;
  for (const std::int64_t count : trained) training += static_cast<double>(count);
  Shares shares;
  if (!(site > 0) || !(training > 0)) return shares;
  for (std::size_t g = 0; g < trained.size(); ++g) {
    shares.site.push_back(at_site[g] / site);
    shares.training.push_back(static_cast<double>(trained[g]) / training);
  }
  return shares;
}

double StabilityIndex(const Shares& shares) {
  double index = 0;
  for (std::size_t g = 0; g < shares.site.size(); ++g) {
    const double p = std::max(kLeastShare, shares.site[g]);
    const double q = std::max(kLeastShare, shares.training[g]);
    index += (p - q) * std::log(p / q);
  }
  return index;
}

double LargestDifference(const Shares& shares) {
  double largest = 0;
  double difference = 0;
  for (std::size_t g = 0; g < shares.site.size(); ++g) {
    difference += shares.site[g] - shares.training[g];
    largest = std::max(largest, std::fabs(difference));
  }
  return largest;
}

InputDrift NumberDrift(const ModelInput& input, const std::vector<double>& values) {
  InputDrift drift{.input = input.name, .missing_in_training = input.missing};
  const auto n = static_cast<double>(values.size());
  double mean = 0;
  for (const double value : values) mean += value / n;
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  const double spread = std::sqrt((square / (n - 1) + input.sd * input.sd) / 2);
  if (values.size() >= 2 && spread > 0)
    drift.standardised_difference = (mean - input.mean) / spread;
  if (values.size() < 2 || input.cuts.empty()) return drift;
  std::vector<double> here(input.counts.size());
  for (const double value : values) {
    here[static_cast<std::size_t>(std::ranges::upper_bound(input.cuts, value) -
                                  input.cuts.begin())] += 1;
  }
  const Shares shares = SharesOf(here, input.counts);
  if (shares.site.empty()) return drift;
  drift.stability_index = StabilityIndex(shares);
  drift.largest_difference = LargestDifference(shares);
  return drift;
}

InputDrift FactorDrift(const ModelInput& input, const std::vector<double>& values) {
  InputDrift drift{.input = input.name};
  std::vector<double> here;
  for (std::size_t l = 0; l < input.levels.size(); ++l) {
    here.push_back(static_cast<double>(std::ranges::count(values, static_cast<double>(l))));
  }
  const Shares shares = SharesOf(here, input.counts);
  if (values.size() >= 2 && !shares.site.empty()) drift.stability_index = StabilityIndex(shares);
  return drift;
}

}  // namespace

Result<SiteCalibration> CalibrationAt(const SimilarPatients& patients, const LearnedModel& model) {
  const auto logit = [](const ModelArm& arm) { return arm.link == OutcomeLink::kLogit; };
  if (!model.binary || !std::ranges::all_of(model.arms, logit)) {
    return Fail(ErrorCode::kInvalidInput,
                model.name + ": expected a model of a binary outcome with the logit link");
  }
  SiteCalibration calibration;
  std::vector<double> predictors;
  for (const SimilarPatients::Row& row : patients.rows()) {
    if (!std::ranges::all_of(row.values, [](const auto& value) { return value.has_value(); })) {
      ++calibration.incomplete;
      continue;
    }
    CLINNOVA_ASSIGN(const LearnedPrediction answer, PredictLearned(model, ValuesOf(row, model)));
    const double p = answer.outcomes[row.arm].estimate;
    ++calibration.patients;
    calibration.observed += row.reached ? 1 : 0;
    calibration.expected += p;
    calibration.brier += (p - (row.reached ? 1 : 0)) * (p - (row.reached ? 1 : 0));
    const double inside = std::clamp(p, 1e-12, 1 - 1e-12);
    predictors.push_back(std::log(inside / (1 - inside)));
  }
  if (predictors.empty()) return calibration;
  calibration.brier /= static_cast<double>(calibration.patients);
  FitIntercept(predictors, calibration);
  return calibration;
}

std::vector<InputDrift> DriftAt(const SimilarPatients& patients, const LearnedModel& model) {
  std::vector<InputDrift> drifts;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    std::vector<double> values;
    for (const SimilarPatients::Row& row : patients.rows()) {
      if (row.values[i]) values.push_back(*row.values[i]);
    }
    const ModelInput& input = model.inputs[i];
    InputDrift drift = input.factor ? FactorDrift(input, values) : NumberDrift(input, values);
    drift.known = static_cast<std::int64_t>(values.size());
    if (patients.size() > 0) {
      drift.missing = 1 - static_cast<double>(values.size()) / static_cast<double>(patients.size());
    }
    drifts.push_back(std::move(drift));
  }
  return drifts;
}

ModelUse UseOf(std::span<const federation::LedgerEntry> ledger, const RegisteredModel& model) {
  ModelUse use;
  std::set<std::string> cards;
  std::map<std::string, std::string> said;  // by card, the last word
  const std::string hash = core::ToHex(model.hash);
  for (const federation::LedgerEntry& entry : ledger) {
    const json body = json::parse(entry.body, nullptr, false);
    if (entry.kind == federation::LedgerKind::kInference && body.value("model", "") == hash) {
      ++use.answers;
      const std::string withheld = body.value("withheld", "");
      if (withheld.empty()) {
        ++use.recommended;
      } else {
        ++use.withheld[withheld];
      }
      cards.insert(body.value("card", ""));
    } else if (entry.kind == federation::LedgerKind::kFeedback) {
      const std::string reason = body.value("reason", "");
      const std::string outcome = body.value("outcome", "");
      said[body.value("card", "")] = outcome == "accepted" || reason.empty() ? outcome : reason;
    }
  }
  for (const auto& [card, word] : said) {
    if (cards.contains(card)) ++use.feedback[word];
  }
  return use;
}

}  // namespace clinnova::decision
