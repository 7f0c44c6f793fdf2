// SPDX-License-Identifier: Apache-2.0
#include "intake/place_stage.h"

#include <utility>
#include <variant>

#include "intake/stage_values.h"

namespace clinnova::intake {

using core::SqlAppender;

PlaceStage::PlaceStage(const PseudonymKey& key, CodeLookup& lookup, SqlAppender care_sites,
                       SqlAppender providers)
    : key_(&key),
      lookup_(&lookup),
      care_sites_(std::move(care_sites)),
      providers_(std::move(providers)) {}

Result<PlaceStage> PlaceStage::Open(core::Database& database, const PseudonymKey& key,
                                    CodeLookup& lookup) {
  CLINNOVA_ASSIGN(SqlAppender care_sites, database.Append("stage_care_site"));
  CLINNOVA_ASSIGN(SqlAppender providers, database.Append("stage_provider"));
  return PlaceStage(key, lookup, std::move(care_sites), std::move(providers));
}

// The columns that both tables begin with.
void PlaceStage::Begin(SqlAppender& rows, const SourceRecord& record) {
  rows.Int64(++sequence_);
  rows.Int64(key_->RowId(KindName(record.kind), record.id));
  rows.Int64(key_->RowId("source", record.source.file));
  rows.Int64(static_cast<std::int64_t>(record.source.line));
  rows.Text(record.source.path);
  CodeOrNull(rows, *lookup_, record.codes);
}

void PlaceStage::TakeCareSite(const SourceRecord& record, const SourcePlace& place) {
  SqlAppender& rows = care_sites_;
  Begin(rows, record);
  rows.Text(key_->Pseudonym("care_site " + record.id));
  TextOrNull(rows, place.name);
  rows.Int64(key_->RowId("location", record.id));
  TextOrNull(rows, place.city);
  TextOrNull(rows, place.state);
  TextOrNull(rows, place.postal_code);
  TextOrNull(rows, place.country);
  rows.EndRow();
}

void PlaceStage::TakeProvider(const SourceRecord& record, const SourceProfessional& professional) {
  const std::string_view kind = KindName(RecordKind::kProvider);
  // A role is known by who has it: all rows of a person have one source value.
  const std::string& who =
      professional.practitioner_id.empty() ? record.id : professional.practitioner_id;
  SqlAppender& rows = providers_;
  Begin(rows, record);
  rows.Text(key_->Pseudonym("provider " + who));
  record.care_site_id.empty()
      ? rows.Null()
      : rows.Int64(key_->RowId(KindName(RecordKind::kCareSite), record.care_site_id));
  who == record.id ? rows.Null() : rows.Int64(key_->RowId(kind, who));
  rows.EndRow();
}

void PlaceStage::Take(const SourceRecord& record) {
  if (record.details == nullptr) return;
  if (const auto* place = std::get_if<SourcePlace>(&record.details->of)) {
    TakeCareSite(record, *place);
  } else if (const auto* professional = std::get_if<SourceProfessional>(&record.details->of)) {
    TakeProvider(record, *professional);
  }
}

Result<void> PlaceStage::Finish() {
  for (SqlAppender* rows : {&care_sites_, &providers_}) CLINNOVA_TRY(rows->Finish());
  return {};
}

}  // namespace clinnova::intake
