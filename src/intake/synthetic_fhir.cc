// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_fhir.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "intake/synthetic_planned_writer.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace synthetic;

constexpr std::string_view kProfile = "https://www.medizininformatik-initiative.de/fhir/core/";
constexpr std::string_view kLoinc = "http://loinc.org";
constexpr std::string_view kUcum = "http://unitsofmeasure.org";
constexpr std::string_view kSnomed = "http://snomed.info/sct";
constexpr std::string_view kItems = "urn:clinnova";
constexpr std::string_view kPatientSystem = "https://www.uniklinikum.example/fhir/sid/patienten";
constexpr std::string_view kTranslation =
    "http://hl7.org/fhir/StructureDefinition/quantity-translation";
constexpr std::string_view kConsentSystem = "urn:oid:2.16.840.1.113883.3.1937.777.24.5.3";

Json Coding(std::string_view system, std::string_view code, std::string_view display = {}) {
  Json coding = {{"system", system}, {"code", code}};
  if (!display.empty()) coding["display"] = display;
  return coding;
}

Json Concept(Json coding) { return {{"coding", Json::array({std::move(coding)})}}; }

Json Quantity(double value, std::string_view unit, std::string_view code) {
  return {{"value", value}, {"unit", unit}, {"system", kUcum}, {"code", code}};
}

Json Meta(std::string_view profile) {
  return {{"profile", Json::array({std::string(kProfile) + std::string(profile)})}};
}

class FhirWriter : public PlannedWriter {
 public:
  explicit FhirWriter(const WriterOptions& options)
      : PlannedWriter(options),
        patients_(Open(options.folder, "Patient.ndjson")),
        consents_(Open(options.folder, "Consent.ndjson")),
        encounters_(Open(options.folder, "Encounter.ndjson")),
        conditions_(Open(options.folder, "Condition.ndjson")),
        observations_(Open(options.folder, "Observation.ndjson")),
        statements_(Open(options.folder, "MedicationStatement.ndjson")) {
    if (disease_.procedures) procedures_ = &Open(options.folder, "Procedure.ndjson");
  }

  Result<void> Write(const SyntheticPatient& patient) override {
    Begin(patient);
    // Three patients in ten go to the laboratory that reports CRP in mg/dL.
    crp_in_mg_per_dl_ = patient.number % 10 < 3;
    WritePatient();
    WriteConsent();
    WriteCondition();
    for (const SyntheticVisit& visit : patient.visits) WriteVisit(visit);
    AddEncounter("LC", patient.last_contact);
    WriteEvents();
    for (std::size_t k = 0; k < patient.treatments.size(); ++k) WriteTreatment(k);
    return {};
  }

  Result<void> Finish() override {
    if (plan_.truncated_file != 0) {
      const std::string& last = observations_.last;
      CLINNOVA_TRY(
          WriteTruncated("Observation.ndjson", last + "\n" + last.substr(0, last.size() / 2)));
    }
    for (const auto& file : outputs_) {
      file->stream.close();
      if (!file->stream)
        return Fail(ErrorCode::kFailed, file->path.string() + ": cannot be written");
    }
    return {};
  }

 private:
  struct Output {
    fs::path path;
    std::ofstream stream;
    std::uint64_t line = 0;
    std::string last = {};  // line
  };

  Output& Open(const fs::path& folder, std::string_view name) {
    const fs::path path = folder / name;
    outputs_.push_back(std::make_unique<Output>(
        Output{path, std::ofstream(path, std::ios::binary | std::ios::trunc)}));
    files_.push_back(path);
    return *outputs_.back();
  }

  static void Add(Output& output, const Json& resource) {
    output.last = resource.dump();
    output.stream << output.last << '\n';
    ++output.line;
  }

  void Plant(std::string_view kind, const Output& output, std::string_view expected) {
    PlantAt(kind, output.path.filename().string(), output.line, expected);
  }

  Json Subject() const { return {{"reference", "Patient/" + id_}}; }

  void WritePatient() {
    const Json resource = {
        {"resourceType", "Patient"},
        {"id", id_},
        {"meta", Meta("modul-person/StructureDefinition/Patient")},
        {"identifier",
         Json::array(
             {{{"type", Concept(Coding("http://terminology.hl7.org/CodeSystem/v2-0203", "MR"))},
               {"system", kPatientSystem},
               {"value", id_}}})},
        {"name",
         Json::array(
             {{{"use", "official"},
               {"family", "Müller"},
               {"given", Json::array({"Testperson " + std::to_string(patient_->number)})}}})},
        {"gender", patient_->female ? "female" : "male"},
        {"birthDate", IsoDate(patient_->birth)}};
    Add(patients_, resource);
    if (!Is(plan_.duplicate_patient)) return;
    Add(patients_, resource);
    Plant("duplicate_patient", patients_, "loaded once");
  }

