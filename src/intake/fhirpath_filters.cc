// SPDX-License-Identifier: Apache-2.0
// Filtering and projection, subsetting, combining, aggregates (sections 5.2 to 5.4 and 7).
#include <algorithm>
#include <list>

#include "intake/fhirpath_compare.h"
#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

/// More items than this and repeat() is taken for a loop without an end.
constexpr std::size_t kMostRepeated = 1'000'000;

Result<Items> Where(const Call& call) {
  ItemList kept(call.memory());
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    CLINNOVA_ASSIGN(const bool keep,
                    Criterion(call, 0, call.input[i], static_cast<std::int64_t>(i)));
    if (keep) kept.push_back(call.input[i]);
  }
  return kept.Done();
}

Result<Items> Select(const Call& call) {
  ItemList out(call.memory());
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    CLINNOVA_ASSIGN(const Items part, call.On(0, call.input[i], static_cast<std::int64_t>(i)));
    out.Append(part);
  }
  return out.Done();
}

enum class Repeated { kDistinct, kAll };

Result<Items> RepeatItems(const Call& call, Repeated repeated) {
  ItemList out(call.memory());
  for (Items open = call.input; !open.empty();) {
    ItemList next(call.memory());
    for (std::size_t i = 0; i < open.size(); ++i) {
      CLINNOVA_ASSIGN(const Items part, call.On(0, open[i], static_cast<std::int64_t>(i)));
      for (const Item& item : part) {
        const bool known =
            repeated == Repeated::kDistinct && Contains(call.environment(), out.items(), item);
        if (known) continue;
        out.push_back(item);
        next.push_back(item);
      }
      if (out.items().size() > kMostRepeated)
        return WrongCall(call, "more than a million items", "an end");
    }
    open = next.Done();
  }
  return out.Done();
}

Result<Items> Repeat(const Call& call) { return RepeatItems(call, Repeated::kDistinct); }
Result<Items> RepeatAll(const Call& call) { return RepeatItems(call, Repeated::kAll); }

Result<Items> OfType(const Call& call) {
  CLINNOVA_ASSIGN(const TypeName* type, NamedType(call));
  ItemList kept(call.memory());
  for (const Item& item : call.input) {
    if (const auto typed = AsType(call.environment(), item, *type)) kept.push_back(*typed);
  }
  return kept.Done();
}

Result<Items> As(const Call& call) {
  if (call.input.size() > 1) {
    return WrongCall(call, std::to_string(call.input.size()) + " items",
                     "one or none (ofType takes more)");
  }
  return OfType(call);
}

Result<Items> Is(const Call& call) {
  CLINNOVA_ASSIGN(const TypeName* type, NamedType(call));
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item) return Items();
  return call.One(IsOfType(*item, *type, TypeMatch::kDerived));
}

Items Part(Items items, std::int64_t from, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(items.size());
  from = std::clamp<std::int64_t>(from, 0, size);
  count = std::clamp<std::int64_t>(count, 0, size - from);
  return items.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(count));
}

Result<Items> Single(const Call& call) {
  CLINNOVA_TRY(SingleInput(call));
  return call.input;
}

Result<Items> First(const Call& call) { return Part(call.input, 0, 1); }

Result<Items> Last(const Call& call) {
  return call.input.last(std::min<std::size_t>(1, call.input.size()));
}

Result<Items> Tail(const Call& call) {
  return Part(call.input, 1, static_cast<std::int64_t>(call.input.size()));
}

Result<Items> Skip(const Call& call) {
  CLINNOVA_ASSIGN(const auto count, IntegerArgument(call, 0));
  if (!count) return Items();
  return Part(call.input, *count, static_cast<std::int64_t>(call.input.size()));
}

Result<Items> Take(const Call& call) {
  CLINNOVA_ASSIGN(const auto count, IntegerArgument(call, 0));
  if (!count) return Items();
  return Part(call.input, 0, *count);
}

Result<Items> Intersect(const Call& call) {
  CLINNOVA_ASSIGN(const Items other, call.Argument(0));
  const Environment& environment = call.environment();
  ItemList both(call.memory());
  for (const Item& item : call.input) {
    if (Contains(environment, other, item) && !Contains(environment, both.items(), item))
      both.push_back(item);
  }
  return both.Done();
}

Result<Items> Exclude(const Call& call) {
  CLINNOVA_ASSIGN(const Items other, call.Argument(0));
  ItemList rest(call.memory());
  for (const Item& item : call.input) {
    if (!Contains(call.environment(), other, item)) rest.push_back(item);
  }
  return rest.Done();
}

Result<Items> Combine(const Call& call) {
  CLINNOVA_ASSIGN(const Items other, call.Argument(0));
  ItemList all(call.memory());
  all.Append(call.input);
  all.Append(other);
  return all.Done();
}

Result<Items> Union(const Call& call) {
  CLINNOVA_ASSIGN(const Items all, Combine(call));
  return Distinct(call.environment(), all);
}

Result<Items> DistinctItems(const Call& call) { return Distinct(call.environment(), call.input); }

/// iif(criterion, then, otherwise): only the branch taken is evaluated.
Result<Items> Iif(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  const auto on = [&](std::size_t i) {
    return item ? call.On(i, *item, call.scope.index) : call.Argument(i);
  };
  CLINNOVA_ASSIGN(const Items criterion, on(0));
  CLINNOVA_ASSIGN(const auto truth, StrictTruth(criterion, call.name));
  if (truth == true) return on(1);
  return call.size() > 2 ? on(2) : Result<Items>(Items());
}

