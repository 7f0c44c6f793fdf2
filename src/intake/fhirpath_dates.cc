// SPDX-License-Identifier: Apache-2.0
// The clock (section 5.9), and the parts of dates and times (FHIRPath 3.0 ballot).
#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

using Precision = Temporal::Precision;

Result<Collection> Now(const Call& call) {
  return Collection{Item{call.evaluator.environment().Now()}};
}

Temporal DateOf(Temporal value) {
  return {.kind = Temporal::Kind::kDate,
          .precision = std::min(value.precision, Precision::kDay),
          .year = value.year,
          .month = value.month,
          .day = value.day};
}

Temporal TimeOf(Temporal value) {
  value.kind = Temporal::Kind::kTime;
  value.offset_minutes.reset();
  return value;
}

Result<Collection> Today(const Call& call) {
  return Collection{Item{DateOf(call.evaluator.environment().Now())}};
}

Result<Collection> TimeOfDay(const Call& call) {
  return Collection{Item{TimeOf(call.evaluator.environment().Now())}};
}

/// The single date or time of the input; null when empty.
Result<const Temporal*> TemporalInput(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item) return nullptr;
  const auto* temporal = item->As<Temporal>();
  if (!temporal) {
    return WrongCall(call, TypeOf(call.evaluator.model(), *item).name, "a date, dateTime or time");
  }
  return temporal;
}

/// A part that the value may not know.
template <Precision kNeeded, int Temporal::* kPart>
Result<Collection> Part(const Call& call) {
  CLINNOVA_ASSIGN(const Temporal* value, TemporalInput(call));
  const bool of_time = value && value->kind == Temporal::Kind::kTime;
  if (!value || value->precision < kNeeded || (of_time && kNeeded < Precision::kHour)) {
    return Collection{};
  }
  return One(static_cast<std::int64_t>(value->*kPart));
}

Result<Collection> MillisecondOf(const Call& call) {
  CLINNOVA_ASSIGN(const Temporal* value, TemporalInput(call));
  if (!value || value->precision < Precision::kSecond || value->fraction_digits == 0) {
    return Collection{};
  }
  return One(static_cast<std::int64_t>(value->nanosecond / 1'000'000));
}

/// In hours, as a decimal.
Result<Collection> TimezoneOffsetOf(const Call& call) {
  CLINNOVA_ASSIGN(const Temporal* value, TemporalInput(call));
  if (!value || !value->offset_minutes) return Collection{};
  const auto hours = Decimal::Divide(Decimal(*value->offset_minutes), Decimal(60));
  return Collection{Item{Decimal(hours->number(), std::max(1, hours->digits()))}};
}

Result<Collection> DatePart(const Call& call) {
  CLINNOVA_ASSIGN(const Temporal* value, TemporalInput(call));
  if (!value || value->kind == Temporal::Kind::kTime) return Collection{};
  return Collection{Item{DateOf(*value)}};
}

Result<Collection> TimePart(const Call& call) {
  CLINNOVA_ASSIGN(const Temporal* value, TemporalInput(call));
  if (!value || value->precision < Precision::kHour) return Collection{};
  return Collection{Item{TimeOf(*value)}};
}

}  // namespace

std::span<const FunctionEntry> DateFunctions() {
  static constexpr FunctionEntry kFunctions[] = {
      {"now", 0, 0, Now},
      {"today", 0, 0, Today},
      {"timeOfDay", 0, 0, TimeOfDay},
      {"yearOf", 0, 0, Part<Precision::kYear, &Temporal::year>},
      {"monthOf", 0, 0, Part<Precision::kMonth, &Temporal::month>},
      {"dayOf", 0, 0, Part<Precision::kDay, &Temporal::day>},
      {"hourOf", 0, 0, Part<Precision::kHour, &Temporal::hour>},
      {"minuteOf", 0, 0, Part<Precision::kMinute, &Temporal::minute>},
      {"secondOf", 0, 0, Part<Precision::kSecond, &Temporal::second>},
      {"millisecondOf", 0, 0, MillisecondOf},
      {"timezoneOffsetOf", 0, 0, TimezoneOffsetOf},
      {"dateOf", 0, 0, DatePart},
      {"timeOf", 0, 0, TimePart}};
  return kFunctions;
}

}  // namespace clinnova::intake::fhirpath
