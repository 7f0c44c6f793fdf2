// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath_compare.h"

#include <algorithm>

#include "intake/letter_case.h"

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

bool EqualTrees(const JsonTree& a, const JsonTree& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case JsonTree::Kind::kNull: return true;
    case JsonTree::Kind::kBoolean: return a.boolean() == b.boolean();
    case JsonTree::Kind::kString: return a.text() == b.text();
    case JsonTree::Kind::kNumber: return Decimal::Parse(a.text()) == Decimal::Parse(b.text());
    case JsonTree::Kind::kArray:
      return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(),
                        EqualTrees);
    case JsonTree::Kind::kObject: break;
  }
  const auto has = [&](const auto& member) {
    const JsonTree* other = b.Find(member.name);
    return other && EqualTrees(member.value, *other);
  };
  return a.members().size() == b.members().size() &&
         std::all_of(a.members().begin(), a.members().end(), has);
}

/// Both nodes and neither a primitive.
bool BothComplex(const Item& a, const Item& b) {
  return a.node.json && b.node.json && !a.HasValue() && !b.HasValue();
}

/// One item of `a` for each of `b` and none left over, whatever the order.
template <typename Range, typename Same>
bool SameInAnyOrder(const Range& a, const Range& b, Same same) {
  if (a.size() != b.size()) return false;
  std::vector<bool> used(b.size(), false);
  for (const auto& item : a) {
    std::size_t i = 0;
    while (i < b.size() && (used[i] || !same(item, b[i]))) ++i;
    if (i == b.size()) return false;
    used[i] = true;
  }
  return true;
}

/// The same system and code: version, display and userSelected do not count (FHIR R4, section 2.9.1.6).
bool EquivalentCodings(const JsonTree& a, const JsonTree& b) {
  return a.Text("system") == b.Text("system") && a.Text("code") == b.Text("code");
}

/// Some Coding of the one is equivalent to some of the other.
bool EquivalentConcepts(const JsonTree& a, const JsonTree& b) {
  const JsonTree* codings = a.Find("coding");
  const JsonTree* others = b.Find("coding");
  if (!codings || !others) return false;
  return std::ranges::any_of(codings->items(), [&](const JsonTree& coding) {
    return std::ranges::any_of(
        others->items(), [&](const JsonTree& other) { return EquivalentCodings(coding, other); });
  });
}

/// Equivalence of what stands in FHIR as `type`, null when unknown: without ids, lists in any order.
bool EquivalentTrees(const JsonTree& a, const JsonTree& b, const FhirType* type) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case JsonTree::Kind::kString: return Normalised(a.text()) == Normalised(b.text());
    case JsonTree::Kind::kNumber: {
      const auto one = Decimal::Parse(a.text());
      const auto other = Decimal::Parse(b.text());
      return one && other ? EquivalentDecimals(*one, *other) : a.text() == b.text();
    }
    case JsonTree::Kind::kArray:
      return SameInAnyOrder(a.items(), b.items(), [&](const JsonTree& one, const JsonTree& other) {
        return EquivalentTrees(one, other, type);
      });
    case JsonTree::Kind::kObject: break;
    default: return EqualTrees(a, b);
  }
  if (type && type->path() == "Coding") return EquivalentCodings(a, b);
  if (type && type->path() == "CodeableConcept") return EquivalentConcepts(a, b);
  const auto counts = [](const JsonMember& member) { return member.name.text() != "id"; };
  const auto has = [&](const JsonMember& member) {
    const JsonTree* other = b.Find(member.name);
    return !counts(member) ||
           (other &&
            EquivalentTrees(member.value, *other, type ? type->Member(member.name).type : nullptr));
  };
  return std::ranges::count_if(a.members(), counts) == std::ranges::count_if(b.members(), counts) &&
         std::ranges::all_of(a.members(), has);
}

bool BothQuantities(const Environment& environment, const Item& a, const Item& b) {
  const auto is = [&](const Item& item) {
    return item.As<Quantity>() || (!item.HasValue() && QuantityOf(environment.model, item));
  };
  return (is(a) && (is(b) || DecimalOf(b))) || (is(b) && DecimalOf(a));
}

}  // namespace

bool IsBesideUnknownQuantity(const Environment& environment, const Item& a, const Item& b) {
  const auto measures = [&](const Item& item) {
    return item.As<Quantity>() || DecimalOf(item) || IsFhirQuantity(environment.model, item);
  };
  const bool of_fhir = IsFhirQuantity(environment.model, a) || IsFhirQuantity(environment.model, b);
  return of_fhir && measures(a) && measures(b);
}

std::optional<bool> Equal(const Environment& environment, const Item& a, const Item& b) {
  const auto one = a.As<std::string_view>();
  const auto two = one ? b.As<std::string_view>() : std::nullopt;
  if (one && two) return *one == *two;
  if (BothQuantities(environment, a, b)) {
    return EqualQuantities(environment, *QuantityOf(environment.model, a),
                           *QuantityOf(environment.model, b));
  }
  if (BothComplex(a, b)) return EqualTrees(*a.node.json, *b.node.json);
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
  if (BothComplex(a, b)) {
    const bool same_type = a.node.type == b.node.type;
    return EquivalentTrees(*a.node.json, *b.node.json, same_type ? a.node.type : nullptr);
  }
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
  return SameInAnyOrder(a, b, [&](const Item& one, const Item& other) {
    return Equivalent(environment, one, other);
  });
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

std::optional<UcumNumber> ValueIn(const Environment& environment, const Quantity& quantity,
                                  std::string_view unit) {
  const Converted converted = InUnitOf(environment, Quantity{.value = {}, .unit = unit}, quantity);
  if (converted.relation != Relation::kConvertible) return std::nullopt;
  return converted.value;
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
  if (IsBesideUnknownQuantity(environment, a, b)) return std::nullopt;
  return Fail(ErrorCode::kInvalidInput, "found " + std::string(TypeOf(a).name) + " and " +
                                            std::string(TypeOf(b).name) +
                                            ", expected two values that have an order");
}

}  // namespace clinnova::intake::fhirpath
