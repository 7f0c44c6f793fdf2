// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath_compare.h"

#include <algorithm>

#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

using vocabulary::UcumNumber;

/// A calendar word as the UCUM unit of the same length; a year and a month have none that is exact.
std::string_view DefiniteUnit(CalendarUnit unit) {
  constexpr std::string_view kUnits[] = {"a", "mo", "wk", "d", "h", "min", "s", "ms"};
  return kUnits[static_cast<int>(unit)];
}

/// How two quantities' units stand to each other.
enum class Relation {
  kConvertible,
  kDifferent,  ///< they measure different things
  kUnknown,    ///< one is no unit, or a calendar's year or month beside a definite one
};

struct Converted {
  Relation relation = Relation::kUnknown;
  UcumNumber value = 0;  ///< b's in a's unit
};

/// A calendar's year is 12 months, else 365 days; its month is 30 days.
UcumNumber CalendarFactor(CalendarUnit from, CalendarUnit to) {
  if (from == CalendarUnit::kYear && to == CalendarUnit::kMonth) return 12;
  if (from == CalendarUnit::kMonth && to == CalendarUnit::kYear) return UcumNumber(1) / 12;
  constexpr std::int64_t kMilliseconds[] = {365LL * 86'400'000,
                                            30LL * 86'400'000,
                                            7LL * 86'400'000,
                                            86'400'000,
                                            3'600'000,
                                            60'000,
                                            1'000,
                                            1};
  return UcumNumber(kMilliseconds[static_cast<int>(from)]) /
         UcumNumber(kMilliseconds[static_cast<int>(to)]);
}

enum class Loosely { kNo, kYes };

/// b's value in a's unit. Loosely, a calendar's year and month count as UCUM's a and mo.
Converted InUnitOf(const Environment& environment, const Quantity& a, const Quantity& b,
                   Loosely loosely = Loosely::kNo) {
  if (a.unit == b.unit) return {Relation::kConvertible, b.value.number()};
  const auto to = CalendarUnitOf(a.unit);
  const auto from = CalendarUnitOf(b.unit);
  if (to && from) return {Relation::kConvertible, b.value.number() * CalendarFactor(*from, *to)};
  const bool indefinite = to.value_or(CalendarUnit::kDay) <= CalendarUnit::kMonth ||
                          from.value_or(CalendarUnit::kDay) <= CalendarUnit::kMonth;
  const auto target = environment.ucum.Parse(to ? DefiniteUnit(*to) : a.unit);
  const auto source = environment.ucum.Parse(from ? DefiniteUnit(*from) : b.unit);
  if (!target || !source || (indefinite && loosely == Loosely::kNo)) return {};
  const auto converted = vocabulary::Convert(b.value.number(), *source, *target);
  if (!converted) return {Relation::kDifferent, 0};
  return {Relation::kConvertible, *converted};
}

/// Conversions are exact to about 48 digits: what differs less is the same.
int CompareNumbers(const UcumNumber& a, const UcumNumber& b) {
  const UcumNumber difference = a - b;
  const UcumNumber scale = std::max<UcumNumber>(abs(a), abs(b));
  if (abs(difference) <= scale * UcumNumber("1e-35")) return 0;
  return difference < 0 ? -1 : 1;
}

std::optional<int> CompareQuantities(const Environment& environment, const Quantity& a,
                                     const Quantity& b) {
  const Converted converted = InUnitOf(environment, a, b);
  if (converted.relation != Relation::kConvertible) return std::nullopt;
  return CompareNumbers(a.value.number(), converted.value);
}

/// Quantities of different things are not equal; of unknown things there is no telling.
std::optional<bool> EqualQuantities(const Environment& environment, const Quantity& a,
                                    const Quantity& b) {
  const Converted converted = InUnitOf(environment, a, b);
  if (converted.relation == Relation::kUnknown) return std::nullopt;
  return converted.relation == Relation::kConvertible &&
         CompareNumbers(a.value.number(), converted.value) == 0;
}

/// Equal when rounded to the digits of the less exactly written one.
bool EquivalentDecimals(const Decimal& a, const Decimal& b) {
  const auto exact = [](const Decimal& d) {
    std::string text = d.Text();
    int digits = d.digits();
    while (digits > 0 && text.back() == '0') {
      text.pop_back();
      --digits;
    }
    return digits;
  };
  const int digits = std::min(exact(a), exact(b));
  return a.Round(digits) == b.Round(digits);
}

/// Lower case, and each blank of whatever kind a space.
std::string Normalised(std::string_view text) {
  std::string out = LowerCase(text);
  std::ranges::replace_if(out, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return out;
}

bool EqualTrees(const JsonTree& a, const JsonTree& b, bool loosely) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case JsonTree::Kind::kNull: return true;
    case JsonTree::Kind::kBoolean: return a.boolean() == b.boolean();
    case JsonTree::Kind::kString:
      return loosely ? Normalised(a.text()) == Normalised(b.text()) : a.text() == b.text();
    case JsonTree::Kind::kNumber: return Decimal::Parse(a.text()) == Decimal::Parse(b.text());
    case JsonTree::Kind::kArray:
      return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                        [&](const auto& x, const auto& y) { return EqualTrees(x, y, loosely); });
    case JsonTree::Kind::kObject: break;
  }
  const auto has = [&](const auto& member) {
    const JsonTree* other = b.Find(member.name);
    return other && EqualTrees(member.value, *other, loosely);
  };
  const auto skipped = [&](const auto& member) { return loosely && member.name.text() == "id"; };
  const auto count = [&](const JsonTree& tree) {
    return std::count_if(tree.members().begin(), tree.members().end(), std::not_fn(skipped));
  };
  return count(a) == count(b) &&
         std::all_of(a.members().begin(), a.members().end(),
                     [&](const auto& member) { return skipped(member) || has(member); });
}

