// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_csv.h"

#include <cstdio>
#include <fstream>

#include "intake/encoding.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;
using Row = std::vector<std::string>;

// One CSV file being written.
class Table {
 public:
  struct Format {
    std::string_view name;
    char delimiter;
    Encoding encoding;
    std::string_view line_end;
    std::string_view start;   // a byte order mark, or nothing
  };

  Table(const fs::path& folder, const Format& format, const Row& header)
      : path_(folder / format.name), format_(format), stream_(path_, std::ios::binary | std::ios::trunc) {
    stream_ << format.start;
    Add(header);
  }

  void Add(const Row& row) { WriteLine(Line(row)); }
  /// The row once more, cut off in the middle.
  void AddTruncated(const Row& row) {
    const std::string line = Line(row);
    WriteLine(line.substr(0, line.size() * 2 / 5));
  }

  std::uint64_t line() const { return line_; }   // of the last row
  std::string name() const { return std::string(format_.name); }
  const fs::path& path() const { return path_; }

  Result<void> Close() {
    stream_.close();
    if (stream_ && error_.empty()) return {};
    return Fail(ErrorCode::kFailed, path_.string() + ": cannot be written" + error_);
  }

 private:
  std::string Line(const Row& row) const {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line.push_back(format_.delimiter);
      const std::string& field = row[i];
      if (field.find(format_.delimiter) == std::string::npos && field.find('"') == std::string::npos) {
        line += field;
        continue;
      }
      line.push_back('"');
      for (char c : field) line.append(c == '"' ? 2 : 1, c);
      line.push_back('"');
    }
    return line;
  }

  void WriteLine(const std::string& line) {
    auto bytes = EncodeFromUtf8(format_.encoding, line);
    if (!bytes) error_ = ": " + bytes.error().message;
    else stream_ << *bytes << format_.line_end;
    ++line_;
  }

  fs::path path_;
  Format format_;
  std::ofstream stream_;
  std::uint64_t line_ = 0;
  std::string error_;
};

// 1234 with 2 decimals and "," is "12,34".
std::string Decimal(long value, int decimals, char mark) {
  std::string digits = std::to_string(value);
  if (decimals == 0) return digits;
  while (static_cast<int>(digits.size()) <= decimals) digits.insert(digits.begin(), '0');
  digits.insert(digits.end() - decimals, mark);
  return digits;
}

// 1234 is "1'234".
std::string Grouped(long value, std::string_view mark) {
  std::string digits = std::to_string(value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), mark);
  return digits;
}

std::string DateText(Day day, char mark) {
  const std::chrono::year_month_day date{day};
  char text[40];
  std::snprintf(text, sizeof text, "%02u%c%02u%c%04d", static_cast<unsigned>(date.day()), mark,
                static_cast<unsigned>(date.month()), mark, static_cast<int>(date.year()));
  return text;
}

std::string Text(const std::optional<int>& value) { return value ? std::to_string(*value) : ""; }

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return upper;
}

// Hundredths of a mg/dL; 88.42 umol/L are one mg/dL.
long CreatinineHundredths(int umol_per_l) { return (umol_per_l * 10000L + 4421) / 8842; }

// The words of one dialect for what the model leaves to them.
struct Words {
  std::string_view consent[3];    // given, refused, withdrawn
  std::string_view smoking[3];    // never, former, current
  std::string_view reason[3];     // lack of effect, adverse event, other
  std::string_view stopped[2];    // goes on, stopped
};

// What the three dialects share: consent, defects and the files.
class CsvWriter : public SyntheticWriter {
 public:
  CsvWriter(const WriterOptions& options, const Words& words)
      : plan_(options.plan), words_(words), site_(options.site), folder_(options.folder) {}

  Result<void> Write(const SyntheticPatient& patient) override {
    id_ = SyntheticPatientId(site_, patient.number);
    WritePerson(patient);
    WriteVisits(patient);
    WriteTreatments(patient);
    return {};
  }

  Result<void> Finish() override {
    for (const auto& table : tables_) {
      CLINNOVA_TRY(table->Close());
    }
    return {};
  }

 protected:
  virtual void WritePerson(const SyntheticPatient& patient) = 0;
  virtual void WriteVisits(const SyntheticPatient& patient) = 0;
  virtual void WriteTreatments(const SyntheticPatient& patient) = 0;

  Table& Make(const Table::Format& format, const Row& header) {
    tables_.push_back(std::make_unique<Table>(folder_, format, header));
    files_.push_back(tables_.back()->path());
    return *tables_.back();
  }

  bool Is(std::uint64_t planned, const SyntheticPatient& patient) const { return planned == patient.number; }

