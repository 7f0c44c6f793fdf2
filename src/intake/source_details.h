// SPDX-License-Identifier: Apache-2.0
// What some records say beyond codes, dates and a value (source_record.h): of a sample, how it was taken and
// kept; of a place, where it is. Readers fill it in, DetailStage (detail_stage.h) stages it beside the record's row.
//
//   record.details = std::make_shared<const SourceDetails>(SourceSample{.container = "83059008"});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "intake/source_record.h"

namespace clinnova::intake {

/// A sample of a biobank or a laboratory. Its type, date, quantity and status are the record's.
struct SourceSample {
  std::string number = {};  ///< on its label; enters the store as a pseudonym
  std::vector<SourceCode> body_site = {};
  std::optional<SourceTime> received = {};
  std::string container = {};
  std::string storage = {};
  std::optional<double> storage_low_celsius = {}, storage_high_celsius = {};
  std::string processing = {};  ///< steps in the source's order, "; " between them
  std::string parent_id = {};   ///< the source's identity of the sample that this is a part of
};

/// Where care is given: a hospital, a department, a ward. What it is are the record's codes.
struct SourcePlace {
  std::string name = {};  ///< only where it cannot be a person's
  std::string city = {};
  std::string state = {};
  std::string postal_code = {};  ///< as the source has it; enters the store without its last digits
  std::string country = {};
};

/// Who gives care, without a name. The specialty are the record's codes, the place is its care_site_id.
struct SourceProfessional {
  std::string practitioner_id = {};  ///< of a role: the source's identity of who has it
};

/// The use of a device; what kind of device it is are the record's codes.
struct SourceDevice {
  std::string identifier =
      {};  ///< UDI: the device identifier part, which names a model and no one's implant
};

/// An imaging study, without its pictures and their numbers.
struct SourceImaging {
  std::string modality = {};  ///< DICOM's codes, "; " between them
  std::vector<SourceCode> body_site = {};
  std::optional<std::int64_t> series = {}, instances = {};
  std::string procedure_id = {};  ///< the source's identity of the procedure that it is part of
};

/// What a device measured between the record's start and end.
struct SourceSeries {
  std::vector<SourceCode> device = {};
  std::optional<std::int64_t> samples = {};       ///< numbers that the value is the mean of
  std::optional<std::int64_t> milliseconds = {};  ///< from the first sample to the last
};

/// A number under which a system knows somebody.
struct SourceIdentifier {
  std::string system, value;
};

/// A patient's numbers, by which a list of pseudonyms may know him (outside_pseudonyms.h); they never enter the CDM.
struct SourcePatient {
  std::vector<SourceIdentifier> identifiers = {};
};

struct SourceDetails {
  std::variant<SourceSample, SourcePlace, SourceProfessional, SourceDevice, SourceImaging,
               SourceSeries, SourcePatient>
      of;
};

}  // namespace clinnova::intake
