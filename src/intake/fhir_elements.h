// SPDX-License-Identifier: Apache-2.0
// Elements of FHIR R4 resources as the readers take them. Internal to the FHIR reader.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intake/source_record.h"

namespace clinnova::intake {

std::optional<simdjson::dom::element> Member(simdjson::dom::element parent, std::string_view name);
/// "" when there is no text of that name.
std::string Text(simdjson::dom::element parent, std::string_view name);
/// Nothing when there is no number of that name.
std::optional<double> Number(simdjson::dom::element parent, std::string_view name);
/// A quantity's unit: its code, else the word for people.
std::string UnitOf(simdjson::dom::element quantity);
/// Simplifies "Patient/1/_history/2" and "https://server/fhir/Patient/1" to "Patient/1".
std::string_view TypeAndId(std::string_view reference);
/// The elements of an array member; one that is not an array counts as one element.
std::vector<simdjson::dom::element> List(simdjson::dom::element parent, std::string_view name);

SourceCode CodeOf(simdjson::dom::element coding);
/// The codings of a CodeableConcept; its text where it has none.
std::vector<SourceCode> Codes(std::optional<simdjson::dom::element> concept_);
bool HasCode(const std::vector<simdjson::dom::element>& concepts, std::string_view wanted);
/// The first code, or text; "" when there is none.
std::string FirstCode(std::optional<simdjson::dom::element> concept_);

/// Adds the names, numbers and addresses by which somebody is known.
void TakeIdentityWords(simdjson::dom::element person, std::vector<std::string>& words);

/// What a quarantined resource may show: what it says, never about whom.
std::string Shown(simdjson::dom::element resource);

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
void TakeTime(simdjson::dom::element parent, std::string_view name, std::optional<SourceTime>& time,
              Draft& draft);
/// effectiveDateTime or effectivePeriod, for every element that comes in these two forms.
void TakeTimes(simdjson::dom::element resource, const std::string& stem, Draft& draft);
/// The number, comparator and unit of a Quantity; nothing where it has no value.
void TakeQuantity(simdjson::dom::element quantity, SourceValue& value, Draft& draft);
/// value[x] of an observation, a component or an answer; false when there is none.
bool TakeValue(simdjson::dom::element parent, Draft& draft);

}  // namespace clinnova::intake
