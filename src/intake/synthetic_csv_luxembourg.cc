// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake::synthetic {
namespace {

constexpr Words kWords{.consent = {"1", "2", "3"},
                       .reason = {"1", "2", "3"},
                       .stopped = {"1", "0"},
                       .date_mark = '/',
                       .decimal_mark = ',',
                       .below = "<",
                       .thousands = "",
                       .procedures = {"0DJD8ZZ", "B030ZZZ"},  // ICD-10-PCS
                       .procedure_names = {"Coloscopie", "IRM cérébrale"}};

class LuxembourgWriter : public CsvWriter {
 public:
  explicit LuxembourgWriter(const WriterOptions& options)
      : CsvWriter(options, kWords, &SyntheticItem::lu),
        demographics_(
            Make(Utf8("demographics.csv"), {"subject_id", "sex", "birth_date", "consent_research",
                                            "consent_date", "consent_end"})),
        diagnoses_(Make(Utf8("diagnoses.csv"),
                        {"subject_id", "diagnosis_no", "icd10cm", "label", "diagnosis_date"})),
        visits_(Make(Utf8(disease_.lu_visits), VisitHeader())),
        treatments_(Make({"treatments.csv", ';', Encoding::kWindows1252, "\n", ""},
                         {"subject_id", "treatment_no", "drug", "atc", "start_date", "stop_date",
                          "ongoing", "stop_reason", "comment"})),
        follow_up_(Make(Utf8("follow_up.csv"), {"subject_id", "last_contact_date"})) {
    MakeProcedures(Utf8("procedures.csv"),
                   {"subject_id", "procedure_no", "icd10pcs", "label", "procedure_date"});
    MakeRelapses(Utf8("relapses.csv"), {"subject_id", "relapse_no", "onset_date", "grade"});
    CutOff(visits_);
  }

 private:
  static Table::Format Utf8(std::string_view name) {
    return {name, ';', Encoding::kUtf8, "\n", "\xEF\xBB\xBF"};
  }

  Row VisitHeader() const {
    Row header = {"subject_id", "event", "visit_date"};
    AddColumns(header, true);
    return header;
  }

  void WritePerson() override {
    AddPerson(demographics_, {id_, patient_->female ? "1" : "2", Date(patient_->birth), Consent(),
                              Date(patient_->index), Withdrawal()});
    diagnoses_.Add({id_, "1", std::string(patient_->diagnosis.icd10_cm),
                    std::string(patient_->diagnosis.french), Date(patient_->diagnosis.date)});
  }

  void WriteVisit(const SyntheticVisit& visit) override {
    Row row = {id_, visit.label, VisitDate(visit)};
    AddFields(row, visit, true);
    visits_.Add(row);
    for (const SyntheticResult& result : visit.results) NoteResult(visit, *result.item, visits_);
    NoteVisit(visit, visits_);
    if (!visit.first || !Is(plan_.malformed_line)) return;
    visits_.AddTruncated(row);
    Plant("malformed_line", visits_, "quarantined: csv.field_count");
  }

  void WriteLastContact() override { follow_up_.Add({id_, Date(patient_->last_contact)}); }

  void WriteTreatment(std::size_t k) override {
    const SyntheticTreatment& treatment = patient_->treatments[k];
    treatments_.Add({id_, std::to_string(k + 1), std::string(treatment.drug.name),
                     std::string(AtcOf(k)), Date(treatment.start),
                     treatment.stop ? Date(*treatment.stop) : "", StatusOf(treatment),
                     ReasonOf(treatment),
                     treatment.reason == StopReason::kAdverseEvent ? "événement indésirable" : ""});
    NoteTreatment(k, treatments_);
  }

  Table& demographics_;
  Table& diagnoses_;
  Table& visits_;
  Table& treatments_;
  Table& follow_up_;
};

}  // namespace

}  // namespace clinnova::intake::synthetic

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeLuxembourgCsvWriter(const WriterOptions& options) {
  return std::make_unique<synthetic::LuxembourgWriter>(options);
}

}  // namespace clinnova::intake
