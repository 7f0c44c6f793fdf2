// SPDX-License-Identifier: Apache-2.0
// A synthetic cohort written the way one country's hospital would export it, with the truth beside it:
//
//   CLINNOVA_ASSIGN(SyntheticSummary summary,
//                   WriteSyntheticCohort({.patients = 400, .seed = 7, .dialect = "ch-csv", .directory = "basel"}));
//
//   basel/export/…        what the hospital would hand over: import this folder
//   basel/truth.csv       per patient: assigned class, true probabilities, all potential outcomes
//   basel/truth.json      the generating model with its parameters
//   basel/defects.json    the planted defects: kind, patient, file, line, what an import should do
//
// The model is synthetic_cohort.h's; the same options give the same bytes on every machine.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "intake/synthetic_disease.h"

namespace clinnova::intake {

struct SyntheticOptions {
  std::string disease = "ra";    ///< "cd", "ibd", "ms", "ra" or "uc"
  std::uint64_t patients = 200;  ///< 1 to 10,000,000
  std::uint64_t seed = 1;
  std::string dialect = "lu-ecrf";  ///< one of SyntheticDialects()
  std::filesystem::path directory =
      {};  ///< made where it is missing; an earlier cohort of that disease and dialect is replaced
  bool defects = true;     ///< plant a few defects, each named in defects.json
  double site_effect = 1;  ///< 0 = every site draws from the same population
  std::optional<SyntheticSite> site =
      {};  ///< the dialect's own where absent; the same site gives the same patients in every dialect
};

struct SyntheticSummary {
  std::uint64_t patients = 0;
  std::uint64_t visits = 0;
  std::array<std::uint64_t, kDrugClasses> by_class{};  ///< patients per assigned class
  std::array<std::uint64_t, kDrugClasses>
      responders{};  ///< of those, with the disease's first outcome
  std::uint64_t defects = 0;
  std::filesystem::path export_directory;
  std::vector<std::filesystem::path> files;  ///< of the export
  std::filesystem::path truth_csv, truth_json, defects_json;
};

/// Writes one site's cohort. kInvalidInput for an unknown disease or dialect (the message lists those
/// that are there), no patients, a negative site effect, or a folder that has another export, which is left as it is;
/// kFailed when a file cannot be written.
Result<SyntheticSummary> WriteSyntheticCohort(const SyntheticOptions& options);

/// The dialects: "ch-csv", "ch-sphn", "de-fhir", "de-ldt", "de-ldt3", "de-openehr", "fr-csv", "fr-hprim",
/// "lu-ecrf", "lu-redcap".
const std::vector<std::string>& SyntheticDialects();

/// The dialect of mappings that reads the export of a dialect, such as "de-ldt" for "de-ldt3"; empty where it
/// needs none. Precondition: there is such a dialect.
std::string_view SyntheticMapping(std::string_view dialect);

/// A hospital's number of its patient, the same in every dialect: "LU-000042".
std::string SyntheticPatientId(SyntheticSite site, std::uint64_t number);

/// Which patient gets which defect; 0 = nobody.
struct DefectPlan {
  std::uint64_t withdrawn_consent = 0;
  std::uint64_t refused_consent = 0;
  std::uint64_t duplicate_patient = 0;
  std::uint64_t decimal_mark = 0;    ///< one CRP with the other country's decimal mark
  std::uint64_t unit = 0;            ///< one CRP in mg/dL
  std::uint64_t comparator = 0;      ///< one CRP below the limit: "<0.6"
  std::uint64_t not_detected = 0;    ///< the disease's item reported as "n.n."
  std::uint64_t malformed_line = 0;  ///< a record sent a second time and cut off
  std::uint64_t retired_atc = 0;     ///< a drug under its ATC code of before 2024
  std::uint64_t wrong_unit = 0;      ///< a haemoglobin's number in another unit than its label says
  std::uint64_t swapped_date = 0;    ///< a visit with day and month exchanged
  std::uint64_t haemolysed = 0;      ///< FHIR: a CRP whose modifier extension says haemolysed
  std::uint64_t pzn = 0;             ///< FHIR: a PZN that lost its leading zero
  std::uint64_t truncated_file = 0;  ///< a table's end is cut off: the last patient's
  std::uint64_t din_umlauts =
      0;  ///< de-ldt: a name in the 7-bit umlauts of DIN 66003, and not said so
};

/// A defect as it stands in the export.
struct PlantedDefect {
  std::string kind;
  std::string patient;
  std::string file;
  std::uint64_t line = 0;
  std::string expected;  ///< what an import should do with it
};

/// What a writer needs: an existing folder, whose patients they are, what to plant.
struct WriterOptions {
  const SyntheticDisease* disease = nullptr;  // not owned: a constant
  std::filesystem::path folder;
  SyntheticSite site = SyntheticSite::kLuxembourg;
  DefectPlan plan;
  bool laboratory = true;  ///< false: the laboratory's values come by its own messages
};

/// Writes patients in one dialect. One implementation per form of export.
class SyntheticWriter {
 public:
  virtual ~SyntheticWriter() = default;
  virtual Result<void> Write(const SyntheticPatient& patient) = 0;
  /// Flushes every file; kFailed when one could not be written whole.
  virtual Result<void> Finish() = 0;

  const std::vector<PlantedDefect>& planted() const { return planted_; }
  const std::vector<std::filesystem::path>& files() const { return files_; }

 protected:
  std::vector<PlantedDefect> planted_;
  std::vector<std::filesystem::path> files_;
};

/// The item on which most defects are planted, its limit of detection, and that of the wrong unit.
inline constexpr std::string_view kDefectItem = "crp";
inline constexpr long kDefectLimit = 6;  // tenths of a mg/L
inline constexpr std::string_view kWrongUnitItem = "hb";
/// Tenths of a mmol/L from tenths of a g/dL: 1.6114 g/dL are one mmol/L.
long MillimolesOfHaemoglobin(long tenths_of_g_per_dl);

/// Which of its laboratories a hospital's patient goes to: those of de-ldt write in different code pages.
enum class SyntheticLaboratory { kIso8859_15, kDin66003, kCp437 };
SyntheticLaboratory LaboratoryOfPatient(std::uint64_t number);

/// Whether the planned "n.n." stands for `item` on this visit: on the first that has it below its limit.
bool NotDetected(const DefectPlan& plan, const SyntheticPatient& patient,
                 const SyntheticVisit& visit, std::string_view item);
/// Day and month exchanged; absent where that is no other date.
std::optional<Day> Swapped(Day date);

/// The visit on which the CRP defects are planted, one that no outcome is read from; null when the patient
/// has none.
const SyntheticVisit* DefectVisit(const SyntheticPatient& patient);

/// The day on which a consent is withdrawn by plan.
Day WithdrawalDay(const SyntheticPatient& patient);

}  // namespace clinnova::intake