  // Whether the planned defect falls on this visit's CRP.
  bool Is(std::uint64_t planned, const SyntheticPatient& patient, const SyntheticVisit& visit) const {
    return planned == patient.number && DefectVisit(patient) == &visit;
  }

  void Plant(std::string_view kind, const Table& table, std::string_view expected) {
    planted_.push_back({std::string(kind), id_, table.name(), table.line(), std::string(expected)});
  }

  // Adds the row of a person, with what is planned for it. `row` holds the words of the consent.
  void AddPerson(Table& table, const SyntheticPatient& patient, const Row& row) {
    table.Add(row);
    if (Is(plan_.withdrawn_consent, patient)) Plant("withdrawn_consent", table, "in no cohort");
    if (Is(plan_.refused_consent, patient)) Plant("refused_consent", table, "in no cohort");
    if (!Is(plan_.duplicate_patient, patient)) return;
    table.Add(row);
    Plant("duplicate_patient", table, "loaded once");
  }

  std::size_t ConsentOf(const SyntheticPatient& patient) const {
    return Is(plan_.refused_consent, patient) ? 1 : Is(plan_.withdrawn_consent, patient) ? 2 : 0;
  }
  std::string Consent(const SyntheticPatient& patient) const { return std::string(words_.consent[ConsentOf(patient)]); }
  std::string Withdrawal(const SyntheticPatient& patient, char mark) const {
    return ConsentOf(patient) == 2 ? DateText(WithdrawalDay(patient), mark) : "";
  }
  std::string SmokingOf(const SyntheticPatient& patient) const {
    return std::string(words_.smoking[static_cast<std::size_t>(patient.smoking)]);
  }
  std::string ReasonOf(const SyntheticTreatment& treatment) const {
    return treatment.reason ? std::string(words_.reason[static_cast<std::size_t>(*treatment.reason)]) : "";
  }
  std::string StatusOf(const SyntheticTreatment& treatment) const { return std::string(words_.stopped[treatment.stop ? 1 : 0]); }

  bool Retired(const SyntheticPatient& patient, std::size_t treatment) const {
    return treatment == 0 && Is(plan_.retired_atc, patient);
  }
  std::string AtcOf(const SyntheticPatient& patient, std::size_t treatment) const {
    const SyntheticDrug& drug = patient.treatments[treatment].drug;
    return std::string(Retired(patient, treatment) ? drug.retired_atc : drug.atc);
  }
  void NoteTreatment(const SyntheticPatient& patient, std::size_t treatment, const Table& table) {
    if (Retired(patient, treatment)) Plant("retired_atc", table, "resolved by the map of retired ATC codes");
  }

  // The CRP of a visit as this dialect writes it; `limit` is "<0,6" in its spelling.
  std::string Crp(const SyntheticPatient& patient, const SyntheticVisit& visit, char mark, std::string_view limit) const {
    if (!visit.crp_tenths) return "";
    if (visit.crp_below_limit || Is(plan_.comparator, patient, visit)) return std::string(limit);
    if (Is(plan_.decimal_mark, patient, visit)) return Decimal(*visit.crp_tenths, 1, mark == ',' ? '.' : ',');
    if (Is(plan_.unit, patient, visit)) return Decimal(*visit.crp_tenths, 2, mark);
    return Decimal(*visit.crp_tenths, 1, mark);
  }

  void NoteCrp(const SyntheticPatient& patient, const SyntheticVisit& visit, const Table& table) {
    if (Is(plan_.comparator, patient, visit)) Plant("comparator", table, "loaded as 0.6 with operator <");
    if (Is(plan_.decimal_mark, patient, visit)) Plant("decimal_mark", table, "quarantined: number.invalid");
    if (Is(plan_.unit, patient, visit)) Plant("unit", table, "converted from mg/dL to mg/L");
  }

  DefectPlan plan_;
  Words words_;
  SyntheticSite site_;
  std::string id_;   // of the present patient

 private:
  fs::path folder_;
  std::vector<std::unique_ptr<Table>> tables_;
};

// ---- Luxembourg

