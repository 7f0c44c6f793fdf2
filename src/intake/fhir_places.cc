// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_places.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "intake/fhir_details.h"
#include "intake/source_details.h"

namespace clinnova::intake {
namespace {

using simdjson::dom::element;

/// A practice often bears its physician's name, a hospital's department and ward hardly ever: only theirs is kept.
constexpr std::string_view kDepartment = "dept";
constexpr std::array<std::string_view, 6> kInside{"wi", "wa", "lvl", "co", "ro", "bd"};

std::string ProfessionalAt(const std::vector<element>& references, const FhirContext& context) {
  return FirstReference(references, context, {"Practitioner/", "PractitionerRole/"});
}

bool IsOneOf(const std::vector<SourceCode>& codes, std::initializer_list<std::string_view> wanted) {
  return std::ranges::any_of(codes, [&](const SourceCode& code) {
    return std::ranges::find(wanted, code.code) != wanted.end();
  });
}

void TakeAddress(element resource, SourcePlace& place) {
  for (const element address : List(resource, "address")) {
    if (Text(address, "use") == "home") continue;
    place.city = Text(address, "city");
    place.state = Text(address, "state");
    place.postal_code = Text(address, "postalCode");
    place.country = Text(address, "country");
    return;
  }
}

}  // namespace

bool TakePlace(element resource, const FhirContext&, Draft& draft) {
  SourcePlace place;
  for (const element type : List(resource, "type")) {
    for (SourceCode& code : Codes(type)) draft.record.codes.push_back(std::move(code));
  }
  for (const element contact : List(resource, "contact")) {
    TakeIdentityWords(contact, draft.record.identity_words);
  }
  const std::vector<SourceCode> physical = Codes(Member(resource, "physicalType"));
  if (IsOneOf(draft.record.codes, {"PTRES"}) || IsOneOf(physical, {"ho"})) return false;
  const bool inside = std::ranges::any_of(physical, [](const SourceCode& code) {
    return std::ranges::find(kInside, code.code) != kInside.end();
  });
  if (inside || IsOneOf(draft.record.codes, {kDepartment})) place.name = Text(resource, "name");
  if (draft.record.codes.empty()) draft.record.codes = physical;
  TakeAddress(resource, place);
  draft.record.details = std::make_shared<const SourceDetails>(SourceDetails{std::move(place)});
  return true;
}

void TakeProfessional(element resource, const FhirContext& context, Draft& draft) {
  SourceProfessional professional;
  TakeIdentityWords(resource, draft.record.identity_words);
  professional.practitioner_id =
      FirstReference(List(resource, "practitioner"), context, {"Practitioner/"});
  for (const char* list : {"specialty", "code"}) {
    for (const element concept_ : List(resource, list)) {
      for (SourceCode& code : Codes(concept_)) draft.record.codes.push_back(std::move(code));
    }
    if (!draft.record.codes.empty()) break;
  }
  draft.record.care_site_id =
      FirstReference(List(resource, "organization"), context, {"Organization/"});
  if (draft.record.care_site_id.empty()) {
    draft.record.care_site_id = FirstReference(List(resource, "location"), context, {"Location/"});
  }
  draft.record.details =
      std::make_shared<const SourceDetails>(SourceDetails{std::move(professional)});
}

void TakeVisitsPlace(element encounter, const FhirContext& context, SourceRecord& visit) {
  for (const element participant : List(encounter, "participant")) {
    const std::string who = ProfessionalAt(List(participant, "individual"), context);
    if (who.empty()) continue;
    const bool in_charge =
        HasCode(List(participant, "type"), "ATND") || HasCode(List(participant, "type"), "PPRF");
    if (visit.provider_id.empty() || in_charge) visit.provider_id = who;
    if (in_charge) break;
  }
  visit.care_site_id =
      FirstReference(List(encounter, "serviceProvider"), context, {"Organization/"});
  for (const element stay : List(encounter, "location")) {
    if (!visit.care_site_id.empty()) break;
    visit.care_site_id = FirstReference(List(stay, "location"), context, {"Location/"});
  }
}

std::string ProfessionalOf(element resource, const FhirContext& context,
                           std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    for (const element who : List(resource, name)) {
      const auto actor = Member(who, "actor");
      std::string found = ProfessionalAt({actor.value_or(who)}, context);
      if (!found.empty()) return found;
    }
  }
  return {};
}

}  // namespace clinnova::intake
