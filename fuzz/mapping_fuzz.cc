// SPDX-License-Identifier: Apache-2.0
// A mapping that somebody wrote: every text becomes a mapping or one line that names the file.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "intake/mapping_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  intake::Mapping mapping;
  const auto read =
      intake::ReadMapping({reinterpret_cast<const char*>(data), size}, "own.toml", mapping);
  if (read) return 0;
  const std::string& message = read.error().message;
  if (read.error().code != ErrorCode::kInvalidInput || !message.starts_with("own.toml"))
    std::abort();
  if (message.find('\n') != message.npos) std::abort();
  return 0;
}
