// SPDX-License-Identifier: Apache-2.0
// A formula from a study: any text is a formula or one line that says why not.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "table/formula.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using clinnova::table::Formula;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto formula = Formula::Parse(text);
  if (!formula && formula.error().message.empty()) std::abort();
  return 0;
}
