// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake::synthetic {
namespace {

constexpr Words kWords{.consent = {"akzeptiert", "abgelehnt", "widerrufen"},
                       .reason = {"Wirkungsverlust", "Nebenwirkung", "andere"},
                       .stopped = {"laufend", "abgesetzt"},
                       .date_mark = '.',
                       .decimal_mark = '.',
                       .below = "<",
                       .thousands = "'",
                       .procedures = {"45.23", "88.91"},  // CHOP
                       .procedure_names = {"Koloskopie", "MRI des Gehirns"}};

class SwissWriter : public CsvWriter {
 public:
  explicit SwissWriter(const WriterOptions& options)
      : CsvWriter(options, kWords, &SyntheticItem::ch),
        patients_(
            Make(Utf8("patienten.csv"), {"Patientennummer", "Geschlecht", "Geburtsdatum",
                                         "Generalkonsent", "Konsentdatum", "Widerrufsdatum"})),
        diagnoses_(Make(Utf8("diagnosen.csv"),
                        {"Patientennummer", "Nr", "ICD", "Version", "Diagnose", "Diagnosedatum"})),
        visits_(Make(Utf8("besuche.csv"),
                     {"Patientennummer", "Fallnummer", "Eintritt", "Austritt", "Art"})),
        laboratory_(Make(Utf8("labor.csv"), {"Patientennummer", "Fallnummer", "Auftrag", "Datum",
                                             "Analyse", "Bezeichnung", "Resultat", "Einheit"})),
        scores_(Make(Utf8(disease_.ch_scores), ScoreHeader())),
        treatments_(Make(Utf8("medikamente.csv"), {"Patientennummer", "Nr", "Medikament", "ATC",
                                                   "Beginn", "Ende", "Status", "Absetzgrund"})) {
    MakeProcedures(Utf8("eingriffe.csv"),
                   {"Patientennummer", "Nr", "CHOP", "Bezeichnung", "Datum"});
    MakeRelapses(Utf8("schuebe.csv"), {"Patientennummer", "Nr", "Datum", "Schweregrad"});
    CutOff(laboratory_);
  }

 private:
  static Table::Format Utf8(std::string_view name) {
    return {name, ',', Encoding::kUtf8, "\n", ""};
  }

  Row ScoreHeader() const {
    Row header = {"Patientennummer", "Fallnummer", "Datum"};
    AddColumns(header, false);
    return header;
  }

  void WritePerson() override {
    AddPerson(patients_, {id_, patient_->female ? "weiblich" : "männlich", Date(patient_->birth),
                          Consent(), Date(patient_->index), Withdrawal()});
    const std::chrono::year_month_day date{patient_->diagnosis.date};
    diagnoses_.Add({id_, "1", std::string(patient_->diagnosis.icd10_gm),
                    std::to_string(std::max(2005, static_cast<int>(date.year()))),
                    std::string(patient_->diagnosis.swiss), Date(patient_->diagnosis.date)});
  }

  void WriteVisit(const SyntheticVisit& visit) override {
    const std::string date = VisitDate(visit);
    visits_.Add({id_, visit.label, date, date, "ambulant"});
    Row row = {id_, visit.label, date};
    AddFields(row, visit, false);
    scores_.Add(row);
    NoteVisit(visit, scores_);
    WriteLaboratory(laboratory_, visit);
  }

  void WriteLastContact() override {
    const std::string date = Date(patient_->last_contact);
    visits_.Add({id_, "LC", date, date, "ambulant"});
  }

  void WriteTreatment(std::size_t k) override {
    const SyntheticTreatment& treatment = patient_->treatments[k];
    const std::string_view atc = treatment.drug.atc;
    const bool tablet = atc.starts_with("L04AF") || atc.starts_with("L04AE") ||
                        atc.starts_with("L04AX") || atc.starts_with("L04AK") ||
                        atc.starts_with("A07") || atc.starts_with("H02");
    treatments_.Add({id_, std::to_string(k + 1),
                     std::string(treatment.drug.name) + (tablet ? ", p.o." : ", s.c."),
                     std::string(AtcOf(k)), Date(treatment.start),
                     treatment.stop ? Date(*treatment.stop) : "", StatusOf(treatment),
                     ReasonOf(treatment)});
    NoteTreatment(k, treatments_);
  }

  Table& patients_;
  Table& diagnoses_;
  Table& visits_;
  Table& laboratory_;
  Table& scores_;
  Table& treatments_;
};

}  // namespace

}  // namespace clinnova::intake::synthetic

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeSwissCsvWriter(const WriterOptions& options) {
  return std::make_unique<synthetic::SwissWriter>(options);
}

}  // namespace clinnova::intake
