// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake::synthetic {
namespace {

constexpr Words kWords{.consent = {"O", "N", "R"},
                       .reason = {"I", "E", "A"},
                       .stopped = {"O", "N"},
                       .date_mark = '/',
                       .decimal_mark = ',',
                       .below = "< ",
                       .thousands = " ",
                       .procedures = {"HHQE002", "ACQN001"},  // CCAM
                       .procedure_names = {"Coloscopie totale", "Remnographie du crâne"}};

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return upper;
}

class FrenchWriter : public CsvWriter {
 public:
  explicit FrenchWriter(const WriterOptions& options)
      : CsvWriter(options, kWords, &SyntheticItem::fr),
        patients_(Make(Latin("PATIENTS.csv"), {"NIP", "SEXE", "DATE_NAISSANCE", "CONSENTEMENT",
                                               "DATE_CONSENTEMENT", "DATE_RETRAIT"})),
        stays_(Make(Latin("SEJOURS.csv"),
                    {"NIP", "NUM_SEJOUR", "DATE_ENTREE", "DATE_SORTIE", "MODE"})),
        diagnoses_(
            Make(Latin("DIAGNOSTICS.csv"), {"NIP", "NUM_DIAG", "CIM10", "LIBELLE", "DATE_DIAG"})),
        assessments_(Make(Latin(disease_.fr_assessments), AssessmentHeader())),
        treatments_(Make(Latin("TRAITEMENTS.csv"),
                         {"NIP", "NUM_LIGNE", "UCD", "ATC", "LIBELLE", "DATE_DEBUT", "DATE_FIN",
                          "QTE_UCD", "EN_COURS", "MOTIF_ARRET"})) {
    MakeProcedures(Latin("ACTES.csv"), {"NIP", "NUM_ACTE", "CCAM", "LIBELLE", "DATE_ACTE"});
    MakeRelapses(Latin("POUSSEES.csv"), {"NIP", "NUM_POUSSEE", "DATE_POUSSEE", "GRADE"});
    if (!options.laboratory) return;
    laboratory_ =
        &Make(Latin("BIOLOGIE.csv"), {"NIP", "NUM_SEJOUR", "NUM_DEMANDE", "DATE_PRELEVEMENT",
                                      "CODE", "LIBELLE", "RESULTAT", "UNITE"});
    CutOff(*laboratory_);
  }

 private:
  static Table::Format Latin(std::string_view name) {
    return {name, ';', Encoding::kIso8859_1, "\r\n", ""};
  }

  Row AssessmentHeader() const {
    Row header = {"NIP", "NUM_SEJOUR", "DATE_EVAL"};
    AddColumns(header, false);
    return header;
  }

  void WritePerson() override {
    AddPerson(patients_, {id_, patient_->female ? "2" : "1", Date(patient_->birth), Consent(),
                          Date(patient_->index), Withdrawal()});
    diagnoses_.Add({id_, "1", std::string(patient_->diagnosis.cim10),
                    std::string(patient_->diagnosis.french), Date(patient_->diagnosis.date)});
  }

  void WriteVisit(const SyntheticVisit& visit) override {
    const std::string date = VisitDate(visit);
    stays_.Add({id_, visit.label, date, date, "C"});
    Row row = {id_, visit.label, date};
    AddFields(row, visit, false);
    assessments_.Add(row);
    NoteVisit(visit, assessments_);
    if (laboratory_ != nullptr) WriteLaboratory(*laboratory_, visit);
  }

  void WriteLastContact() override {
    const std::string date = Date(patient_->last_contact);
    stays_.Add({id_, "LC", date, date, "C"});
  }

  void WriteTreatment(std::size_t k) override {
    const SyntheticTreatment& treatment = patient_->treatments[k];
    const long days = (treatment.stop.value_or(patient_->last_contact) - treatment.start).count();
    treatments_.Add({id_, std::to_string(k + 1), Ucd(treatment.drug), std::string(AtcOf(k)),
                     Upper(treatment.drug.name), Date(treatment.start),
                     treatment.stop ? Date(*treatment.stop) : "", Decimal(days / 14 + 1, 0, ','),
                     StatusOf(treatment), ReasonOf(treatment)});
    NoteTreatment(k, treatments_);
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
  Table& assessments_;
  Table& treatments_;
  Table* laboratory_ = nullptr;
};

}  // namespace

}  // namespace clinnova::intake::synthetic

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeFrenchCsvWriter(const WriterOptions& options) {
  return std::make_unique<synthetic::FrenchWriter>(options);
}

}  // namespace clinnova::intake