class LuxembourgWriter : public CsvWriter {
 public:
  explicit LuxembourgWriter(const WriterOptions& options)
      : CsvWriter(options, {{"1", "2", "3"}, {"0", "1", "2"}, {"1", "2", "3"}, {"1", "0"}}),
        demographics_(Make(Utf8("demographics.csv"),
                           {"subject_id", "sex", "birth_date", "consent_research", "consent_date", "consent_end"})),
        diagnoses_(Make(Utf8("diagnoses.csv"),
                        {"subject_id", "diagnosis_no", "icd10cm", "label", "diagnosis_date"})),
        visits_(Make(Utf8("visits.csv"),
                     {"subject_id", "event", "visit_date", "tjc28", "sjc28", "pt_global", "phys_global", "haq_di", "crp",
                      "esr", "hb", "creatinine", "rf", "acpa", "prior_biologics", "smoking"})),
        treatments_(Make({"treatments.csv", ';', Encoding::kWindows1252, "\n", ""},
                         {"subject_id", "treatment_no", "drug", "atc", "start_date", "stop_date", "ongoing",
                          "stop_reason", "comment"})),
        follow_up_(Make(Utf8("follow_up.csv"), {"subject_id", "last_contact_date"})) {}

 private:
  static Table::Format Utf8(std::string_view name) { return {name, ';', Encoding::kUtf8, "\n", "\xEF\xBB\xBF"}; }

  void WritePerson(const SyntheticPatient& patient) override {
    AddPerson(demographics_, patient,
              {id_, patient.female ? "1" : "2", DateText(patient.birth, '/'), Consent(patient),
               DateText(patient.index, '/'), Withdrawal(patient, '/')});
    const bool seropositive = patient.rheumatoid_factor || patient.acpa;
    diagnoses_.Add({id_, "1", seropositive ? "M05.79" : "M06.09",
                    seropositive ? "Polyarthrite rhumatoïde séropositive" : "Polyarthrite rhumatoïde séronégative",
                    DateText(patient.diagnosis, '/')});
    follow_up_.Add({id_, DateText(patient.last_contact, '/')});
  }

