// SPDX-License-Identifier: Apache-2.0
// Functions on numbers (section 5.7), and the boundaries and precision of values (trial use).
#include <algorithm>

#include "intake/fhirpath_compare.h"
#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

namespace mp = boost::multiprecision;
using Number = Decimal::Number;

constexpr int kMostBoundaryDigits = 28;
constexpr int kBoundaryDigits = 8;  ///< where none are asked for

/// The single number of the input; nothing when empty; kInvalidInput for anything else.
Result<std::optional<Decimal>> NumberInput(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item || item->IsValueless()) return std::nullopt;
  auto number = DecimalOf(*item);
  if (!number) return WrongCall(call, TypeOf(*item).name, "a number");
  return number;
}

Result<std::optional<Decimal>> NumberArgument(const Call& call, std::size_t argument) {
  CLINNOVA_ASSIGN(const Items value, call.Argument(argument));
  if (Valued(value).empty()) return std::nullopt;
  auto number = value.size() == 1 ? DecimalOf(value.front()) : std::nullopt;
  if (!number) return WrongCall(call, "an argument that is no single number", "a number");
  return number;
}

Items RoundedNumber(const Call& call, const Number& number) {
  return call.One(Decimal::Rounded(number));
}

/// A function of the number that is empty outside [least, …].
template <typename Use>
Result<Items> OfNumber(const Call& call, Use use) {
  CLINNOVA_ASSIGN(const auto number, NumberInput(call));
  if (!number) return Items();
  return use(*number);
}

Result<Items> Abs(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item || item->IsValueless()) return Items();
  const auto positive = [](const Decimal& d) { return d < Decimal(0) ? Decimal(0) - d : d; };
  if (item->As<Quantity>() || IsFhirQuantity(call.model(), *item)) {
    const auto quantity = QuantityOf(call.model(), *item);
    if (!quantity) return Items();
    return call.One(Quantity{positive(quantity->value), quantity->unit, quantity->calendar});
  }
  return OfNumber(call, [&](const Decimal& d) {
    return item->As<std::int64_t>() ? call.One(positive(d).ToInteger()) : call.One(positive(d));
  });
}

Result<Items> Ceiling(const Call& call) {
  return OfNumber(call, [&](const Decimal& d) { return call.One(d.Ceiling(0).ToInteger()); });
}
Result<Items> Floor(const Call& call) {
  return OfNumber(call, [&](const Decimal& d) { return call.One(d.Floor(0).ToInteger()); });
}
Result<Items> Truncate(const Call& call) {
  return OfNumber(call, [&](const Decimal& d) { return call.One(d.ToInteger()); });
}

Result<Items> Exp(const Call& call) {
  return OfNumber(call, [&](const Decimal& d) {
    return d < Decimal(1000) ? RoundedNumber(call, mp::exp(d.number())) : Items();
  });
}
Result<Items> Ln(const Call& call) {
  return OfNumber(call, [&](const Decimal& d) {
    return Decimal(0) < d ? RoundedNumber(call, mp::log(d.number())) : Items();
  });
}
Result<Items> Sqrt(const Call& call) {
  return OfNumber(call, [&](const Decimal& d) {
    return d < Decimal(0) ? Items() : RoundedNumber(call, mp::sqrt(d.number()));
  });
}

Result<Items> Log(const Call& call) {
  CLINNOVA_ASSIGN(const auto number, NumberInput(call));
  CLINNOVA_ASSIGN(const auto base, NumberArgument(call, 0));
  if (!number || !base || !(Decimal(0) < *number) || !(Decimal(0) < *base) || *base == Decimal(1)) {
    return Items();
  }
  return RoundedNumber(call, mp::log(number->number()) / mp::log(base->number()));
}

Result<Items> Power(const Call& call) {
  CLINNOVA_ASSIGN(const auto number, NumberInput(call));
  CLINNOVA_ASSIGN(const auto exponent, NumberArgument(call, 0));
  if (!number || !exponent) return Items();
  if (Decimal(10'000) < *exponent || *exponent < Decimal(-10'000)) return Items();
  if (*number < Decimal(0) && !exponent->IsInteger()) return Items();
  if (*number == Decimal(0) && *exponent < Decimal(0)) return Items();
  const Number power = exponent->IsInteger()
                           ? Number(mp::pow(number->number(), exponent->number().convert_to<int>()))
                           : Number(mp::pow(number->number(), exponent->number()));
  const bool integers =
      call.input.front().As<std::int64_t>() && exponent->digits() == 0 && !(*exponent < Decimal(0));
  if (integers) return call.One(Decimal(power, 0).ToInteger());
  return RoundedNumber(call, power);
}

