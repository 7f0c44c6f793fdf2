// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_fhir.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kProfile = "https://www.medizininformatik-initiative.de/fhir/core/";
constexpr std::string_view kLoinc = "http://loinc.org";
constexpr std::string_view kUcum = "http://unitsofmeasure.org";
constexpr std::string_view kSnomed = "http://snomed.info/sct";
constexpr std::string_view kItems = "urn:clinnova";
constexpr std::string_view kPatientSystem = "https://www.uniklinikum.example/fhir/sid/patienten";
constexpr std::string_view kTranslation =
    "http://hl7.org/fhir/StructureDefinition/quantity-translation";
constexpr std::string_view kConsentSystem = "urn:oid:2.16.840.1.113883.3.1937.777.24.5.3";

std::string DateText(Day day) {
  const std::chrono::year_month_day date{day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

int YearOf(Day day) { return static_cast<int>(std::chrono::year_month_day{day}.year()); }

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

// What an observation is about.
struct Item {
  std::string_view id;  // within the visit
  std::string_view code;
  std::string_view display;
};

class FhirWriter : public SyntheticWriter {
 public:
  explicit FhirWriter(const WriterOptions& options)
      : site_(options.site),
        plan_(options.plan),
        patients_(Open(options.folder, "Patient.ndjson")),
        consents_(Open(options.folder, "Consent.ndjson")),
        encounters_(Open(options.folder, "Encounter.ndjson")),
        conditions_(Open(options.folder, "Condition.ndjson")),
        observations_(Open(options.folder, "Observation.ndjson")),
        statements_(Open(options.folder, "MedicationStatement.ndjson")) {}

  Result<void> Write(const SyntheticPatient& patient) override {
    patient_ = &patient;
    id_ = SyntheticPatientId(site_, patient.number);
    // Three patients in ten go to the laboratory that reports CRP in mg/dL.
    crp_in_mg_per_dl_ = patient.number % 10 < 3;
    WritePatient();
    WriteConsent();
    WriteCondition();
    for (const SyntheticVisit& visit : patient.visits) WriteVisit(visit);
    AddEncounter("LC", patient.last_contact);
    for (std::size_t k = 0; k < patient.treatments.size(); ++k) WriteTreatment(k);
    return {};
  }

  Result<void> Finish() override {
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
  };

  Output& Open(const fs::path& folder, std::string_view name) {
    const fs::path path = folder / name;
    outputs_.push_back(std::make_unique<Output>(
        Output{path, std::ofstream(path, std::ios::binary | std::ios::trunc), 0}));
    files_.push_back(path);
    return *outputs_.back();
  }

  static void Add(Output& output, const Json& resource) {
    output.stream << resource.dump() << '\n';
    ++output.line;
  }

  bool Is(std::uint64_t planned) const { return planned == patient_->number; }
  bool Is(std::uint64_t planned, const SyntheticVisit& visit) const {
    return Is(planned) && DefectVisit(*patient_) == &visit;
  }

  void Plant(std::string_view kind, const Output& output, std::string_view expected) {
    planted_.push_back({std::string(kind), id_, output.path.filename().string(), output.line,
                        std::string(expected)});
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
               {"family", "Muster"},
               {"given", Json::array({"Testperson " + std::to_string(patient_->number)})}}})},
        {"gender", patient_->female ? "female" : "male"},
        {"birthDate", DateText(patient_->birth)}};
    Add(patients_, resource);
    if (!Is(plan_.duplicate_patient)) return;
    Add(patients_, resource);
    Plant("duplicate_patient", patients_, "loaded once");
  }

  void WriteConsent() {
    const bool refused = Is(plan_.refused_consent);
    const bool withdrawn = Is(plan_.withdrawn_consent);
    Json period = {{"start", DateText(patient_->index)}};
    if (withdrawn) period["end"] = DateText(WithdrawalDay(*patient_));
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
         {"dateTime", DateText(patient_->index)},
         {"provision",
          {{"type", "deny"}, {"period", period}, {"provision", Json::array({provision})}}}});
    if (withdrawn) Plant("withdrawn_consent", consents_, "in no cohort");
    if (refused) Plant("refused_consent", consents_, "in no cohort");
  }

  void WriteCondition() {
    const bool seropositive = patient_->rheumatoid_factor || patient_->acpa;
    const std::string date = DateText(patient_->diagnosis);
    Json coding = Coding(
        "http://fhir.de/CodeSystem/bfarm/icd-10-gm", seropositive ? "M05.80" : "M06.00",
        seropositive ? "Sonstige seropositive chronische Polyarthritis: Mehrere Lokalisationen"
                     : "Seronegative chronische Polyarthritis: Mehrere Lokalisationen");
    coding["version"] = std::to_string(std::max(2005, YearOf(patient_->diagnosis)));
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
         {"period", {{"start", DateText(day)}, {"end", DateText(day)}}}});
  }

  // An observation of the present visit but for its value.
  Json Observation(std::string_view system, const Item& item, std::string_view category,
                   Day day) const {
    Json resource = {{"resourceType", "Observation"},
                     {"id", id_ + "-" + visit_ + "-" + std::string(item.id)}};
    if (category == "laboratory")
      resource["meta"] = Meta("modul-labor/StructureDefinition/ObservationLab");
    resource["status"] = "final";
    Json categories = Json::array(
        {Coding("http://terminology.hl7.org/CodeSystem/observation-category", category)});
    if (category == "laboratory") categories.push_back(Coding(kLoinc, "26436-6"));
    resource["category"] = Json::array({{{"coding", categories}}});
    resource["code"] = Concept(Coding(system, item.code, item.display));
    resource["subject"] = Subject();
    if (!visit_.starts_with("stop"))
      resource["encounter"] = {{"reference", "Encounter/" + id_ + "-" + visit_}};
    resource["effectiveDateTime"] = DateText(day);
    return resource;
  }

  void AddValue(std::string_view system, const Item& item, std::string_view category, Day day,
                Json quantity) {
    Json resource = Observation(system, item, category, day);
    resource["valueQuantity"] = std::move(quantity);
    Add(observations_, resource);
  }

  void AddScore(const Item& item, Day day, const std::optional<int>& value, double divisor,
                std::string_view unit) {
    if (value) AddValue(kItems, item, "survey", day, Quantity(*value / divisor, unit, unit));
  }

  void WriteVisit(const SyntheticVisit& visit) {
    visit_ = "M" + std::to_string(visit.month);
    AddEncounter(visit_, visit.date);
    AddScore({"tjc28", "TJC28", "Tender joint count, 28 joints"}, visit.date, visit.tender_joints,
             1, "{count}");
    AddScore({"sjc28", "SJC28", "Swollen joint count, 28 joints"}, visit.date, visit.swollen_joints,
             1, "{count}");
    AddScore({"ptgl", "PATIENT-GLOBAL", "Patient global assessment"}, visit.date,
             visit.patient_global, 1, "mm");
    AddScore({"phgl", "PHYSICIAN-GLOBAL", "Physician global assessment"}, visit.date,
             visit.physician_global, 1, "mm");
    AddScore({"haq", "HAQ-DI", "HAQ disability index"}, visit.date, visit.haq_eighths, 8,
             "{score}");
    WriteCrp(visit);
    WriteLaboratory(visit);
    if (visit.month == 0) WriteBaseline(visit);
  }

  void WriteCrp(const SyntheticVisit& visit) {
    if (!visit.crp_tenths) return;
    const Item item{"crp", "1988-5", "C-reaktives Protein"};
    if (Is(plan_.decimal_mark, visit)) {
      Json resource = Observation(kLoinc, item, "laboratory", visit.date);
      const int tenths = *visit.crp_tenths;
      resource["valueString"] =
          std::to_string(tenths / 10) + "," + std::to_string(tenths % 10) + " mg/l";
      Add(observations_, resource);
      Plant("decimal_mark", observations_, "quarantined: value.not_a_number");
      return;
    }
    const bool comparator = Is(plan_.comparator, visit);
    const bool below = visit.crp_below_limit || comparator;
    const int tenths = below ? 6 : *visit.crp_tenths;
    const bool mg_per_dl = crp_in_mg_per_dl_ || Is(plan_.unit, visit);
    Json quantity = mg_per_dl ? Quantity(tenths / 100.0, "mg/dl", "mg/dL")
                              : Quantity(tenths / 10.0, "mg/l", "mg/L");
    if (below) quantity["comparator"] = "<";
    AddValue(kLoinc, item, "laboratory", visit.date, std::move(quantity));
    if (comparator) Plant("comparator", observations_, "loaded as 0.6 with operator <");
    if (Is(plan_.unit, visit)) Plant("unit", observations_, "converted from mg/dL to mg/L");
  }

  void WriteLaboratory(const SyntheticVisit& visit) {
    if (visit.esr) {
      AddValue(kLoinc, {"esr", "4537-7", "Blutsenkung, 1 h"}, "laboratory", visit.date,
               Quantity(*visit.esr, "mm/h", "mm/h"));
    }
    if (visit.haemoglobin_tenths) {
      AddValue(kLoinc, {"hb", "718-7", "Hämoglobin"}, "laboratory", visit.date,
               Quantity(*visit.haemoglobin_tenths / 10.0, "g/dl", "g/dL"));
    }
    if (!visit.creatinine) return;
    Json quantity = Quantity(*visit.creatinine, "µmol/l", "umol/L");
    const long hundredths = (*visit.creatinine * 10000L + 4421) / 8842;
    quantity["extension"] = Json::array(
        {{{"url", kTranslation},
          {"valueQuantity", Quantity(static_cast<double>(hundredths) / 100.0, "mg/dl", "mg/dL")}}});
    AddValue(kLoinc, {"crea", "14682-9", "Kreatinin"}, "laboratory", visit.date,
             std::move(quantity));
  }

  void AddTitre(const Item& item, const SyntheticVisit& visit, bool positive, int value,
                std::string_view unit, std::string_view code) {
    Json quantity = Quantity(value, unit, code);
    if (!positive) quantity["comparator"] = "<";
    AddValue(kLoinc, item, "laboratory", visit.date, std::move(quantity));
  }

  void WriteBaseline(const SyntheticVisit& visit) {
    const Item factor{"rf", "11572-5", "Rheumafaktor"};
    if (Is(plan_.not_detected)) {
      Json resource = Observation(kLoinc, factor, "laboratory", visit.date);
      resource["valueString"] = "n.n.";
      Add(observations_, resource);
      Plant("not_detected", observations_, "kept as text, never a number");
    } else {
      AddTitre(factor, visit, patient_->rheumatoid_factor, patient_->rheumatoid_factor_value,
               "IU/ml", "[IU]/mL");
    }
    AddTitre({"acpa", "33935-8", "Anti-CCP-Antikörper"}, visit, patient_->acpa,
             patient_->acpa_value, "U/ml", "U/mL");
    Json prior = Observation(
        kItems, {"prior", "PRIOR-BIOLOGICS", "Number of biologic or targeted drugs before"},
        "survey", visit.date);
    prior["valueInteger"] = patient_->prior_biologics;
    Add(observations_, prior);
    WriteSmoking(visit);
    if (!Is(plan_.malformed_line)) return;
    const std::string again = prior.dump();
    observations_.stream << again.substr(0, again.size() * 2 / 5) << '\n';
    ++observations_.line;
    Plant("malformed_line", observations_, "quarantined: not a whole resource");
  }

  void WriteSmoking(const SyntheticVisit& visit) {
    struct Answer {
      std::string_view code;
      std::string_view display;
    };
    constexpr Answer kAnswers[] = {{"266919005", "Never smoked tobacco"},
                                   {"8517006", "Ex-smoker"},
                                   {"449868002", "Smokes tobacco daily"}};
    const Answer& answer = kAnswers[static_cast<std::size_t>(patient_->smoking)];
    Json resource = Observation(kItems, {"smoking", "SMOKING", "Tobacco smoking status"},
                                "social-history", visit.date);
    resource["code"]["coding"].push_back(Coding(kLoinc, "72166-2", "Tobacco smoking status"));
    resource["valueCodeableConcept"] = Concept(Coding(kSnomed, answer.code, answer.display));
    Add(observations_, resource);
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

  // No real PZN: the drug's ATC digits in a number that lost its leading zero, as exports do.
  static std::string Pzn(const SyntheticDrug& drug) {
    std::string code = "9990";
    for (char c : drug.atc) code += c >= '0' && c <= '9' ? std::string(1, c) : "";
    return code.substr(0, 7);
  }

  void WriteTreatment(std::size_t k) {
    const SyntheticTreatment& treatment = patient_->treatments[k];
    const std::string id = id_ + "-medication-" + std::to_string(k + 1);
    Json period = {{"start", DateText(treatment.start)}};
    if (treatment.stop) period["end"] = DateText(*treatment.stop);
    Json resource = {
        {"resourceType", "MedicationStatement"},
        {"id", id},
        {"meta", Meta("modul-medikation/StructureDefinition/MedicationStatement")},
        {"status", treatment.stop ? "stopped" : "active"},
        {"medicationCodeableConcept",
         {{"coding", Json::array({Coding("http://fhir.de/CodeSystem/ifa/pzn", Pzn(treatment.drug)),
                                  Atc(treatment)})},
          {"text", treatment.drug.name}}},
        {"subject", Subject()},
        {"effectivePeriod", period}};
    if (treatment.reason)
      resource["statusReason"] = Json::array({Concept(Reason(*treatment.reason))});
    Add(statements_, resource);
    if (k == 0 && Is(plan_.retired_atc))
      Plant("retired_atc", statements_, "resolved by the map of retired ATC codes");
    if (!treatment.reason) return;
    visit_ = "stop-" + std::to_string(k + 1);
    Json stop = Observation(kItems, {"reason", "STOP-REASON", "Reason for stopping a drug"},
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

  SyntheticSite site_;
  DefectPlan plan_;
  std::vector<std::unique_ptr<Output>> outputs_;
  Output& patients_;
  Output& consents_;
  Output& encounters_;
  Output& conditions_;
  Output& observations_;
  Output& statements_;
  const SyntheticPatient* patient_ = nullptr;  // the present one
  std::string id_;
  std::string visit_;  // of the present visit, such as "M3"
  bool crp_in_mg_per_dl_ = false;
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeFhirWriter(const WriterOptions& options) {
  return std::make_unique<FhirWriter>(options);
}

}  // namespace clinnova::intake
