// SPDX-License-Identifier: Apache-2.0
// A disease's module: every text becomes a module whose features stand on features that are there, or one line that
// names the file.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cohort/disease_module.h"
#include "one_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  const auto module =
      cohort::DiseaseModule::FromToml({reinterpret_cast<const char*>(data), size}, "own.toml");
  fuzz::MustTellInOneLine(module, "own.toml");
  if (!module) return 0;
  for (const cohort::Feature& feature : module->features()) {
    if (module->FindFeature(feature.name) == nullptr) std::abort();
    for (const std::string& needed : feature.Needs()) {
      if (module->FindFeature(needed) == nullptr) std::abort();
    }
  }
  return 0;
}
