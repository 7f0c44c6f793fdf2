// SPDX-License-Identifier: Apache-2.0
#include "intake/record_stage.h"

#include <algorithm>
#include <array>
#include <utility>

#include "intake/stage_values.h"
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

RecordStage::RecordStage(const PseudonymKey& key, SqlAppender persons, SqlChunkAppender events,
                         SqlAppender consents, SqlAppender gone, SqlAppender quarantine)
    : key_(&key),
      identities_(key),
      events_(std::move(events)),
      persons_(std::move(persons)),
      consents_(std::move(consents)),
      gone_(std::move(gone)),
      quarantine_(std::move(quarantine)) {}

Result<RecordStage> RecordStage::OpenForForms(core::Database& database, const PseudonymKey& key) {
  CLINNOVA_ASSIGN(RecordStage stage, Open(database, key, "stage_row"));
  CLINNOVA_ASSIGN(stage.forms_, EventForms::Open(database));
  return stage;
}

Result<RecordStage> RecordStage::OpenForWhole(core::Database& database, const PseudonymKey& key) {
  return Open(database, key, "stage_event");
}

Result<RecordStage> RecordStage::Open(core::Database& database, const PseudonymKey& key,
                                      std::string_view events_table) {
  CLINNOVA_ASSIGN(SqlAppender persons, database.Append("stage_person"));
  CLINNOVA_ASSIGN(SqlChunkAppender events, database.AppendChunks(events_table));
  CLINNOVA_ASSIGN(SqlAppender consents, database.Append("stage_consent"));
  CLINNOVA_ASSIGN(SqlAppender gone, database.Append("stage_gone"));
  CLINNOVA_ASSIGN(SqlAppender quarantine, database.Append("stage_quarantine"));
  return RecordStage(key, std::move(persons), std::move(events), std::move(consents),
                     std::move(gone), std::move(quarantine));
}

std::int64_t RecordStage::RowId(const SourceRecord& record) {
  return record.rows.row != 0 ? record.rows.row : identities_.RowId(record);
}

std::int64_t RecordStage::PersonId(const SourceRecord& record) {
  return record.rows.person != 0 ? record.rows.person : identities_.PersonId(record.patient_id);
}

std::int64_t RecordStage::VisitId(const SourceRecord& record) {
  return record.rows.visit != 0 ? record.rows.visit : identities_.VisitId(record.visit_id);
}

std::int64_t RecordStage::SourceId(const std::string& file) {
  return file_.Of(file, [this](const std::string& name) { return key_->RowId("source", name); });
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

void RecordStage::Stage(const SourceRecord& record, const ResolvedPerson& person) {
  SqlAppender& rows = persons_;
  rows.Int64(++sequence_);
  rows.Int64(PersonId(record));
  rows.Text(key_->Pseudonym(record.patient_id));
  rows.Int64(person.gender_concept_id);
  TextOrNull(rows, person.gender_source);
  rows.Int64(person.year);
  NumberOrNull(rows, person.month);
  NumberOrNull(rows, person.day);
  rows.Text(PrecisionName(person.precision));
  rows.Int64(SourceId(record.source.file));
  rows.Int64(static_cast<std::int64_t>(record.source.line));
  rows.Text(record.source.path);
  rows.EndRow();
}

void RecordStage::Stage(const SourceRecord& record, const ResolvedConsent& consent) {
  SqlAppender& rows = consents_;
  rows.Int64(++sequence_);
  rows.Int64(RowId(record));
  rows.Int64(PersonId(record));
  rows.Text(consent.purpose);
  rows.Text(consent.status);
  TextOrNull(rows, consent.from);
  TextOrNull(rows, consent.to);
  rows.Int64(SourceId(record.source.file));
  rows.Int64(static_cast<std::int64_t>(record.source.line));
  rows.Text(record.source.path);
  rows.EndRow();
}

void RecordStage::Stage(const SourceRecord& record, const ResolvedEvent& event) {
  SqlChunkAppender& rows = events_;
  rows.Int64(++sequence_);
  rows.Int64(RowId(record));
  rows.Int64(PersonId(record));
  rows.Int64(VisitId(record));
  rows.Int64(event.start.day);
  NumberOrNull(rows, event.start.moment);
  event.end ? rows.Int64(event.end->day) : rows.Null();
  NumberOrNull(rows, event.end ? event.end->moment : std::nullopt);
  NumberOrNull(rows, event.number);
  rows.Text(event.value_text);
  NumberOrNull(rows, event.original_number);
  NumberOrNull(rows, event.range_low);
  NumberOrNull(rows, event.range_high);
  NumberOrNull(rows, event.quantity);
  rows.Int64(static_cast<std::int64_t>(record.source.line));
  TextOrNull(rows, OwnPlace(record));
  const EventForm form = EventForm::Of(record, event, SourceId(record.source.file));
  forms_ ? rows.Int64(forms_->NumberOf(form)) : AppendForm(rows, form);
  rows.EndRow();
}

void RecordStage::TakeBack(const SourceRecord& record) {
  if (record.kind == RecordKind::kPerson) return;
  gone_.Int64(RowId(record));
  gone_.EndRow();
}

void RecordStage::TakeBackOtherForms(const SourceRecord& record) {
  if (!record.kind_follows_value || record.id.empty()) return;
  for (const RecordKind kind :
       {RecordKind::kMeasurement, RecordKind::kObservation, RecordKind::kBiomarker}) {
    if (kind == record.kind) continue;
    gone_.Int64(key_->RowId(KindName(kind), record.id));
    gone_.EndRow();
  }
}

void RecordStage::Take(const SourceRecord& record, const ResolvedRecord& resolved) {
  if (const auto* rejected = std::get_if<Rejection>(&resolved)) {
    Quarantine(record.source, KindName(record.kind), rejected->rule, rejected->message,
               Describe(record));
    TakeBack(record);
  } else if (const auto* person = std::get_if<ResolvedPerson>(&resolved)) {
    Stage(record, *person);
  } else if (const auto* consent = std::get_if<ResolvedConsent>(&resolved)) {
    Stage(record, *consent);
  } else {
    Stage(record, std::get<ResolvedEvent>(resolved));
  }
}

Result<void> RecordStage::Finish() {
  CLINNOVA_TRY(events_.Finish());
  if (forms_) CLINNOVA_TRY(forms_->Finish());
  for (SqlAppender* rows : {&persons_, &consents_, &gone_, &quarantine_}) {
    CLINNOVA_TRY(rows->Finish());
  }
  return {};
}

}  // namespace clinnova::intake
