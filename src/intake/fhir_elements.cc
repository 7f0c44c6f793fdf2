// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_elements.h"

#include <array>
#include <utility>

#include "intake/fhir_devices.h"
#include "intake/fhir_reference.h"
#include "intake/iso_time.h"

namespace clinnova::intake {

using simdjson::dom::element;

namespace {

constexpr std::size_t kRawLimit = 4096;

/// Elements that a quarantined resource may show: what it says, never about whom.
constexpr std::array<std::string_view, 18> kShown{"resourceType",
                                                  "status",
                                                  "code",
                                                  "type",
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

/// Whether the range is that of what is normal: it may also be that of a treatment's aim, or of a time in a cycle.
bool IsOfNormal(element range) {
  const auto type = Member(range, "type");
  return !type || HasCode({*type}, "normal");
}

/// The limits of what is normal, in the value's unit. Of several ranges, each for an age or a sex, none is taken.
void TakeRange(element parent, SourceValue& value) {
  std::optional<element> normal;
  for (const element range : List(parent, "referenceRange")) {
    if (!IsOfNormal(range)) continue;
    if (normal) return;
    normal = range;
  }
  if (!normal) return;
  for (const auto& [name, limit] : {std::pair("low", &value.low), std::pair("high", &value.high)}) {
    const auto quantity = Member(*normal, name);
    if (!quantity) continue;
    const std::string unit = UnitOf(*quantity);
    if (unit.empty() || unit == value.unit) *limit = Number(*quantity, "value");
  }
}

}  // namespace

std::string Shown(element resource) {
  std::string raw = "{";
  for (const std::string_view name : kShown) {
    const auto member = Member(resource, name);
    if (!member) continue;
    raw += (raw.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + simdjson::minify(*member);
  }
  return (raw + "}").substr(0, kRawLimit);
}

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

std::optional<double> Number(element parent, std::string_view name) {
  double number = 0.0;
  if (parent[name].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::string UnitOf(element quantity) {
  std::string unit = Text(quantity, "code");
  return unit.empty() ? Text(quantity, "unit") : unit;
}

std::string_view TypeAndId(std::string_view reference) {
  if (reference.starts_with("urn:") || reference.starts_with('#')) return reference;
  return TypeAndIdAtTheEnd(reference);
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

SourceCode CodeOf(element coding) {
  return {Text(coding, "system"), Text(coding, "code"), Text(coding, "display"),
          Text(coding, "version")};
}

std::vector<SourceCode> Codes(std::optional<element> concept_) {
  std::vector<SourceCode> codes;
  if (!concept_) return codes;
  for (const element coding : List(*concept_, "coding")) {
    SourceCode code = CodeOf(coding);
    if (!code.code.empty()) codes.push_back(std::move(code));
  }
  const std::string text = Text(*concept_, "text");
  if (codes.empty() && !text.empty()) codes.push_back({"", "", text, ""});
  return codes;
}

bool HasCode(const std::vector<element>& concepts, std::string_view wanted) {
  std::string_view code;
  for (const element concept_ : concepts) {
    for (const element coding : List(concept_, "coding")) {
      if (coding["code"].get(code) == simdjson::SUCCESS && code == wanted) return true;
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

void TakeIdentityWords(element resource, std::vector<std::string>& words) {
  for (const element name : List(resource, "name")) {
    for (const char* part : {"family", "text"}) words.push_back(Text(name, part));
    for (const element given : List(name, "given")) {
      std::string_view text;
      if (given.get(text) == simdjson::SUCCESS) words.emplace_back(text);
    }
  }
  for (const char* list : {"identifier", "telecom"}) {
    for (const element item : List(resource, list)) words.push_back(Text(item, "value"));
  }
}

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
  if (Member(quantity, "modifierExtension")) {
    draft.Refuse("fhir.modifier_extension",
                 "valueQuantity: found an extension that changes its meaning");
  }
  value.number = Number(quantity, "value");
  value.comparator = Text(quantity, "comparator");
  value.unit = UnitOf(quantity);
  if (value.number) {
    value.text = value.comparator + std::string(simdjson::minify(*Member(quantity, "value")));
    if (!value.unit.empty()) value.text += " " + value.unit;
  }
  for (const element extension : List(quantity, "extension")) {
    if (!Text(extension, "url").ends_with("/quantity-translation")) continue;
    const auto other = Member(extension, "valueQuantity");
    const auto number = other ? Number(*other, "value") : std::nullopt;
    if (number) value.translations.push_back({*number, UnitOf(*other)});
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
  } else if (const auto decimal = Member(parent, "valueDecimal")) {
    value.number = Number(parent, "valueDecimal");
    if (!value.number) return false;
    value.text = simdjson::minify(*decimal);
  } else if (const auto coding = Member(parent, "valueCoding")) {
    value.coded = CodeOf(*coding);
    value.text = value.coded->display;
    if (value.coded->code.empty() && value.text.empty()) return false;
  } else if (const auto truth = Member(parent, "valueBoolean")) {
    value.text = simdjson::minify(*truth);
  } else {
    for (const char* text : {"valueString", "valueDateTime", "valueDate"}) {
      if (value.text.empty()) value.text = Text(parent, text);
    }
  }
  if (!value.number && !value.coded && value.text.empty()) {
    if (const auto samples = Member(parent, "valueSampledData")) {
      TakeSampledData(*samples, draft);
      return true;
    }
    for (const char* unread : {"valueRange", "valueRatio", "valuePeriod", "valueTime"}) {
      if (!Member(parent, unread)) continue;
      draft.Refuse("fhir.value_type", std::string("found ") + unread +
                                          ", expected a quantity, a code, a number or a text");
      return true;
    }
    return false;
  }
  if (value.number) TakeRange(parent, value);
  draft.record.value = std::move(value);
  return true;
}

}  // namespace clinnova::intake
