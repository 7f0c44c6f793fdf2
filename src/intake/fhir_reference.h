// SPDX-License-Identifier: Apache-2.0
// What a FHIR reference means, for the reader of resources and for FHIRPath.
#pragma once

#include <string_view>

namespace clinnova::intake {

/// "Patient/1" of "https://server/fhir/Patient/1/_history/2"; the reference itself where it has no such end.
inline std::string_view TypeAndIdAtTheEnd(std::string_view reference) {
  if (const auto history = reference.find("/_history/"); history != reference.npos) {
    reference = reference.substr(0, history);
  }
  const auto id = reference.rfind('/');
  if (id == reference.npos || id == 0) return reference;
  const auto type = reference.rfind('/', id - 1);
  return type == reference.npos ? reference : reference.substr(type + 1);
}

}  // namespace clinnova::intake