  void WriteConsent() {
    const bool refused = Is(plan_.refused_consent);
    const bool withdrawn = Is(plan_.withdrawn_consent);
    Json period = {{"start", IsoDate(patient_->index)}};
    if (withdrawn) period["end"] = IsoDate(WithdrawalDay(*patient_));
    const Json provision = {
        {"type", refused ? "deny" : "permit"},
        {"period", period},
        {"code",
         Json::array({Concept(Coding(kConsentSystem, "2.16.840.1.113883.3.1937.777.24.5.3.8",
                                     "MDAT wissenschaftlich nutzen"))})}};
    Add(consents_,
        {{"resourceType", "Consent"},
         {"id", id_ + "-consent"},
         {"meta",
          {{"profile",
            Json::array({"https://www.medizininformatik-initiative.de/fhir/modul-consent/"
                         "StructureDefinition/mii-pr-consent-einwilligung"})}}},
         {"status", refused     ? "rejected"
                    : withdrawn ? "inactive"
                                : "active"},
         {"scope",
          Concept(Coding("http://terminology.hl7.org/CodeSystem/consentscope", "research"))},
         {"category", Json::array({Concept(Coding(kLoinc, "57016-8"))})},
         {"patient", Subject()},
         {"dateTime", IsoDate(patient_->index)},
         {"provision",
          {{"type", "deny"}, {"period", period}, {"provision", Json::array({provision})}}}});
    if (withdrawn) Plant("withdrawn_consent", consents_, "in no cohort");
    if (refused) Plant("refused_consent", consents_, "in no cohort");
  }

