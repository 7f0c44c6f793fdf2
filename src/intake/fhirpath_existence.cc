// SPDX-License-Identifier: Apache-2.0
// Existence, and what the language says of truth values, trees and itself (sections 5.1, 5.8, 5.9).
#include <algorithm>

#include "intake/fhirpath_compare.h"
#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

Result<Items> Empty(const Call& call) { return call.One(call.input.empty()); }

Result<Items> Exists(const Call& call) {
  if (call.size() == 0) return call.One(!call.input.empty());
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    CLINNOVA_ASSIGN(const bool holds,
                    Criterion(call, 0, call.input[i], static_cast<std::int64_t>(i)));
    if (holds) return call.One(true);
  }
  return call.One(false);
}

Result<Items> All(const Call& call) {
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    CLINNOVA_ASSIGN(const bool holds,
                    Criterion(call, 0, call.input[i], static_cast<std::int64_t>(i)));
    if (!holds) return call.One(false);
  }
  return call.One(true);
}

/// True when every item, or any, is `wanted`.
Result<Items> Truths(const Call& call, bool every, bool wanted) {
  bool result = every;
  for (const Item& item : call.input) {
    const auto truth = item.As<bool>();
    if (!truth) {
      return WrongCall(call, TypeOf(item).name, "truth values");
    }
    if ((*truth == wanted) != every) result = !every;
  }
  return call.One(result);
}

Result<Items> AllTrue(const Call& call) { return Truths(call, true, true); }
Result<Items> AnyTrue(const Call& call) { return Truths(call, false, true); }
Result<Items> AllFalse(const Call& call) { return Truths(call, true, false); }
Result<Items> AnyFalse(const Call& call) { return Truths(call, false, false); }

bool IsSubset(const Environment& environment, Items part, Items whole) {
  return std::all_of(part.begin(), part.end(),
                     [&](const Item& item) { return Contains(environment, whole, item); });
}

Result<Items> SubsetOf(const Call& call) {
  CLINNOVA_ASSIGN(const Items other, call.Argument(0));
  return call.One(IsSubset(call.environment(), call.input, other));
}

Result<Items> SupersetOf(const Call& call) {
  CLINNOVA_ASSIGN(const Items other, call.Argument(0));
  return call.One(IsSubset(call.environment(), other, call.input));
}

Result<Items> Count(const Call& call) {
  return call.One(static_cast<std::int64_t>(call.input.size()));
}

Result<Items> IsDistinct(const Call& call) {
  return call.One(Distinct(call.environment(), call.input).size() == call.input.size());
}

Result<Items> Not(const Call& call) {
  CLINNOVA_ASSIGN(const auto truth, Truth(call.input, call.name));
  if (!truth) return Items();
  return call.One(!*truth);
}

Result<Items> Children(const Call& call) {
  ItemList out(call.memory());
  for (const Item& item : call.input) call.evaluator.AppendChildren(item, out);
  return out.Done();
}

/// Children before their children, level by level.
Result<Items> Descendants(const Call& call) {
  ItemList out(call.memory());
  for (Items level = call.input; !level.empty();) {
    ItemList next(call.memory());
    for (const Item& item : level) call.evaluator.AppendChildren(item, next);
    level = next.Done();
    out.Append(level);
  }
  return out.Done();
}

Result<Items> Trace(const Call& call) {
  CLINNOVA_ASSIGN(const auto name, StringArgument(call, 0));
  ItemList shown(call.memory());
  for (std::size_t i = 0; i < call.input.size() && call.size() > 1; ++i) {
    CLINNOVA_ASSIGN(const Items part, call.On(1, call.input[i], static_cast<std::int64_t>(i)));
    shown.Append(part);
  }
  const TraceFunction* trace = call.environment().trace;
  if (trace && *trace) (*trace)(name.value_or(""), call.size() > 1 ? shown.items() : call.input);
  return call.input;
}

Result<Items> Type(const Call& call) {
  ItemList out(call.memory());
  for (const Item& item : call.input) out.push_back(ItemOf(call.memory(), TypeOf(item)));
  return out.Done();
}

bool IsDefined(const Scope& scope, std::string_view name) {
  const Defined* defined = scope.defined;
  while (defined && defined->name != name) defined = defined->before;
  return defined != nullptr;
}

Result<Items> DefineVariable(const Call& call) {
  CLINNOVA_ASSIGN(const auto name, StringArgument(call, 0));
  if (!name || name->empty()) return WrongCall(call, "no name", "a name");
  const auto& known = call.environment().variables;
  const bool standard = *name == "context" || *name == "resource" || *name == "rootResource" ||
                        *name == "ucum" || *name == "sct" || *name == "loinc";
  if (standard || known.contains(*name) || IsDefined(call.scope, *name)) {
    return WrongCall(call, "%" + std::string(*name) + " again", "a new name");
  }
  Items value = call.input;
  if (call.size() > 1) {
    const Scope inner{.context = call.input,
                      .index = call.scope.index,
                      .total = call.scope.total,
                      .defined = call.scope.defined};
    CLINNOVA_ASSIGN(value, call.evaluator.Evaluate(*call.arguments[1], inner));
  }
  call.scope.defined = call.memory().New<Defined>(*name, value, call.scope.defined);
  return call.input;
}

Result<Items> Coalesce(const Call& call) {
  for (std::size_t i = 0; i < call.size(); ++i) {
    CLINNOVA_ASSIGN(const Items value, call.Argument(i));
    if (!value.empty()) return value;
  }
  return Items();
}

}  // namespace

std::span<const FunctionEntry> ExistenceFunctions() {
  static constexpr FunctionEntry kFunctions[] = {{"empty", 0, 0, Empty},
                                                 {"exists", 0, 1, Exists},
                                                 {"all", 1, 1, All},
                                                 {"allTrue", 0, 0, AllTrue},
                                                 {"anyTrue", 0, 0, AnyTrue},
                                                 {"allFalse", 0, 0, AllFalse},
                                                 {"anyFalse", 0, 0, AnyFalse},
                                                 {"subsetOf", 1, 1, SubsetOf},
                                                 {"supersetOf", 1, 1, SupersetOf},
                                                 {"count", 0, 0, Count},
                                                 {"isDistinct", 0, 0, IsDistinct},
                                                 {"not", 0, 0, Not},
                                                 {"children", 0, 0, Children},
                                                 {"descendants", 0, 0, Descendants},
                                                 {"trace", 1, 2, Trace},
                                                 {"type", 0, 0, Type},
                                                 {"defineVariable", 1, 2, DefineVariable},
                                                 {"coalesce", 1, 16, Coalesce}};
  return kFunctions;
}

}  // namespace clinnova::intake::fhirpath
