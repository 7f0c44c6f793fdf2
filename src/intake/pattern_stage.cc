// SPDX-License-Identifier: Apache-2.0
#include "intake/pattern_stage.h"

namespace clinnova::intake {
namespace {

/// Whether a record is an event and nothing else: with no more to it than a row and its form. A value that is no
/// measurement has a later version in another form to look out for.
bool IsRowAndForm(const SourceRecord& record) {
  return IsPlainEvent(record.kind) && !SaysItIsNotTrue(record) &&
         (!record.kind_follows_value || record.kind == RecordKind::kMeasurement) &&
         record.details == nullptr && record.identity_words.empty() && record.provider_id.empty() &&
         record.care_site_id.empty() && record.specimen_id.empty();
}

}  // namespace

const ResolvedEvent* PatternStage::Take(const PatternedRecord& record) {
  const std::size_t number = record.pattern->number;
  if (patterns_.size() <= number) patterns_.resize(number + 1);
  std::unique_ptr<Pattern>& pattern = patterns_[number];
  if (pattern == nullptr) {
    pattern = std::make_unique<Pattern>();
    pattern->as_whole = !IsRowAndForm(record.pattern->sample);
  }
  if (pattern->as_whole || record.patient_id.empty() || record.id.empty()) return nullptr;
  if (!pattern->resolved) pattern->resolved = resolver_->ResolvePattern(record);
  if (!pattern->resolved || !resolver_->ResolveRest(record, *pattern->resolved)) return nullptr;
  stage_->Take(record, pattern->resolved->event, pattern->form);
  return &pattern->resolved->event;
}

}  // namespace clinnova::intake
