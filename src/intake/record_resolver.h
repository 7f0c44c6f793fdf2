// SPDX-License-Identifier: Apache-2.0
// From what the source said to what the CDM keeps: codes to concepts, units to canonical units, dates to
// the calendar. One record at a time, without the store; what does not resolve gets a rule.
//
// Rules, each a fixed word in the quarantine:
//   patient.missing       no patient
//   code.missing          neither a code nor a text says what it is
//   date.missing          a kind that needs a date has none
//   date.invalid          not on the calendar
//   date.in_future        after the day of the import
//   date.end_before_start
//   birth.missing, birth.implausible (more than 125 years ago)
//   value.missing         a measurement without a value
//   value.not_a_number    a text where the concept has a unit
//   unit.missing, unit.unknown, unit.not_convertible
//   value.implausible     outside the concept's limits
//   consent.purpose, consent.status
// The store adds two more (load_statements.h): person.unknown, date.before_birth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "intake/source_record.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::intake {

/// A calendar day, and the time of day where the source gives one.
struct ResolvedTime {
  std::int32_t day = 0;  ///< since 1970-01-01; the first day where only the month or year is known
  std::optional<std::int64_t> moment;  ///< microseconds since 1970-01-01, in the source's own zone
  SourceTime::Precision precision = SourceTime::Precision::kDay;
};

struct ResolvedPerson {
  std::int64_t gender_concept_id = 0;
  std::string gender_source;
  int year = 0;
  std::optional<int> month;
  std::optional<int> day;
  SourceTime::Precision precision = SourceTime::Precision::kDay;
};

struct ResolvedConsent {
  std::string purpose;
  std::string status;  ///< "given", "refused", "withdrawn"
  std::string from;    ///< date or empty
  std::string to;
};

/// Everything else: visit, condition, measurement, drug, procedure, observation, death.
struct ResolvedEvent {
  RecordKind table =
      RecordKind::kObservation;  ///< by the concept's domain, not by the source's words
  std::int64_t concept_id = 0;
  std::string source_value;  ///< the code, or the text, or the visit's class
  bool unmapped = false;     ///< there is a code, and nothing knows it
  ResolvedTime start;
  std::optional<ResolvedTime> end;
  std::optional<double> number;  ///< in `unit`
  std::int64_t operator_concept_id = 0;
  std::int64_t value_concept_id = 0;
  std::int64_t unit_concept_id = 0;
  std::string unit_source;
  std::string value_text;  ///< the raw text
  std::string comparator;
  std::optional<double> original_number;
  std::optional<double> range_low, range_high;  ///< of what is normal, in the unit of `number`
  std::int64_t type_concept_id = 0;
  std::optional<double> quantity;
  std::string route;
};

/// What resolving a pattern gives for all of its records; the rest is filled in record by record.
struct ResolvedPattern {
  ResolvedEvent event;
  const vocabulary::Concept* concept_ =
      nullptr;  ///< with a canonical unit; null: numbers stay as they are
  const vocabulary::Unit* unit = nullptr;
  const vocabulary::Unit* canonical =
      nullptr;  ///< where `unit` converts without knowing the substance
};

struct Rejection {
  std::string rule;
  std::string message;
};

using ResolvedRecord = std::variant<ResolvedPerson, ResolvedConsent, ResolvedEvent, Rejection>;

/// What a site knows of codes beyond the embedded vocabulary.
class CodeLookup {
 public:
  virtual ~CodeLookup() = default;
  /// The standard concept of a code, or of a text that has none; null when unknown. Valid as long as the
  /// lookup.
  virtual const vocabulary::Concept* Resolve(const SourceCode& code) = 0;
};

/// Const use from any number of threads, where there is no lookup.
class RecordResolver {
 public:
  /// `today` is a date such as "2026-11-23": nothing can have happened after it. `lookup` is asked for
  /// what records are about, not for the words within values; null: the embedded vocabulary alone.
  RecordResolver(const vocabulary::Vocabulary& vocabulary, std::string_view today,
                 CodeLookup* lookup = nullptr);

  ResolvedRecord Resolve(const SourceRecord& record) const;

  /// The pattern of a record, where this one resolves to an event.
  std::optional<ResolvedPattern> ResolvePattern(const PatternedRecord& record) const;
  /// Makes pattern.event that of Resolve(record.Whole()); false where that is a rejection.
  bool ResolveRest(const PatternedRecord& record, ResolvedPattern& pattern) const;

 private:
  ResolvedRecord ResolvePerson(const SourceRecord& record) const;
  ResolvedRecord ResolveConsent(const SourceRecord& record) const;
  ResolvedRecord ResolveEvent(const SourceRecord& record,
                              const vocabulary::Concept** of = nullptr) const;
  std::optional<Rejection> ResolveCode(const SourceRecord& record, ResolvedEvent& event,
                                       const vocabulary::Concept*& concept_) const;
  std::optional<Rejection> ResolveTimes(const std::optional<SourceTime>& from,
                                        const std::optional<SourceTime>& to,
                                        ResolvedEvent& event) const;
  std::optional<Rejection> ResolveValue(const SourceRecord& record,
                                        const vocabulary::Concept* concept_,
                                        ResolvedEvent& event) const;
  std::optional<Rejection> ResolveNumber(const SourceValue& value,
                                         const vocabulary::Concept& concept_,
                                         ResolvedEvent& event) const;
  const vocabulary::Unit* UnitOf(const vocabulary::Concept& concept_,
                                 const std::string& unit) const;
  void ResolveAnswer(const SourceValue& value, ResolvedEvent& event) const;
  std::optional<Rejection> CheckDay(const ResolvedTime& time, std::string_view what) const;

  const vocabulary::Concept* Meaning(const SourceCode& code) const;

  const vocabulary::Vocabulary& vocabulary_;  // not owned, outlives this
  CodeLookup* lookup_;                        // not owned, outlives this; may be null
  std::int32_t today_ = 0;                    // days since 1970-01-01
};

/// "measurement", the name of a kind in reports and in the quarantine.
std::string_view KindName(RecordKind kind);

/// The day of `time`; nothing when it is not on the calendar.
std::optional<ResolvedTime> OnCalendar(const SourceTime& time);
/// "2024-02-29", of a day counted from 1970-01-01.
std::string DayText(std::int32_t day);
/// "day", the word for how much of a date is known.
std::string_view PrecisionName(SourceTime::Precision precision);

}  // namespace clinnova::intake
