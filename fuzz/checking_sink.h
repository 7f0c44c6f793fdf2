// SPDX-License-Identifier: Apache-2.0
// For fuzz targets of readers: a sink that aborts where a reader breaks its promises, and bytes as
// a file.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "intake/mapping.h"
#include "intake/source_record.h"

namespace clinnova::fuzz {

class CheckingSink : public intake::RecordSink {
 public:
  Result<void> Accept(intake::SourceRecord&& record) override {
    if (record.patient_id.empty() || record.id.empty()) std::abort();
    return {};
  }
  Result<void> Reject(intake::RejectedRecord record) override {
    if (record.rule.empty() || record.message.empty()) std::abort();
    return {};
  }
  void Ignore(const intake::SourceReference&, const std::string& what) override {
    if (what.empty()) std::abort();
  }
};

/// Bytes that can be opened by a name, in memory.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : file_(memfd_create("bytes", 0)) {
    if (file_ < 0 || write(file_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

/// A compiled-in dialect.
inline std::vector<intake::Mapping> MustLoadDialect(const char* name) {
  auto dialect = intake::LoadEmbeddedDialect(name);
  if (!dialect) std::abort();
  return std::move(*dialect);
}

}  // namespace clinnova::fuzz
