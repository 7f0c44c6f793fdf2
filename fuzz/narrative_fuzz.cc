// SPDX-License-Identifier: Apache-2.0
// The XHTML of a narrative: any bytes keep FHIR's rules or do not; what keeps them holds nothing that a page would run,
// and no longer keeps them with a script in it.
#include "intake/narrative.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using clinnova::intake::KeepsNarrativeRules;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!KeepsNarrativeRules(text)) return 0;
  const std::size_t end = text.rfind("</div");
  const std::size_t comment = text.rfind("-->");
  if (end == text.npos) return 0;  // <div …/> has no content, so there is an end
  // Behind a comment or section, what stands before the last end tag is markup.
  if (comment != text.npos && comment > end) return 0;
  std::string with_script(text);
  with_script.insert(end, "<script>run()</script>");
  if (KeepsNarrativeRules(with_script)) std::abort();
  return 0;
}
