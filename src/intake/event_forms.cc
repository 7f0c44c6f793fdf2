// SPDX-License-Identifier: Apache-2.0
#include "intake/event_forms.h"

#include <cstring>
#include <utility>

#include "core/mix.h"
#include "intake/stage_rows.h"

namespace clinnova::intake {
namespace {

/// Some ten megabytes.
constexpr std::size_t kMostForms = 1 << 15;

template <typename Word>
std::uint64_t WordAt(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// Of a short text all bytes, without a loop.
std::uint64_t TextBits(std::string_view text) {
  const std::size_t size = text.size();
  const char* const at = text.data();
  if (size > 16) return std::hash<std::string_view>()(text);
  if (size >= 8)
    return core::MixBits(WordAt<std::uint64_t>(at)) + WordAt<std::uint64_t>(at + size - 8) + size;
  if (size >= 4)
    return (WordAt<std::uint32_t>(at) << 32 | WordAt<std::uint32_t>(at + size - 4)) ^ size;
  std::uint64_t bits = size;
  for (const char c : text) bits = bits << 8 | static_cast<unsigned char>(c);
  return bits;
}

}  // namespace

std::string_view OwnPlace(const SourceRecord& record) {
  const std::string& path = record.source.path;
  return path.find('[') == path.npos ? std::string_view() : path;
}

EventForm EventForm::Of(const SourceRecord& record, const ResolvedEvent& event,
                        std::int64_t source_id) {
  return {
      .kind = record.kind,
      .target = event.table,
      .precision = event.start.precision,
      .concept_id = event.concept_id,
      .operator_concept_id = event.operator_concept_id,
      .value_concept_id = event.value_concept_id,
      .unit_concept_id = event.unit_concept_id,
      .type_concept_id = event.type_concept_id,
      .source_id = source_id,
      .source_value = event.source_value,
      .unit_source = event.unit_source,
      .comparator = event.comparator,
      .route = event.route,
      .path = OwnPlace(record).empty() ? std::string_view(record.source.path) : std::string_view()};
}

std::size_t EventForms::Hash::operator()(const EventForm& form) const {
  std::uint64_t bits = static_cast<std::uint64_t>(form.kind) << 16 |
                       static_cast<std::uint64_t>(form.target) << 8 |
                       static_cast<std::uint64_t>(form.precision);
  for (const std::int64_t id : {form.concept_id, form.operator_concept_id, form.value_concept_id,
                                form.unit_concept_id, form.type_concept_id, form.source_id}) {
    bits = (bits ^ static_cast<std::uint64_t>(id)) * core::kMixStep;
  }
  for (const std::string_view text :
       {form.source_value, form.unit_source, form.comparator, form.route, form.path}) {
    bits = (bits ^ (bits >> 29) ^ TextBits(text)) * core::kMixStep;
  }
  return core::MixBits(bits);
}

Result<EventForms> EventForms::Open(core::Database& database) {
  CLINNOVA_ASSIGN(core::SqlChunkAppender rows, database.AppendChunks("stage_form"));
  return EventForms(std::move(rows));
}

/// The form with texts that stay.
EventForm EventForms::Kept(EventForm form) {
  for (std::string_view* text :
       {&form.source_value, &form.unit_source, &form.comparator, &form.route, &form.path}) {
    if (!text->empty()) *text = texts_.emplace_back(*text);
  }
  return form;
}

std::int64_t EventForms::NumberOf(const EventForm& form) {
  const auto known = numbers_.find(form);
  if (known != numbers_.end()) return known->second;
  if (numbers_.size() == kMostForms) {
    numbers_.clear();
    texts_.clear();
  }
  numbers_.emplace(Kept(form), ++last_);
  rows_.Int64(last_);
  AppendForm(rows_, form);
  rows_.EndRow();
  return last_;
}

}  // namespace clinnova::intake
