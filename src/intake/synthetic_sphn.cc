// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_sphn.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "intake/synthetic_planned_writer.h"

namespace clinnova::intake {
namespace {

using namespace synthetic;

constexpr std::string_view kPrefixes =
    "@prefix sphn: <https://biomedit.ch/rdf/sphn-schema/sphn#> .\n"
    "@prefix sphn-individual: <https://biomedit.ch/rdf/sphn-schema/sphn/individual#> .\n"
    "@prefix resource: <https://biomedit.ch/rdf/sphn-resource/> .\n"
    "@prefix loinc: <https://loinc.org/rdf/> .\n"
    "@prefix snomed: <http://snomed.info/id/> .\n"
    "@prefix ucum: <https://biomedit.ch/rdf/sphn-resource/ucum/> .\n"
    "@prefix icd-10-gm: <https://biomedit.ch/rdf/sphn-resource/icd-10-gm/> .\n"
    "@prefix chop: <https://biomedit.ch/rdf/sphn-resource/chop/> .\n"
    "@prefix atc: <https://biomedit.ch/rdf/sphn-resource/atc/> .\n"
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n\n";

// "mg/L" as SPHN's IRIs write it: mgperL.
std::string UnitIri(std::string_view ucum) {
  struct Word {
    char character;
    std::string_view word;
  };
  constexpr Word kWords[] = {{'/', "per"}, {'*', "exp"}, {'{', "cbl"},
                             {'}', "cbr"}, {'[', "sbl"}, {']', "sbr"}};
  std::string iri;
  for (const char c : ucum) {
    std::string text(1, c);
    for (const Word& word : kWords)
      if (word.character == c) text = word.word;
    iri += text;
  }
  return "ucum:" + iri;
}

std::string Moment(Day day, std::string_view time = "08:00:00+01:00") {
  return "\"" + IsoDate(day) + "T" + std::string(time) + "\"^^xsd:dateTime";
}

std::string_view UnitOf(const SyntheticItem& item) {
  if (item.key == "hb") return "g/L";
  if (item.key == "nfl") return "ng/L";
  return item.key == "calprotectin" ? "mg/kg" : item.ucum;
}

class SphnWriter : public PlannedWriter {
 public:
  explicit SphnWriter(const WriterOptions& options) : PlannedWriter(options) {
    RemoveEarlierFiles();
  }

  Result<void> Write(const SyntheticPatient& patient) override {
    Begin(patient);
    file_ = FileName("");
    text_ = kPrefixes;
    line_ = static_cast<std::uint64_t>(std::ranges::count(text_, '\n'));
    WritePerson();
    WriteConsent();
    AddOfPatient("BilledDiagnosis", "1",
                 "sphn:hasCode icd-10-gm:" + std::string(patient.diagnosis.icd10_gm) +
                     " ; sphn:hasRecordDateTime " + Moment(patient.diagnosis.date));
    for (const SyntheticVisit& visit : patient.visits) WriteVisit(visit);
    WriteCase("LC", patient.last_contact);
    WriteEvents();
    for (std::size_t k = 0; k < patient.treatments.size(); ++k) WriteTreatment(k);
    CLINNOVA_TRY(WriteFile(file_, text_));
    if (!Is(plan_.duplicate_patient)) return {};
    // Delivered again under another name: the same resources.
    CLINNOVA_TRY(WriteFile(FileName("_bis"), text_));
    PlantAt("duplicate_patient", FileName("_bis"), birth_line_, "loaded once");
    return {};
  }

  Result<void> Finish() override {
    if (plan_.truncated_file == 0) return {};
    return WriteTruncated(file_, text_.substr(0, text_.size() / 2));
  }

 private:
  // A larger cohort's patients would stay beside a smaller one's. What cannot be removed is written over, or
  // cannot be written.
  void RemoveEarlierFiles() const {
    std::error_code error;
    std::vector<std::filesystem::path> earlier;
    for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("patient_") && name.ends_with(".ttl")) earlier.push_back(entry.path());
    }
    for (const std::filesystem::path& path : earlier) std::filesystem::remove(path, error);
  }

  // Not the patient's number: an import hides that in names of files.
  std::string FileName(std::string_view more) const {
    char text[32];
    std::snprintf(text, sizeof text, "patient_%06llu",
                  static_cast<unsigned long long>(patient_->number));
    return text + std::string(more) + ".ttl";
  }

