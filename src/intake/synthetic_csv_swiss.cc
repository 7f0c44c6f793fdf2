// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake::synthetic {
namespace {

class SwissWriter : public CsvWriter {
 public:
  explicit SwissWriter(const WriterOptions& options)
      : CsvWriter(options, {{"akzeptiert", "abgelehnt", "widerrufen"},
                            {"nie", "ehemals", "aktuell"},
                            {"Wirkungsverlust", "Nebenwirkung", "andere"},
                            {"laufend", "abgesetzt"}}),
        patients_(
            Make(Utf8("patienten.csv"), {"Patientennummer", "Geschlecht", "Geburtsdatum",
                                         "Generalkonsent", "Konsentdatum", "Widerrufsdatum"})),
        diagnoses_(Make(Utf8("diagnosen.csv"),
                        {"Patientennummer", "Nr", "ICD", "Version", "Diagnose", "Diagnosedatum"})),
        visits_(Make(Utf8("besuche.csv"),
                     {"Patientennummer", "Fallnummer", "Eintritt", "Austritt", "Art"})),
        laboratory_(Make(Utf8("labor.csv"), {"Patientennummer", "Fallnummer", "Auftrag", "Datum",
                                             "Analyse", "Bezeichnung", "Resultat", "Einheit"})),
        scores_(Make(Utf8("scores.csv"), {"Patientennummer", "Fallnummer", "Datum", "TJC28",
                                          "SJC28", "Globalurteil_Patient", "Globalurteil_Arzt",
                                          "HAQ", "Vorherige_Biologika", "Raucherstatus"})),
        treatments_(Make(Utf8("medikamente.csv"), {"Patientennummer", "Nr", "Medikament", "ATC",
                                                   "Beginn", "Ende", "Status", "Absetzgrund"})) {}

 private:
  static Table::Format Utf8(std::string_view name) {
    return {name, ',', Encoding::kUtf8, "\n", ""};
  }

  void WritePerson(const SyntheticPatient& patient) override {
    AddPerson(patients_, patient,
              {id_, patient.female ? "weiblich" : "männlich", DateText(patient.birth, '.'),
               Consent(patient), DateText(patient.index, '.'), Withdrawal(patient, '.')});
    const bool seropositive = patient.rheumatoid_factor || patient.acpa;
    const std::chrono::year_month_day date{patient.diagnosis};
    diagnoses_.Add(
        {id_, "1", seropositive ? "M05.80" : "M06.00",
         std::to_string(std::max(2005, static_cast<int>(date.year()))),
         seropositive ? "Rheumatoide Arthritis, seropositiv" : "Rheumatoide Arthritis, seronegativ",
         DateText(patient.diagnosis, '.')});
  }

  void WriteVisits(const SyntheticPatient& patient) override {
    for (const SyntheticVisit& visit : patient.visits) {
      const bool first = visit.month == 0;
      const std::string stay = "M" + std::to_string(visit.month);
      const std::string date = DateText(visit.date, '.');
      visits_.Add({id_, stay, date, date, "ambulant"});
      scores_.Add({id_, stay, date, Text(visit.tender_joints), Text(visit.swollen_joints),
                   Text(visit.patient_global),
                   visit.physician_global ? Text(visit.physician_global) : "k.A.",
                   visit.haq_eighths ? Decimal(*visit.haq_eighths * 125, 3, '.') : "",
                   first ? std::to_string(patient.prior_biologics) : "",
                   first ? SmokingOf(patient) : ""});
      WriteLaboratory(patient, visit, stay);
    }
    const std::string date = DateText(patient.last_contact, '.');
    visits_.Add({id_, "LC", date, date, "ambulant"});
  }

  void AddResult(const SyntheticVisit& visit, const std::string& stay, std::string_view code,
                 std::string_view label, std::string result, std::string_view unit) {
    if (result.empty()) return;
    laboratory_.Add({id_, stay, std::to_string(++request_), DateText(visit.date, '.'),
                     std::string(code), std::string(label), std::move(result), std::string(unit)});
  }

  void WriteLaboratory(const SyntheticPatient& patient, const SyntheticVisit& visit,
                       const std::string& stay) {
    request_ = 0;
    AddResult(visit, stay, "CRP", "C-reaktives Protein", Crp(patient, visit, '.', "<0.6"),
              Is(plan_.unit, patient, visit) ? "mg/dL" : "mg/L");
    NoteCrp(patient, visit, laboratory_);
    AddResult(visit, stay, "BSR", "Blutsenkungsreaktion", Text(visit.esr), "mm/h");
    // Tenths of a g/dL are g/L.
    AddResult(visit, stay, "HB", "Hämoglobin", Text(visit.haemoglobin_tenths), "g/L");
    AddResult(visit, stay, "KREA", "Kreatinin", Text(visit.creatinine), "umol/L");
    if (visit.month != 0) return;
    const bool not_detected = Is(plan_.not_detected, patient);
    AddResult(visit, stay, "RF", "Rheumafaktor, quantitativ",
              not_detected ? "n.n."
                           : (patient.rheumatoid_factor ? "" : "<") +
                                 std::to_string(patient.rheumatoid_factor_value),
              "IE/ml");
    if (not_detected) Plant("not_detected", laboratory_, "kept as text, never a number");
    AddResult(visit, stay, "CCP", "Anti-CCP-Antikörper",
              (patient.acpa ? "" : "<") + Grouped(patient.acpa_value, "'"), "U/mL");
    if (!Is(plan_.malformed_line, patient)) return;
    laboratory_.AddTruncated(
        {id_, stay, "7", DateText(visit.date, '.'), "BSR", "Blutsenkungsreaktion", "12", "mm/h"});
    Plant("malformed_line", laboratory_, "quarantined: csv.field_count");
  }

  void WriteTreatments(const SyntheticPatient& patient) override {
    for (std::size_t k = 0; k < patient.treatments.size(); ++k) {
      const SyntheticTreatment& treatment = patient.treatments[k];
      const bool tablet =
          treatment.drug.atc.starts_with("L04AF") || treatment.drug.atc == "L04AX03";
      treatments_.Add({id_, std::to_string(k + 1),
                       std::string(treatment.drug.name) + (tablet ? ", p.o." : ", s.c."),
                       AtcOf(patient, k), DateText(treatment.start, '.'),
                       treatment.stop ? DateText(*treatment.stop, '.') : "", StatusOf(treatment),
                       ReasonOf(treatment)});
      NoteTreatment(patient, k, treatments_);
    }
  }

  Table& patients_;
  Table& diagnoses_;
  Table& visits_;
  Table& laboratory_;
  Table& scores_;
  Table& treatments_;
  int request_ = 0;  // numbers the results of one visit
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeSwissWriter(const WriterOptions& options) {
  return std::make_unique<SwissWriter>(options);
}

}  // namespace clinnova::intake::synthetic
