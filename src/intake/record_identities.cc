// SPDX-License-Identifier: Apache-2.0
#include "intake/record_identities.h"

#include "intake/record_resolver.h"
#include "vocabulary/code_system.h"

namespace clinnova::intake {
namespace {

/// A record without an identity of its own is known by what it says.
std::string IdentityByContent(const SourceRecord& record) {
  const auto end = record.end ? OnCalendar(*record.end) : std::nullopt;
  return record.patient_id + '\n' + record.visit_id + '\n' + Describe(record) + '\n' +
         (end ? DayText(end->day) : "");
}

}  // namespace

std::string Describe(const SourceRecord& record) {
  std::string text(KindName(record.kind));
  for (const SourceCode& code : record.codes) {
    text += " " + vocabulary::CodeSystemName(code.system) + "|" + code.code;
    if (code.code.empty()) text += code.display;
  }
  if (record.start) {
    if (const auto start = OnCalendar(*record.start)) text += " " + DayText(start->day);
  }
  if (record.value) {
    const SourceValue& value = *record.value;
    text += " = " + value.comparator;
    text += !value.text.empty() ? value.text : value.number ? std::to_string(*value.number) : "";
    if (value.text.empty() || value.text.find(value.unit) == std::string::npos)
      text += " " + value.unit;
  }
  if (!record.type.empty()) text += " (" + record.type + ")";
  if (!record.status.empty()) text += " [" + record.status + "]";
  return text.substr(0, 4096);
}

std::int64_t RecordIdentities::RowId(const SourceRecord& record) {
  if (record.kind == RecordKind::kPerson) return PersonId(record.patient_id);
  if (!record.id.empty()) return key_->RowId(KindName(record.kind), record.id);
  return key_->RowId(KindName(record.kind), IdentityByContent(record));
}

std::int64_t RecordIdentities::RowId(const PatternedRecord& record) {
  return key_->RowId(KindName(record.pattern->sample.kind), record.id);
}

std::int64_t RecordIdentities::PersonId(std::string_view patient_id) {
  return patient_.Of(patient_id, [this](std::string_view id) { return key_->PersonId(id); });
}

std::int64_t RecordIdentities::VisitId(std::string_view visit_id) {
  if (visit_id.empty()) return 0;
  return visit_.Of(visit_id, [this](std::string_view id) { return key_->RowId("visit", id); });
}

}  // namespace clinnova::intake