  Result<void> WriteFile(const std::string& name, const std::string& text) {
    const std::filesystem::path path = options_.folder / name;
    std::ofstream stream(path, std::ios::binary | std::ios::trunc);
    stream << text;
    stream.close();
    files_.push_back(path);
    if (stream) return {};
    return Fail(ErrorCode::kFailed, path.string() + ": cannot be written");
  }

  std::string Resource(std::string_view type, std::string_view name) const {
    return "resource:USB-" + std::string(type) + "-" + id_ +
           (name.empty() ? "" : "-" + std::string(name));
  }
  void Add(const std::string& statement) {
    text_ += statement + " .\n";
    ++line_;
  }
  void AddOfPatient(std::string_view type, std::string_view name, const std::string& said) {
    Add(Resource(type, name) + " a sphn:" + std::string(type) +
        " ; sphn:hasSubjectPseudoIdentifier " + Resource("SubjectPseudoIdentifier", "") + " ; " +
        said);
  }
  void Plant(std::string_view kind, std::string_view expected) {
    PlantAt(kind, file_, line_, expected);
  }

  void WritePerson() {
    Add(Resource("SubjectPseudoIdentifier", "") +
        " a sphn:SubjectPseudoIdentifier ; sphn:hasIdentifier \"" + id_ +
        "\" ; sphn:hasAdministrativeGender [ a sphn:AdministrativeGender ; sphn:hasCode snomed:" +
        (patient_->female ? "703118005" : "703117000") + " ]");
    const std::string birth = IsoDate(patient_->birth);
    AddOfPatient("BirthDate", "",
                 "sphn:hasYear \"" + birth.substr(0, 4) + "\"^^xsd:gYear ; sphn:hasMonth \"--" +
                     birth.substr(5, 2) + "\"^^xsd:gMonth ; sphn:hasDay \"---" +
                     birth.substr(8, 2) + "\"^^xsd:gDay");
    birth_line_ = line_;
  }

  void AddConsent(std::string_view name, std::string_view status, Day day) {
    AddOfPatient("Consent", name,
                 "sphn:hasStatusCode snomed:" + std::string(status) + " ; sphn:hasDateTime " +
                     Moment(day, "00:00:00"));
  }
  // A withdrawal is a statement of its own: who withdraws has consented before.
  void WriteConsent() {
    const bool refused = Is(plan_.refused_consent);
    AddConsent("1", refused ? "443390004" : "385645004", patient_->index);
    if (refused) Plant("refused_consent", "in no cohort");
    if (!Is(plan_.withdrawn_consent)) return;
    AddConsent("2", "713677003", WithdrawalDay(*patient_));
    Plant("withdrawn_consent", "in no cohort");
  }

  void WriteCase(const std::string& name, Day day) {
    AddOfPatient("AdministrativeCase", name,
                 "sphn:hasCareHandling [ a sphn:CareHandling ; sphn:hasTypeCode snomed:371883000 ] "
                 "; sphn:hasAdmission [ a sphn:Admission ; sphn:hasDateTime " +
                     Moment(day) + " ] ; sphn:hasDischarge [ a sphn:Discharge ; sphn:hasDateTime " +
                     Moment(day, "12:00:00+01:00") + " ]");
  }

  // A code of a terminology with IRIs of its own, or the project's.
  static std::string Code(std::string_view system, std::string_view code,
                          std::string_view name = {}) {
    if (system == "LOINC") return "loinc:" + std::string(code);
    if (system == "SNOMED") return "snomed:" + std::string(code);
    return "[ a sphn:Code ; sphn:hasIdentifier \"" + std::string(code) +
           "\" ; sphn:hasCodingSystemAndVersion \"" + std::string(system) + "-1\"" +
           (name.empty() ? "" : " ; sphn:hasName \"" + std::string(name) + "\"") + " ]";
  }

  static std::string Quantity(const ShownNumber& shown, std::string_view unit) {
    return "[ a sphn:Quantity ; " +
           std::string(shown.below ? "sphn:hasComparator sphn-individual:LessThan ; " : "") +
           "sphn:hasValue \"" + Decimal(shown.value, shown.decimals, '.') +
           "\"^^xsd:double ; sphn:hasUnit [ a sphn:Unit ; sphn:hasCode " + UnitIri(unit) + " ] ]";
  }

  void WriteVisit(const SyntheticVisit& visit) {
    WriteCase(visit.label, VisitDay(visit));
    if (Is(plan_.swapped_date, visit))
      Plant("swapped_date", "loaded as written: found by the checks of quality");
    const std::string in_case =
        "sphn:hasAdministrativeCase " + Resource("AdministrativeCase", visit.label);
    for (const SyntheticResult& result : visit.results) {
      const SyntheticItem& item = *result.item;
      const std::string name = visit.label + "-" + std::string(item.de.code);
      if (item.kind == ItemKind::kLaboratory) {
        WriteTest(visit, result, name, in_case);
      } else {
        WriteAssessment(name, VisitDay(visit), in_case + " ; ",
                        Code(item.system, item.code, item.de.label), ValueOf(visit, result));
      }
    }
  }

