// SPDX-License-Identifier: Apache-2.0
// A German laboratory message: every byte sequence ends, as an error, or in records and rejected records that
// the mapping allows.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "intake/ldt_reader.h"

namespace {

using namespace clinnova;

class CheckingSink : public intake::RecordSink {
 public:
  Result<void> Accept(intake::SourceRecord record) override {
    if (record.patient_id.empty() || record.id.empty()) std::abort();
    return {};
  }
  Result<void> Reject(intake::RejectedRecord record) override {
    if (record.rule.empty() || record.message.empty()) std::abort();
    return {};
  }
  void Ignore(const intake::SourceReference&, const std::string&) override {}
};

const std::vector<intake::Mapping>& Dialect() {
  static const auto dialect = intake::LoadEmbeddedDialect("de-ldt");
  if (!dialect) std::abort();
  return *dialect;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = memfd_create("message", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  for (const intake::Mapping& mapping : Dialect()) {
    CheckingSink sink;
    static_cast<void>(intake::ReadLdt(path, "message", mapping, sink));
  }
  close(file);
  return 0;
}
