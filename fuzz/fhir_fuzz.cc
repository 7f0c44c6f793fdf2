// SPDX-License-Identifier: Apache-2.0
// FHIR resources and bundles of any bytes: whatever they hold, every record has a source, and what is about no
// patient says so. Unlike other readers', records may lack a patient or an identity, which the loader refuses.
#include <cstdlib>
#include <string_view>

#include "checking_sink.h"
#include "intake/fhir_reader.h"
#include "intake/source_details.h"

namespace clinnova::fuzz {
namespace {

class FhirSink final : public CheckingSink {
 public:
  Result<void> Accept(intake::SourceRecord&& record) override {
    if (record.source.file.empty()) std::abort();
    if (!intake::IsAboutAPatient(record.kind) && !record.patient_id.empty()) std::abort();
    // What the loader takes for a series must be one.
    const bool series = record.kind == intake::RecordKind::kBiomarker;
    if (series && (record.details == nullptr ||
                   !std::holds_alternative<intake::SourceSeries>(record.details->of))) {
      std::abort();
    }
    return {};
  }
};

}  // namespace
}  // namespace clinnova::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  clinnova::fuzz::FhirSink sink;
  clinnova::intake::FhirReader reader(sink);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(reader.ReadText(text, "fuzz.json"));
  return 0;
}
