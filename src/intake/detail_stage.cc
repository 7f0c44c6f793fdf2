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

DetailStage::DetailStage(const PseudonymKey& key, CodeLookup& lookup,
                         std::array<SqlAppender, 5> appenders)
    : key_(&key),
      lookup_(&lookup),
      references_(std::move(appenders[0])),
      samples_(std::move(appenders[1])),
      devices_(std::move(appenders[2])),
      imaging_(std::move(appenders[3])),
      series_(std::move(appenders[4])) {}

Result<DetailStage> DetailStage::Open(core::Database& database, const PseudonymKey& key,
                                      CodeLookup& lookup) {
  CLINNOVA_ASSIGN(SqlAppender references, database.Append("stage_reference"));
  CLINNOVA_ASSIGN(SqlAppender samples, database.Append("stage_sample"));
  CLINNOVA_ASSIGN(SqlAppender devices, database.Append("stage_device"));
  CLINNOVA_ASSIGN(SqlAppender imaging, database.Append("stage_imaging"));
  CLINNOVA_ASSIGN(SqlAppender series, database.Append("stage_series"));
  return DetailStage(key, lookup,
                     {std::move(references), std::move(samples), std::move(devices),
                      std::move(imaging), std::move(series)});
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

void DetailStage::Stage(std::int64_t sequence, const SourceDevice& device) {
  devices_.Int64(sequence);
  TextOrNull(devices_, device.identifier);
  devices_.EndRow();
}

void DetailStage::Stage(std::int64_t sequence, const SourceImaging& imaging) {
  SqlAppender& rows = imaging_;
  rows.Int64(sequence);
  TextOrNull(rows, imaging.modality);
  CodeOrNull(rows, *lookup_, imaging.body_site);
  NumberOrNull(rows, imaging.series);
  NumberOrNull(rows, imaging.instances);
  rows.Int64(RowId(KindName(RecordKind::kProcedure), imaging.procedure_id));
  rows.EndRow();
}

void DetailStage::Stage(std::int64_t sequence, const SourceSeries& series) {
  SqlAppender& rows = series_;
  rows.Int64(sequence);
  CodeOrNull(rows, *lookup_, series.device);
  NumberOrNull(rows, series.samples);
  NumberOrNull(rows, series.milliseconds);
  rows.EndRow();
}

void DetailStage::Take(std::int64_t sequence, const SourceRecord& record) {
  TakeReferences(sequence, record);
  if (record.details == nullptr) return;
  if (const auto* sample = std::get_if<SourceSample>(&record.details->of)) {
    Stage(sequence, record, *sample);
  } else if (const auto* device = std::get_if<SourceDevice>(&record.details->of)) {
    Stage(sequence, *device);
  } else if (const auto* imaging = std::get_if<SourceImaging>(&record.details->of)) {
    Stage(sequence, *imaging);
  } else if (const auto* series = std::get_if<SourceSeries>(&record.details->of)) {
    Stage(sequence, *series);
  }
}

Result<void> DetailStage::Finish() {
  for (SqlAppender* rows : {&references_, &samples_, &devices_, &imaging_, &series_}) {
    CLINNOVA_TRY(rows->Finish());
  }
  return {};
}

}  // namespace clinnova::intake
