// SPDX-License-Identifier: Apache-2.0
// Conversion between types (section 5.5): toX() gives the value or nothing, convertsToX() says which.
#include "core/text.h"
#include "intake/fhirpath_compare.h"
#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

using Converted = std::optional<Item>;

std::optional<std::int64_t> WholeNumber(std::string_view text) {
  const auto decimal = Decimal::Parse(text);
  if (!decimal || text.find_first_of(".eE") != text.npos) return std::nullopt;
  return decimal->ToInteger();
}

Converted ToBoolean(const Environment& environment, const Item& item) {
  if (const auto truth = item.As<bool>()) return ItemOf(environment.memory, *truth);
  if (const auto number = DecimalOf(item)) {
    if (*number == Decimal(1)) return ItemOf(environment.memory, true);
    if (*number == Decimal(0)) return ItemOf(environment.memory, false);
    return std::nullopt;
  }
  const auto text = item.As<std::string_view>();
  if (!text) return std::nullopt;
  const std::string lower = core::AsciiLower(*text);
  for (const std::string_view yes : {"true", "t", "yes", "y", "1", "1.0"}) {
    if (lower == yes) return ItemOf(environment.memory, true);
  }
  for (const std::string_view no : {"false", "f", "no", "n", "0", "0.0"}) {
    if (lower == no) return ItemOf(environment.memory, false);
  }
  return std::nullopt;
}

Converted ToInteger(const Environment& environment, const Item& item) {
  if (const auto integer = item.As<std::int64_t>()) return ItemOf(environment.memory, *integer);
  if (const auto truth = item.As<bool>())
    return ItemOf(environment.memory, std::int64_t{*truth ? 1 : 0});
  if (const auto text = item.As<std::string_view>()) {
    if (const auto whole = WholeNumber(*text)) return ItemOf(environment.memory, *whole);
  }
  return std::nullopt;
}

Converted ToDecimal(const Environment& environment, const Item& item) {
  if (const auto number = DecimalOf(item)) return ItemOf(environment.memory, *number);
  if (const auto truth = item.As<bool>())
    return ItemOf(environment.memory, Decimal(Decimal::Number(*truth ? 1 : 0), 1));
  const auto text = item.As<std::string_view>();
  if (!text || text->find_first_of("eE") != text->npos) return std::nullopt;
  const std::size_t digit = text->find_first_not_of("+-");
  if (digit == text->npos || (*text)[digit] == '.') return std::nullopt;  // "0.5", not ".5"
  const auto decimal = Decimal::Parse(*text);
  return decimal ? Converted(ItemOf(environment.memory, *decimal)) : std::nullopt;
}

/// "4.0 'mg'", "7 days", "12".
std::optional<Quantity> ParseQuantity(std::string_view text) {
  const std::size_t end = text.find_first_of(" \t'");
  const auto number = Decimal::Parse(text.substr(0, end));
  if (!number || text.find_first_of("eE") < std::min(end, text.size())) return std::nullopt;
  if (end == text.npos) return Quantity{.value = *number, .unit = "1"};
  const std::size_t start = text.find_first_not_of(" \t", end);
  if (start == text.npos) return std::nullopt;
  const std::string_view unit = text.substr(start);
  if (CalendarUnitOf(unit)) return Quantity{*number, unit, true};
  if (unit.size() < 3 || unit.front() != '\'' || unit.back() != '\'') return std::nullopt;
  return Quantity{*number, unit.substr(1, unit.size() - 2), false};
}

Converted ToQuantity(const Environment& environment, const Item& item) {
  if (const auto quantity = QuantityOf(environment.model, item))
    return ItemOf(environment.memory, *quantity);
  if (const auto truth = item.As<bool>()) {
    return ItemOf(environment.memory,
                  Quantity{.value = Decimal(Decimal::Number(*truth ? 1 : 0), 1), .unit = "1"});
  }
  const auto text = item.As<std::string_view>();
  const auto quantity = text ? ParseQuantity(*text) : std::nullopt;
  return quantity ? Converted(ItemOf(environment.memory, *quantity)) : std::nullopt;
}

Converted ToString(const Environment& environment, const Item& item) {
  if (!item.HasValue()) {
    const auto quantity = QuantityOf(environment.model, item);
    return quantity ? Converted(ItemOf(environment.memory, *TextOf({.value = &*quantity})))
                    : std::nullopt;
  }
  if (item.As<TypeInfo>()) return std::nullopt;
  // A text stays where it is.
  if (const auto text = StringOf(item)) return ItemOf(environment.memory, *text);
  const auto text = TextOf(item);
  return text ? Converted(ItemOf(environment.memory, *text)) : std::nullopt;
}

Temporal AsDate(Temporal temporal) {
  temporal.kind = Temporal::Kind::kDate;
  temporal.precision = std::min(temporal.precision, Temporal::Precision::kDay);
  temporal.offset_minutes.reset();
  temporal.fraction_digits = 0;
  temporal.hour = temporal.minute = temporal.second = temporal.nanosecond = 0;
  return temporal;
}

