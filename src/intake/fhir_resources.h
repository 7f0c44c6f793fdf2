// SPDX-License-Identifier: Apache-2.0
// One FHIR R4 resource to source records: the meaning of each element that we read, and of those that we
// must not overlook (modifierExtension, dataAbsentReason, status). Internal to the FHIR reader.
#pragma once

#include <simdjson.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "intake/fhir_devices.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// Codes of the medications that other resources refer to, by "Medication/<id>".
using MedicationCodes = std::map<std::string, std::vector<SourceCode>>;

/// What is around a resource.
struct FhirContext {
  SourceReference source;
  std::string full_url;  ///< of the bundle's entry; may be empty
  /// Turns a reference ("urn:uuid:…", "Patient/1", "https://x/Patient/1") into "Type/id".
  std::function<std::string(std::string_view)> resolve;
  const MedicationCodes* medications = nullptr;  // not owned, outlives the call
  const KnownDevices* devices = nullptr;         // not owned, outlives the call; null: none
};

/// Hands the records of `resource` to `sink`. The sink's errors are passed on.
Result<void> ReadResource(simdjson::dom::element resource, const FhirContext& context,
                          RecordSink& sink);

/// "Observation/12": the identity of a resource; from its id, else from the entry's fullUrl, else from
/// its first identifier; empty when it has none.
std::string ResourceIdentity(simdjson::dom::element resource, std::string_view full_url);

/// The codes of a Medication: its code, or that of its only ingredient.
std::vector<SourceCode> CodesOfMedication(simdjson::dom::element medication);

}  // namespace clinnova::intake
