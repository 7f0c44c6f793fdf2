// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_resources.h"

#include <memory>
#include <optional>
#include <utility>

#include "intake/fhir_details.h"
#include "intake/fhir_devices.h"
#include "intake/fhir_elements.h"
#include "intake/fhir_places.h"
#include "intake/record_resolver.h"
#include "intake/source_details.h"

namespace clinnova::intake {
namespace {

using simdjson::dom::element;

std::optional<double> NumberOf(std::optional<element> quantity) {
  return quantity ? Number(*quantity, "value") : std::nullopt;
}

/// A value that is a code; nothing when there is none.
std::optional<SourceValue> CodedValue(const std::vector<SourceCode>& codes) {
  if (codes.empty()) return std::nullopt;
  SourceValue value;
  value.coded = codes.front();
  value.text = codes.front().display.empty() ? codes.front().code : codes.front().display;
  return value;
}

/// One resource on its way.
class ResourceReader {
 public:
  ResourceReader(element resource, const FhirContext& context, RecordSink& sink)
      : resource_(resource), context_(context), sink_(sink) {}

  Result<void> Read();

 private:
  Draft Begin(RecordKind kind, std::string_view subject, std::string_view encounter) const;
  Result<void> Hand(Draft draft);
  Result<void> Ignore(const std::string& why);

  Result<void> ReadPatient();
  Result<void> ReadEncounter();
  Result<void> ReadCondition();
  Result<void> ReadObservation();
  Result<void> ReadComponent(element component, std::size_t index, const Draft& parent);
  Result<void> ReadProcedure();
  Result<void> ReadMedicationUse(const std::string& kind);
  Result<void> ReadDispense();
  Result<void> ReadImmunization();
  Result<void> ReadAllergy();
  Result<void> ReadFamilyHistory();
  Result<void> ReadReport();
  Result<void> ReadImaging();
  Result<void> ReadQuestionnaire();
  Result<void> ReadItems(element parent, const Draft& draft, int depth);
  Result<void> ReadAnswer(element answer, Draft draft);
  Result<void> ReadConsent();
  Result<void> ReadSpecimen();
  Result<void> ReadDevice();
  Result<void> ReadDeviceUse();
  Result<void> ReadPlace();
  Result<void> ReadProfessional();
  void TakeReferences(Draft& draft) const;
  void TakeKindOfValue(Draft& draft) const;
  void TakeMedication(Draft& draft) const;
  std::vector<SourceCode> MedicationOfUse() const;

