// SPDX-License-Identifier: Apache-2.0
// A French laboratory message: every byte sequence ends, as an error, or in records and rejected
// records that the mapping allows.
#include "intake/hprim_reader.h"

#include "checking_sink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  static const auto dialect = fuzz::MustLoadDialect("fr-hprim");
  const fuzz::MemoryFile file(data, size);
  fuzz::CheckingSink sink;
  static_cast<void>(intake::ReadHprim(file.path(), "message", dialect.front(), sink));
  return 0;
}
