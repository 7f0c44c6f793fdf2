// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "intake/fhirpath_compare.h"

namespace clinnova::intake::fhirpath {
namespace {

namespace mp = boost::multiprecision;

tl::unexpected<Error> WrongOperands(std::string_view op, const Item& a, const Item& b) {
  return Fail(ErrorCode::kInvalidInput,
              "\"" + std::string(op) + "\": found " + std::string(TypeOf(a).name) + " and " +
                  std::string(TypeOf(b).name) + ", expected values that it takes");
}

/// Two integers; an overflow is empty.
Items Integers(const Environment& environment, std::string_view op, std::int64_t a,
               std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  if (op == "+") overflow = __builtin_add_overflow(a, b, &result);
  if (op == "-") overflow = __builtin_sub_overflow(a, b, &result);
  if (op == "*") overflow = __builtin_mul_overflow(a, b, &result);
  if (op == "div" || op == "mod") {
    if (b == 0 || (a == std::numeric_limits<std::int64_t>::min() && b == -1)) return {};
    result = op == "div" ? a / b : a % b;
  }
  if (overflow) return {};
  return environment.One(result);
}

Items Decimals(const Environment& environment, std::string_view op, const Decimal& a,
               const Decimal& b) {
  if (op == "+") return environment.One(a + b);
  if (op == "-") return environment.One(a - b);
  if (op == "*") return environment.One(a * b);
  if (op == "/") return environment.One(Decimal::Divide(a, b));
  if (b == Decimal(0)) return {};
  const Decimal::Number quotient = mp::trunc(Decimal::Number(a.number() / b.number()));
  if (op == "div") return environment.One(Decimal(quotient, 0).ToInteger());
  return environment.One(a - Decimal(quotient, 0) * b);
}

/// The unit of a product or quotient of units that are no powers of symbols; "1" disappears.
std::string JoinUnits(std::string_view op, const std::string& a, const std::string& b) {
  const auto bracketed = [](const std::string& unit) {
    return unit.find('/') == unit.npos ? unit : "(" + unit + ")";
  };
  if (op == "*") {
    if (a == "1") return b;
    return b == "1" ? a : bracketed(a) + "." + bracketed(b);
  }
  if (a == b) return "1";
  if (b == "1") return a;
  const bool compound = b.find_first_of("./") != b.npos;
  return (a == "1" ? "" : a) + "/" + (compound ? "(" + b + ")" : b);
}

/// A unit as powers of symbols, "kg.m/s2"; nothing where it has parentheses, annotations or numbers.
std::optional<std::vector<std::pair<std::string, int>>> PowersOf(std::string_view unit) {
  std::vector<std::pair<std::string, int>> powers;
  if (unit == "1") return powers;
  int sign = unit.starts_with('/') ? -1 : 1;
  if (sign < 0) unit.remove_prefix(1);
  while (true) {
    const std::size_t end = std::min(unit.find_first_of("./"), unit.size());
    const std::string_view term = unit.substr(0, end);
    const std::size_t size = std::min(term.find_first_of("0123456789-+*^(){}"), term.size());
    const std::string_view digits = term.substr(size);
    int exponent = 1;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (size == 0 || (!digits.empty() && error != std::errc()) ||
        stop != digits.data() + digits.size() || std::abs(exponent) > 1000) {
      return std::nullopt;
    }
    powers.emplace_back(term.substr(0, size), sign * exponent);
    if (end == unit.size()) return powers;
    sign = unit[end] == '/' ? -1 : 1;
    unit.remove_prefix(end + 1);
  }
}

std::string UnitOf(std::span<const std::pair<std::string, int>> powers) {
  std::string above;
  std::string below;
  for (const auto& [symbol, exponent] : powers) {
    const int size = std::abs(exponent);
    const std::string term = symbol + (size == 1 ? "" : std::to_string(size));
    if (exponent > 0) above += (above.empty() ? "" : ".") + term;
    if (exponent < 0) below += "/" + term;
  }
  return above.empty() && below.empty() ? "1" : above + below;
}

/// The unit of a product or quotient, each symbol once: cm2 by cm is cm.
std::string ProductUnit(std::string_view op, const std::string& a, const std::string& b) {
  auto powers = PowersOf(a);
  const auto others = PowersOf(b);
  if (!powers || !others) return JoinUnits(op, a, b);
  for (const auto& [symbol, exponent] : *others) {
    const int added = op == "*" ? exponent : -exponent;
    const auto same = std::ranges::find(*powers, symbol, &std::pair<std::string, int>::first);
    if (same == powers->end()) {
      powers->emplace_back(symbol, added);
    } else {
      same->second += added;
    }
  }
  return UnitOf(*powers);
}

Quantity Definite(Quantity quantity) {
  constexpr std::string_view kUnits[] = {"a", "mo", "wk", "d", "h", "min", "s", "ms"};
  if (const auto word = CalendarUnitOf(quantity.unit)) {
    quantity.unit = kUnits[static_cast<int>(*word)];
    quantity.calendar = false;
  }
  return quantity;
}

/// Sums keep the more finely grained unit of the two, as FHIRPath asks.
Items Sum(const Environment& environment, std::string_view op, const Quantity& a,
          const Quantity& b) {
  const auto combine = [&](const Decimal& x, const Decimal& y) {
    return op == "+" ? x + y : x - y;
  };
  if (a.unit == b.unit)
    return environment.One(Quantity{combine(a.value, b.value), a.unit, a.calendar});
  const auto left = environment.ucum.Parse(Definite(a).unit);
  const auto right = environment.ucum.Parse(Definite(b).unit);
  if (!left || !right || !Comparable(environment, a, b)) return {};
  const bool to_left = left->factor <= right->factor;
  const auto converted = vocabulary::Convert(to_left ? b.value.number() : a.value.number(),
                                             to_left ? *right : *left, to_left ? *left : *right);
  if (!converted) return {};
  const auto rounded = Decimal::Rounded(*converted);
  if (!rounded) return {};
  const Quantity& kept = to_left ? a : b;
  const Decimal value = to_left ? combine(a.value, *rounded) : combine(*rounded, b.value);
  return environment.One(Quantity{value, kept.unit, kept.calendar});
}

Items Product(const Environment& environment, std::string_view op, const Quantity& a,
              const Quantity& b) {
  const Quantity left = Definite(a);
  Quantity right = Definite(b);
  // 2 cm * 2 m: one unit for one dimension.
  const auto x = environment.ucum.Parse(left.unit);
  const auto y = environment.ucum.Parse(right.unit);
  if (!x || !y) return {};
  if (left.unit != right.unit && x->dimension == y->dimension) {
    const auto converted = vocabulary::Convert(right.value.number(), *y, *x);
    const auto rounded = converted ? Decimal::Rounded(*converted) : std::nullopt;
    if (rounded) right = Quantity{*rounded, left.unit};
  }
  const auto value = op == "*" ? std::optional(left.value * right.value)
                               : Decimal::Divide(left.value, right.value);
  if (!value) return {};
  const std::string unit = ProductUnit(op, std::string(left.unit), std::string(right.unit));
  return environment.One(
      Quantity{.value = *value, .unit = environment.memory.Copy(std::string_view(unit))});
}

/// The calendar unit that a quantity adds to a date; a UCUM year or month is none.
std::optional<CalendarUnit> AddedUnit(const Quantity& quantity) {
  if (const auto word = CalendarUnitOf(quantity.unit)) return word;
  constexpr std::pair<std::string_view, CalendarUnit> kUnits[] = {
      {"wk", CalendarUnit::kWeek},  {"d", CalendarUnit::kDay},
      {"h", CalendarUnit::kHour},   {"min", CalendarUnit::kMinute},
      {"s", CalendarUnit::kSecond}, {"ms", CalendarUnit::kMillisecond}};
  for (const auto& [unit, meant] : kUnits) {
    if (unit == quantity.unit) return meant;
  }
  return std::nullopt;
}

Result<Items> DateArithmetic(const Environment& environment, std::string_view op,
                             const Temporal& date, const Quantity& quantity) {
  const auto unit = AddedUnit(quantity);
  if (!unit) {
    return Fail(ErrorCode::kInvalidInput, "\"" + std::string(op) + "\": found '" +
                                              std::string(quantity.unit) +
                                              "', expected a duration such as 1 year or 1 'd'");
  }
  if (date.kind == Temporal::Kind::kTime && *unit <= CalendarUnit::kDay) {
    return Fail(ErrorCode::kInvalidInput, "\"" + std::string(op) + "\": found a time and '" +
                                              std::string(quantity.unit) +
                                              "', expected hours, minutes, seconds or less");
  }
  const auto amount = quantity.value.ToInteger();
  if (!amount || *amount == std::numeric_limits<std::int64_t>::min()) return Items();
  const auto moved = Add(date, op == "+" ? *amount : -*amount, *unit);
  if (!moved) return Items();
  return environment.One(*moved);
}

}  // namespace

Result<Items> Arithmetic(const Environment& environment, std::string_view op, const Item& a,
                         const Item& b) {
  const auto x = a.As<std::int64_t>();
  const auto y = b.As<std::int64_t>();
  if (x && y && op != "/") return Integers(environment, op, *x, *y);
  const auto left = DecimalOf(a);
  const auto right = DecimalOf(b);
  if (left && right) return Decimals(environment, op, *left, *right);
  const bool additive = op == "+" || op == "-";
  const auto text = a.As<std::string_view>();
  const auto other = b.As<std::string_view>();
  if (text && other && op == "+") {
    return environment.One(std::string(*text).append(*other));
  }
  const auto date = a.As<Temporal>();
  const auto quantity = QuantityOf(environment.model, b);
  if (date && quantity && additive && !right)
    return DateArithmetic(environment, op, *date, *quantity);
  const auto first = QuantityOf(environment.model, a);
  if (first && quantity) {
    if (additive) return Sum(environment, op, *first, *quantity);
    if (op == "*" || op == "/") return Product(environment, op, *first, *quantity);
  } else if (IsBesideUnknownQuantity(environment, a, b)) {
    return Items();
  }
  return WrongOperands(op, a, b);
}

}  // namespace clinnova::intake::fhirpath
