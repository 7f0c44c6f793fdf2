// SPDX-License-Identifier: Apache-2.0
// The features of the patient in front of the physician: the expressions that make a study's table
// (feature_sql.h), over the records of the patients who are asked about, with today as the index date.
//
//   CLINNOVA_ASSIGN(auto features, PatientFeatures::Create(store.database(), module, "first_biologic",
//                                                          {"crp_baseline", "sex"}));
//   … the patients' records are loaded (intake/patient_loader.h) …
//   CLINNOVA_ASSIGN(std::vector<PatientFacts> facts,
//                   features->Compute({person_id}, {.index = "2026-11-26", .consents = "2026-11-26"}));
//   facts[0].numbers.at("crp_baseline");   // absent where it is not known
//
// Statements are planned once a day; a run over a handful of patients takes a few milliseconds, nearly the same for
// one as for twenty. Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cohort/disease_module.h"
#include "core/duckdb.h"
#include "core/error.h"

namespace clinnova::cohort {

struct Questionnaire;  // feature_sql.h

/// What the records say of one patient today.
struct PatientFacts {
  bool known = false;      ///< there is a person
  bool consented = false;  ///< by clinnova.research_person; without it everything below is empty
  bool diagnosed = false;  ///< with the index event's condition
  std::optional<int> age;  ///< completed years
  std::vector<std::string> arms_before;   ///< arms of whose drugs an exposure is recorded, sorted
  std::map<std::string, double> numbers;  ///< feature -> value
  std::map<std::string, std::string> levels;  ///< feature -> level
};

class PatientFeatures {
 public:
  ~PatientFeatures();

  /// Makes the tables that the expressions name in the database `cdm`, which is in memory and holds an empty CDM and the
  /// view patient_row (intake/patient_loader.h); it is not owned and outlives this. kInvalidInput: a name that the module
  /// does not have, or a feature that cannot be known today: of the drug that is yet to be chosen, or of later days.
  static Result<std::unique_ptr<PatientFeatures>> Create(core::Database& cdm,
                                                         const DiseaseModule& module,
                                                         const std::string& index,
                                                         const std::vector<std::string>& features);

  struct Days {
    std::string index;     ///< for the features, "2026-11-26"
    std::string consents;  ///< on which they are in force or not
    bool operator==(const Days&) const = default;
  };
  /// The facts of each person, in their order, while the database holds their records.
  Result<std::vector<PatientFacts>> Compute(const std::vector<std::int64_t>& persons,
                                            const Days& days);

 private:
  struct Column {
    std::string feature;
    bool factor = false;
  };

  explicit PatientFeatures(core::Database& cdm);
  Result<void> MakeTables(const DiseaseModule& module, const IndexEvent& index);
  Result<void> Plan(const Days& days);
  void ReadPerson(const core::SqlRows& rows, std::size_t row, PatientFacts& of) const;

  core::Database& cdm_;  // not owned
  bool consent_is_required_ = true;
  std::unique_ptr<Questionnaire> asked_;
  std::vector<std::string> arms_;  ///< of each of its drugs
  std::vector<Column> columns_;
  Days planned_for_;  ///< that the statements hold; empty: none are planned
  std::optional<core::SqlStatement> persons_;
};

}  // namespace clinnova::cohort
