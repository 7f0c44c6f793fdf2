// SPDX-License-Identifier: Apache-2.0
#include "intake/record_resolver.h"

#include <chrono>

#include "core/check.h"
#include "core/text.h"
#include "intake/iso_time.h"
#include "intake/local_text.h"
#include "vocabulary/code_system.h"

namespace clinnova::intake {
namespace {

using core::Significant;
using vocabulary::Concept;
using vocabulary::Unit;

constexpr std::int64_t kEhr = 32817;
constexpr std::int64_t kEhrAdministration = 32818;
constexpr std::int64_t kEhrDispensing = 32825;
constexpr std::int64_t kEhrPrescription = 32838;
constexpr int kOldestAge = 125;

std::string Quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

/// Where a concept's domain sends a record, whatever table the source's kind suggests.
RecordKind TableOfDomain(std::string_view domain, RecordKind kind) {
  // A block of paraffin is a sample and a mean over an hour no measurement, whatever the code's domain.
  if (kind == RecordKind::kSpecimen || kind == RecordKind::kDevice ||
      kind == RecordKind::kBiomarker) {
    return kind;
  }
  if (domain == "Condition") return RecordKind::kCondition;
  if (domain == "Drug") return RecordKind::kDrug;
  if (domain == "Measurement") return RecordKind::kMeasurement;
  if (domain == "Observation") return RecordKind::kObservation;
  if (domain == "Procedure") return RecordKind::kProcedure;
  return kind;
}

int YearOf(std::int32_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return static_cast<int>(date.year());
}

bool IsImplausible(const Concept& concept_, double number) {
  return (concept_.low && number < *concept_.low) || (concept_.high && number > *concept_.high);
}

bool IsCountOrScore(std::string_view unit) { return unit == "{score}" || unit == "{count}"; }

}  // namespace

std::string_view KindName(RecordKind kind) {
  switch (kind) {
    case RecordKind::kPerson: return "person";
    case RecordKind::kVisit: return "visit";
    case RecordKind::kCondition: return "condition";
    case RecordKind::kMeasurement: return "measurement";
    case RecordKind::kDrug: return "drug";
    case RecordKind::kProcedure: return "procedure";
    case RecordKind::kObservation: return "observation";
    case RecordKind::kDeath: return "death";
    case RecordKind::kConsent: return "consent";
    case RecordKind::kSpecimen: return "specimen";
    case RecordKind::kDevice: return "device";
    case RecordKind::kBiomarker: return "biomarker";
    case RecordKind::kCareSite: return "care_site";
    case RecordKind::kProvider: return "provider";
  }
  return "other";
}

std::string_view PrecisionName(SourceTime::Precision precision) {
  switch (precision) {
    case SourceTime::Precision::kYear: return "year";
    case SourceTime::Precision::kMonth: return "month";
    case SourceTime::Precision::kDay: return "day";
    case SourceTime::Precision::kSecond: return "second";
  }
  return "day";
}

std::optional<ResolvedTime> OnCalendar(const SourceTime& time) {
  if (!IsOnCalendar(time)) return std::nullopt;
  const std::chrono::sys_days day = std::chrono::year{time.year} /
                                    static_cast<unsigned>(time.month) /
                                    static_cast<unsigned>(time.day);
  ResolvedTime resolved;
  resolved.day = static_cast<std::int32_t>(day.time_since_epoch().count());
  resolved.precision = time.precision;
  if (time.precision == SourceTime::Precision::kSecond) {
    const auto moment = day + std::chrono::hours(time.hour) + std::chrono::minutes(time.minute) +
                        std::chrono::seconds(time.second);
    resolved.moment = std::chrono::microseconds(moment.time_since_epoch()).count();
  }
  return resolved;
}

std::string DayText(std::int32_t day) {
  return IsoDate(std::chrono::sys_days(std::chrono::days(day)));
}

RecordResolver::RecordResolver(const vocabulary::Vocabulary& vocabulary, std::string_view today,
                               CodeLookup* lookup)
    : vocabulary_(vocabulary), lookup_(lookup) {
  const auto time = ParseIsoTime(today);
  const auto day = time ? OnCalendar(*time) : std::nullopt;
  CLINNOVA_CHECK(day.has_value());
  today_ = day->day;
}

const Concept* RecordResolver::Meaning(const SourceCode& code) const {
  if (lookup_ != nullptr) return lookup_->Resolve(code);
  return code.code.empty() ? nullptr : vocabulary_.Resolve(code.system, code.code);
}

ResolvedRecord RecordResolver::Resolve(const SourceRecord& record) const {
  if (record.patient_id.empty()) {
    return Rejection{"patient.missing", "found no patient, expected a reference or a number"};
  }
  switch (record.kind) {
    case RecordKind::kPerson: return ResolvePerson(record);
    case RecordKind::kConsent: return ResolveConsent(record);
    default: return ResolveEvent(record);
  }
}

std::optional<Rejection> RecordResolver::CheckDay(const ResolvedTime& time,
                                                  std::string_view what) const {
  if (time.day <= today_) return std::nullopt;
  return Rejection{"date.in_future", std::string(what) + ": found " + DayText(time.day) +
                                         ", expected " + DayText(today_) + " or before"};
}

ResolvedRecord RecordResolver::ResolvePerson(const SourceRecord& record) const {
  if (!record.birth)
    return Rejection{"birth.missing", "birth: found none, expected at least a year"};
  const auto birth = OnCalendar(*record.birth);
  if (!birth) return Rejection{"date.invalid", "birth: found a day that is not on the calendar"};
  if (auto rejected = CheckDay(*birth, "birth")) return *rejected;
  if (YearOf(today_) - record.birth->year > kOldestAge) {
    return Rejection{"birth.implausible", "birth: found a year more than 125 years ago"};
  }
  ResolvedPerson person;
  const Concept* gender = vocabulary_.Resolve("Gender", record.sex);
  person.gender_concept_id = gender == nullptr ? 0 : gender->id;
  person.gender_source = record.sex;
  person.year = record.birth->year;
  person.precision = birth->precision;
  if (birth->precision >= SourceTime::Precision::kMonth) person.month = record.birth->month;
  if (birth->precision >= SourceTime::Precision::kDay) person.day = record.birth->day;
  return person;
}

ResolvedRecord RecordResolver::ResolveConsent(const SourceRecord& record) const {
  if (record.type.empty()) {
    return Rejection{"consent.purpose", "purpose: found none, expected one such as 'research'"};
  }
  ResolvedConsent consent;
  consent.purpose = record.type;
  if (record.status == "active" || record.status == "given") {
    consent.status = "given";
  } else if (record.status == "rejected" || record.status == "refused") {
    consent.status = "refused";
  } else if (record.status == "inactive" || record.status == "withdrawn") {
    consent.status = "withdrawn";
  } else {
    return Rejection{"consent.status", "status: found " + Quoted(record.status) +
                                           ", expected active, rejected or inactive"};
  }
  for (const auto& [time, date] :
       {std::pair(&record.start, &consent.from), std::pair(&record.end, &consent.to)}) {
    if (!*time) continue;
    const auto day = OnCalendar(**time);
    if (!day) return Rejection{"date.invalid", "found a day that is not on the calendar"};
    *date = DayText(day->day);
  }
  return consent;
}

// The concept that a code stands for goes to `of`.
ResolvedRecord RecordResolver::ResolveEvent(const SourceRecord& record, const Concept** of) const {
  // Made where it is returned: an event is half a kilobyte.
  ResolvedRecord resolved(std::in_place_type<ResolvedEvent>);
  ResolvedEvent& event = std::get<ResolvedEvent>(resolved);
  event.table = record.kind;
  event.type_concept_id = kEhr;
  if (record.type == "prescription") event.type_concept_id = kEhrPrescription;
  if (record.type == "dispense") event.type_concept_id = kEhrDispensing;
  if (record.type == "administration") event.type_concept_id = kEhrAdministration;
  event.quantity = record.quantity;
  event.route = record.route;
  const Concept* concept_ = nullptr;
  std::optional<Rejection> rejected = ResolveCode(record, event, concept_);
  if (!rejected) rejected = ResolveTimes(record.start, record.end, event);
  if (!rejected) rejected = ResolveValue(record, concept_, event);
  if (rejected) resolved = std::move(*rejected);
  if (of != nullptr) *of = concept_;
  return resolved;
}

std::optional<ResolvedPattern> RecordResolver::ResolvePattern(const PatternedRecord& record) const {
  const SourceRecord whole = record.Whole();
  ResolvedPattern pattern;
  ResolvedRecord resolved = ResolveEvent(whole, &pattern.concept_);
  auto* event = std::get_if<ResolvedEvent>(&resolved);
  if (event == nullptr) return std::nullopt;
  pattern.event = std::move(*event);
  if (pattern.concept_ != nullptr && pattern.concept_->canonical_unit.empty())
    pattern.concept_ = nullptr;
  if (pattern.concept_ == nullptr || !record.number) return pattern;
  pattern.unit = UnitOf(*pattern.concept_, whole.value->unit);
  if (pattern.unit == nullptr) return std::nullopt;
  const Unit* canonical = vocabulary_.units().Find(pattern.concept_->canonical_unit);
  if (vocabulary_.units().Convert(*record.number, *pattern.unit, *canonical))
    pattern.canonical = canonical;
  return pattern;
}

bool RecordResolver::ResolveRest(const PatternedRecord& record, ResolvedPattern& pattern) const {
  ResolvedEvent& event = pattern.event;
  event.end.reset();
  if (ResolveTimes(record.start, record.end, event)) return false;
  if (!record.number) return true;
  event.value_text = record.text;
  event.original_number = event.number = record.number;
  if (pattern.concept_ == nullptr) return true;
  std::optional<vocabulary::CanonicalValue> canonical;
  if (pattern.canonical == nullptr) {
    canonical = vocabulary_.ToCanonical(*pattern.concept_, *record.number, *pattern.unit);
  } else if (const auto number =
                 vocabulary_.units().Convert(*record.number, *pattern.unit, *pattern.canonical)) {
    canonical = {*number, pattern.canonical};
  }
  if (!canonical || IsImplausible(*pattern.concept_, canonical->number)) return false;
  event.number = canonical->number;
  event.unit_concept_id = canonical->unit->concept_id;
  return true;
}

std::optional<Rejection> RecordResolver::ResolveCode(const SourceRecord& record,
                                                     ResolvedEvent& event,
                                                     const Concept*& concept_) const {
  if (record.kind == RecordKind::kVisit || record.kind == RecordKind::kDeath) {
    const Concept* visit = record.type.empty() ? nullptr : Meaning({"Visit", record.type, ""});
    if (record.kind == RecordKind::kVisit && visit != nullptr) event.concept_id = visit->id;
    event.unmapped = record.kind == RecordKind::kVisit && visit == nullptr;
    event.source_value = record.type;
    return std::nullopt;
  }
  for (const SourceCode& code : record.codes) {
    const Concept* found = Meaning(code);
    if (found == nullptr || found->standard != "S") continue;
    concept_ = found;
    event.concept_id = found->id;
    event.source_value = code.code;
    event.table = TableOfDomain(found->domain, record.kind);
    return std::nullopt;
  }
  for (const SourceCode& code : record.codes) {
    event.source_value = code.code.empty() ? code.display : code.code;
    event.unmapped = true;
    if (!event.source_value.empty()) return std::nullopt;
  }
  return Rejection{"code.missing", "found neither a code nor a text"};
}

std::optional<Rejection> RecordResolver::ResolveTimes(const std::optional<SourceTime>& from,
                                                      const std::optional<SourceTime>& to,
                                                      ResolvedEvent& event) const {
  if (!from) return Rejection{"date.missing", "found no date"};
  const auto start = OnCalendar(*from);
  if (!start) return Rejection{"date.invalid", "found a day that is not on the calendar"};
  if (auto rejected = CheckDay(*start, "date")) return rejected;
  event.start = *start;
  if (!to) return std::nullopt;
  event.end = OnCalendar(*to);
  if (!event.end) return Rejection{"date.invalid", "end: found a day that is not on the calendar"};
  // A planned end of a prescription may lie ahead; an end before the start is a mistake, as far as the
  // precision of both can tell.
  if (event.end->day >= event.start.day) return std::nullopt;
  if (event.end->precision >= SourceTime::Precision::kDay) {
    return Rejection{"date.end_before_start", "found " + DayText(event.end->day) + ", expected " +
                                                  DayText(event.start.day) + " or after"};
  }
  event.end.reset();
  return std::nullopt;
}

std::optional<Rejection> RecordResolver::ResolveValue(const SourceRecord& record,
                                                      const Concept* concept_,
                                                      ResolvedEvent& event) const {
  if (!record.value) {
    const bool needs =
        record.kind == RecordKind::kMeasurement || record.kind == RecordKind::kBiomarker;
    if (!needs) return std::nullopt;
    return Rejection{"value.missing", "found no value"};
  }
  const SourceValue& value = *record.value;
  event.value_text = value.text;
  event.comparator = value.comparator;
  event.unit_source = value.unit;
  event.original_number = value.number;
  if (!value.comparator.empty()) {
    const Concept* operator_ = vocabulary_.Resolve("Operator", value.comparator);
    event.operator_concept_id = operator_ == nullptr ? 0 : operator_->id;
  }
  if (value.number && concept_ != nullptr && !concept_->canonical_unit.empty()) {
    return ResolveNumber(value, *concept_, event);
  }
  if (value.number) {
    const Unit* unit = vocabulary_.units().Find(value.unit);
    event.number = value.number;
    event.range_low = value.low;
    event.range_high = value.high;
    event.unit_concept_id = unit == nullptr ? 0 : unit->concept_id;
    return std::nullopt;
  }
  ResolveAnswer(value, event);
  if (event.value_concept_id == 0 && concept_ != nullptr && !concept_->canonical_unit.empty()) {
    return Rejection{"value.not_a_number",
                     "found a text, expected a number in " + std::string(concept_->canonical_unit)};
  }
  if (!value.coded && value.text.empty()) return Rejection{"value.missing", "found no value"};
  return std::nullopt;
}

// A count or a score needs no unit.
const Unit* RecordResolver::UnitOf(const Concept& concept_, const std::string& unit) const {
  const bool bare = TrimText(unit).empty() && IsCountOrScore(concept_.canonical_unit);
  return vocabulary_.units().Find(bare ? concept_.canonical_unit : unit);
}

std::optional<Rejection> RecordResolver::ResolveNumber(const SourceValue& value,
                                                       const Concept& concept_,
                                                       ResolvedEvent& event) const {
  const SourceQuantity own{*value.number, value.unit};
  std::optional<Rejection> rejected;
  for (std::size_t i = 0; i <= value.translations.size(); ++i) {
    const SourceQuantity& quantity = i == 0 ? own : value.translations[i - 1];
    const Unit* unit = UnitOf(concept_, quantity.unit);
    std::optional<vocabulary::CanonicalValue> canonical;
    if (unit != nullptr) canonical = vocabulary_.ToCanonical(concept_, quantity.number, *unit);
    if (!canonical) {
      if (rejected) continue;  // the first alternative's reason is the one to show
      const std::string expected =
          ", expected one that converts to " + std::string(concept_.canonical_unit);
      rejected = Rejection{quantity.unit.empty() ? "unit.missing"
                           : unit == nullptr     ? "unit.unknown"
                                                 : "unit.not_convertible",
                           "found unit " + Quoted(quantity.unit) + expected};
      continue;
    }
    if (IsImplausible(concept_, canonical->number)) {
      return Rejection{"value.implausible",
                       "found " + Significant(canonical->number, 10) + " " +
                           std::string(concept_.canonical_unit) + ", expected " +
                           Significant(concept_.low.value_or(-1e300), 10) + " to " +
                           Significant(concept_.high.value_or(1e300), 10)};
    }
    event.number = canonical->number;
    event.unit_concept_id = canonical->unit->concept_id;
    // The limits are in the unit of the value itself, not of its translations.
    if (i > 0) return std::nullopt;
    for (const auto& [limit, range] :
         {std::pair(&value.low, &event.range_low), std::pair(&value.high, &event.range_high)}) {
      if (!*limit) continue;
      const auto in_unit = vocabulary_.ToCanonical(concept_, **limit, *unit);
      if (in_unit) *range = in_unit->number;
    }
    return std::nullopt;
  }
  return rejected;
}

void RecordResolver::ResolveAnswer(const SourceValue& value, ResolvedEvent& event) const {
  const Concept* answer = nullptr;
  if (value.coded) {
    answer = vocabulary_.Resolve(value.coded->system, value.coded->code);
    if (answer == nullptr) answer = vocabulary_.Resolve("Answer", value.coded->code);
    if (answer == nullptr) answer = vocabulary_.Resolve("Answer", value.coded->display);
    if (event.value_text.empty()) {
      event.value_text = value.coded->code.empty() ? value.coded->display : value.coded->code;
    }
  } else {
    answer = vocabulary_.Resolve("Answer", value.text);
  }
  if (answer != nullptr) event.value_concept_id = answer->id;
}

}  // namespace clinnova::intake
