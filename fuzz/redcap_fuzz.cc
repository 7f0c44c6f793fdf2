// SPDX-License-Identifier: Apache-2.0
// A REDCap data dictionary and an export, with a zero byte between them: every byte sequence ends,
// as an error, or in records and rejected records that the mapping allows.
#include "intake/redcap_reader.h"

#include <algorithm>

#include "checking_sink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  static const auto dialect = fuzz::MustLoadDialect("lu-redcap");
  const auto first = static_cast<std::size_t>(std::find(data, data + size, 0) - data);
  const std::size_t second = std::min(first + 1, size);
  const fuzz::MemoryFile dictionary_file(data, first);
  const fuzz::MemoryFile export_file(data + second, size - second);
  const auto dictionary = intake::RedcapDictionary::Load(dictionary_file.path());
  if (!dictionary) return 0;
  fuzz::CheckingSink sink;
  static_cast<void>(
      intake::ReadRedcap(export_file.path(), "export", dialect.front(), *dictionary, sink));
  return 0;
}