  void WriteVisits(const SyntheticPatient& patient) override {
    for (const SyntheticVisit& visit : patient.visits) {
      const bool first = visit.month == 0;
      std::string crp = Crp(patient, visit, ',', "<0,6");
      if (Is(plan_.unit, patient, visit)) crp += " mg/dL";
      const Row row = {id_,
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
      if (first && Is(plan_.not_detected, patient)) Plant("not_detected", visits_, "kept as text, never a number");
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
      treatments_.Add({id_, std::to_string(k + 1), std::string(treatment.drug.name), AtcOf(patient, k),
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

// ---- France

class FrenchWriter : public CsvWriter {
 public:
  explicit FrenchWriter(const WriterOptions& options)
      : CsvWriter(options, {{"O", "N", "R"}, {"N", "A", "F"}, {"I", "E", "A"}, {"O", "N"}}),
        patients_(Make(Latin("PATIENTS.csv"),
                       {"NIP", "SEXE", "DATE_NAISSANCE", "CONSENTEMENT", "DATE_CONSENTEMENT", "DATE_RETRAIT"})),
        stays_(Make(Latin("SEJOURS.csv"), {"NIP", "NUM_SEJOUR", "DATE_ENTREE", "DATE_SORTIE", "MODE"})),
        diagnoses_(Make(Latin("DIAGNOSTICS.csv"), {"NIP", "NUM_DIAG", "CIM10", "LIBELLE", "DATE_DIAG"})),
        laboratory_(Make(Latin("BIOLOGIE.csv"),
                         {"NIP", "NUM_SEJOUR", "NUM_DEMANDE", "DATE_PRELEVEMENT", "CODE", "LIBELLE", "RESULTAT", "UNITE"})),
        assessments_(Make(Latin("EVALUATIONS.csv"),
                          {"NIP", "NUM_SEJOUR", "DATE_EVAL", "NAD28", "NAG28", "EVA_PATIENT", "EVA_MEDECIN", "HAQ",
                           "NB_BIO_ANTERIEURES", "TABAC"})),
        treatments_(Make(Latin("TRAITEMENTS.csv"),
                         {"NIP", "NUM_LIGNE", "UCD", "ATC", "LIBELLE", "DATE_DEBUT", "DATE_FIN", "QTE_UCD", "EN_COURS",
                          "MOTIF_ARRET"})) {}

 private:
  static Table::Format Latin(std::string_view name) { return {name, ';', Encoding::kIso8859_1, "\r\n", ""}; }

  void WritePerson(const SyntheticPatient& patient) override {
    AddPerson(patients_, patient,
              {id_, patient.female ? "2" : "1", DateText(patient.birth, '/'), Consent(patient),
               DateText(patient.index, '/'), Withdrawal(patient, '/')});
    const bool seropositive = patient.rheumatoid_factor || patient.acpa;
    diagnoses_.Add({id_, "1", seropositive ? "M058" : "M060",
                    seropositive ? "Polyarthrite rhumatoïde séropositive" : "Polyarthrite rhumatoïde séronégative",
                    DateText(patient.diagnosis, '/')});
  }

  void WriteVisits(const SyntheticPatient& patient) override {
    for (const SyntheticVisit& visit : patient.visits) {
      const bool first = visit.month == 0;
      const std::string stay = "M" + std::to_string(visit.month);
      const std::string date = DateText(visit.date, '/');
      stays_.Add({id_, stay, date, date, "C"});
      assessments_.Add({id_, stay, date, Text(visit.tender_joints), Text(visit.swollen_joints),
                        Text(visit.patient_global), visit.physician_global ? Text(visit.physician_global) : "Non réalisé",
                        visit.haq_eighths ? Decimal(*visit.haq_eighths * 125, 3, ',') : "",
                        first ? std::to_string(patient.prior_biologics) : "", first ? SmokingOf(patient) : ""});
      WriteLaboratory(patient, visit, stay);
    }
    const std::string date = DateText(patient.last_contact, '/');
    stays_.Add({id_, "LC", date, date, "C"});
  }

  void AddResult(const SyntheticVisit& visit, const std::string& stay, std::string_view code, std::string_view label,
                 std::string result, std::string_view unit) {
    if (result.empty()) return;
    laboratory_.Add({id_, stay, std::to_string(++request_), DateText(visit.date, '/'), std::string(code),
                     std::string(label), std::move(result), std::string(unit)});
  }

  void WriteLaboratory(const SyntheticPatient& patient, const SyntheticVisit& visit, const std::string& stay) {
    request_ = 0;
    AddResult(visit, stay, "CRP", "Protéine C réactive", Crp(patient, visit, ',', "< 0,6"),
              Is(plan_.unit, patient, visit) ? "mg/dL" : "mg/L");
    NoteCrp(patient, visit, laboratory_);
    AddResult(visit, stay, "VS", "Vitesse de sédimentation", Text(visit.esr), "mm 1re h");
    AddResult(visit, stay, "HB", "Hémoglobine", visit.haemoglobin_tenths ? Decimal(*visit.haemoglobin_tenths, 1, ',') : "", "g/dL");
    AddResult(visit, stay, "CREAT", "Créatinine", Text(visit.creatinine), "µmol/L");
    if (visit.month != 0) return;
    const bool not_detected = Is(plan_.not_detected, patient);
    AddResult(visit, stay, "FR", "Facteur rhumatoïde",
              not_detected ? "n.n." : (patient.rheumatoid_factor ? "" : "< ") + std::to_string(patient.rheumatoid_factor_value),
              "UI/mL");
    if (not_detected) Plant("not_detected", laboratory_, "kept as text, never a number");
    AddResult(visit, stay, "ACCP", "Anticorps anti-CCP",
              (patient.acpa ? "" : "< ") + Grouped(patient.acpa_value, " "), "U/mL");
    if (!Is(plan_.malformed_line, patient)) return;
    laboratory_.AddTruncated({id_, stay, "7", DateText(visit.date, '/'), "VS", "Vitesse de sédimentation", "12", "mm 1re h"});
    Plant("malformed_line", laboratory_, "quarantined: csv.field_count");
  }

  void WriteTreatments(const SyntheticPatient& patient) override {
    for (std::size_t k = 0; k < patient.treatments.size(); ++k) {
      const SyntheticTreatment& treatment = patient.treatments[k];
      const long days = (treatment.stop.value_or(patient.last_contact) - treatment.start).count();
      treatments_.Add({id_, std::to_string(k + 1), Ucd(treatment.drug), AtcOf(patient, k), Upper(treatment.drug.name),
                       DateText(treatment.start, '/'), treatment.stop ? DateText(*treatment.stop, '/') : "",
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
  int request_ = 0;   // numbers the results of one visit
};

// ---- Switzerland

class SwissWriter : public CsvWriter {
 public:
  explicit SwissWriter(const WriterOptions& options)
      : CsvWriter(options,
                  {{"akzeptiert", "abgelehnt", "widerrufen"}, {"nie", "ehemals", "aktuell"},
                   {"Wirkungsverlust", "Nebenwirkung", "andere"}, {"laufend", "abgesetzt"}}),
        patients_(Make(Utf8("patienten.csv"),
                       {"Patientennummer", "Geschlecht", "Geburtsdatum", "Generalkonsent", "Konsentdatum", "Widerrufsdatum"})),
        diagnoses_(Make(Utf8("diagnosen.csv"),
                        {"Patientennummer", "Nr", "ICD", "Version", "Diagnose", "Diagnosedatum"})),
        visits_(Make(Utf8("besuche.csv"), {"Patientennummer", "Fallnummer", "Eintritt", "Austritt", "Art"})),
        laboratory_(Make(Utf8("labor.csv"),
                         {"Patientennummer", "Fallnummer", "Auftrag", "Datum", "Analyse", "Bezeichnung", "Resultat", "Einheit"})),
        scores_(Make(Utf8("scores.csv"),
                     {"Patientennummer", "Fallnummer", "Datum", "TJC28", "SJC28", "Globalurteil_Patient", "Globalurteil_Arzt",
                      "HAQ", "Vorherige_Biologika", "Raucherstatus"})),
        treatments_(Make(Utf8("medikamente.csv"),
                         {"Patientennummer", "Nr", "Medikament", "ATC", "Beginn", "Ende", "Status", "Absetzgrund"})) {}

 private:
  static Table::Format Utf8(std::string_view name) { return {name, ',', Encoding::kUtf8, "\n", ""}; }

  void WritePerson(const SyntheticPatient& patient) override {
    AddPerson(patients_, patient,
              {id_, patient.female ? "weiblich" : "männlich", DateText(patient.birth, '.'), Consent(patient),
               DateText(patient.index, '.'), Withdrawal(patient, '.')});
    const bool seropositive = patient.rheumatoid_factor || patient.acpa;
    const std::chrono::year_month_day date{patient.diagnosis};
    diagnoses_.Add({id_, "1", seropositive ? "M05.80" : "M06.00",
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
      scores_.Add({id_, stay, date, Text(visit.tender_joints), Text(visit.swollen_joints), Text(visit.patient_global),
                   visit.physician_global ? Text(visit.physician_global) : "k.A.",
                   visit.haq_eighths ? Decimal(*visit.haq_eighths * 125, 3, '.') : "",
                   first ? std::to_string(patient.prior_biologics) : "", first ? SmokingOf(patient) : ""});
      WriteLaboratory(patient, visit, stay);
    }
    const std::string date = DateText(patient.last_contact, '.');
    visits_.Add({id_, "LC", date, date, "ambulant"});
  }

  void AddResult(const SyntheticVisit& visit, const std::string& stay, std::string_view code, std::string_view label,
                 std::string result, std::string_view unit) {
    if (result.empty()) return;
    laboratory_.Add({id_, stay, std::to_string(++request_), DateText(visit.date, '.'), std::string(code),
                     std::string(label), std::move(result), std::string(unit)});
  }

  void WriteLaboratory(const SyntheticPatient& patient, const SyntheticVisit& visit, const std::string& stay) {
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
              not_detected ? "n.n." : (patient.rheumatoid_factor ? "" : "<") + std::to_string(patient.rheumatoid_factor_value),
              "IE/ml");
    if (not_detected) Plant("not_detected", laboratory_, "kept as text, never a number");
    AddResult(visit, stay, "CCP", "Anti-CCP-Antikörper", (patient.acpa ? "" : "<") + Grouped(patient.acpa_value, "'"), "U/mL");
    if (!Is(plan_.malformed_line, patient)) return;
    laboratory_.AddTruncated({id_, stay, "7", DateText(visit.date, '.'), "BSR", "Blutsenkungsreaktion", "12", "mm/h"});
    Plant("malformed_line", laboratory_, "quarantined: csv.field_count");
  }

  void WriteTreatments(const SyntheticPatient& patient) override {
    for (std::size_t k = 0; k < patient.treatments.size(); ++k) {
      const SyntheticTreatment& treatment = patient.treatments[k];
      const bool tablet = treatment.drug.atc.starts_with("L04AF") || treatment.drug.atc == "L04AX03";
      treatments_.Add({id_, std::to_string(k + 1), std::string(treatment.drug.name) + (tablet ? ", p.o." : ", s.c."),
                       AtcOf(patient, k), DateText(treatment.start, '.'),
                       treatment.stop ? DateText(*treatment.stop, '.') : "", StatusOf(treatment), ReasonOf(treatment)});
      NoteTreatment(patient, k, treatments_);
    }
  }

  Table& patients_;
  Table& diagnoses_;
  Table& visits_;
  Table& laboratory_;
  Table& scores_;
  Table& treatments_;
  int request_ = 0;   // numbers the results of one visit
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeCsvWriter(std::string_view dialect, const WriterOptions& options) {
  if (dialect == "lu-ecrf") return std::make_unique<LuxembourgWriter>(options);
  if (dialect == "fr-csv") return std::make_unique<FrenchWriter>(options);
  return std::make_unique<SwissWriter>(options);
}

}  // namespace clinnova::intake
