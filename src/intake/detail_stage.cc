// SPDX-License-Identifier: Apache-2.0
#include "intake/detail_stage.h"

#include <utility>
#include <variant>

#include "intake/stage_values.h"

namespace clinnova::intake {
namespace {

using core::SqlAppender;

/// A day that is on the calendar; where only the month or year is known there is none.
void DayOrNull(SqlAppender& rows, const std::optional<SourceTime>& time) {
  const bool whole = time && time->precision >= SourceTime::Precision::kDay;
  const auto day = whole ? OnCalendar(*time) : std::nullopt;
  day ? rows.Text(DayText(day->day)) : rows.Null();
}

}  // namespace

DetailStage::DetailStage(const PseudonymKey& key, CodeLookup& lookup, SqlAppender references,
                         SqlAppender samples)
    : key_(&key),
      lookup_(&lookup),
      references_(std::move(references)),
      samples_(std::move(samples)) {}

Result<DetailStage> DetailStage::Open(core::Database& database, const PseudonymKey& key,
                                      CodeLookup& lookup) {
  CLINNOVA_ASSIGN(SqlAppender references, database.Append("stage_reference"));
  CLINNOVA_ASSIGN(SqlAppender samples, database.Append("stage_sample"));
  return DetailStage(key, lookup, std::move(references), std::move(samples));
}

/// The row that stands for a record of that identity; 0 where there is none.
std::int64_t DetailStage::RowId(std::string_view kind, const std::string& id) const {
  return id.empty() ? 0 : key_->RowId(kind, id);
}

void DetailStage::TakeReferences(std::int64_t sequence, const SourceRecord& record) {
  if (record.specimen_id.empty() && record.provider_id.empty() && record.care_site_id.empty())
    return;
  references_.Int64(sequence);
  references_.Int64(RowId(KindName(RecordKind::kProvider), record.provider_id));
  references_.Int64(RowId(KindName(RecordKind::kCareSite), record.care_site_id));
  references_.Int64(RowId(KindName(RecordKind::kSpecimen), record.specimen_id));
  references_.EndRow();
}

void DetailStage::Stage(std::int64_t sequence, const SourceRecord& record,
                        const SourceSample& sample) {
  SqlAppender& rows = samples_;
  rows.Int64(sequence);
  sample.number.empty() ? rows.Null() : rows.Text(key_->Pseudonym("specimen " + sample.number));
  CodeOrNull(rows, *lookup_, sample.body_site);
  DayOrNull(rows, sample.received);
  TextOrNull(rows, sample.container);
  TextOrNull(rows, sample.storage);
  NumberOrNull(rows, sample.storage_low_celsius);
  NumberOrNull(rows, sample.storage_high_celsius);
  TextOrNull(rows, sample.processing);
  rows.Int64(RowId(KindName(RecordKind::kSpecimen), sample.parent_id));
  TextOrNull(rows, record.status);
  rows.EndRow();
}

void DetailStage::Take(std::int64_t sequence, const SourceRecord& record) {
  TakeReferences(sequence, record);
  if (record.details == nullptr) return;
  if (const auto* sample = std::get_if<SourceSample>(&record.details->of)) {
    Stage(sequence, record, *sample);
  }
}

Result<void> DetailStage::Finish() {
  for (SqlAppender* rows : {&references_, &samples_}) CLINNOVA_TRY(rows->Finish());
  return {};
}

}  // namespace clinnova::intake
