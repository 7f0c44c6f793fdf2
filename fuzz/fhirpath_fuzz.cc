// SPDX-License-Identifier: Apache-2.0
// An expression, with a resource to evaluate it on: any text gives items or one line that says why not.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "intake/fhirpath.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova::intake;
  static const JsonDocument kPatient = ParseJsonTree(R"({
    "resourceType": "Patient", "id": "p", "birthDate": "1974-12-25", "active": true,
    "name": [{"use": "official", "family": "Chalmers", "given": ["Peter", "James"]}],
    "multipleBirthInteger": 2,
    "extension": [{"url": "u", "valueQuantity": {"value": 1.50, "unit": "mg"}}]})")
                                           .value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Powers, regular expressions and repeat() may take long without being wrong.
  for (const char* slow : {"matches", "Matches", "repeat"}) {
    if (text.find(slow) != text.npos) return 0;
  }
  const auto path = FhirPath::Parse(text, "Patient");
  if (!path) {
    if (path.error().message.empty()) std::abort();
    return 0;
  }
  Arena memory;
  const FhirPath::Options options;
  const auto items = path->Evaluate(options, FhirPath::Root(kPatient.root()), memory);
  if (items && ItemsJson(*items).empty()) std::abort();
  if (!items && items.error().message.empty()) std::abort();
  return 0;
}
