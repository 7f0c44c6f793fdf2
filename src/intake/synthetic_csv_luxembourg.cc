// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake::synthetic {
namespace {

class LuxembourgWriter : public CsvWriter {
 public:
  explicit LuxembourgWriter(const WriterOptions& options)
      : CsvWriter(options, {{"1", "2", "3"}, {"0", "1", "2"}, {"1", "2", "3"}, {"1", "0"}}),
        demographics_(
            Make(Utf8("demographics.csv"), {"subject_id", "sex", "birth_date", "consent_research",
                                            "consent_date", "consent_end"})),
        diagnoses_(Make(Utf8("diagnoses.csv"),
                        {"subject_id", "diagnosis_no", "icd10cm", "label", "diagnosis_date"})),
        visits_(
            Make(Utf8("visits.csv"), {"subject_id", "event", "visit_date", "tjc28", "sjc28",
                                      "pt_global", "phys_global", "haq_di", "crp", "esr", "hb",
                                      "creatinine", "rf", "acpa", "prior_biologics", "smoking"})),
        treatments_(Make({"treatments.csv", ';', Encoding::kWindows1252, "\n", ""},
                         {"subject_id", "treatment_no", "drug", "atc", "start_date", "stop_date",
                          "ongoing", "stop_reason", "comment"})),
        follow_up_(Make(Utf8("follow_up.csv"), {"subject_id", "last_contact_date"})) {}

 private:
  static Table::Format Utf8(std::string_view name) {
    return {name, ';', Encoding::kUtf8, "\n", "\xEF\xBB\xBF"};
  }

  void WritePerson(const SyntheticPatient& patient) override {
    AddPerson(demographics_, patient,
              {id_, patient.female ? "1" : "2", DateText(patient.birth, '/'), Consent(patient),
               DateText(patient.index, '/'), Withdrawal(patient, '/')});
    const bool seropositive = patient.rheumatoid_factor || patient.acpa;
    diagnoses_.Add({id_, "1", seropositive ? "M05.79" : "M06.09",
                    seropositive ? "Polyarthrite rhumatoïde séropositive"
                                 : "Polyarthrite rhumatoïde séronégative",
                    DateText(patient.diagnosis, '/')});
    follow_up_.Add({id_, DateText(patient.last_contact, '/')});
  }

  void WriteVisits(const SyntheticPatient& patient) override {
    for (const SyntheticVisit& visit : patient.visits) {
      const bool first = visit.month == 0;
      std::string crp = Crp(patient, visit, ',', "<0,6");
      if (Is(plan_.unit, patient, visit)) crp += " mg/dL";
      const Row row = {
          id_,
          "M" + std::to_string(visit.month),
          DateText(visit.date, '/'),
          Text(visit.tender_joints),
          Text(visit.swollen_joints),
          Text(visit.patient_global),
          Text(visit.physician_global),
          visit.haq_eighths ? Decimal(*visit.haq_eighths * 125, 3, ',') : "",
          crp,
          Text(visit.esr),
          visit.haemoglobin_tenths ? Decimal(*visit.haemoglobin_tenths, 1, ',') : "",
          visit.creatinine ? Decimal(CreatinineHundredths(*visit.creatinine), 2, ',') : "ND",
          first ? Factor(patient) : "",
          first ? (patient.acpa ? "" : "<") + std::to_string(patient.acpa_value) : "",
          first ? std::to_string(patient.prior_biologics) : "",
          first ? SmokingOf(patient) : ""};
      visits_.Add(row);
      NoteCrp(patient, visit, visits_);
      if (first && Is(plan_.not_detected, patient))
        Plant("not_detected", visits_, "kept as text, never a number");
      if (first && Is(plan_.malformed_line, patient)) {
        visits_.AddTruncated(row);
        Plant("malformed_line", visits_, "quarantined: csv.field_count");
      }
    }
  }

  std::string Factor(const SyntheticPatient& patient) const {
    if (Is(plan_.not_detected, patient)) return "n.n.";
    return (patient.rheumatoid_factor ? "" : "<") + std::to_string(patient.rheumatoid_factor_value);
  }

  void WriteTreatments(const SyntheticPatient& patient) override {
    for (std::size_t k = 0; k < patient.treatments.size(); ++k) {
      const SyntheticTreatment& treatment = patient.treatments[k];
      treatments_.Add(
          {id_, std::to_string(k + 1), std::string(treatment.drug.name), AtcOf(patient, k),
           DateText(treatment.start, '/'), treatment.stop ? DateText(*treatment.stop, '/') : "",
           StatusOf(treatment), ReasonOf(treatment),
           treatment.reason == StopReason::kAdverseEvent ? "événement indésirable" : ""});
      NoteTreatment(patient, k, treatments_);
    }
  }

  Table& demographics_;
  Table& diagnoses_;
  Table& visits_;
  Table& treatments_;
  Table& follow_up_;
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeLuxembourgWriter(const WriterOptions& options) {
  return std::make_unique<LuxembourgWriter>(options);
}

}  // namespace clinnova::intake::synthetic