Converted ToDate(const Environment& environment, const Item& item) {
  if (const auto temporal = item.As<Temporal>()) {
    if (temporal->kind == Temporal::Kind::kTime) return std::nullopt;
    return ItemOf(environment.memory, AsDate(*temporal));
  }
  const auto text = item.As<std::string_view>();
  const auto parsed = text ? Temporal::Parse(*text, Temporal::Kind::kDate) : std::nullopt;
  return parsed ? Converted(ItemOf(environment.memory, *parsed)) : std::nullopt;
}

Converted ToDateTime(const Environment& environment, const Item& item) {
  if (const auto temporal = item.As<Temporal>()) {
    if (temporal->kind == Temporal::Kind::kTime) return std::nullopt;
    Temporal date_time = *temporal;
    date_time.kind = Temporal::Kind::kDateTime;
    return ItemOf(environment.memory, date_time);
  }
  const auto text = item.As<std::string_view>();
  const auto parsed = text ? Temporal::Parse(*text, Temporal::Kind::kDateTime) : std::nullopt;
  return parsed ? Converted(ItemOf(environment.memory, *parsed)) : std::nullopt;
}

Converted ToTime(const Environment& environment, const Item& item) {
  if (const auto temporal = item.As<Temporal>()) {
    return temporal->kind == Temporal::Kind::kTime
               ? Converted(ItemOf(environment.memory, *temporal))
               : std::nullopt;
  }
  const auto text = item.As<std::string_view>();
  const auto parsed = text ? Temporal::Parse(*text, Temporal::Kind::kTime) : std::nullopt;
  return parsed ? Converted(ItemOf(environment.memory, *parsed)) : std::nullopt;
}

using Conversion = Converted (*)(const Environment&, const Item&);

template <Conversion kConvert>
Result<Items> To(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  auto converted = item ? kConvert(call.environment(), *item) : std::nullopt;
  return call.One(converted);
}

template <Conversion kConvert>
Result<Items> ConvertsTo(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item) return Items();
  return call.One(kConvert(call.environment(), *item).has_value());
}

/// The value of a quantity in the argument's unit, a calendar's word or UCUM, in quotes or not; nothing when it
/// does not convert.
Converted InUnit(const Call& call, const Item& item, std::string_view unit) {
  if (unit.size() > 2 && unit.front() == '\'' && unit.back() == '\'') {
    unit = unit.substr(1, unit.size() - 2);
  }
  const auto* quantity = item.As<Quantity>();
  if (!quantity) return std::nullopt;
  if (quantity->unit == unit) return item;
  const auto converted = ValueIn(call.environment(), *quantity, unit);
  const auto rounded = converted ? Decimal::Rounded(*converted) : std::nullopt;
  if (!rounded) return std::nullopt;
  return ItemOf(call.memory(), Quantity{*rounded, unit, CalendarUnitOf(unit).has_value()});
}

Result<Converted> QuantityIn(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  Converted converted = item ? ToQuantity(call.environment(), *item) : std::nullopt;
  if (call.size() == 0 || !converted) return converted;
  CLINNOVA_ASSIGN(const auto unit, StringArgument(call, 0));
  return unit ? InUnit(call, *converted, *unit) : converted;
}

Result<Items> ToQuantityIn(const Call& call) {
  CLINNOVA_ASSIGN(const Converted converted, QuantityIn(call));
  return call.One(converted);
}

Result<Items> ConvertsToQuantityIn(const Call& call) {
  if (call.input.empty()) return Items();
  CLINNOVA_ASSIGN(const Converted converted, QuantityIn(call));
  return call.One(converted.has_value());
}

}  // namespace

std::span<const FunctionEntry> ConversionFunctions() {
  static constexpr FunctionEntry kFunctions[] = {
      {"toBoolean", 0, 0, To<ToBoolean>},
      {"toInteger", 0, 0, To<ToInteger>},
      {"toLong", 0, 0, To<ToInteger>},
      {"toDecimal", 0, 0, To<ToDecimal>},
      {"toQuantity", 0, 1, ToQuantityIn},
      {"toString", 0, 0, To<ToString>},
      {"toDate", 0, 0, To<ToDate>},
      {"toDateTime", 0, 0, To<ToDateTime>},
      {"toTime", 0, 0, To<ToTime>},
      {"convertsToBoolean", 0, 0, ConvertsTo<ToBoolean>},
      {"convertsToInteger", 0, 0, ConvertsTo<ToInteger>},
      {"convertsToLong", 0, 0, ConvertsTo<ToInteger>},
      {"convertsToDecimal", 0, 0, ConvertsTo<ToDecimal>},
      {"convertsToQuantity", 0, 1, ConvertsToQuantityIn},
      {"convertsToString", 0, 0, ConvertsTo<ToString>},
      {"convertsToDate", 0, 0, ConvertsTo<ToDate>},
      {"convertsToDateTime", 0, 0, ConvertsTo<ToDateTime>},
      {"convertsToTime", 0, 0, ConvertsTo<ToTime>}};
  return kFunctions;
}

}  // namespace clinnova::intake::fhirpath
