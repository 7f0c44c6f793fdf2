// SPDX-License-Identifier: Apache-2.0
#include "intake/source_record.h"

#include <utility>

namespace clinnova::intake {
namespace {

/// Some ten megabytes.
constexpr std::size_t kMostPatterns = 1 << 13;

}  // namespace

SourceRecord PatternedRecord::Whole() const {
  SourceRecord record = pattern->sample;
  record.source.line = line;
  record.id = id;
  record.patient_id = patient_id;
  record.visit_id = visit_id;
  record.start = start;
  record.end = end;
  if (number) {
    record.value->number = number;
    record.value->text = text;
  }
  return record;
}

const RecordPattern* RecordSink::KeepPattern(SourceRecord sample) {
  if (patterns_.size() == kMostPatterns) return nullptr;
  return &patterns_.emplace_back(RecordPattern{patterns_.size(), std::move(sample)});
}

}  // namespace clinnova::intake
