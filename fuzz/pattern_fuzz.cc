// SPDX-License-Identifier: Apache-2.0
// Exports in which everything comes ten times, as FHIR lines or, by a first byte, as CSV: a reader that tells what is alike
// by patterns says the same records as one that makes every record as a whole.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "checking_sink.h"
#include "intake/csv_reader.h"
#include "intake/fhir_reader.h"

namespace clinnova::fuzz {
namespace {

constexpr int kTimes = 10;

void Add(std::string& text, std::string_view part) {
  text += std::to_string(part.size()) + ":";
  text += part;
}

void Add(std::string& text, const std::optional<intake::SourceTime>& time) {
  if (!time) return Add(text, "no time");
  for (const int part : {time->year, time->month, time->day, time->hour, time->minute, time->second,
                         static_cast<int>(time->precision)}) {
    Add(text, std::to_string(part));
  }
}

void Add(std::string& text, const std::optional<double>& number) {
  Add(text, number ? std::to_string(*number) : "no number");
}

void Add(std::string& text, const intake::SourceCode& code) {
  for (const std::string* part : {&code.system, &code.code, &code.display, &code.version})
    Add(text, *part);
}

void Add(std::string& text, const intake::SourceValue& value) {
  for (const auto& number : {value.number, value.low, value.high}) Add(text, number);
  for (const std::string* part : {&value.comparator, &value.unit, &value.text}) Add(text, *part);
  if (value.coded) Add(text, *value.coded);
  for (const intake::SourceQuantity& other : value.translations) {
    Add(text, other.number);
    Add(text, other.unit);
  }
}

/// All that a record says, but for its details: no record with such has a pattern.
std::string Told(const intake::SourceRecord& record) {
  std::string text = std::to_string(static_cast<int>(record.kind)) +
                     (record.kind_follows_value ? "*" : "") + (record.details ? "+" : "");
  Add(text, std::to_string(record.source.line));
  for (const std::string* part :
       {&record.source.file, &record.source.path, &record.id, &record.patient_id, &record.visit_id,
        &record.provider_id, &record.care_site_id, &record.sex, &record.status, &record.type,
        &record.route, &record.specimen_id}) {
    Add(text, *part);
  }
  for (const std::string& word : record.identity_words) Add(text, word);
  for (const intake::SourceCode& code : record.codes) Add(text, code);
  for (const auto& time : {record.birth, record.start, record.end}) Add(text, time);
  Add(text, record.quantity);
  if (record.value) Add(text, *record.value);
  return text;
}

class TellingSink final : public intake::RecordSink {
 public:
  explicit TellingSink(bool patterns) : patterns_(patterns) {}
  const intake::RecordPattern* KeepPattern(intake::SourceRecord sample) override {
    return patterns_ ? RecordSink::KeepPattern(std::move(sample)) : nullptr;
  }
  Result<void> Accept(intake::SourceRecord&& record) override {
    told.push_back(Told(record));
    return {};
  }
  Result<void> Reject(intake::RejectedRecord record) override {
    told.push_back(record.kind + record.rule + record.message + record.raw + "@" +
                   std::to_string(record.source.line));
    return {};
  }
  void Ignore(const intake::SourceReference& source, const std::string& what) override {
    told.push_back(what + "@" + std::to_string(source.line));
  }

  std::vector<std::string> told;

 private:
  bool patterns_;
};

/// The first `kept` bytes, and ten times the rest.
std::string Repeated(std::string_view text, std::size_t kept) {
  std::string repeated(text.substr(0, kept));
  for (int i = 0; i < kTimes; ++i) {
    repeated += text.substr(kept);
    if (!repeated.ends_with('\n')) repeated += '\n';
  }
  return repeated;
}

template <typename Read>
void Compare(const std::string& text, Read read) {
  const MemoryFile file(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  TellingSink with(true), without(false);
  const bool good = read(file.path(), with).has_value();
  if (read(file.path(), without).has_value() != good || with.told != without.told) std::abort();
}

}  // namespace
}  // namespace clinnova::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clinnova;
  static const std::vector<intake::Mapping> mappings = fuzz::MustLoadDialect("ch-csv");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (size == 0) return 0;
  if (data[0] < mappings.size()) {
    const std::size_t rows = std::min(text.find('\n'), size - 1) + 1;
    fuzz::Compare(fuzz::Repeated(text.substr(1), rows - 1),
                  [&](const std::string& path, intake::RecordSink& sink) {
                    return intake::ReadCsv(path, mappings[data[0]], sink);
                  });
  } else {
    fuzz::Compare(fuzz::Repeated(text, 0), [](const std::string& path, intake::RecordSink& sink) {
      return intake::FhirReader(sink).Read(path, "fuzz.ndjson");
    });
  }
  return 0;
}