  void WriteCondition() {
    const SyntheticDiagnosis& diagnosis = patient_->diagnosis;
    const std::string date = IsoDate(diagnosis.date);
    Json coding =
        Coding("http://fhir.de/CodeSystem/bfarm/icd-10-gm", diagnosis.icd10_gm, diagnosis.german);
    coding["version"] = std::to_string(std::max(2005, YearOf(diagnosis.date)));
    Add(conditions_,
        {{"resourceType", "Condition"},
         {"id", id_ + "-diagnosis-1"},
         {"meta", Meta("modul-diagnose/StructureDefinition/Diagnose")},
         {"clinicalStatus",
          Concept(Coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"))},
         {"code", Concept(std::move(coding))},
         {"subject", Subject()},
         {"onsetDateTime", date},
         {"recordedDate", date}});
  }

  void AddEncounter(const std::string& visit, Day day) {
    Add(encounters_,
        {{"resourceType", "Encounter"},
         {"id", id_ + "-" + visit},
         {"meta", Meta("modul-fall/StructureDefinition/KontaktGesundheitseinrichtung")},
         {"status", "finished"},
         {"class", Coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB", "ambulatory")},
         {"subject", Subject()},
         {"period", {{"start", IsoDate(day)}, {"end", IsoDate(day)}}}});
  }

  // An observation of the present visit but for its value.
  Json Observation(std::string_view id, Json code, std::string_view category, Day day) const {
    Json resource = {{"resourceType", "Observation"},
                     {"id", id_ + "-" + visit_ + "-" + std::string(id)}};
    if (category == "laboratory")
      resource["meta"] = Meta("modul-labor/StructureDefinition/ObservationLab");
    resource["status"] = "final";
    Json categories = Json::array(
        {Coding("http://terminology.hl7.org/CodeSystem/observation-category", category)});
    if (category == "laboratory") categories.push_back(Coding(kLoinc, "26436-6"));
    resource["category"] = Json::array({{{"coding", categories}}});
    resource["code"] = Concept(std::move(code));
    resource["subject"] = Subject();
    if (has_encounter_) resource["encounter"] = {{"reference", "Encounter/" + id_ + "-" + visit_}};
    resource["effectiveDateTime"] = IsoDate(day);
    return resource;
  }

  static std::string_view SystemOf(std::string_view name) {
    return name == "LOINC" ? kLoinc : name == "SNOMED" ? kSnomed : kItems;
  }
  static std::string_view CategoryOf(const SyntheticItem& item) {
    if (item.kind == ItemKind::kLaboratory) return "laboratory";
    return item.key == "smoking" ? "social-history" : "survey";
  }
  Json ItemObservation(const SyntheticItem& item) const {
    return Observation(item.de.code, Coding(SystemOf(item.system), item.code, item.de.label),
                       CategoryOf(item), visit_day_);
  }

  void WriteVisit(const SyntheticVisit& visit) {
    visit_ = visit.label;
    has_encounter_ = true;
    visit_day_ = VisitDay(visit);
    AddEncounter(visit_, visit_day_);
    if (Is(plan_.swapped_date, visit))
      Plant("swapped_date", encounters_, "loaded as written: found by the checks of quality");
    for (const SyntheticResult& result : visit.results) {
      if (options_.laboratory || result.item->kind != ItemKind::kLaboratory)
        WriteResult(visit, result);
    }
    if (!visit.first || !Is(plan_.malformed_line)) return;
    observations_.stream << observations_.last.substr(0, observations_.last.size() * 2 / 5) << '\n';
    ++observations_.line;
    Plant("malformed_line", observations_, "quarantined: not a whole resource");
  }

  void WriteResult(const SyntheticVisit& visit, const SyntheticResult& result) {
    const SyntheticItem& item = *result.item;
    Json resource = ItemObservation(item);
    const ShownNumber shown = ShownOf(visit, result, item.de);
    if (item.kind == ItemKind::kAnswer) {
      AddAnswer(item, result, resource);
    } else if (shown.not_detected) {
      resource["valueString"] = shown.Text('.');
    } else if (shown.other_mark) {
      resource["valueString"] = shown.Text('.') + " mg/l";
    } else {
      resource["valueQuantity"] = QuantityOf(item, shown);
    }
    if (item.key == kDefectItem && Is(plan_.haemolysed, visit)) {
      resource["modifierExtension"] = Json::array(
          {{{"url", "https://www.uniklinikum.example/fhir/StructureDefinition/probenqualitaet"},
            {"valueCodeableConcept",
             Concept(Coding(kSnomed, "118128002", "Specimen hemolyzed"))}}});
    }
    Add(observations_, resource);
    NoteResult(visit, item);
  }

  static void AddAnswer(const SyntheticItem& item, const SyntheticResult& result, Json& resource) {
    if (item.answers.empty()) {
      resource["valueInteger"] = result.value;
      return;
    }
    const SyntheticAnswer& answer = item.answers[static_cast<std::size_t>(result.value)];
    if (item.key == "smoking")
      resource["code"]["coding"].push_back(Coding(kLoinc, "72166-2", "Tobacco smoking status"));
    resource["valueCodeableConcept"] =
        Concept(Coding(SystemOf(answer.system), answer.code, answer.display));
  }

  Json QuantityOf(const SyntheticItem& item, const ShownNumber& shown) const {
    int decimals = shown.decimals;
    std::string_view unit = item.de.unit;
    std::string_view code = item.de_ucum.empty() ? item.ucum : item.de_ucum;
    if (item.key == kDefectItem && (crp_in_mg_per_dl_ || shown.in_mg_per_dl)) {
      if (!shown.in_mg_per_dl) ++decimals;
      unit = "mg/dl", code = "mg/dL";
    }
    Json quantity = Quantity(Scaled(shown.value, decimals), unit, code);
    if (shown.below) quantity["comparator"] = "<";
    if (item.key == "creatinine") {
      const double mg_per_dl = Scaled(CreatinineHundredths(shown.value), 2);
      quantity["extension"] = Json::array(
          {{{"url", kTranslation}, {"valueQuantity", Quantity(mg_per_dl, "mg/dl", "mg/dL")}}});
    }
    return quantity;
  }

  void NoteResult(const SyntheticVisit& visit, const SyntheticItem& item) {
    PlantItem(visit, item, observations_.path.filename().string(), observations_.line, kNotANumber);
    if (item.key == kDefectItem && Is(plan_.haemolysed, visit))
      Plant("haemolysed", observations_, "quarantined: fhir.modifier_extension");
  }

  void WriteEvents() {
    constexpr std::string_view kOps[] = {"1-650.1", "3-800"};
    constexpr std::string_view kNames[] = {"Diagnostische Koloskopie: Total, bis Zäkum",
                                           "Native Magnetresonanztomographie des Schädels"};
    int number = 0;
    for (const SyntheticProcedure& procedure : patient_->procedures) {
      const auto kind = static_cast<std::size_t>(procedure.kind);
      Json coding = Coding("http://fhir.de/CodeSystem/bfarm/ops", kOps[kind], kNames[kind]);
      coding["version"] = std::to_string(YearOf(procedure.date));
      Add(*procedures_, {{"resourceType", "Procedure"},
                         {"id", id_ + "-procedure-" + std::to_string(++number)},
                         {"meta", Meta("modul-prozedur/StructureDefinition/Procedure")},
                         {"status", "completed"},
                         {"code", Concept(std::move(coding))},
                         {"subject", Subject()},
                         {"performedDateTime", IsoDate(procedure.date)}});
    }
    has_encounter_ = false;
    number = 0;
    for (const SyntheticRelapse& relapse : patient_->relapses) {
      visit_ = "relapse";
      Json resource = Observation(std::to_string(++number),
                                  Coding(kItems, "RELAPSE", "Relapse of multiple sclerosis"),
                                  "survey", relapse.date);
      resource["valueInteger"] = relapse.grade;
      Add(observations_, resource);
    }
  }

  // A code of before 2024 for what began before 2024, as the year's ATC edition has it.
  Json Atc(const SyntheticTreatment& treatment) const {
    const SyntheticDrug& drug = treatment.drug;
    const bool retired = !drug.retired_atc.empty() && YearOf(treatment.start) < 2024;
    Json coding = Coding("http://fhir.de/CodeSystem/bfarm/atc",
                         retired ? drug.retired_atc : drug.atc, drug.name);
    coding["version"] = std::to_string(YearOf(treatment.start));
    return coding;
  }

  // No real PZN: the drug's ATC digits after 0999. Where planned it has lost its leading zero.
  std::string Pzn(const SyntheticDrug& drug, bool whole) const {
    std::string code = "0999";
    for (char c : drug.atc) code += c >= '0' && c <= '9' ? std::string(1, c) : "";
    code.resize(8, '0');
    return whole ? code : code.substr(1);
  }

  void WriteTreatment(std::size_t k) {
    const SyntheticTreatment& treatment = patient_->treatments[k];
    const bool whole = k != 0 || !Is(plan_.pzn);
    const std::string id = id_ + "-medication-" + std::to_string(k + 1);
    Json period = {{"start", IsoDate(treatment.start)}};
    if (treatment.stop) period["end"] = IsoDate(*treatment.stop);
    Json resource = {
        {"resourceType", "MedicationStatement"},
        {"id", id},
        {"meta", Meta("modul-medikation/StructureDefinition/MedicationStatement")},
        {"status", treatment.stop ? "stopped" : "active"},
        {"medicationCodeableConcept",
         {{"coding",
           Json::array({Coding("http://fhir.de/CodeSystem/ifa/pzn", Pzn(treatment.drug, whole)),
                        Atc(treatment)})},
          {"text", treatment.drug.name}}},
        {"subject", Subject()},
        {"effectivePeriod", period}};
    if (treatment.reason)
      resource["statusReason"] = Json::array({Concept(Reason(*treatment.reason))});
    Add(statements_, resource);
    if (k == 0 && Is(plan_.retired_atc))
      Plant("retired_atc", statements_, "resolved by the map of retired ATC codes");
    if (!whole) Plant("pzn", statements_, "resolved by its ATC code");
    if (!treatment.reason) return;
    visit_ = "stop-" + std::to_string(k + 1);
    has_encounter_ = false;
    Json stop = Observation("reason", Coding(kItems, "STOP-REASON", "Reason for stopping a drug"),
                            "therapy", *treatment.stop);
    stop["valueCodeableConcept"] = Concept(Reason(*treatment.reason));
    Add(observations_, stop);
  }

  static Json Reason(StopReason reason) {
    switch (reason) {
      case StopReason::kLackOfEffect:
        return Coding(kSnomed, "395008009", "Medication stopped - ineffective");
      case StopReason::kAdverseEvent:
        return Coding(kSnomed, "395007004", "Medication stopped - side effect");
      case StopReason::kOther: break;
    }
    return Coding(kSnomed, "182840001", "Drug treatment stopped - medical advice");
  }

  std::vector<std::unique_ptr<Output>> outputs_;
  Output& patients_;
  Output& consents_;
  Output& encounters_;
  Output& conditions_;
  Output& observations_;
  Output& statements_;
  Output* procedures_ = nullptr;
  std::string visit_;  // of the present visit, such as "M3"
  Day visit_day_;
  bool has_encounter_ = true;  // the present observation belongs to the visit
  bool crp_in_mg_per_dl_ = false;
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeFhirWriter(const WriterOptions& options) {
  return std::make_unique<FhirWriter>(options);
}

}  // namespace clinnova::intake
