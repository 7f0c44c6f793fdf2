// SPDX-License-Identifier: Apache-2.0
// A model's intercept brought to a site: its own patients may do better or worse on the whole than those whom the
// model learned from. The site computes one number, the steward lets it into use, and every card says so; the model
// itself, its version and its signature stay as they are.
//
//   CLINNOVA_ASSIGN(const Recalibration proposed, ProposeRecalibration(site, model, patients, now));
//   CLINNOVA_TRY(ApproveRecalibration(site, model, now));
//   CLINNOVA_TRY(ApplyRecalibration(site, model));      // model.recalibration, and its arms moved
//
// The number is calibration-in-the-large: the intercept a of logit P(y=1) = a + lp by maximum likelihood, lp being the
// model's linear predictor for the drug that each patient had. (Steyerberg, Clinical Prediction Models, 2nd ed. 2019,
// chapter 20.1: update of the intercept.) It moves all arms alike, so that on the model's scale their order stays.
//
//   models/recalibrated.json   {"MODEL'S HASH": {"intercept", "std_error", "patients", "made", "approved"}}
//
// Thread rule: pure functions over the folder; files are written whole or not at all.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "decision/registered_model.h"
#include "decision/similar_patients.h"

namespace clinnova::decision {

/// Of fewer patients than this, or fewer with or without the outcome than this, a shift is noise.
inline constexpr std::int64_t kFewestToRecalibrate = 50;
inline constexpr std::int64_t kFewestOfEachOutcome = 10;

/// What is in the folder for this version of the model; nothing where there is none.
Result<std::optional<Recalibration>> FindRecalibration(const std::filesystem::path& site,
                                                       const RegisteredModel& model);
/// Computes it and keeps it as proposed, in place of one that was there, which is out of use then; `model` is as registered, `now` UTC.
/// kRefused, "too_few_patients", "not_finite"; kInvalidInput for a model whose arms have no intercept to move.
Result<Recalibration> ProposeRecalibration(const std::filesystem::path& site,
                                           const RegisteredModel& model,
                                           const SimilarPatients& patients, const std::string& now);
/// Lets what was proposed into use. kInvalidInput when nothing is.
Result<Recalibration> ApproveRecalibration(const std::filesystem::path& site,
                                           const RegisteredModel& model, const std::string& now);
/// Takes it away. kInvalidInput when there is none.
Result<void> RemoveRecalibration(const std::filesystem::path& site, const RegisteredModel& model);
/// Moves the arms of a model for which one is in use; else leaves it alone.
Result<void> ApplyRecalibration(const std::filesystem::path& site, RegisteredModel& model);

}  // namespace clinnova::decision
