// SPDX-License-Identifier: Apache-2.0
#include "intake/record_stage.h"

#include <algorithm>
#include <array>
#include <utility>

#include "vocabulary/code_system.h"

namespace clinnova::intake {
namespace {

using core::SqlAppender;
using core::SqlChunkAppender;

/// Statuses that say that the thing did not happen, or not yet.
constexpr std::array<std::string_view, 13> kNotTrue{
    "entered-in-error", "cancelled",   "not-done",    "draft",   "refuted",
    "nullified",        "not-taken",   "registered",  "planned", "preparation",
    "unconfirmed",      "provisional", "differential"};

/// A row of stage_withdrawn or stage_other_form.
void AppendVersion(SqlAppender& rows, std::int64_t sequence, std::int64_t row) {
  rows.Int64(sequence);
  rows.Int64(row);
  rows.EndRow();
}

}  // namespace

bool SaysItIsNotTrue(const SourceRecord& record) {
  return std::find(kNotTrue.begin(), kNotTrue.end(), record.status) != kNotTrue.end();
}

Result<RecordStage> RecordStage::Open(core::Database& database, const PseudonymKey& key) {
  CLINNOVA_ASSIGN(EventForms forms, EventForms::Open(database));
  CLINNOVA_ASSIGN(SqlChunkAppender events, database.AppendChunks("stage_row"));
  CLINNOVA_ASSIGN(SqlChunkAppender short_events, database.AppendChunks("stage_short_row"));
  CLINNOVA_ASSIGN(SqlAppender persons, database.Append("stage_person"));
  CLINNOVA_ASSIGN(SqlAppender consents, database.Append("stage_consent"));
  CLINNOVA_ASSIGN(SqlAppender gone, database.Append("stage_gone"));
  CLINNOVA_ASSIGN(SqlAppender withdrawn, database.Append("stage_withdrawn"));
  CLINNOVA_ASSIGN(SqlAppender other_forms, database.Append("stage_other_form"));
  CLINNOVA_ASSIGN(SqlAppender quarantine, database.Append("stage_quarantine"));
  return RecordStage(key, {.forms = std::move(forms),
                           .events = std::move(events),
                           .short_events = std::move(short_events),
                           .persons = std::move(persons),
                           .consents = std::move(consents),
                           .gone = std::move(gone),
                           .withdrawn = std::move(withdrawn),
                           .other_forms = std::move(other_forms),
                           .quarantine = std::move(quarantine)});
}

template <typename Use>
void RecordStage::ForOtherForms(const SourceRecord& record, std::string_view id, Use use) {
  if (!record.kind_follows_value || id.empty()) return;
  for (const RecordKind kind :
       {RecordKind::kMeasurement, RecordKind::kObservation, RecordKind::kBiomarker}) {
    if (kind != record.kind) use(key_->RowId(KindName(kind), id));
  }
}

std::int64_t RecordStage::SourceId(const std::string& file) {
  return file_.Of(file, [this](std::string_view name) { return key_->RowId("source", name); });
}

void RecordStage::Quarantine(const SourceReference& source, std::string_view kind,
                             std::string_view rule, std::string_view message,
                             std::string_view raw) {
  SqlAppender& rows = to_.quarantine;
  rows.Int64(SourceId(source.file));
  rows.Int64(static_cast<std::int64_t>(source.line));
  rows.Text(source.path);
  rows.Text(kind);
  rows.Text(rule);
  rows.Text(message);
  rows.Text(raw.substr(0, 4096));
  rows.EndRow();
}

StagedIds RecordStage::NextIds(const SourceRecord& record) {
  return {.sequence = ++sequence_,
          .row = identities_.RowId(record),
          .person = identities_.PersonId(record.patient_id),
          .visit = identities_.VisitId(record.visit_id),
          .source = SourceId(record.source.file)};
}

void RecordStage::Take(const PatternedRecord& record, const ResolvedEvent& event,
                       PatternForm& form) {
  const SourceRecord& sample = record.pattern->sample;
  if (form.number == 0 || form.precision != event.start.precision ||
      form.unit_concept_id != event.unit_concept_id) {
    const std::int64_t source = SourceId(sample.source.file);
    form = {.precision = event.start.precision,
            .unit_concept_id = event.unit_concept_id,
            .number = to_.forms.NumberOf(EventForm::Of(sample, event, source)),
            .source = source,
            .place = OwnPlace(sample)};
  }
  Append({.sequence = ++sequence_,
          .row = identities_.RowId(record),
          .person = identities_.PersonId(record.patient_id),
          .visit = identities_.VisitId(record.visit_id),
          .source = form.source},
         record.line, form.place, event, form.number);
}

void RecordStage::Append(const StagedIds& ids, std::uint64_t line, std::string_view place,
                         const ResolvedEvent& event, std::int64_t form) {
  const bool is_short = IsShort(place, event);
  SqlChunkAppender& rows = is_short ? to_.short_events : to_.events;
  is_short ? AppendShortEvent(rows, ids, line, event) : AppendEvent(rows, ids, line, place, event);
  rows.Int64(form);
  rows.EndRow();
}

void RecordStage::Stage(const SourceRecord& record, const ResolvedEvent& event) {
  const StagedIds ids = NextIds(record);
  Append(ids, record.source.line, OwnPlace(record), event,
         to_.forms.NumberOf(EventForm::Of(record, event, ids.source)));
  if (record.kind == RecordKind::kMeasurement) return;
  ForOtherForms(record, record.id,
                [&](std::int64_t row) { AppendVersion(to_.other_forms, ids.sequence, row); });
}

void RecordStage::TakeBack(const SourceRecord& record) {
  if (record.kind == RecordKind::kPerson) return;
  const auto withdraw = [this](std::int64_t row) { AppendVersion(to_.withdrawn, sequence_, row); };
  withdraw(identities_.RowId(record));
  ForOtherForms(record, record.id, withdraw);
}

// A measurement's other forms of the same import name it themselves: stage_other_form.
void RecordStage::TakeBackOtherForms(const SourceRecord& record, std::string_view id) {
  ForOtherForms(record, id, [&](std::int64_t row) {
    if (record.kind != RecordKind::kMeasurement)
      return AppendVersion(to_.withdrawn, sequence_, row);
    to_.gone.Int64(row);
    to_.gone.EndRow();
  });
}

void RecordStage::Take(const SourceRecord& record, const ResolvedRecord& resolved) {
  if (const auto* rejected = std::get_if<Rejection>(&resolved)) {
    Quarantine(record.source, KindName(record.kind), rejected->rule, rejected->message,
               Describe(record));
    TakeBack(record);
  } else if (const auto* person = std::get_if<ResolvedPerson>(&resolved)) {
    AppendPerson(to_.persons, NextIds(record), key_->Pseudonym(record.patient_id), record, *person);
    to_.persons.EndRow();
  } else if (const auto* consent = std::get_if<ResolvedConsent>(&resolved)) {
    AppendConsent(to_.consents, NextIds(record), record, *consent);
    to_.consents.EndRow();
  } else {
    Stage(record, std::get<ResolvedEvent>(resolved));
  }
}

Result<void> RecordStage::Finish() {
  CLINNOVA_TRY(to_.events.Finish());
  CLINNOVA_TRY(to_.short_events.Finish());
  CLINNOVA_TRY(to_.forms.Finish());
  for (SqlAppender* rows : {&to_.persons, &to_.consents, &to_.gone, &to_.withdrawn,
                            &to_.other_forms, &to_.quarantine}) {
    CLINNOVA_TRY(rows->Finish());
  }
  return {};
}

}  // namespace clinnova::intake
