// SPDX-License-Identifier: Apache-2.0
// The clock (section 5.9), and the parts of dates and times (FHIRPath 3.0 ballot).
#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

using Precision = Temporal::Precision;

Result<Items> Now(const Call& call) { return call.One(call.environment().Now()); }

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

Result<Items> Today(const Call& call) { return call.One(DateOf(call.environment().Now())); }

Result<Items> TimeOfDay(const Call& call) { return call.One(TimeOf(call.environment().Now())); }

/// The single date or time of the input; nothing when empty.
Result<std::optional<Temporal>> TemporalInput(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item || item->IsValueless()) return std::nullopt;
  const auto temporal = item->As<Temporal>();
  if (!temporal) {
    return WrongCall(call, TypeOf(*item).name, "a date, dateTime or time");
  }
  return temporal;
}

/// A part that the value may not know.
template <Precision kNeeded, int Temporal::* kPart>
Result<Items> Part(const Call& call) {
  CLINNOVA_ASSIGN(const auto value, TemporalInput(call));
  const bool of_time = value && value->kind == Temporal::Kind::kTime;
  if (!value || value->precision < kNeeded || (of_time && kNeeded < Precision::kHour)) {
    return Items();
  }
  return call.One(static_cast<std::int64_t>((*value).*kPart));
}

Result<Items> MillisecondOf(const Call& call) {
  CLINNOVA_ASSIGN(const auto value, TemporalInput(call));
  if (!value || value->precision < Precision::kSecond || value->fraction_digits == 0) {
    return Items();
  }
  return call.One(static_cast<std::int64_t>(value->nanosecond / 1'000'000));
}

/// In hours, as a decimal.
Result<Items> TimezoneOffsetOf(const Call& call) {
  CLINNOVA_ASSIGN(const auto value, TemporalInput(call));
  if (!value || !value->offset_minutes) return Items();
  const auto hours = Decimal::Divide(Decimal(*value->offset_minutes), Decimal(60));
  return call.One(Decimal(hours->number(), std::max(1, hours->digits())));
}

Result<Items> DatePart(const Call& call) {
  CLINNOVA_ASSIGN(const auto value, TemporalInput(call));
  if (!value || value->kind == Temporal::Kind::kTime) return Items();
  return call.One(DateOf(*value));
}

Result<Items> TimePart(const Call& call) {
  CLINNOVA_ASSIGN(const auto value, TemporalInput(call));
  if (!value || value->precision < Precision::kHour) return Items();
  return call.One(TimeOf(*value));
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