  void WriteTest(const SyntheticVisit& visit, const SyntheticResult& result,
                 const std::string& name, const std::string& in_case) {
    const SyntheticItem& item = *result.item;
    const ShownNumber shown = ShownOf(visit, result, item.ch);
    // What is no number, or has another decimal mark, is a string.
    const std::string value =
        shown.not_detected || shown.other_mark
            ? "sphn:hasStringValue \"" + shown.Text('.') + "\""
            : "sphn:hasQuantity " + Quantity(shown, shown.in_mg_per_dl ? "mg/dL" : UnitOf(item));
    AddOfPatient("LabTestEvent", name,
                 in_case + " ; sphn:hasDateTime " + Moment(visit.date) +
                     " ; sphn:hasLabTest [ a sphn:LabTest ; sphn:hasCode " +
                     Code(item.system, item.code, item.ch.label) +
                     " ; sphn:hasResult [ a sphn:LabResult ; " + value + " ] ]");
    PlantItem(visit, item, file_, line_, kNotANumber);
  }

  std::string ValueOf(const SyntheticVisit& visit, const SyntheticResult& result) const {
    const SyntheticItem& item = *result.item;
    if (!item.answers.empty()) {
      const SyntheticAnswer& answer = item.answers[static_cast<std::size_t>(result.value)];
      return "sphn:hasCode " + Code(answer.system, answer.code, answer.display);
    }
    const std::string_view unit = item.ucum.empty() ? "{count}" : item.ucum;
    return "sphn:hasQuantity " + Quantity(ShownOf(visit, result, item.ch), unit);
  }

  void WriteAssessment(const std::string& name, Day day, const std::string& in_case,
                       const std::string& code, const std::string& value) {
    AddOfPatient("AssessmentEvent", name,
                 in_case + "sphn:hasDateTime " + Moment(day) +
                     " ; sphn:hasAssessment [ a sphn:Assessment ; sphn:hasCode " + code +
                     " ; sphn:hasResult [ a sphn:AssessmentResult ; " + value + " ] ]");
  }

  void WriteEvents() {
    constexpr std::string_view kChop[] = {"45.23", "88.91"};
    int number = 0;
    for (const SyntheticProcedure& procedure : patient_->procedures) {
      AddOfPatient(
          "BilledProcedure", std::to_string(++number),
          "sphn:hasCode chop:" + std::string(kChop[static_cast<std::size_t>(procedure.kind)]) +
              " ; sphn:hasStartDateTime " + Moment(procedure.date));
    }
    number = 0;
    for (const SyntheticRelapse& relapse : patient_->relapses) {
      WriteAssessment("relapse-" + std::to_string(++number), relapse.date, "",
                      Code("Clinnova", "RELAPSE", "Schub"),
                      "sphn:hasQuantity " + Quantity({.value = relapse.grade}, "{score}"));
    }
  }

  void WriteTreatment(std::size_t k) {
    const SyntheticTreatment& treatment = patient_->treatments[k];
    const std::string name = std::to_string(k + 1);
    AddOfPatient(
        "DrugPrescription", name,
        "sphn:hasDrug [ a sphn:Drug ; sphn:hasActiveIngredient [ a sphn:Substance ; "
        "sphn:hasCode atc:" +
            std::string(AtcOf(k)) + " ] ] ; sphn:hasFirstAdministrationDateTime " +
            Moment(treatment.start) +
            (treatment.stop ? " ; sphn:hasLastAdministrationDateTime " + Moment(*treatment.stop)
                            : ""));
    if (Retired(k)) Plant("retired_atc", "resolved by the map of retired ATC codes");
    if (!treatment.reason) return;
    WriteAssessment("stop-" + name, *treatment.stop, "",
                    Code("Clinnova", "STOP-REASON", "Absetzgrund"),
                    "sphn:hasCode " + Code("SNOMED", SnomedOf(*treatment.reason)));
  }

  std::string file_, text_;  // of the present patient
  std::uint64_t line_ = 0;   // of its last line
  std::uint64_t birth_line_ = 0;
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeSphnWriter(const WriterOptions& options) {
  return std::make_unique<SphnWriter>(options);
}

}  // namespace clinnova::intake
