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

}  // namespace

bool SaysItIsNotTrue(const SourceRecord& record) {
  return std::find(kNotTrue.begin(), kNotTrue.end(), record.status) != kNotTrue.end();
}

RecordStage::RecordStage(const PseudonymKey& key, EventForms forms, SqlAppender persons,
                         SqlChunkAppender events, SqlChunkAppender short_events,
                         SqlAppender consents, SqlAppender gone, SqlAppender quarantine)
    : key_(&key),
      identities_(key),
      events_(std::move(events)),
      short_events_(std::move(short_events)),
      forms_(std::move(forms)),
      persons_(std::move(persons)),
      consents_(std::move(consents)),
      gone_(std::move(gone)),
      quarantine_(std::move(quarantine)) {}

Result<RecordStage> RecordStage::Open(core::Database& database, const PseudonymKey& key) {
  CLINNOVA_ASSIGN(EventForms forms, EventForms::Open(database));
  CLINNOVA_ASSIGN(SqlAppender persons, database.Append("stage_person"));
  CLINNOVA_ASSIGN(SqlChunkAppender events, database.AppendChunks("stage_row"));
  CLINNOVA_ASSIGN(SqlChunkAppender short_events, database.AppendChunks("stage_short_row"));
  CLINNOVA_ASSIGN(SqlAppender consents, database.Append("stage_consent"));
  CLINNOVA_ASSIGN(SqlAppender gone, database.Append("stage_gone"));
  CLINNOVA_ASSIGN(SqlAppender quarantine, database.Append("stage_quarantine"));
  return RecordStage(key, std::move(forms), std::move(persons), std::move(events),
                     std::move(short_events), std::move(consents), std::move(gone),
                     std::move(quarantine));
}

std::int64_t RecordStage::SourceId(const std::string& file) {
  return file_.Of(file, [this](std::string_view name) { return key_->RowId("source", name); });
}

void RecordStage::Quarantine(const SourceReference& source, std::string_view kind,
                             std::string_view rule, std::string_view message,
                             std::string_view raw) {
  SqlAppender& rows = quarantine_;
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
            .number = forms_.NumberOf(EventForm::Of(sample, event, source)),
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
  SqlChunkAppender& rows = is_short ? short_events_ : events_;
  is_short ? AppendShortEvent(rows, ids, line, event) : AppendEvent(rows, ids, line, place, event);
  rows.Int64(form);
  rows.EndRow();
}

void RecordStage::Stage(const SourceRecord& record, const ResolvedEvent& event) {
  const StagedIds ids = NextIds(record);
  Append(ids, record.source.line, OwnPlace(record), event,
         forms_.NumberOf(EventForm::Of(record, event, ids.source)));
}

void RecordStage::TakeBack(const SourceRecord& record) {
  if (record.kind == RecordKind::kPerson) return;
  gone_.Int64(identities_.RowId(record));
  gone_.EndRow();
}

void RecordStage::TakeBackOtherForms(const SourceRecord& record, std::string_view id) {
  if (!record.kind_follows_value || id.empty()) return;
  for (const RecordKind kind :
       {RecordKind::kMeasurement, RecordKind::kObservation, RecordKind::kBiomarker}) {
    if (kind == record.kind) continue;
    gone_.Int64(key_->RowId(KindName(kind), id));
    gone_.EndRow();
  }
}

void RecordStage::Take(const SourceRecord& record, const ResolvedRecord& resolved) {
  if (const auto* rejected = std::get_if<Rejection>(&resolved)) {
    Quarantine(record.source, KindName(record.kind), rejected->rule, rejected->message,
               Describe(record));
    TakeBack(record);
  } else if (const auto* person = std::get_if<ResolvedPerson>(&resolved)) {
    AppendPerson(persons_, NextIds(record), key_->Pseudonym(record.patient_id), record, *person);
    persons_.EndRow();
  } else if (const auto* consent = std::get_if<ResolvedConsent>(&resolved)) {
    AppendConsent(consents_, NextIds(record), record, *consent);
    consents_.EndRow();
  } else {
    Stage(record, std::get<ResolvedEvent>(resolved));
  }
}

Result<void> RecordStage::Finish() {
  CLINNOVA_TRY(events_.Finish());
  CLINNOVA_TRY(short_events_.Finish());
  CLINNOVA_TRY(forms_.Finish());
  for (SqlAppender* rows : {&persons_, &consents_, &gone_, &quarantine_}) {
    CLINNOVA_TRY(rows->Finish());
  }
  return {};
}

}  // namespace clinnova::intake
