// SPDX-License-Identifier: Apache-2.0
// What staged persons, consents and events say, column by column, whatever the rows are written to: the appenders of an
// import (record_stage.h) or the rows in memory of a question at the bedside (patient_loader.h). Who calls ends the row.
#pragma once

#include <string_view>

#include "intake/event_forms.h"
#include "intake/record_resolver.h"
#include "intake/source_record.h"
#include "intake/stage_values.h"

namespace clinnova::intake {

/// The numbers of a staged row and of its source file.
struct StagedIds {
  std::int64_t sequence = 0;
  std::int64_t row = 0;
  std::int64_t person = 0;
  std::int64_t visit = 0;
  std::int64_t source = 0;
};

/// The last columns of stage_person and stage_consent.
template <typename Rows>
void AppendPlace(Rows& rows, const SourceRecord& record, std::int64_t source) {
  rows.Int64(source);
  rows.Int64(static_cast<std::int64_t>(record.source.line));
  rows.Text(record.source.path);
}

/// The columns of stage_person.
template <typename Rows>
void AppendPerson(Rows& rows, const StagedIds& ids, std::string_view pseudonym,
                  const SourceRecord& record, const ResolvedPerson& person) {
  rows.Int64(ids.sequence);
  rows.Int64(ids.person);
  rows.Text(pseudonym);
  rows.Int64(person.gender_concept_id);
  TextOrNull(rows, person.gender_source);
  rows.Int64(person.year);
  NumberOrNull(rows, person.month);
  NumberOrNull(rows, person.day);
  rows.Text(PrecisionName(person.precision));
  AppendPlace(rows, record, ids.source);
}

/// The columns of stage_consent; its days are texts.
template <typename Rows>
void AppendConsent(Rows& rows, const StagedIds& ids, const SourceRecord& record,
                   const ResolvedConsent& consent) {
  rows.Int64(ids.sequence);
  rows.Int64(ids.row);
  rows.Int64(ids.person);
  rows.Text(consent.purpose);
  rows.Text(consent.status);
  TextOrNull(rows, consent.from);
  TextOrNull(rows, consent.to);
  AppendPlace(rows, record, ids.source);
}

/// The columns that stage_row and stage_short_row begin with.
template <typename Rows>
void AppendWhoAndWhen(Rows& rows, const StagedIds& ids, const ResolvedEvent& event) {
  rows.Int64(ids.sequence);
  rows.Int64(ids.row);
  rows.Int64(ids.person);
  rows.Int64(ids.visit);
  rows.Int64(event.start.day);
  NumberOrNull(rows, event.start.moment);
}

/// The columns of stage_row but the last, the number of the form. `place`: OwnPlace of the record.
template <typename Rows>
void AppendEvent(Rows& rows, const StagedIds& ids, std::uint64_t line, std::string_view place,
                 const ResolvedEvent& event) {
  AppendWhoAndWhen(rows, ids, event);
  event.end ? rows.Int64(event.end->day) : rows.Null();
  NumberOrNull(rows, event.end ? event.end->moment : std::nullopt);
  NumberOrNull(rows, event.number);
  rows.Text(event.value_text);
  NumberOrNull(rows, event.original_number);
  NumberOrNull(rows, event.range_low);
  NumberOrNull(rows, event.range_high);
  NumberOrNull(rows, event.quantity);
  rows.Int64(static_cast<std::int64_t>(line));
  TextOrNull(rows, place);
}

/// Whether stage_short_row has all that there is to say of the event.
inline bool IsShort(std::string_view place, const ResolvedEvent& event) {
  return !event.end && !event.range_low && !event.range_high && !event.quantity && place.empty() &&
         event.number == event.original_number;
}

/// The columns of stage_short_row but the last, the number of the form. The event is short.
template <typename Rows>
void AppendShortEvent(Rows& rows, const StagedIds& ids, std::uint64_t line,
                      const ResolvedEvent& event) {
  AppendWhoAndWhen(rows, ids, event);
  NumberOrNull(rows, event.number);
  rows.Text(event.value_text);
  rows.Int64(static_cast<std::int64_t>(line));
}

/// The columns of stage_form but the first, its number.
template <typename Rows>
void AppendForm(Rows& rows, const EventForm& form) {
  rows.Int64(static_cast<std::int64_t>(form.kind));
  rows.Int64(static_cast<std::int64_t>(form.target));
  rows.Int64(static_cast<std::int64_t>(form.precision));
  rows.Int64(form.concept_id);
  rows.Int64(form.operator_concept_id);
  rows.Int64(form.value_concept_id);
  rows.Int64(form.unit_concept_id);
  rows.Int64(form.type_concept_id);
  rows.Int64(form.source_id);
  TextOrNull(rows, form.source_value);
  rows.Text(form.unit_source);
  rows.Text(form.comparator);
  TextOrNull(rows, form.route);
  rows.Text(form.path);
}

}  // namespace clinnova::intake
