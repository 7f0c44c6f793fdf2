// SPDX-License-Identifier: Apache-2.0
// An export as CSV, of the kind that the first byte names: every byte sequence ends, as an error, or in records and
// rejected records that the mapping allows.
#include "intake/csv_reader.h"

#include "checking_sink.h"

namespace {

std::vector<clinnova::intake::Mapping> CsvMappings() {
  std::vector<clinnova::intake::Mapping> mappings;
  for (const char* dialect : {"fr-csv", "ch-csv", "consents"}) {
    for (auto& mapping : clinnova::fuzz::MustLoadDialect(dialect))
      mappings.push_back(std::move(mapping));
  }
  return mappings;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  static const std::vector<intake::Mapping> mappings = CsvMappings();
  if (size == 0) return 0;
  const fuzz::MemoryFile file(data + 1, size - 1);
  fuzz::CheckingSink sink;
  static_cast<void>(intake::ReadCsv(file.path(), mappings[data[0] % mappings.size()], sink));
  return 0;
}