  element resource_;
  const FhirContext& context_;
  RecordSink& sink_;
  std::string type_;
};

Draft ResourceReader::Begin(RecordKind kind, std::string_view subject,
                            std::string_view encounter) const {
  Draft draft;
  draft.record.kind = kind;
  draft.record.source = context_.source;
  draft.record.id = ResourceIdentity(resource_, context_.full_url);
  draft.record.status = Text(resource_, "status");
  const auto referred = [&](std::string_view field) {  // a member's name may be empty, too
    return field.empty() ? std::nullopt : Member(resource_, field);
  };
  if (const auto reference = referred(subject)) {
    const std::string resolved = context_.resolve(Text(*reference, "reference"));
    // A group, a device or a location is no patient.
    if (resolved.starts_with("Patient/")) draft.record.patient_id = resolved.substr(8);
    if (resolved.starts_with("urn:")) draft.record.patient_id = resolved;
  }
  if (const auto reference = referred(encounter)) {
    draft.record.visit_id = context_.resolve(Text(*reference, "reference"));
  }
  if (Member(resource_, "modifierExtension")) {
    draft.Refuse("fhir.modifier_extension", "found an extension that changes the record's meaning");
  }
  if (!Text(resource_, "implicitRules").empty()) {
    draft.Refuse("fhir.implicit_rules", "found rules of its own, expected none");
  }
  return draft;
}

Result<void> ResourceReader::Hand(Draft draft) {
  // What never was is no error, whatever else is wrong with it: the loader decides by its status.
  const bool withdrawn = draft.record.status == "entered-in-error";
  if (draft.rule.empty() || withdrawn) return sink_.Accept(std::move(draft.record));
  const bool personal =
      !IsAboutAPatient(draft.record.kind) || type_ == "Patient" || type_ == "Consent";
  return sink_.Reject({draft.record.source, std::string(KindName(draft.record.kind)), draft.rule,
                       draft.message, personal ? "" : Shown(resource_)});
}

Result<void> ResourceReader::Ignore(const std::string& why) {
  sink_.Ignore(context_.source, type_ + ": " + why);
  return {};
}

Result<void> ResourceReader::Read() {
  type_ = Text(resource_, "resourceType");
  if (type_ == "Patient") return ReadPatient();
  if (type_ == "Encounter") return ReadEncounter();
  if (type_ == "Condition") return ReadCondition();
  if (type_ == "Observation") return ReadObservation();
  if (type_ == "Procedure") return ReadProcedure();
  if (type_ == "MedicationRequest") return ReadMedicationUse("prescription");
  if (type_ == "MedicationAdministration") return ReadMedicationUse("administration");
  if (type_ == "MedicationStatement") return ReadMedicationUse("statement");
  if (type_ == "MedicationDispense") return ReadDispense();
  if (type_ == "Immunization") return ReadImmunization();
  if (type_ == "AllergyIntolerance") return ReadAllergy();
  if (type_ == "FamilyMemberHistory") return ReadFamilyHistory();
  if (type_ == "DiagnosticReport") return ReadReport();
  if (type_ == "ImagingStudy") return ReadImaging();
  if (type_ == "QuestionnaireResponse") return ReadQuestionnaire();
  if (type_ == "Consent") return ReadConsent();
  if (type_ == "Specimen") return ReadSpecimen();
  if (type_ == "Device") return ReadDevice();
  if (type_ == "DeviceUseStatement") return ReadDeviceUse();
  if (type_ == "Organization" || type_ == "Location") return ReadPlace();
  if (type_ == "Practitioner" || type_ == "PractitionerRole") return ReadProfessional();
  if (type_ == "Medication") return Ignore("read with the records that refer to it");
  if (!type_.empty()) return Ignore("not loaded");
  return sink_.Reject({context_.source, "", "fhir.resource_type",
                       "found no resourceType, expected one such as 'Patient'", ""});
}

Result<void> ResourceReader::ReadPatient() {
  Draft draft = Begin(RecordKind::kPerson, "", "");
  SourceRecord& person = draft.record;
  person.status.clear();
  if (person.id.starts_with("Patient/")) person.patient_id = person.id.substr(8);
  person.sex = Text(resource_, "gender");
  TakeTime(resource_, "birthDate", person.birth, draft);
  TakeIdentityWords(resource_, person.identity_words);
  SourcePatient patient;
  for (const element identifier : List(resource_, "identifier")) {
    patient.identifiers.push_back({Text(identifier, "system"), Text(identifier, "value")});
  }
  person.details = std::make_shared<const SourceDetails>(SourceDetails{std::move(patient)});
  Draft death = Begin(RecordKind::kDeath, "", "");
  death.record.patient_id = person.patient_id;
  death.record.id += "#death";
  death.record.status.clear();
  CLINNOVA_TRY(Hand(std::move(draft)));
  TakeTime(resource_, "deceasedDateTime", death.record.start, death);
  if (death.record.start || !death.rule.empty()) return Hand(std::move(death));
  bool deceased = false;
  if (resource_["deceasedBoolean"].get(deceased) == simdjson::SUCCESS && deceased) {
    return Ignore("a death without its date");
  }
  return {};
}

Result<void> ResourceReader::ReadEncounter() {
  Draft draft = Begin(RecordKind::kVisit, "subject", "");
  if (const auto act = Member(resource_, "class")) draft.record.type = Text(*act, "code");
  if (const auto period = Member(resource_, "period")) {
    TakeTime(*period, "start", draft.record.start, draft);
    TakeTime(*period, "end", draft.record.end, draft);
  }
  TakeVisitsPlace(resource_, context_, draft.record);
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadCondition() {
  Draft draft = Begin(RecordKind::kCondition, "subject", "encounter");
  draft.record.status = FirstCode(Member(resource_, "verificationStatus"));
  draft.record.codes = Codes(Member(resource_, "code"));
  TakeTimes(resource_, "onset", draft);
  TakeTime(resource_, "recordedDate", draft.record.start, draft);
  TakeTime(resource_, "abatementDateTime", draft.record.end, draft);
  draft.record.provider_id = ProfessionalOf(resource_, context_, {"asserter", "recorder"});
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadProcedure() {
  Draft draft = Begin(RecordKind::kProcedure, "subject", "encounter");
  draft.record.codes = Codes(Member(resource_, "code"));
  TakeTimes(resource_, "performed", draft);
  draft.record.provider_id = ProfessionalOf(resource_, context_, {"performer"});
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadObservation() {
  Draft draft = Begin(RecordKind::kObservation, "subject", "encounter");
  draft.record.kind_follows_value = true;
  draft.record.codes = Codes(Member(resource_, "code"));
  TakeTimes(resource_, "effective", draft);
  TakeTime(resource_, "effectiveInstant", draft.record.start, draft);
  TakeReferences(draft);
  if (HasCode(List(resource_, "category"), "laboratory"))
    draft.record.kind = RecordKind::kMeasurement;
  const auto components = List(resource_, "component");
  for (std::size_t i = 0; i < components.size(); ++i) {
    CLINNOVA_TRY(ReadComponent(components[i], i, draft));
  }
  const bool has_value = TakeValue(resource_, draft);
  if (has_value || !draft.rule.empty() || draft.record.status == "entered-in-error") {
    TakeKindOfValue(draft);
    if (components.empty() || has_value) return Hand(std::move(draft));
    return {};
  }
  if (const auto absent = Member(resource_, "dataAbsentReason")) {
    return Ignore("without a value, " + FirstCode(absent));
  }
  if (!components.empty()) return {};
  if (Member(resource_, "hasMember")) return Ignore("a group of others");
  return Hand(std::move(draft));
}

/// In one pass over the members: observations are many, and few say either.
void ResourceReader::TakeReferences(Draft& draft) const {
  simdjson::dom::object members;
  if (resource_.get(members) != simdjson::SUCCESS) return;
  for (const auto& [name, value] : members) {
    if (name == "specimen") {
      draft.record.specimen_id = FirstReference({value}, context_, {"Specimen/"});
    } else if (name == "performer") {
      draft.record.provider_id = ProfessionalOf(resource_, context_, {"performer"});
    }
  }
}

Result<void> ResourceReader::ReadComponent(element component, std::size_t index,
                                           const Draft& parent) {
  Draft draft = parent;
  const std::string place = "component[" + std::to_string(index) + "]";
  draft.record.source.path += (draft.record.source.path.empty() ? "" : ".") + place;
  draft.record.codes = Codes(Member(component, "code"));
  // By its code where it has one: the order of components may change with a correction.
  if (!draft.record.id.empty()) {
    draft.record.id += "#" + FirstCode(Member(component, "code")) + "#" + std::to_string(index);
  }
  if (Member(component, "modifierExtension")) {
    draft.Refuse("fhir.modifier_extension",
                 "found an extension that changes the component's meaning");
  }
  const bool has_value = TakeValue(component, draft);
  if (!has_value && draft.rule.empty()) {
    const auto absent = Member(component, "dataAbsentReason");
    sink_.Ignore(draft.record.source, "Observation: a component without a value" +
                                          (absent ? ", " + FirstCode(absent) : std::string()));
    return {};
  }
  TakeKindOfValue(draft);
  return Hand(std::move(draft));
}

/// A number makes a measurement of an observation, unless it is that of a series.
void ResourceReader::TakeKindOfValue(Draft& draft) const {
  const bool series = draft.record.kind == RecordKind::kBiomarker;
  if (!series && draft.record.value && draft.record.value->number) {
    draft.record.kind = RecordKind::kMeasurement;
  }
  TakeDeviceOfValue(resource_, context_, draft);
}

std::vector<SourceCode> ResourceReader::MedicationOfUse() const {
  if (const auto coded = Member(resource_, "medicationCodeableConcept")) return Codes(coded);
  const auto reference = Member(resource_, "medicationReference");
  if (!reference) return {};
  const std::string target = Text(*reference, "reference");
  if (target.starts_with('#')) {
    for (const element contained : List(resource_, "contained")) {
      if ("#" + Text(contained, "id") == target) return CodesOfMedication(contained);
    }
    return {};
  }
  const auto found = context_.medications->find(context_.resolve(target));
  if (found != context_.medications->end()) return found->second;
  const std::string display = Text(*reference, "display");
  return display.empty() ? std::vector<SourceCode>{}
                         : std::vector<SourceCode>{{"", "", display, ""}};
}

void ResourceReader::TakeMedication(Draft& draft) const {
  draft.record.codes = MedicationOfUse();
  if (draft.record.codes.empty() && Member(resource_, "medicationReference")) {
    draft.Refuse("fhir.medication", "found a reference to a medication that is not in this import");
  }
}

Result<void> ResourceReader::ReadMedicationUse(const std::string& kind) {
  const bool request = kind == "prescription";
  Draft draft = Begin(RecordKind::kDrug, "subject", request ? "encounter" : "context");
  draft.record.type = kind;
  draft.record.provider_id =
      ProfessionalOf(resource_, context_, {request ? "requester" : "performer"});
  TakeMedication(draft);
  const std::string intent = Text(resource_, "intent");
  if (request && (intent == "proposal" || intent == "plan")) return Ignore("a " + intent);
  bool not_to_do = false;
  if (resource_["doNotPerform"].get(not_to_do) == simdjson::SUCCESS && not_to_do) {
    return Ignore("a prohibition");
  }
  if (request) {
    TakeTime(resource_, "authoredOn", draft.record.start, draft);
    if (const auto dispense = Member(resource_, "dispenseRequest")) {
      draft.record.quantity = NumberOf(Member(*dispense, "quantity"));
      if (const auto period = Member(*dispense, "validityPeriod")) {
        TakeTime(*period, "end", draft.record.end, draft);
      }
    }
  } else {
    TakeTimes(resource_, "effective", draft);
  }
  for (const element dosage : List(resource_, request ? "dosageInstruction" : "dosage")) {
    if (draft.record.route.empty()) draft.record.route = FirstCode(Member(dosage, "route"));
    if (const auto dose = NumberOf(Member(dosage, "dose"))) draft.record.quantity = dose;
  }
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadDispense() {
  Draft draft = Begin(RecordKind::kDrug, "subject", "context");
  draft.record.type = "dispense";
  draft.record.provider_id = ProfessionalOf(resource_, context_, {"performer"});
  TakeMedication(draft);
  TakeTime(resource_, "whenHandedOver", draft.record.start, draft);
  TakeTime(resource_, "whenPrepared", draft.record.start, draft);
  draft.record.quantity = NumberOf(Member(resource_, "quantity"));
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadImmunization() {
  Draft draft = Begin(RecordKind::kDrug, "patient", "encounter");
  draft.record.type = "administration";
  draft.record.provider_id = ProfessionalOf(resource_, context_, {"performer"});
  draft.record.codes = Codes(Member(resource_, "vaccineCode"));
  TakeTime(resource_, "occurrenceDateTime", draft.record.start, draft);
  draft.record.quantity = NumberOf(Member(resource_, "doseQuantity"));
  draft.record.route = FirstCode(Member(resource_, "route"));
  return Hand(std::move(draft));
}

/// A drug that somebody is allergic to was not given to him: what is recorded is the allergy, and the substance
/// is its value.
Result<void> ResourceReader::ReadAllergy() {
  Draft draft = Begin(RecordKind::kObservation, "patient", "encounter");
  draft.record.status = FirstCode(Member(resource_, "verificationStatus"));
  draft.record.codes = {AllergyCode(List(resource_, "category"))};
  TakeTimes(resource_, "onset", draft);
  TakeTime(resource_, "recordedDate", draft.record.start, draft);
  draft.record.value = CodedValue(Codes(Member(resource_, "code")));
  if (!draft.record.value)
    draft.Refuse("value.missing", "code: found none, expected the substance");
  return Hand(std::move(draft));
}

/// One record for each condition of the relative.
Result<void> ResourceReader::ReadFamilyHistory() {
  Draft draft = Begin(RecordKind::kObservation, "patient", "");
  draft.record.codes = {
      {"http://snomed.info/sct", "57177007", "Family history with explicit context", ""}};
  TakeTime(resource_, "date", draft.record.start, draft);
  const auto conditions = List(resource_, "condition");
  if (conditions.empty()) return Ignore("without a condition");
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    Draft one = draft;
    one.record.source.path += (one.record.source.path.empty() ? "" : ".") +
                              std::string("condition[") + std::to_string(i) + "]";
    if (!one.record.id.empty()) one.record.id += "#condition#" + std::to_string(i);
    one.record.value = CodedValue(Codes(Member(conditions[i], "code")));
    if (!one.record.value) one.Refuse("value.missing", "code: found none, expected a condition");
    if (one.record.value) {
      const std::string relative = FirstCode(Member(resource_, "relationship"));
      if (!relative.empty()) one.record.value->text = relative + ": " + one.record.value->text;
    }
    CLINNOVA_TRY(Hand(std::move(one)));
  }
  return {};
}

/// The results that a report refers to are resources of their own; its conclusion is not.
Result<void> ResourceReader::ReadReport() {
  Draft draft = Begin(RecordKind::kObservation, "subject", "encounter");
  draft.record.codes = Codes(Member(resource_, "code"));
  TakeTimes(resource_, "effective", draft);
  TakeTime(resource_, "issued", draft.record.start, draft);
  const auto specimens = List(resource_, "specimen");
  if (specimens.size() == 1) {
    draft.record.specimen_id = FirstReference(specimens, context_, {"Specimen/"});
  }
  draft.record.provider_id = ProfessionalOf(resource_, context_, {"performer"});
  const auto conclusions = List(resource_, "conclusionCode");
  for (std::size_t i = 0; i < conclusions.size(); ++i) {
    Draft one = draft;
    if (!one.record.id.empty()) one.record.id += "#conclusion#" + std::to_string(i);
    one.record.value = CodedValue(Codes(conclusions[i]));
    if (one.record.value) CLINNOVA_TRY(Hand(std::move(one)));
  }
  if (!conclusions.empty()) return {};
  if (Text(resource_, "conclusion").empty()) return Ignore("its results are records of their own");
  draft.record.value = SourceValue{};
  draft.record.value->text = Text(resource_, "conclusion");
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadImaging() {
  Draft draft = Begin(RecordKind::kProcedure, "subject", "encounter");
  for (const element code : List(resource_, "procedureCode")) {
    for (SourceCode& one : Codes(code)) draft.record.codes.push_back(std::move(one));
  }
  for (const element modality : List(resource_, "modality")) {
    draft.record.codes.push_back(CodeOf(modality));
  }
  for (const element series : List(resource_, "series")) {
    const auto modality = Member(series, "modality");
    if (draft.record.codes.empty() && modality) draft.record.codes.push_back(CodeOf(*modality));
  }
  TakeTime(resource_, "started", draft.record.start, draft);
  TakeImaging(resource_, context_, draft);
  return Hand(std::move(draft));
}

/// An answer's code is the question's linkId in the questionnaire: a local code, for the site to map.
Result<void> ResourceReader::ReadQuestionnaire() {
  Draft draft = Begin(RecordKind::kObservation, "subject", "encounter");
  draft.record.kind_follows_value = true;
  const std::string status = draft.record.status;
  if (status == "in-progress" || status == "stopped") return Ignore("not finished");
  TakeTime(resource_, "authored", draft.record.start, draft);
  std::string questionnaire = Text(resource_, "questionnaire");
  questionnaire = questionnaire.substr(0, questionnaire.find('|'));  // without its version
  draft.record.codes = {{questionnaire, "", "", ""}};
  return ReadItems(resource_, draft, 0);
}

Result<void> ResourceReader::ReadItems(element parent, const Draft& draft, int depth) {
  constexpr int kDeepest = 32;
  if (depth > kDeepest) return Ignore("items nested too deep");
  for (const element item : List(parent, "item")) {
    Draft question = draft;
    const std::string link = Text(item, "linkId");
    question.record.codes.front().code = link;
    question.record.codes.front().display = Text(item, "text");
    question.record.source.path +=
        (question.record.source.path.empty() ? "" : ".") + ("item " + link);
    const auto answers = List(item, "answer");
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Draft one = question;
      if (!one.record.id.empty()) one.record.id += "#" + link + "#" + std::to_string(i);
      CLINNOVA_TRY(ReadAnswer(answers[i], std::move(one)));
      CLINNOVA_TRY(ReadItems(answers[i], draft, depth + 1));
    }
    CLINNOVA_TRY(ReadItems(item, draft, depth + 1));
  }
  return {};
}

Result<void> ResourceReader::ReadAnswer(element answer, Draft draft) {
  const bool has_value = TakeValue(answer, draft);
  if (!has_value && draft.rule.empty()) {
    sink_.Ignore(draft.record.source, "QuestionnaireResponse: an answer without a value");
    return {};
  }
  if (draft.record.value && draft.record.value->number)
    draft.record.kind = RecordKind::kMeasurement;
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadConsent() {
  Draft draft = Begin(RecordKind::kConsent, "patient", "");
  TakeConsent(resource_, draft);
  return Hand(std::move(draft));
}

/// A device by itself is read with what refers to it. Of one that is somebody's, FHIR does not say since when.
Result<void> ResourceReader::ReadDevice() {
  Draft draft = Begin(RecordKind::kDevice, "patient", "");
  const KnownDevices* known = context_.devices;
  const bool used = known != nullptr && (known->used.contains(draft.record.id) ||
                                         known->used.contains(context_.full_url));
  if (draft.record.patient_id.empty() || used)
    return Ignore("read with the records that refer to it");
  KnownDevice device = DescribeDevice(resource_);
  draft.record.codes = std::move(device.codes);
  draft.record.identity_words = std::move(device.identity_words);
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadDeviceUse() {
  Draft draft = Begin(RecordKind::kDevice, "subject", "");
  if (draft.record.status == "intended" || draft.record.status == "on-hold")
    return Ignore("a plan");
  TakeDeviceUse(resource_, context_, draft);
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadPlace() {
  Draft draft = Begin(RecordKind::kCareSite, "", "");
  if (!TakePlace(resource_, context_, draft)) return Ignore("somebody's home");
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadProfessional() {
  Draft draft = Begin(RecordKind::kProvider, "", "");
  TakeProfessional(resource_, context_, draft);
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadSpecimen() {
  Draft draft = Begin(RecordKind::kSpecimen, "subject", "");
  SourceRecord& specimen = draft.record;
  const auto subject = Member(resource_, "subject");
  if (specimen.patient_id.empty() && subject && !Text(*subject, "reference").empty()) {
    return Ignore("not of a patient");
  }
  specimen.codes = Codes(Member(resource_, "type"));
  if (const auto collection = Member(resource_, "collection")) {
    TakeTimes(*collection, "collected", draft);
  }
  TakeSample(resource_, context_, draft);
  return Hand(std::move(draft));
}

}  // namespace

std::string ResourceIdentity(element resource, std::string_view full_url) {
  const std::string type = Text(resource, "resourceType");
  const std::string id = Text(resource, "id");
  if (!id.empty()) return type + "/" + id;
  for (const element identifier : List(resource, "identifier")) {
    const std::string value = Text(identifier, "value");
    if (!value.empty()) return type + "/" + Text(identifier, "system") + "|" + value;
  }
  return full_url.empty() ? "" : type + "/" + std::string(full_url);
}

std::vector<SourceCode> CodesOfMedication(element medication) {
  auto codes = Codes(Member(medication, "code"));
  const auto ingredients = List(medication, "ingredient");
  if (ingredients.size() != 1) return codes;
  for (SourceCode& code : Codes(Member(ingredients.front(), "itemCodeableConcept"))) {
    codes.push_back(std::move(code));
  }
  return codes;
}

Result<void> ReadResource(element resource, const FhirContext& context, RecordSink& sink) {
  return ResourceReader(resource, context, sink).Read();
}

}  // namespace clinnova::intake
