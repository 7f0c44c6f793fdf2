// SPDX-License-Identifier: Apache-2.0
// An openEHR composition in the flat format: every byte sequence ends, as an error, or in records
// and rejected records that the mapping allows.
#include "intake/openehr_reader.h"

#include "checking_sink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  static const auto dialect = fuzz::MustLoadDialect("de-openehr");
  const fuzz::MemoryFile file(data, size);
  fuzz::CheckingSink sink;
  static_cast<void>(intake::ReadOpenEhr(file.path(), "composition", dialect.front(), sink));
  return 0;
}
