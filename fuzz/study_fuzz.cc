// SPDX-License-Identifier: Apache-2.0
// A study file, and the canonical JSON of a study that a hub sends: whatever is accepted reads back
// from its canonical form with the same identity.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "federation/study.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using clinnova::federation::Study;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& study : {Study::FromToml(text, "study.toml"), Study::FromCanonicalJson(text)}) {
    if (!study) continue;
    const auto again = Study::FromCanonicalJson(study->canonical_json());
    if (!again || again->hash() != study->hash()) std::abort();
  }
  return 0;
}
