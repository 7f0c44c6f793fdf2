// SPDX-License-Identifier: Apache-2.0
// A ViewDefinition of SQL on FHIR, evaluated on a patient: any bytes give rows with a cell for each column, or one
// line that says why not.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "intake/view_definition.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova::intake;
  static const JsonDocument kPatient = ParseJsonTree(R"({
    "resourceType": "Patient", "id": "p", "birthDate": "1974-12-25", "active": true,
    "name": [{"use": "official", "family": "Chalmers", "given": ["Peter", "James"]}, {"given": ["Jim"]}],
    "contact": [{"name": {"family": "Muster"}, "telecom": [{"value": "1"}, {"value": "2"}]}],
    "managingOrganization": {"reference": "Organization/o"}})")
                                           .value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Regular expressions and repeat() may take long without being wrong.
  for (const char* slow : {"matches", "Matches", "repeat"}) {
    if (text.find(slow) != text.npos) return 0;
  }
  const auto document = ParseJsonTree(text);
  if (!document) return 0;
  const auto view = ViewDefinition::Parse(document->root());
  if (!view) {
    if (view.error().message.empty()) std::abort();
    return 0;
  }
  if (view->resource().empty() || view->columns().empty()) std::abort();
  Arena memory;
  const auto rows = view->Rows(kPatient.root(), memory);
  if (!rows) {
    if (rows.error().message.empty()) std::abort();
    return 0;
  }
  for (const ViewRow& row : *rows) {
    if (row.size() != view->columns().size()) std::abort();
    for (const std::string_view cell : row) {
      if (!ParseJsonTree(cell)) std::abort();
    }
  }
  return 0;
}