Result<Items> Aggregate(const Call& call) {
  Items total;
  if (call.size() > 1) {
    CLINNOVA_ASSIGN(total, call.Argument(1));
  }
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    const Scope scope{.context = call.input.subspan(i, 1),
                      .index = static_cast<std::int64_t>(i),
                      .total = total,
                      .defined = call.scope.defined};
    CLINNOVA_ASSIGN(total, call.evaluator.Evaluate(*call.arguments[0], scope));
  }
  return total;
}

Result<Items> Sum(const Call& call) {
  Items total;
  for (const Item& item : call.input) {
    if (total.empty()) {
      total = call.One(ValueOf(call.memory(), item));
      continue;
    }
    CLINNOVA_ASSIGN(total, Arithmetic(call.environment(), "+", total.front(), item));
    if (total.empty()) break;  // an overflow, or units that do not add up
  }
  return total;
}

Result<Items> Average(const Call& call) {
  CLINNOVA_ASSIGN(const Items total, Sum(call));
  if (total.empty()) return total;
  const Item count{.value = static_cast<std::int64_t>(call.input.size())};
  return Arithmetic(call.environment(), "/", total.front(), count);
}

/// The item that comes before (`sign` 1) or after (-1) all others.
Result<Items> Extreme(const Call& call, int sign) {
  Items extreme = call.input.first(std::min<std::size_t>(1, call.input.size()));
  for (const Item& item : call.input.subspan(extreme.size())) {
    CLINNOVA_ASSIGN(const auto order, Compare(call.environment(), item, extreme.front()));
    if (!order) return Items();
    if (*order * sign < 0) extreme = Items(&item, 1);
  }
  return extreme;
}

Result<Items> Minimum(const Call& call) { return Extreme(call, 1); }
Result<Items> Maximum(const Call& call) { return Extreme(call, -1); }

struct SortKey {
  std::vector<Items> values;
  std::size_t position;
};

/// sort(key, -key, key desc, …): a minus or desc turns the order round, whatever the key's type. No value
/// comes before every value; with desc, after it.
Result<Items> Sort(const Call& call) {
  const auto marked = [&](std::size_t k, std::string_view mark) {
    return k < call.size() && call.arguments[k]->kind == Expression::Kind::kPolarity &&
           call.arguments[k]->text == mark;
  };
  const auto descends = [&](std::size_t k) { return marked(k, "-") || marked(k, "desc"); };
  std::list<SortKey> keys;  // whose sort is stable, and safe where some keys have no order
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    SortKey key{.values = {}, .position = i};
    if (call.size() == 0) key.values.push_back(call.input.subspan(i, 1));
    for (std::size_t k = 0; k < call.size(); ++k) {
      const Expression& given = *call.arguments[k];
      const Expression& by = descends(k) ? *given.arguments.front() : given;
      CLINNOVA_ASSIGN(const Items value, call.evaluator.EvaluateOn(by, call.scope, call.input[i],
                                                                   static_cast<std::int64_t>(i)));
      if (value.size() > 1) return WrongCall(call, "a key of several items", "one or none");
      key.values.push_back(value);
    }
    keys.push_back(std::move(key));
  }
  std::optional<Error> failed;
  const auto before = [&](const SortKey& a, const SortKey& b) {
    for (std::size_t k = 0; k < a.values.size(); ++k) {
      const Items x = a.values[k];
      const Items y = b.values[k];
      if (x.empty() != y.empty()) return x.empty() != marked(k, "desc");
      if (x.empty()) continue;
      const auto compared = Compare(call.environment(), x.front(), y.front());
      if (!compared) failed = compared.error();
      const int order = compared ? compared->value_or(0) : 0;
      if (order != 0) return (order < 0) != descends(k);
    }
    return false;
  };
  keys.sort(before);
  if (failed) return tl::unexpected<Error>(*failed);
  ItemList sorted(call.memory());
  for (const SortKey& key : keys) sorted.push_back(call.input[key.position]);
  return sorted.Done();
}

}  // namespace

std::span<const FunctionEntry> FilterFunctions() {
  static constexpr FunctionEntry kFunctions[] = {
      {"where", 1, 1, Where},     {"select", 1, 1, Select},
      {"repeat", 1, 1, Repeat},   {"repeatAll", 1, 1, RepeatAll},
      {"ofType", 1, 1, OfType},   {"as", 1, 1, As},
      {"is", 1, 1, Is},           {"single", 0, 0, Single},
      {"first", 0, 0, First},     {"last", 0, 0, Last},
      {"tail", 0, 0, Tail},       {"skip", 1, 1, Skip},
      {"take", 1, 1, Take},       {"intersect", 1, 1, Intersect},
      {"exclude", 1, 1, Exclude}, {"union", 1, 1, Union},
      {"combine", 1, 2, Combine}, {"distinct", 0, 0, DistinctItems},
      {"iif", 2, 3, Iif},         {"aggregate", 1, 2, Aggregate},
      {"sort", 0, 16, Sort},      {"sum", 0, 0, Sum},
      {"avg", 0, 0, Average},     {"min", 0, 0, Minimum},
      {"max", 0, 0, Maximum}};
  return kFunctions;
}

}  // namespace clinnova::intake::fhirpath
