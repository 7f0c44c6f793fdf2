// SPDX-License-Identifier: Apache-2.0
// Organization, Location, Practitioner and PractitionerRole of FHIR R4: where care is given and by whom. Internal
// to the FHIR reader.
//
// What is kept is what a study may ask for: kinds of place, town, specialty. A person's name or number is not: it
// becomes an identity word, hidden wherever else it stands.
#pragma once

#include <simdjson.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "intake/fhir_elements.h"
#include "intake/fhir_resources.h"

namespace clinnova::intake {

/// False, and nothing taken, when the place is somebody's home.
bool TakePlace(simdjson::dom::element resource, const FhirContext& context, Draft& draft);

/// Of a Practitioner or PractitionerRole.
void TakeProfessional(simdjson::dom::element resource, const FhirContext& context, Draft& draft);

/// Of an Encounter: who was in charge, and where.
void TakeVisitsPlace(simdjson::dom::element encounter, const FhirContext& context,
                     SourceRecord& visit);

/// The first professional whom one of the elements `names` refers to, itself or as its actor; "" where none does.
std::string ProfessionalOf(simdjson::dom::element resource, const FhirContext& context,
                           std::initializer_list<std::string_view> names);

}  // namespace clinnova::intake
