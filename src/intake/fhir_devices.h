// SPDX-License-Identifier: Apache-2.0
// Devices of FHIR R4: what one is, who used it, and what it measured over time. Internal to the FHIR reader.
//
// Of a UDI only the device identifier is taken, which names a model; a serial number names somebody's implant, and
// becomes an identity word.
#pragma once

#include <simdjson.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "intake/fhir_elements.h"

namespace clinnova::intake {

struct FhirContext;  // fhir_resources.h

/// What a Device resource says that others refer to.
struct KnownDevice {
  std::vector<SourceCode> codes;  ///< its type, else its name
  std::string identifier;         ///< of its UDI, the part that names the model
  std::vector<std::string> identity_words;
};

/// The devices of an import.
struct KnownDevices {
  std::map<std::string, KnownDevice> by_id;  ///< "Device/12"
  std::set<std::string>
      used;  ///< what DeviceUseStatements refer to, as they do: "Device/12", "urn:uuid:…"
};

KnownDevice DescribeDevice(simdjson::dom::element device);

/// Of a DeviceUseStatement: the device, and when it was used.
void TakeDeviceUse(simdjson::dom::element statement, const FhirContext& context, Draft& draft);

/// Says that a value over a window of time comes from a device: it is kept as such beside the measurement, too.
void TakeDeviceOfValue(simdjson::dom::element observation, const FhirContext& context,
                       Draft& draft);

/// valueSampledData: the value becomes the mean of the samples, and the record a kBiomarker. Samples that are no
/// number ("E", "U", "L") do not count; several values at a time are refused.
void TakeSampledData(simdjson::dom::element data, Draft& draft);

}  // namespace clinnova::intake
