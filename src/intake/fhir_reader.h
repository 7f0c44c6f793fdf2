// SPDX-License-Identifier: Apache-2.0
// Reads FHIR R4: bundles (transaction, batch, collection, searchset), single resources, and NDJSON (bulk
// export). Patient, Encounter, Condition, Observation with its components, MedicationRequest,
// -Administration and -Statement with the Medication they refer to, Procedure, Consent, Specimen, ImagingStudy,
// DeviceUseStatement with its Device, Organization, Location, Practitioner and others become source records;
// the rest is counted as ignored. Profiles of Germany, Switzerland, France and the
// International Patient Summary need no code of their own.
//
//   FhirReader reader(sink);
//   for (path : files) CLINNOVA_TRY(reader.CollectReferred(path));   // medications, devices: in any file
//   for (path : files) CLINNOVA_TRY(reader.Read(path, name));
//
// What the sink's Reject gets, by rule: fhir.json (a line of an NDJSON file that is no JSON),
// fhir.resource_type, fhir.modifier_extension, fhir.implicit_rules, fhir.value_type, fhir.medication and
// fhir.device (a reference that leads nowhere), date.invalid.
//
// Memory: one bundle or single resource as a whole, one line of NDJSON; and the medications' and devices' codes.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "intake/source_record.h"

namespace clinnova::intake {

/// One import's FHIR files. One thread at a time.
class FhirReader {
 public:
  /// `sink` is not owned and outlives the reader.
  explicit FhirReader(RecordSink& sink);
  ~FhirReader();

  /// Remembers what others refer to of a file: its Medication and Device resources. A file that is no JSON is left to Read() to report.
  Result<void> CollectReferred(const std::filesystem::path& path);

  /// Reads a file; `name` is what records and messages call it. kInvalidInput when it ends too early or
  /// is no JSON, naming the byte and the bundle's entry, or when it is no FHIR resource; kFailed when it
  /// cannot be read. The sink's errors are passed on.
  Result<void> Read(const std::filesystem::path& path, const std::string& name);

  /// Reads one document from memory, with the Medication and Device resources in it: what a clinical system sends
  /// about one patient. Errors as Read(), but what is no JSON is never kFailed.
  Result<void> ReadText(std::string_view text, const std::string& name);

  /// True when `head`, a file's first bytes, begins a JSON object.
  static bool LooksLikeJson(std::string_view head);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace clinnova::intake
