// SPDX-License-Identifier: Apache-2.0
// A mapping that somebody wrote: every text becomes a mapping or one line that names the file.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "intake/mapping_reader.h"
#include "one_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  intake::Mapping mapping;
  const auto read =
      intake::ReadMapping({reinterpret_cast<const char*>(data), size}, "own.toml", mapping);
  fuzz::MustTellInOneLine(read);
  if (!read && (read.error().code != ErrorCode::kInvalidInput ||
                !read.error().message.starts_with("own.toml"))) {
    std::abort();
  }
  return 0;
}
