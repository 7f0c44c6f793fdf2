// SPDX-License-Identifier: Apache-2.0
#include "decision/recalibration.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "decision/model_folder.h"
#include "decision/model_monitor.h"

namespace clinnova::decision {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path FileOf(const fs::path& site) { return site / "models" / "recalibrated.json"; }

Result<json> ReadFile(const fs::path& site) {
  std::error_code none;
  if (!fs::exists(FileOf(site), none)) return json::object();
  std::ifstream file(FileOf(site));
  json all = json::parse(file, nullptr, false);
  if (all.is_object()) return all;
  return Fail(ErrorCode::kInvalidInput,
              FileOf(site).string() + ": expected a JSON object of recalibrations");
}

Result<void> Keep(const fs::path& site, const RegisteredModel& model,
                  const Recalibration& recalibration) {
  CLINNOVA_ASSIGN(json all, ReadFile(site));
  all[core::ToHex(model.hash)] = {{"intercept", recalibration.intercept},
                                  {"std_error", recalibration.std_error},
                                  {"patients", recalibration.patients},
                                  {"made", recalibration.made},
                                  {"approved", recalibration.approved}};
  return WriteModelFile(FileOf(site), all.dump() + "\n");
}

/// Adds to every arm's linear predictor.
Result<void> Shift(RegisteredModel& model, double by) {
  const auto& terms = model.model.terms;
  const auto term = std::ranges::find(terms, "(Intercept)");
  for (ModelArm& arm : model.model.arms) {
    if (arm.coefficients.empty()) {
      arm.base_score += by;
    } else if (term != terms.end()) {
      arm.coefficients[static_cast<std::size_t>(term - terms.begin())] += by;
    } else {
      return Fail(ErrorCode::kInvalidInput,
                  model.Label() + ": its formula has no intercept that could be moved");
    }
  }
  return {};
}

Error NothingProposed(const RegisteredModel& model) {
  return {ErrorCode::kInvalidInput,
          model.Label() + ": found no recalibration, expected one (site model recalibrate)", ""};
}

}  // namespace

Result<std::optional<Recalibration>> FindRecalibration(const fs::path& site,
                                                       const RegisteredModel& model) {
  CLINNOVA_ASSIGN(const json all, ReadFile(site));
  const auto found = all.find(core::ToHex(model.hash));
  if (found == all.end()) return std::optional<Recalibration>();
  const auto number = [&](const char* key) {
    return found->contains(key) && (*found)[key].is_number();
  };
  const auto text = [&](const char* key) {
    return found->contains(key) && (*found)[key].is_string();
  };
  if (!found->is_object() || !number("intercept") || !number("std_error") || !number("patients") ||
      !text("made") || !text("approved")) {
    return Fail(ErrorCode::kInvalidInput,
                FileOf(site).string() + ": " + model.Label() +
                    ": expected intercept, std_error, patients, made and approved");
  }
  return std::optional(Recalibration{.intercept = (*found)["intercept"],
                                     .std_error = (*found)["std_error"],
                                     .patients = (*found)["patients"],
                                     .made = (*found)["made"],
                                     .approved = (*found)["approved"]});
}

Result<Recalibration> ProposeRecalibration(const fs::path& site, const RegisteredModel& model,
                                           const SimilarPatients& patients,
                                           const std::string& now) {
  RegisteredModel tried = model;
  CLINNOVA_TRY(Shift(tried, 0));
  CLINNOVA_ASSIGN(const SiteCalibration calibration, CalibrationAt(patients, model.model));
  if (calibration.patients < kFewestToRecalibrate || calibration.observed < kFewestOfEachOutcome ||
      calibration.patients - calibration.observed < kFewestOfEachOutcome) {
    return Fail(ErrorCode::kRefused,
                model.Label() +
                    ": too few patients with all inputs and the outcome: expected at "
                    "least 50, and 10 with and 10 without the outcome",
                "too_few_patients");
  }
  if (!std::isfinite(calibration.intercept) || !std::isfinite(calibration.intercept_error)) {
    return Fail(ErrorCode::kRefused,
                model.Label() + ": found no finite shift that calibrates it, expected one",
                "not_finite");
  }
  const Recalibration made{.intercept = calibration.intercept,
                           .std_error = calibration.intercept_error,
                           .patients = calibration.patients,
                           .made = now,
                           .approved = ""};
  CLINNOVA_TRY(Keep(site, model, made));
  return made;
}

Result<Recalibration> ApproveRecalibration(const fs::path& site, const RegisteredModel& model,
                                           const std::string& now) {
  CLINNOVA_ASSIGN(auto found, FindRecalibration(site, model));
  if (!found) return tl::unexpected(NothingProposed(model));
  found->approved = now;
  CLINNOVA_TRY(Keep(site, model, *found));
  return *found;
}

Result<void> RemoveRecalibration(const fs::path& site, const RegisteredModel& model) {
  CLINNOVA_ASSIGN(json all, ReadFile(site));
  if (all.erase(core::ToHex(model.hash)) == 0) return tl::unexpected(NothingProposed(model));
  return WriteModelFile(FileOf(site), all.dump() + "\n");
}

Result<void> ApplyRecalibration(const fs::path& site, RegisteredModel& model) {
  CLINNOVA_ASSIGN(auto found, FindRecalibration(site, model));
  if (!found || found->approved.empty()) return {};
  CLINNOVA_TRY(Shift(model, found->intercept));
  model.recalibration = std::move(found);
  return {};
}

}  // namespace clinnova::decision
