// SPDX-License-Identifier: Apache-2.0
// What the writers of synthetic exports share beside the course of events: a number as an export shows it,
// with what is planted on it, and the forms of numbers and dates. Private to the synthetic_*.cc writers.
// Thread rule: pure functions; a writer belongs to one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "intake/iso_time.h"
#include "intake/synthetic_export.h"

namespace clinnova::intake::synthetic {

/// 1234 with 2 decimals and "," is "12,34".
std::string Decimal(long value, int decimals, char mark);
/// 1234 with 2 decimals is 12.34.
double Scaled(long value, int decimals);
/// Hundredths of a mg/dL; 88.42 umol/L are one mg/dL.
long CreatinineHundredths(long umol_per_l);
/// "20231231".
std::string CompactDate(Day day);
int YearOf(Day day);
/// The reason's code in SNOMED CT.
std::string_view SnomedOf(StopReason reason);

/// What an import should do with the other country's decimal mark.
inline constexpr std::string_view kEitherMark = "loaded: the mapping takes either mark";
inline constexpr std::string_view kNotANumber = "quarantined: value.not_a_number";

/// A number as one dialect's export shows it, planned defects included.
struct ShownNumber {
  long value = 0;  ///< in 10^-decimals of the dialect's unit
  int decimals = 0;
  bool below = false;
  bool other_mark = false;    ///< with the other country's decimal mark
  bool in_mg_per_dl = false;  ///< a CRP in mg/dL, and labelled so
  bool not_detected = false;  ///< "n.n." instead of the number

  /// "<0,6", "n.n."; `below_sign` as the dialect writes it.
  std::string Text(char mark, std::string_view below_sign = "<") const;
};

/// A writer with one patient at hand.
class PlannedWriter : public SyntheticWriter {
 protected:
  explicit PlannedWriter(const WriterOptions& options)
      : options_(options), disease_(*options.disease), plan_(options.plan) {}

  void Begin(const SyntheticPatient& patient) {
    patient_ = &patient;
    id_ = SyntheticPatientId(options_.site, patient.number);
  }
  bool Is(std::uint64_t planned) const { return planned == patient_->number; }
  /// Whether the planned defect falls on this visit.
  bool Is(std::uint64_t planned, const SyntheticVisit& visit) const {
    return Is(planned) && DefectVisit(*patient_) == &visit;
  }
  ShownNumber ShownOf(const SyntheticVisit& visit, const SyntheticResult& result,
                      const LocalItem& local) const;
  Day VisitDay(const SyntheticVisit& visit) const {
    return Is(plan_.swapped_date, visit) ? *Swapped(visit.date) : visit.date;
  }
  bool Retired(std::size_t treatment) const { return treatment == 0 && Is(plan_.retired_atc); }
  std::string_view AtcOf(std::size_t treatment) const {
    const SyntheticDrug& drug = patient_->treatments[treatment].drug;
    return Retired(treatment) ? drug.retired_atc : drug.atc;
  }
  void PlantAt(std::string_view kind, std::string_view file, std::uint64_t line,
               std::string_view expected) {
    planted_.push_back({std::string(kind), id_, std::string(file), line, std::string(expected)});
  }
  /// What is planned on an item of a visit. `other_mark` is what an import should do with the other country's
  /// decimal mark.
  void PlantItem(const SyntheticVisit& visit, const SyntheticItem& item, std::string_view file,
                 std::uint64_t line, std::string_view other_mark);
  /// A file beside the export that is cut off: an import that meets it refuses everything. `bytes` are its
  /// whole content.
  Result<void> WriteTruncated(std::string_view name, std::string_view bytes);

  WriterOptions options_;
  const SyntheticDisease& disease_;  // not owned: a constant
  DefectPlan plan_;
  const SyntheticPatient* patient_ = nullptr;  // not owned: the present one
  std::string id_;                             // of it
};

/// Reports of a laboratory beside what else a hospital exports: a patient is written to both.
class LaboratoryWriter : public PlannedWriter {
 public:
  Result<void> Write(const SyntheticPatient& patient) override;
  Result<void> Finish() override;

 protected:
  /// `rest` writes all but the laboratory's values.
  LaboratoryWriter(const WriterOptions& options, std::unique_ptr<SyntheticWriter> rest)
      : PlannedWriter(options), rest_(std::move(rest)) {}
  virtual Result<void> WriteReports() = 0;
  virtual Result<void> FinishReports() = 0;

 private:
  std::unique_ptr<SyntheticWriter> rest_;
};

/// The options for that rest: without the laboratory's values and what is planted on them.
WriterOptions WithoutLaboratory(WriterOptions options);

/// The laboratory results of a visit.
std::vector<const SyntheticResult*> LaboratoryOf(const SyntheticVisit& visit);

}  // namespace clinnova::intake::synthetic
