// SPDX-License-Identifier: Apache-2.0
// A unit: any text is a unit that converts to itself, or one line that says why not.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vocabulary/ucum.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova::vocabulary;
  static const Ucum kUcum;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto unit = kUcum.Parse(text);
  if (!unit) {
    if (unit.error().message.empty()) std::abort();
    return 0;
  }
  const auto same = Convert(UcumNumber(1), *unit, *unit);
  if (same && abs(*same - 1) > UcumNumber("1e-20")) std::abort();
  return 0;
}
