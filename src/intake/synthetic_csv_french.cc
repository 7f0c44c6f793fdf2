// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake::synthetic {
namespace {

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return upper;
}

class FrenchWriter : public CsvWriter {
 public:
  explicit FrenchWriter(const WriterOptions& options)
      : CsvWriter(options, {{"O", "N", "R"}, {"N", "A", "F"}, {"I", "E", "A"}, {"O", "N"}}),
        patients_(Make(Latin("PATIENTS.csv"), {"NIP", "SEXE", "DATE_NAISSANCE", "CONSENTEMENT",
                                               "DATE_CONSENTEMENT", "DATE_RETRAIT"})),
        stays_(Make(Latin("SEJOURS.csv"),
                    {"NIP", "NUM_SEJOUR", "DATE_ENTREE", "DATE_SORTIE", "MODE"})),
        diagnoses_(
            Make(Latin("DIAGNOSTICS.csv"), {"NIP", "NUM_DIAG", "CIM10", "LIBELLE", "DATE_DIAG"})),
        laboratory_(
            Make(Latin("BIOLOGIE.csv"), {"NIP", "NUM_SEJOUR", "NUM_DEMANDE", "DATE_PRELEVEMENT",
                                         "CODE", "LIBELLE", "RESULTAT", "UNITE"})),
        assessments_(Make(Latin("EVALUATIONS.csv"),
                          {"NIP", "NUM_SEJOUR", "DATE_EVAL", "NAD28", "NAG28", "EVA_PATIENT",
                           "EVA_MEDECIN", "HAQ", "NB_BIO_ANTERIEURES", "TABAC"})),
        treatments_(Make(Latin("TRAITEMENTS.csv"),
                         {"NIP", "NUM_LIGNE", "UCD", "ATC", "LIBELLE", "DATE_DEBUT", "DATE_FIN",
                          "QTE_UCD", "EN_COURS", "MOTIF_ARRET"})) {}

 private:
  static Table::Format Latin(std::string_view name) {
    return {name, ';', Encoding::kIso8859_1, "\r\n", ""};
  }

  void WritePerson(const SyntheticPatient& patient) override {
    AddPerson(patients_, patient,
              {id_, patient.female ? "2" : "1", DateText(patient.birth, '/'), Consent(patient),
               DateText(patient.index, '/'), Withdrawal(patient, '/')});
    const bool seropositive = patient.rheumatoid_factor || patient.acpa;
    diagnoses_.Add({id_, "1", seropositive ? "M058" : "M060",
                    seropositive ? "Polyarthrite rhumatoïde séropositive"
                                 : "Polyarthrite rhumatoïde séronégative",
                    DateText(patient.diagnosis, '/')});
  }

  void WriteVisits(const SyntheticPatient& patient) override {
    for (const SyntheticVisit& visit : patient.visits) {
      const bool first = visit.month == 0;
      const std::string stay = "M" + std::to_string(visit.month);
      const std::string date = DateText(visit.date, '/');
      stays_.Add({id_, stay, date, date, "C"});
      assessments_.Add({id_, stay, date, Text(visit.tender_joints), Text(visit.swollen_joints),
                        Text(visit.patient_global),
                        visit.physician_global ? Text(visit.physician_global) : "Non réalisé",
                        visit.haq_eighths ? Decimal(*visit.haq_eighths * 125, 3, ',') : "",
                        first ? std::to_string(patient.prior_biologics) : "",
                        first ? SmokingOf(patient) : ""});
      WriteLaboratory(patient, visit, stay);
    }
    const std::string date = DateText(patient.last_contact, '/');
    stays_.Add({id_, "LC", date, date, "C"});
  }

  void AddResult(const SyntheticVisit& visit, const std::string& stay, std::string_view code,
                 std::string_view label, std::string result, std::string_view unit) {
    if (result.empty()) return;
    laboratory_.Add({id_, stay, std::to_string(++request_), DateText(visit.date, '/'),
                     std::string(code), std::string(label), std::move(result), std::string(unit)});
  }

  void WriteLaboratory(const SyntheticPatient& patient, const SyntheticVisit& visit,
                       const std::string& stay) {
    request_ = 0;
    AddResult(visit, stay, "CRP", "Protéine C réactive", Crp(patient, visit, ',', "< 0,6"),
              Is(plan_.unit, patient, visit) ? "mg/dL" : "mg/L");
    NoteCrp(patient, visit, laboratory_);
    AddResult(visit, stay, "VS", "Vitesse de sédimentation", Text(visit.esr), "mm 1re h");
    AddResult(visit, stay, "HB", "Hémoglobine",
              visit.haemoglobin_tenths ? Decimal(*visit.haemoglobin_tenths, 1, ',') : "", "g/dL");
    AddResult(visit, stay, "CREAT", "Créatinine", Text(visit.creatinine), "µmol/L");
    if (visit.month != 0) return;
    const bool not_detected = Is(plan_.not_detected, patient);
    AddResult(visit, stay, "FR", "Facteur rhumatoïde",
              not_detected ? "n.n."
                           : (patient.rheumatoid_factor ? "" : "< ") +
                                 std::to_string(patient.rheumatoid_factor_value),
              "UI/mL");
    if (not_detected) Plant("not_detected", laboratory_, "kept as text, never a number");
    AddResult(visit, stay, "ACCP", "Anticorps anti-CCP",
              (patient.acpa ? "" : "< ") + Grouped(patient.acpa_value, " "), "U/mL");
    if (!Is(plan_.malformed_line, patient)) return;
    laboratory_.AddTruncated({id_, stay, "7", DateText(visit.date, '/'), "VS",
                              "Vitesse de sédimentation", "12", "mm 1re h"});
    Plant("malformed_line", laboratory_, "quarantined: csv.field_count");
  }

  void WriteTreatments(const SyntheticPatient& patient) override {
    for (std::size_t k = 0; k < patient.treatments.size(); ++k) {
      const SyntheticTreatment& treatment = patient.treatments[k];
      const long days = (treatment.stop.value_or(patient.last_contact) - treatment.start).count();
      treatments_.Add({id_, std::to_string(k + 1), Ucd(treatment.drug), AtcOf(patient, k),
                       Upper(treatment.drug.name), DateText(treatment.start, '/'),
                       treatment.stop ? DateText(*treatment.stop, '/') : "",
                       Decimal(days / 14 + 1, 0, ','), StatusOf(treatment), ReasonOf(treatment)});
      NoteTreatment(patient, k, treatments_);
    }
  }

  // No real UCD code: the drug's ATC digits after 99.
  static std::string Ucd(const SyntheticDrug& drug) {
    std::string code = "99";
    for (char c : drug.atc) code += c >= '0' && c <= '9' ? std::string(1, c) : "";
    return code;
  }

  Table& patients_;
  Table& stays_;
  Table& diagnoses_;
  Table& laboratory_;
  Table& assessments_;
  Table& treatments_;
  int request_ = 0;  // numbers the results of one visit
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeFrenchWriter(const WriterOptions& options) {
  return std::make_unique<FrenchWriter>(options);
}

}  // namespace clinnova::intake::synthetic
