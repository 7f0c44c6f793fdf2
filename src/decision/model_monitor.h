// SPDX-License-Identifier: Apache-2.0
// How a model does at a site while it is in use: whether it is still right about the site's patients, whether they are
// still those that it learned from, and what became of its advice. For the steward; nothing of it leaves the site.
//
//   CLINNOVA_ASSIGN(const SimilarPatients patients, SimilarPatients::Read("site", model, module));
//   CLINNOVA_ASSIGN(const SiteCalibration calibration, CalibrationAt(patients, model.model));
//   calibration.observed / calibration.expected;     // 1 where it is right on the whole
//
// Calibration takes each patient's prediction for the drug that the patient had. The intercept is that of a logistic
// regression with the model's linear predictor as offset, as R's glm(y ~ 1 + offset(lp), binomial).
// Drift: of a number the standardised difference of means, (site - training) / sqrt((sd² + sd²) / 2); of a factor, and of a
// number whose groups in training the model tells, the population stability index, the sum of (p - q) ln(p / q) over
// levels or groups with shares of at least 1e-4; of such a number also the largest difference of the cumulative shares, which
// at the groups' ends is Kolmogorov's and Smirnov's. By custom more than 0.1 (or an index over 0.1) is worth a look, an
// index over 0.25 a change.
// Thread rule: values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "decision/similar_patients.h"
#include "federation/ledger.h"

namespace clinnova::decision {

/// Of the site's patients whose inputs are all known.
struct SiteCalibration {
  std::int64_t patients = 0;
  std::int64_t incomplete = 0;  ///< left out: an input is not known
  std::int64_t observed = 0;    ///< who reached the outcome
  double expected = 0.0;        ///< sum of the predicted probabilities
  double brier = 0.0;           ///< mean squared error
  double intercept = 0.0;       ///< calibration-in-the-large; 0 where it is right on the whole
  double intercept_error = 0.0;
};

/// kInvalidInput for a model that is not of a binary outcome with the logit link. All zero for nobody; an intercept of
/// zero with an infinite error where nobody, or everybody, reached the outcome.
Result<SiteCalibration> CalibrationAt(const SimilarPatients& patients, const LearnedModel& model);

struct InputDrift {
  std::string input;
  std::int64_t known = 0;
  double missing = 0.0;                             ///< share of the site's patients
  double missing_in_training = 0.0;                 ///< share; of factors not kept
  std::optional<double> standardised_difference{};  ///< of a number
  std::optional<double> stability_index{};          ///< of a factor, or a number in groups
  std::optional<double> largest_difference{};       ///< of a number in groups, of cumulative shares
};
/// By input; neither number where fewer than two patients are known.
std::vector<InputDrift> DriftAt(const SimilarPatients& patients, const LearnedModel& model);

/// What the ledger says of a version.
struct ModelUse {
  std::int64_t answers = 0;
  std::int64_t recommended = 0;
  std::map<std::string, std::int64_t> withheld{};  ///< by reason code
  std::map<std::string, std::int64_t>
      feedback{};  ///< "accepted", or the override's reason, by answer
};
ModelUse UseOf(std::span<const federation::LedgerEntry> ledger, const RegisteredModel& model);

}  // namespace clinnova::decision
