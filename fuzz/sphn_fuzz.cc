// SPDX-License-Identifier: Apache-2.0
// SPHN data in Turtle: every byte sequence ends, as an error, or in records and rejected records
// that the mapping allows.
#include "intake/sphn_reader.h"

#include "checking_sink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  static const auto dialect = fuzz::MustLoadDialect("ch-sphn");
  const fuzz::MemoryFile file(data, size);
  fuzz::CheckingSink sink;
  static_cast<void>(intake::ReadSphn(file.path(), "graph.ttl", dialect.front(), sink));
  return 0;
}
