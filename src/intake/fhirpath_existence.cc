// SPDX-License-Identifier: Apache-2.0
// Existence, and what the language says of truth values, trees and itself (sections 5.1, 5.8, 5.9).
#include <algorithm>

#include "intake/fhirpath_compare.h"
#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

Result<Collection> Empty(const Call& call) { return One(call.input.empty()); }

Result<Collection> Exists(const Call& call) {
  if (call.size() == 0) return One(!call.input.empty());
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    CLINNOVA_ASSIGN(const bool holds,
                    Criterion(call, 0, call.input[i], static_cast<std::int64_t>(i)));
    if (holds) return One(true);
  }
  return One(false);
}

Result<Collection> All(const Call& call) {
  for (std::size_t i = 0; i < call.input.size(); ++i) {
    CLINNOVA_ASSIGN(const bool holds,
                    Criterion(call, 0, call.input[i], static_cast<std::int64_t>(i)));
    if (!holds) return One(false);
  }
  return One(true);
}

/// True when every item, or any, is `wanted`.
Result<Collection> Truths(const Call& call, bool every, bool wanted) {
  bool result = every;
  for (const Item& item : call.input) {
    const bool* truth = item.As<bool>();
    if (!truth) {
      return WrongCall(call, TypeOf(call.evaluator.model(), item).name, "truth values");
    }
    if ((*truth == wanted) != every) result = !every;
  }
  return One(result);
}

Result<Collection> AllTrue(const Call& call) { return Truths(call, true, true); }
Result<Collection> AnyTrue(const Call& call) { return Truths(call, false, true); }
Result<Collection> AllFalse(const Call& call) { return Truths(call, true, false); }
Result<Collection> AnyFalse(const Call& call) { return Truths(call, false, false); }

bool IsSubset(const Environment& environment, Items part, Items whole) {
  return std::all_of(part.begin(), part.end(),
                     [&](const Item& item) { return Contains(environment, whole, item); });
}

Result<Collection> SubsetOf(const Call& call) {
  CLINNOVA_ASSIGN(const Collection other, call.Argument(0));
  return One(IsSubset(call.evaluator.environment(), call.input, other));
}

Result<Collection> SupersetOf(const Call& call) {
  CLINNOVA_ASSIGN(const Collection other, call.Argument(0));
  return One(IsSubset(call.evaluator.environment(), other, call.input));
}

Result<Collection> Count(const Call& call) {
  return One(static_cast<std::int64_t>(call.input.size()));
}

Result<Collection> IsDistinct(const Call& call) {
  return One(Distinct(call.evaluator.environment(), call.input).size() == call.input.size());
}

Result<Collection> Not(const Call& call) {
  CLINNOVA_ASSIGN(const auto truth, Truth(call.input, call.name));
  if (!truth) return Collection{};
  return One(!*truth);
}

Result<Collection> Children(const Call& call) {
  Collection out;
  for (const Item& item : call.input) call.evaluator.AppendChildren(item, out);
  return out;
}

/// Children before their children, level by level.
Result<Collection> Descendants(const Call& call) {
  Collection out;
  Collection level = Copy(call.input);
  while (!level.empty()) {
    Collection next;
    for (const Item& item : level) call.evaluator.AppendChildren(item, next);
    out.insert(out.end(), next.begin(), next.end());
    level = std::move(next);
  }
  return out;
}

Result<Collection> Trace(const Call& call) {
  CLINNOVA_ASSIGN(const auto name, StringArgument(call, 0));
  Collection shown = Copy(call.input);
  if (call.size() > 1) {
    shown.clear();
    for (std::size_t i = 0; i < call.input.size(); ++i) {
      CLINNOVA_ASSIGN(const Collection part,
                      call.On(1, call.input[i], static_cast<std::int64_t>(i)));
      shown.insert(shown.end(), part.begin(), part.end());
    }
  }
  const auto& trace = call.evaluator.environment().trace;
  if (trace) trace(name.value_or(""), shown);
  return Copy(call.input);
}

Result<Collection> Type(const Call& call) {
  Collection out;
  for (const Item& item : call.input) out.push_back(Item{TypeOf(call.evaluator.model(), item)});
  return out;
}

Result<Collection> DefineVariable(const Call& call) {
  CLINNOVA_ASSIGN(const auto name, StringArgument(call, 0));
  if (!name || name->empty()) return WrongCall(call, "no name", "a name");
  const auto& known = call.evaluator.environment().variables;
  const bool standard = *name == "context" || *name == "resource" || *name == "rootResource" ||
                        *name == "ucum" || *name == "sct" || *name == "loinc";
  if (standard || known.contains(*name) || call.scope.defined.contains(*name)) {
    return WrongCall(call, "%" + *name + " again", "a new name");
  }
  Collection value = Copy(call.input);
  if (call.size() > 1) {
    const Scope inner{.context = call.input,
                      .index = call.scope.index,
                      .total = call.scope.total,
                      .defined = call.scope.defined};
    CLINNOVA_ASSIGN(value, call.evaluator.Evaluate(*call.arguments[1], inner));
  }
  call.scope.defined.emplace(*name, std::move(value));
  return Copy(call.input);
}

Result<Collection> Coalesce(const Call& call) {
  for (std::size_t i = 0; i < call.size(); ++i) {
    CLINNOVA_ASSIGN(Collection value, call.Argument(i));
    if (!value.empty()) return value;
  }
  return Collection{};
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
