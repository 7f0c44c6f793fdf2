// SPDX-License-Identifier: Apache-2.0
// What many staged events have in common, kept once: an export of a million values says the same few hundred things
// (a concept, a unit, a type, a column of a file) again and again, and DuckDB takes its time for every column of
// every row. The staged row holds the form's number, the statements of an import join the two (load_statements.h).
//
//   CLINNOVA_ASSIGN(EventForms forms, EventForms::Open(database));
//   rows.Int64(forms.NumberOf(EventForm::Of(record, event, source_id)));
//   CLINNOVA_TRY(forms.Finish());
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/duckdb.h"
#include "intake/record_resolver.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// The columns of stage_form but its number. Views the texts that it was made of.
struct EventForm {
  RecordKind kind = RecordKind::kObservation;
  RecordKind target = RecordKind::kObservation;
  SourceTime::Precision precision = SourceTime::Precision::kDay;
  std::int64_t concept_id = 0;
  std::int64_t operator_concept_id = 0;
  std::int64_t value_concept_id = 0;
  std::int64_t unit_concept_id = 0;
  std::int64_t type_concept_id = 0;
  std::int64_t source_id = 0;
  std::string_view source_value, unit_source, comparator, route;
  std::string_view path;  ///< a column's name; empty where a place of its own stands in the row

  static EventForm Of(const SourceRecord& record, const ResolvedEvent& event,
                      std::int64_t source_id);
  friend bool operator==(const EventForm&, const EventForm&) = default;
};

/// The place in its file that only this record has, such as "Bundle.entry[3].resource"; empty where its path is one
/// that many records have.
std::string_view OwnPlace(const SourceRecord& record);

/// Numbers forms and stages each once; again after some ten thousand others, so that memory does not grow with what
/// a source writes as free text. One thread at a time. Must not outlive the database.
class EventForms {
 public:
  /// Begins to append to stage_form, which is there already.
  static Result<EventForms> Open(core::Database& database);

  std::int64_t NumberOf(const EventForm& form);

  /// Writes what is buffered; must be called before the forms end.
  Result<void> Finish() { return rows_.Finish(); }

 private:
  struct Hash {
    std::size_t operator()(const EventForm& form) const;
  };

  explicit EventForms(core::SqlChunkAppender rows) : rows_(std::move(rows)) {}
  EventForm Kept(EventForm form);

  core::SqlChunkAppender rows_;
  std::unordered_map<EventForm, std::int64_t, Hash> numbers_;
  std::deque<std::string> texts_;  ///< that the keys of numbers_ view
  std::int64_t last_ = 0;
};

}  // namespace clinnova::intake
