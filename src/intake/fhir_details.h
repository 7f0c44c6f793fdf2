// SPDX-License-Identifier: Apache-2.0
// What particular resources of FHIR R4 say that has a form of its own (Consent, and source_details.h). Internal to
// the FHIR reader.
#pragma once

#include <simdjson.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "intake/fhir_elements.h"
#include "intake/fhir_resources.h"

namespace clinnova::intake {

/// The first of `references` that leads to a resource of one of `types` ("Specimen/"), as "Specimen/12"; "" where
/// none does.
std::string FirstReference(const std::vector<simdjson::dom::element>& references,
                           const FhirContext& context,
                           std::initializer_list<std::string_view> types);

/// Of a Specimen: quantity, body site, container, storage, processing, parent; its numbers are identity words.
void TakeSample(simdjson::dom::element specimen, const FhirContext& context, Draft& draft);

/// What an allergy is, in SNOMED CT, by the category of the substance.
SourceCode AllergyCode(const std::vector<simdjson::dom::element>& categories);

/// Of an ImagingStudy: modality, body site where all series have one, counts, and the procedure it is part of.
void TakeImaging(simdjson::dom::element study, const FhirContext& context, Draft& draft);

/// Of a Consent: its purpose, period and whether it permits.
void TakeConsent(simdjson::dom::element resource, Draft& draft);

}  // namespace clinnova::intake
