// SPDX-License-Identifier: Apache-2.0
// The diseases that synthetic cohorts can be made of: each one's model, the names of its classes and of its
// tables in the dialects. One line in synthetic_disease.cc per disease.
//
//   const SyntheticDisease* disease = FindSyntheticDisease("cd");   // null: not known
//   disease->classes[1]                                             // "anti-integrin"
//
// Thread rule: constant data and pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "intake/synthetic_patient.h"

namespace clinnova::intake {

struct SyntheticDisease {
  std::string_view name;  ///< "ra"
  std::string_view title;
  std::array<std::string_view, kDrugClasses> classes;     ///< as the disease module names the arms
  std::array<std::string_view, kDrugClasses> class_keys;  ///< in truth.csv's columns
  std::string_view baseline;  ///< the column of SyntheticPatient::baseline
  std::string_view outcome;   ///< of the summary: what the first outcome is
  std::span<const SyntheticItem> (*items)();
  std::string_view not_detected;  ///< the item that is planted as "n.n."
  bool procedures = false;        ///< has a table of procedures
  bool relapses = false;          ///< has a table of relapses
  std::string_view project;       ///< of the eCRF in REDCap
  std::string_view lu_visits;     ///< names of the tables whose columns are the items
  std::string_view fr_assessments;
  std::string_view ch_scores;
  SyntheticPatient (*draw)(const CohortOptions& options, std::uint64_t index);
  /// The model as data: every coefficient that `draw` uses, for the truth file.
  nlohmann::ordered_json (*parameters)(const CohortOptions& options);
};

/// Null when there is none of this name.
const SyntheticDisease* FindSyntheticDisease(std::string_view name);
/// In the order of their names: cd, ibd, ms, ra, uc.
std::span<const SyntheticDisease> SyntheticDiseases();

}  // namespace clinnova::intake
