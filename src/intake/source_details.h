// SPDX-License-Identifier: Apache-2.0
// What some records say beyond codes, dates and a value (source_record.h): of a sample, how it was taken and
// kept; of a place, where it is. Readers fill it in, DetailStage (detail_stage.h) stages it beside the record's row.
//
//   record.details = std::make_shared<const SourceDetails>(SourceSample{.container = "83059008"});
#pragma once

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

struct SourceDetails {
  std::variant<SourceSample, SourcePlace, SourceProfessional> of;
};

}  // namespace clinnova::intake
