// SPDX-License-Identifier: Apache-2.0
// What a site's people write: a catalogue's settings and a policy. Every text is read or told in one line, and a
// policy that was read says of itself what it was made from.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "checking_sink.h"
#include "cohort/catalog_settings.h"
#include "core/toml_json.h"
#include "federation/site_policy.h"
#include "one_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  const fuzz::MemoryFile file(data, size);
  fuzz::MustTellInOneLine(cohort::ReadCatalogSettings(file.path()));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  core::TomlPlace place{.file = "site.toml"};
  const auto document = core::TomlToJson(text, place.file, place.lines);
  fuzz::MustTellInOneLine(document);
  if (!document) return 0;
  const auto policy = federation::ReadPolicy(place, *document);
  fuzz::MustTellInOneLine(policy);
  if (policy) {
    const auto again = federation::ReadPolicy(
        place, nlohmann::json::parse(federation::PolicyJson(*policy).dump()));
    if (again && !(*again == *policy)) std::abort();
  }
  return 0;
}
