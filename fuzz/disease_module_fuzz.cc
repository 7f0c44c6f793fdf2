// SPDX-License-Identifier: Apache-2.0
// A disease's module: every text becomes a module whose features stand on features that are there, or one line that
// names the file.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cohort/disease_module.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  const auto module =
      cohort::DiseaseModule::FromToml({reinterpret_cast<const char*>(data), size}, "own.toml");
  if (!module) {
    const std::string& message = module.error().message;
    if (message.find("own.toml") == message.npos || message.find('\n') != message.npos)
      std::abort();
    return 0;
  }
  for (const cohort::Feature& feature : module->features()) {
    if (module->FindFeature(feature.name) == nullptr) std::abort();
    for (const std::string& needed : feature.Needs()) {
      if (module->FindFeature(needed) == nullptr) std::abort();
    }
  }
  return 0;
}
