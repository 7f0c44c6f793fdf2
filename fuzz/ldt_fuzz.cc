// SPDX-License-Identifier: Apache-2.0
// A German laboratory message: every byte sequence ends, as an error, or in records and rejected
// records that the mapping allows.
#include "intake/ldt_reader.h"

#include "checking_sink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  static const auto dialect = fuzz::MustLoadDialect("de-ldt");
  const fuzz::MemoryFile file(data, size);
  for (const intake::Mapping& mapping : dialect) {
    fuzz::CheckingSink sink;
    static_cast<void>(intake::ReadLdt(file.path(), "message", mapping, sink));
  }
  return 0;
}
