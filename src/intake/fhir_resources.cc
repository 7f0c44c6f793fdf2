// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_resources.h"

#include <array>
#include <optional>
#include <utility>

#include "intake/iso_time.h"

namespace clinnova::intake {
namespace {

using simdjson::dom::element;

constexpr std::size_t kRawLimit = 4096;

/// Elements that a quarantined resource may show: what it says, never about whom.
constexpr std::array<std::string_view, 17> kShown{"resourceType",
                                                  "status",
                                                  "code",
                                                  "valueQuantity",
                                                  "valueCodeableConcept",
                                                  "valueString",
                                                  "valueRange",
                                                  "valueRatio",
                                                  "effectiveDateTime",
                                                  "effectivePeriod",
                                                  "onsetDateTime",
                                                  "performedDateTime",
                                                  "authoredOn",
                                                  "medicationCodeableConcept",
                                                  "modifierExtension",
                                                  "class",
                                                  "period"};

std::optional<element> Member(element parent, std::string_view name) {
  element child;
  if (parent[name].get(child) != simdjson::SUCCESS) return std::nullopt;
  return child;
}

std::string Text(element parent, std::string_view name) {
  std::string_view text;
  if (parent[name].get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

/// The elements of an array member; one that is not an array counts as one element.
std::vector<element> List(element parent, std::string_view name) {
  std::vector<element> list;
  const auto member = Member(parent, name);
  if (!member) return list;
  simdjson::dom::array array;
  if (member->get(array) != simdjson::SUCCESS) return {*member};
  for (const element item : array) list.push_back(item);
  return list;
}

std::string Shown(element resource) {
  std::string raw = "{";
  for (const std::string_view name : kShown) {
    const auto member = Member(resource, name);
    if (!member) continue;
    raw += (raw.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + simdjson::minify(*member);
  }
  return (raw + "}").substr(0, kRawLimit);
}

std::vector<SourceCode> Codes(std::optional<element> concept_) {
  std::vector<SourceCode> codes;
  if (!concept_) return codes;
  for (const element coding : List(*concept_, "coding")) {
    SourceCode code{Text(coding, "system"), Text(coding, "code"), Text(coding, "display"),
                    Text(coding, "version")};
    if (!code.code.empty()) codes.push_back(std::move(code));
  }
  const std::string text = Text(*concept_, "text");
  if (codes.empty() && !text.empty()) codes.push_back({"", "", text, ""});
  return codes;
}

bool HasCode(const std::vector<element>& concepts, std::string_view wanted) {
  for (const element concept_ : concepts) {
    for (const SourceCode& code : Codes(concept_)) {
      if (code.code == wanted) return true;
    }
  }
  return false;
}

std::string FirstCode(std::optional<element> concept_) {
  const auto codes = Codes(concept_);
  return codes.empty()                ? ""
         : codes.front().code.empty() ? codes.front().display
                                      : codes.front().code;
}

/// The record that a resource becomes, and why it cannot become one.
struct Draft {
  SourceRecord record;
  std::string rule;
  std::string message;

  void Refuse(std::string why, std::string what) {
    if (!rule.empty()) return;
    rule = std::move(why);
    message = std::move(what);
  }
};

/// Takes the time `name`; a text that is no time refuses the record.
void TakeTime(element parent, std::string_view name, std::optional<SourceTime>& time,
              Draft& draft) {
  if (time) return;
  const std::string text = Text(parent, name);
  if (text.empty()) return;
  time = ParseIsoTime(text);
  if (!time) {
    draft.Refuse("date.invalid", std::string(name) + ": found '" + text.substr(0, 40) +
                                     "', expected a date such as 2024-02-29");
  }
}

/// effectiveDateTime or effectivePeriod, for every element that comes in these two forms.
void TakeTimes(element resource, const std::string& stem, Draft& draft) {
  TakeTime(resource, stem + "DateTime", draft.record.start, draft);
  if (const auto period = Member(resource, stem + "Period")) {
    TakeTime(*period, "start", draft.record.start, draft);
    TakeTime(*period, "end", draft.record.end, draft);
  }
}

void TakeQuantity(element quantity, SourceValue& value, Draft& draft) {
  double number = 0.0;
  if (Member(quantity, "modifierExtension")) {
    draft.Refuse("fhir.modifier_extension",
                 "valueQuantity: found an extension that changes its meaning");
  }
  if (quantity["value"].get(number) == simdjson::SUCCESS) value.number = number;
  value.comparator = Text(quantity, "comparator");
  value.unit = Text(quantity, "code");
  if (value.unit.empty()) value.unit = Text(quantity, "unit");
  if (value.number) {
    value.text = value.comparator + std::string(simdjson::minify(*Member(quantity, "value")));
    if (!value.unit.empty()) value.text += " " + value.unit;
  }
  for (const element extension : List(quantity, "extension")) {
    if (!Text(extension, "url").ends_with("/quantity-translation")) continue;
    const auto other = Member(extension, "valueQuantity");
    if (!other || (*other)["value"].get(number) != simdjson::SUCCESS) continue;
    const std::string unit = Text(*other, "code");
    value.translations.push_back({number, unit.empty() ? Text(*other, "unit") : unit});
  }
}

/// value[x] of an observation or a component; false when there is none.
bool TakeValue(element parent, Draft& draft) {
  SourceValue value;
  if (const auto quantity = Member(parent, "valueQuantity")) {
    TakeQuantity(*quantity, value, draft);
    if (!value.number) return false;
  } else if (const auto coded = Member(parent, "valueCodeableConcept")) {
    auto codes = Codes(coded);
    if (codes.empty()) return false;
    value.text = Text(*coded, "text");
    value.coded = std::move(codes.front());
  } else if (const auto whole = Member(parent, "valueInteger")) {
    std::int64_t number = 0;
    if (whole->get(number) != simdjson::SUCCESS) return false;
    value.number = static_cast<double>(number);
    value.text = std::to_string(number);
  } else if (const auto truth = Member(parent, "valueBoolean")) {
    value.text = simdjson::minify(*truth);
  } else if (!Text(parent, "valueString").empty()) {
    value.text = Text(parent, "valueString");
  } else if (!Text(parent, "valueDateTime").empty()) {
    value.text = Text(parent, "valueDateTime");
  } else {
    for (const char* unread :
         {"valueRange", "valueRatio", "valueSampledData", "valuePeriod", "valueTime"}) {
      if (!Member(parent, unread)) continue;
      draft.Refuse("fhir.value_type", std::string("found ") + unread +
                                          ", expected a quantity, a code, a number or a text");
      return true;
    }
    return false;
  }
  draft.record.value = std::move(value);
  return true;
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
  Result<void> ReadConsent();
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
  if (const auto reference = Member(resource_, subject)) {
    const std::string resolved = context_.resolve(Text(*reference, "reference"));
    // A group, a device or a location is no patient.
    if (resolved.starts_with("Patient/")) draft.record.patient_id = resolved.substr(8);
    if (resolved.starts_with("urn:")) draft.record.patient_id = resolved;
  }
  if (!encounter.empty()) {
    if (const auto reference = Member(resource_, encounter)) {
      draft.record.visit_id = context_.resolve(Text(*reference, "reference"));
    }
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
  const bool personal = type_ == "Patient" || type_ == "Consent";
  static constexpr std::array<const char*, 9> kNames{"person",      "visit", "condition",
                                                     "measurement", "drug",  "procedure",
                                                     "observation", "death", "consent"};
  return sink_.Reject({draft.record.source, kNames[static_cast<std::size_t>(draft.record.kind)],
                       draft.rule, draft.message, personal ? "" : Shown(resource_)});
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
  if (type_ == "Consent") return ReadConsent();
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
  for (const element name : List(resource_, "name")) {
    for (const char* part : {"family", "text"}) person.identity_words.push_back(Text(name, part));
    for (const element given : List(name, "given")) {
      std::string_view text;
      if (given.get(text) == simdjson::SUCCESS) person.identity_words.emplace_back(text);
    }
  }
  for (const char* list : {"identifier", "telecom"}) {
    for (const element item : List(resource_, list)) {
      person.identity_words.push_back(Text(item, "value"));
    }
  }
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
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadCondition() {
  Draft draft = Begin(RecordKind::kCondition, "subject", "encounter");
  draft.record.status = FirstCode(Member(resource_, "verificationStatus"));
  draft.record.codes = Codes(Member(resource_, "code"));
  TakeTimes(resource_, "onset", draft);
  TakeTime(resource_, "recordedDate", draft.record.start, draft);
  TakeTime(resource_, "abatementDateTime", draft.record.end, draft);
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadProcedure() {
  Draft draft = Begin(RecordKind::kProcedure, "subject", "encounter");
  draft.record.codes = Codes(Member(resource_, "code"));
  TakeTimes(resource_, "performed", draft);
  return Hand(std::move(draft));
}

Result<void> ResourceReader::ReadObservation() {
  Draft draft = Begin(RecordKind::kObservation, "subject", "encounter");
  draft.record.codes = Codes(Member(resource_, "code"));
  TakeTimes(resource_, "effective", draft);
  TakeTime(resource_, "effectiveInstant", draft.record.start, draft);
  if (HasCode(List(resource_, "category"), "laboratory"))
    draft.record.kind = RecordKind::kMeasurement;
  const auto components = List(resource_, "component");
  for (std::size_t i = 0; i < components.size(); ++i) {
    CLINNOVA_TRY(ReadComponent(components[i], i, draft));
  }
  const bool has_value = TakeValue(resource_, draft);
  if (has_value || !draft.rule.empty() || draft.record.status == "entered-in-error") {
    if (draft.record.value && draft.record.value->number)
      draft.record.kind = RecordKind::kMeasurement;
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
  if (draft.record.value && draft.record.value->number)
    draft.record.kind = RecordKind::kMeasurement;
  return Hand(std::move(draft));
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

Result<void> ResourceReader::ReadMedicationUse(const std::string& kind) {
  const bool request = kind == "prescription";
  Draft draft = Begin(RecordKind::kDrug, "subject", request ? "encounter" : "context");
  draft.record.type = kind;
  draft.record.codes = MedicationOfUse();
  if (draft.record.codes.empty() && Member(resource_, "medicationReference")) {
    draft.Refuse("fhir.medication", "found a reference to a medication that is not in this import");
  }
  const std::string intent = Text(resource_, "intent");
  if (request && (intent == "proposal" || intent == "plan")) return Ignore("a " + intent);
  bool not_to_do = false;
  if (resource_["doNotPerform"].get(not_to_do) == simdjson::SUCCESS && not_to_do) {
    return Ignore("a prohibition");
  }
  if (request) {
    TakeTime(resource_, "authoredOn", draft.record.start, draft);
    if (const auto dispense = Member(resource_, "dispenseRequest")) {
      double number = 0.0;
      const auto quantity = Member(*dispense, "quantity");
      if (quantity && (*quantity)["value"].get(number) == simdjson::SUCCESS) {
        draft.record.quantity = number;
      }
      if (const auto period = Member(*dispense, "validityPeriod")) {
        TakeTime(*period, "end", draft.record.end, draft);
      }
    }
  } else {
    TakeTimes(resource_, "effective", draft);
  }
  for (const element dosage : List(resource_, request ? "dosageInstruction" : "dosage")) {
    if (draft.record.route.empty()) draft.record.route = FirstCode(Member(dosage, "route"));
    double number = 0.0;
    const auto dose = Member(dosage, "dose");
    if (dose && (*dose)["value"].get(number) == simdjson::SUCCESS) draft.record.quantity = number;
  }
  return Hand(std::move(draft));
}

/// "MDAT wissenschaftlich nutzen": the policy of the German core consent that covers research.
constexpr std::string_view kGermanResearchPolicy = "2.16.840.1.113883.3.1937.777.24.5.3.8";
constexpr std::string_view kGermanPolicies = "2.16.840.1.113883.3.1937.777.24.5.3.";

Result<void> ResourceReader::ReadConsent() {
  Draft draft = Begin(RecordKind::kConsent, "patient", "");
  SourceRecord& consent = draft.record;
  consent.type = FirstCode(Member(resource_, "scope"));
  if (consent.status == "proposed") consent.status = "draft";
  bool german = false;
  std::optional<element> governing = Member(resource_, "provision");
  bool permitted = !governing || Text(*governing, "type") != "deny";
  if (governing) {
    bool found = false;
    for (const element provision : List(*governing, "provision")) {
      for (const element concept_ : List(provision, "code")) {
        for (const SourceCode& code : Codes(concept_)) {
          german = german || code.code.starts_with(kGermanPolicies);
          if (code.code != kGermanResearchPolicy) continue;
          // A denial beside a permission wins.
          permitted = Text(provision, "type") == "permit" && (!found || permitted);
          found = true;
          if (const auto period = Member(provision, "period")) {
            TakeTime(*period, "start", consent.start, draft);
            TakeTime(*period, "end", consent.end, draft);
          }
        }
      }
    }
    if (german && !found) permitted = false;
    if (const auto period = Member(*governing, "period")) {
      TakeTime(*period, "start", consent.start, draft);
      TakeTime(*period, "end", consent.end, draft);
    }
  }
  if (german) consent.type = "research";
  TakeTime(resource_, "dateTime", consent.start, draft);
  if (consent.status == "active" && !permitted) consent.status = "rejected";
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
