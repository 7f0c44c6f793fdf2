// SPDX-License-Identifier: Apache-2.0
// A delimited text file: every byte sequence ends, in rows and malformed rows whose lines only grow.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "intake/csv_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using clinnova::intake::CsvRows;
  const int file = memfd_create("rows", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  auto rows = CsvRows::Open({.path = "/proc/self/fd/" + std::to_string(file), .longest_row = 4096});
  if (rows) {
    std::uint64_t line = 0;
    for (auto step = rows->Next(); step && *step != CsvRows::Step::kEnd; step = rows->Next()) {
      if (rows->line() <= line) std::abort();
      line = rows->line();
      if (*step == CsvRows::Step::kMalformed && rows->message().empty()) std::abort();
    }
  }
  close(file);
  return 0;
}
