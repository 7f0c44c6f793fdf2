// SPDX-License-Identifier: Apache-2.0
#include "intake/fhir_patterns.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "intake/fhir_elements.h"
#include "intake/iso_time.h"

namespace clinnova::intake {
namespace {

using simdjson::dom::element;

/// Members that an observation's record does not depend on.
constexpr std::array<std::string_view, 6> kUnread{"meta",       "text", "issued",
                                                  "identifier", "note", "interpretation"};
/// Members that make a record that no pattern tells: with parts, times or references of other kinds.
constexpr std::array<std::string_view, 9> kOwn{
    "component",       "hasMember",        "specimen",        "performer", "device",
    "effectivePeriod", "effectiveInstant", "effectiveTiming", "contained"};

bool IsOneOf(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

std::string_view TextOf(element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::string_view ReferenceOf(element value) {
  std::string_view text;
  return value["reference"].get(text) == simdjson::SUCCESS ? TypeAndId(text) : std::string_view();
}

/// Keeps the one record that a resource becomes.
class OneRecord final : public RecordSink {
 public:
  Result<void> Accept(SourceRecord&& record) override {
    ++count_;
    record_ = std::move(record);
    return {};
  }
  Result<void> Reject(RejectedRecord) override {
    ++others_;
    return {};
  }
  void Ignore(const SourceReference&, const std::string&) override { ++others_; }

  std::optional<SourceRecord> Taken() {
    if (count_ != 1 || others_ != 0) return std::nullopt;
    return std::move(record_);
  }

 private:
  SourceRecord record_;
  int count_ = 0, others_ = 0;
};

}  // namespace

void FhirPatterns::AddToKey(std::string_view text) {
  const std::size_t size = text.size();
  key_.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
}

void FhirPatterns::AddToKey(element value) {
  key_ += static_cast<char>(value.type());
  switch (value.type()) {
    case simdjson::dom::element_type::OBJECT:
      for (const auto& [name, member] : simdjson::dom::object(value)) AddToKey(name, member);
      key_ += '}';
      break;
    case simdjson::dom::element_type::ARRAY:
      for (const element item : simdjson::dom::array(value)) AddToKey(item);
      key_ += ']';
      break;
    case simdjson::dom::element_type::STRING: AddToKey(TextOf(value)); break;
    default: AddToKey(std::string_view(simdjson::minify(value))); break;
  }
}

void FhirPatterns::AddToKey(std::string_view name, element value) {
  key_ += ':';
  AddToKey(name);
  AddToKey(value);
}

bool FhirPatterns::TakeQuantity(element quantity) {
  simdjson::dom::object members;
  if (quantity.get(members) != simdjson::SUCCESS) return false;
  key_ += '{';
  for (const auto& [name, value] : members) {
    if (name != "value") {
      AddToKey(name, value);
      continue;
    }
    double number = 0.0;
    if (number_ || value.get(number) != simdjson::SUCCESS) return false;
    number_ = value;
    record_.number = number;
  }
  key_ += '}';
  return number_.has_value();
}

// False where the resource has to be read as a whole. Of two members of one name that reads the first, so none may come
// twice that goes into the record by itself.
bool FhirPatterns::TakeMember(std::string_view name, element value) {
  if (name == "id") {
    if (!id_.empty()) return false;
    id_.assign(kType).append("/").append(TextOf(value));
    return id_.size() > kType.size() + 1;
  }
  if (name == "subject") {
    if (!record_.patient_id.empty()) return false;
    constexpr std::string_view kPatient = "Patient/";
    record_.patient_id = ReferenceOf(value);
    if (record_.patient_id.starts_with(kPatient)) {
      record_.patient_id.remove_prefix(kPatient.size());
      return !record_.patient_id.empty();
    }
    return record_.patient_id.starts_with("urn:");
  }
  if (name == "encounter") {
    if (!record_.visit_id.empty()) return false;
    record_.visit_id = ReferenceOf(value);
    return !record_.visit_id.empty();
  }
  if (name == "effectiveDateTime") {
    if (record_.start) return false;
    record_.start = ParseIsoTime(TextOf(value));
    return record_.start.has_value();
  }
  if (name == "valueQuantity") return TakeQuantity(value);
  if (IsOneOf(name, kUnread)) return true;
  if (IsOneOf(name, kOwn)) return false;
  AddToKey(name, value);
  return true;
}

// What only this observation says, and the key of what it has in common with others.
bool FhirPatterns::Look(element resource) {
  record_ = {};
  number_.reset();
  key_.clear();
  id_.clear();
  simdjson::dom::object members;
  if (resource.get(members) != simdjson::SUCCESS) return false;
  for (const auto& [name, value] : members) {
    if (!TakeMember(name, value)) return false;
  }
  return !id_.empty() && !record_.patient_id.empty() && record_.start;
}

std::optional<SourceRecord> FhirPatterns::Sample(element resource, const FhirContext& context) {
  OneRecord one;
  if (!ReadResource(resource, context, one)) return std::nullopt;
  std::optional<SourceRecord> sample = one.Taken();
  if (!sample || sample->id != id_ || sample->patient_id != record_.patient_id ||
      sample->visit_id != record_.visit_id) {
    return std::nullopt;
  }
  const auto number = sample->value ? sample->value->number : std::nullopt;
  if (number != record_.number) return std::nullopt;
  for (std::string* own : {&sample->id, &sample->patient_id, &sample->visit_id}) own->clear();
  return sample;
}

Result<bool> FhirPatterns::Take(element resource, const FhirContext& context) {
  if (known_.full() || !context.source.path.empty() || !Look(resource)) return false;
  record_.pattern = known_.Find(key_, sink_, [&] { return Sample(resource, context); });
  if (record_.pattern == nullptr) return false;
  record_.line = context.source.line;
  record_.id = id_;
  if (number_) {
    const SourceValue& value = *record_.pattern->sample.value;
    text_ = value.comparator;
    text_ += simdjson::minify(*number_);
    if (!value.unit.empty()) text_.append(" ").append(value.unit);
    record_.text = text_;
  }
  CLINNOVA_TRY(sink_.AcceptPatterned(record_));
  return true;
}

}  // namespace clinnova::intake