/// Both as trees; nothing when one is a value of the language.
std::optional<bool> EqualNodes(const Item& a, const Item& b, bool loosely) {
  if (!a.node.json || !b.node.json || a.HasValue() || b.HasValue()) return std::nullopt;
  return EqualTrees(*a.node.json, *b.node.json, loosely);
}

bool BothQuantities(const Environment& environment, const Item& a, const Item& b) {
  const auto is = [&](const Item& item) {
    return item.As<Quantity>() || (!item.HasValue() && QuantityOf(environment.model, item));
  };
  return (is(a) && (is(b) || DecimalOf(b))) || (is(b) && DecimalOf(a));
}

}  // namespace

std::optional<bool> Equal(const Environment& environment, const Item& a, const Item& b) {
  const auto one = a.As<std::string_view>();
  const auto two = one ? b.As<std::string_view>() : std::nullopt;
  if (one && two) return *one == *two;
  if (BothQuantities(environment, a, b)) {
    return EqualQuantities(environment, *QuantityOf(environment.model, a),
                           *QuantityOf(environment.model, b));
  }
  if (const auto nodes = EqualNodes(a, b, false)) return nodes;
  const auto left = DecimalOf(a);
  const auto right = DecimalOf(b);
  if (left && right) return *left == *right;
  const auto from = a.As<Temporal>();
  const auto to = from ? b.As<Temporal>() : std::nullopt;
  if (from && to) {
    if ((from->kind == Temporal::Kind::kTime) != (to->kind == Temporal::Kind::kTime)) return false;
    const auto order = intake::Compare(*from, *to);
    return order ? std::optional(*order == 0) : std::nullopt;
  }
  if (a.Kind() != b.Kind()) return false;
  if (const auto truth = a.As<bool>()) return *truth == *b.As<bool>();
  if (const auto* type = a.As<TypeInfo>()) return *type == *b.As<TypeInfo>();
  // Neither has a value: two primitives with extensions only, or a complex node beside one.
  return a.node.json == b.node.json && a.node.extra == b.node.extra;
}

bool Equivalent(const Environment& environment, const Item& a, const Item& b) {
  if (BothQuantities(environment, a, b)) {
    const Quantity left = *QuantityOf(environment.model, a);
    const Quantity right = *QuantityOf(environment.model, b);
    const Converted converted = InUnitOf(environment, left, right, Loosely::kYes);
    if (converted.relation != Relation::kConvertible) return false;
    const auto rounded = Decimal::Rounded(converted.value);
    return rounded && EquivalentDecimals(left.value, *rounded);
  }
  if (const auto nodes = EqualNodes(a, b, true)) return *nodes;
  const auto left = DecimalOf(a);
  const auto right = DecimalOf(b);
  if (left && right) return EquivalentDecimals(*left, *right);
  const auto from = a.As<Temporal>();
  const auto to = from ? b.As<Temporal>() : std::nullopt;
  if (from && to) return intake::Equivalent(*from, *to);
  const auto text = a.As<std::string_view>();
  const auto other = b.As<std::string_view>();
  if (text && other) return Normalised(*text) == Normalised(*other);
  return Equal(environment, a, b) == true;
}

std::optional<bool> Equal(const Environment& environment, Items a, Items b) {
  if (a.empty() || b.empty()) return std::nullopt;
  if (a.size() != b.size()) return false;
  bool open = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto equal = Equal(environment, a[i], b[i]);
    if (equal == false) return false;
    if (!equal) open = true;
  }
  return open ? std::nullopt : std::optional(true);
}

bool Equivalent(const Environment& environment, Items a, Items b) {
  if (a.size() != b.size()) return false;
  std::vector<bool> used(b.size(), false);
  for (const Item& item : a) {
    std::size_t i = 0;
    while (i < b.size() && (used[i] || !Equivalent(environment, item, b[i]))) ++i;
    if (i == b.size()) return false;
    used[i] = true;
  }
  return true;
}

bool Contains(const Environment& environment, Items items, const Item& item) {
  return std::any_of(items.begin(), items.end(),
                     [&](const Item& other) { return Equal(environment, other, item) == true; });
}

Items Distinct(const Environment& environment, Items items) {
  ItemList distinct(environment.memory);
  for (const Item& item : items) {
    if (!Contains(environment, distinct.items(), item)) distinct.push_back(item);
  }
  return distinct.Done();
}

bool Comparable(const Environment& environment, const Quantity& a, const Quantity& b) {
  return InUnitOf(environment, a, b).relation == Relation::kConvertible;
}

Result<std::optional<int>> Compare(const Environment& environment, const Item& a, const Item& b) {
  if (BothQuantities(environment, a, b)) {
    return CompareQuantities(environment, *QuantityOf(environment.model, a),
                             *QuantityOf(environment.model, b));
  }
  const auto left = DecimalOf(a);
  const auto right = DecimalOf(b);
  if (left && right) return *left < *right ? -1 : *right < *left ? 1 : 0;
  const auto from = a.As<Temporal>();
  const auto to = from ? b.As<Temporal>() : std::nullopt;
  if (from && to && (from->kind == Temporal::Kind::kTime) == (to->kind == Temporal::Kind::kTime)) {
    return intake::Compare(*from, *to);
  }
  const auto text = a.As<std::string_view>();
  const auto other = b.As<std::string_view>();
  if (text && other) return text->compare(*other);
  return Fail(ErrorCode::kInvalidInput, "found " + std::string(TypeOf(a).name) + " and " +
                                            std::string(TypeOf(b).name) +
                                            ", expected two values that have an order");
}

}  // namespace clinnova::intake::fhirpath