Result<Items> Round(const Call& call) {
  std::optional<std::int64_t> digits = 0;
  if (call.size() > 0) {
    CLINNOVA_ASSIGN(digits, IntegerArgument(call, 0));
  }
  if (digits && (*digits < 0 || *digits > 40)) {
    return WrongCall(call, std::to_string(*digits), "0 to 40 digits");
  }
  return OfNumber(call, [&](const Decimal& d) {
    return call.One(d.Round(static_cast<int>(digits.value_or(0))));
  });
}

enum class Edge { kLow, kHigh };

/// Half a unit of the last written digit below or above, written to `digits`.
std::optional<Decimal> NumberBoundary(const Decimal& value, int digits, Edge edge) {
  if (digits < 0 || digits > kMostBoundaryDigits) return std::nullopt;
  const Decimal half(Number("5e-" + std::to_string(value.digits() + 1)), value.digits() + 1);
  const Decimal moved = edge == Edge::kLow ? value - half : value + half;
  if (digits >= moved.digits()) return Decimal(moved.number(), digits);
  const Decimal unit(Number("1e-" + std::to_string(digits)), digits);
  // A value that is nothing at this precision stays nothing.
  const Decimal size = value < Decimal(0) ? Decimal(0) - value : value;
  if (size < unit && digits > 0) return Decimal(Number(0), digits);
  return edge == Edge::kLow ? moved.Floor(digits) : moved.Ceiling(digits);
}

Result<Items> Boundary(const Call& call, Edge edge) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  std::optional<std::int64_t> digits;
  if (call.size() > 0) {
    CLINNOVA_ASSIGN(digits, IntegerArgument(call, 0));
  }
  if (!item || item->IsValueless() || (digits && (*digits < 0 || *digits > 100))) return Items();
  const auto given = [&](int otherwise) { return digits ? static_cast<int>(*digits) : otherwise; };
  if (const auto temporal = item->As<Temporal>()) {
    const int all = temporal->kind == Temporal::Kind::kDate   ? 8
                    : temporal->kind == Temporal::Kind::kTime ? 9
                                                              : 17;
    // A date whose text is a dateTime element's is one: its edges have a time.
    const auto moved = edge == Edge::kLow ? LowBoundary(*temporal, given(all))
                                          : HighBoundary(*temporal, given(all));
    return call.One(moved);
  }
  if (const auto quantity = item->HasValue() && !item->As<Quantity>()
                                ? std::nullopt
                                : QuantityOf(call.model(), *item)) {
    const auto moved = NumberBoundary(quantity->value, given(kBoundaryDigits), edge);
    if (!moved) return Items();
    return call.One(Quantity{*moved, quantity->unit, quantity->calendar});
  }
  const auto number = DecimalOf(*item);
  if (!number && IsFhirQuantity(call.model(), *item)) return Items();  // in no unit of UCUM
  if (!number) return WrongCall(call, TypeOf(*item).name, "a number, quantity, date or time");
  const auto moved = NumberBoundary(*number, given(kBoundaryDigits), edge);
  return call.One(moved);
}

Result<Items> LowEdge(const Call& call) { return Boundary(call, Edge::kLow); }
Result<Items> HighEdge(const Call& call) { return Boundary(call, Edge::kHigh); }

Result<Items> Precision(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item || item->IsValueless()) return Items();
  if (const auto temporal = item->As<Temporal>()) {
    return call.One(static_cast<std::int64_t>(PrecisionDigits(*temporal)));
  }
  return OfNumber(
      call, [&](const Decimal& d) { return call.One(static_cast<std::int64_t>(d.digits())); });
}

Result<Items> ComparableTo(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  CLINNOVA_ASSIGN(const Items other, call.Argument(0));
  if (!item || other.empty()) return Items();
  const auto a = QuantityOf(call.model(), *item);
  const auto b = QuantityOf(call.model(), other.front());
  if (!a || !b || other.size() > 1) return WrongCall(call, "no quantity", "two quantities");
  return call.One(Comparable(call.environment(), *a, *b));
}

}  // namespace

std::span<const FunctionEntry> MathFunctions() {
  static constexpr FunctionEntry kFunctions[] = {{"abs", 0, 0, Abs},
                                                 {"ceiling", 0, 0, Ceiling},
                                                 {"exp", 0, 0, Exp},
                                                 {"floor", 0, 0, Floor},
                                                 {"ln", 0, 0, Ln},
                                                 {"log", 1, 1, Log},
                                                 {"power", 1, 1, Power},
                                                 {"round", 0, 1, Round},
                                                 {"sqrt", 0, 0, Sqrt},
                                                 {"truncate", 0, 0, Truncate},
                                                 {"lowBoundary", 0, 1, LowEdge},
                                                 {"highBoundary", 0, 1, HighEdge},
                                                 {"precision", 0, 0, Precision},
                                                 {"comparable", 1, 1, ComparableTo}};
  return kFunctions;
}

}  // namespace clinnova::intake::fhirpath
