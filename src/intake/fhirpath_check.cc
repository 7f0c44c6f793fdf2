// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath_check.h"

#include <algorithm>

#include "intake/fhirpath_functions.h"

namespace clinnova::intake::fhirpath {
namespace {

using Kind = Expression::Kind;

/// The types that a value can have; empty when it cannot be told.
using Types = std::vector<const FhirType*>;

bool IsAmong(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Checker {
 public:
  explicit Checker(const FhirModel& model) : model_(model) {}

  Result<Types> Check(Expression& expression, const Types& context) {
    switch (expression.kind) {
      case Kind::kThis: return context;
      case Kind::kMember: return Member(expression, context);
      case Kind::kFunction: return Function(expression, context);
      case Kind::kIndexer: return Indexer(expression, context);
      case Kind::kType: return Type(expression, context);
      default: break;
    }
    for (const auto& argument : expression.arguments) {
      CLINNOVA_TRY(Check(*argument, context));
    }
    return Types{};
  }

 private:
  static std::string Joined(const Types& types) {
    std::string names;
    for (const FhirType* type : types)
      names += (names.empty() ? "" : ", ") + std::string(type->path());
    return names;
  }

  Result<Types> Element(const Types& owners, const std::string& name) const {
    Types found;
    for (const FhirType* owner : owners) {
      if (name == "value" && owner->IsPrimitive()) return Types{};
      // A resource can be any resource; only a concrete one's elements are known.
      if (owner->IsAnyResource() || owner->path() == "Element") return Types{};
      const FhirElement* element = owner->Element(name);
      if (element) found.insert(found.end(), element->types.begin(), element->types.end());
    }
    if (!found.empty() || owners.empty()) return found;
    return Fail(ErrorCode::kInvalidInput, "found no element \"" + name + "\" in " + Joined(owners) +
                                              ", expected one of FHIR R4");
  }

  Result<Types> Member(Expression& expression, const Types& context) {
    if (!expression.arguments.empty()) {
      CLINNOVA_ASSIGN(const Types base, Check(*expression.arguments.front(), context));
      return Element(base, expression.text);
    }
    const FhirType* named = model_.Path(expression.text);
    const bool names_type =
        named && std::any_of(context.begin(), context.end(),
                             [&](const FhirType* type) { return type->IsKindOf(named); });
    if (names_type) return context;
    return Element(context, expression.text);
  }

  /// Notes at `place` the type that `specifier` names; unknown for those of System.
  Result<Types> Name(Expression& place, const std::string& specifier) const {
    CLINNOVA_ASSIGN(place.named, ResolveType(model_, specifier));
    return place.named->type ? Types{place.named->type} : Types{};
  }

  Result<Types> Type(Expression& expression, const Types& context) {
    CLINNOVA_TRY(Check(*expression.arguments.front(), context));
    CLINNOVA_ASSIGN(const Types named, Name(expression, expression.type));
    return expression.text == "is" ? Types{} : named;
  }

  Result<Types> Indexer(Expression& expression, const Types& context) {
    CLINNOVA_ASSIGN(const Types base, Check(*expression.arguments[0], context));
    CLINNOVA_TRY(Check(*expression.arguments[1], context));
    return base;
  }

  Result<Types> Function(Expression& expression, const Types& context) {
    const FunctionEntry* function = expression.function;
    if (!function) {
      return Fail(ErrorCode::kInvalidInput,
                  "found the function \"" + expression.text + "\" at character " +
                      std::to_string(expression.offset + 1) + ", expected one of FHIRPath");
    }
    const std::size_t first = expression.on_context ? 0 : 1;
    const std::size_t count = expression.arguments.size() - first;
    if (count < function->fewest_arguments || count > function->most_arguments) {
      return Fail(ErrorCode::kInvalidInput, expression.text + "(): found " + std::to_string(count) +
                                                " arguments, expected " +
                                                std::to_string(function->fewest_arguments) +
                                                " to " + std::to_string(function->most_arguments));
    }
    Types base = context;
    if (!expression.on_context) {
      CLINNOVA_ASSIGN(base, Check(*expression.arguments.front(), context));
    }
    if (IsAmong(expression.text, {"is", "as", "ofType", "getReferenceKey"})) {
      return TypeFunction(expression, first);
    }
    return Arguments(expression, base, context, first);
  }

  Result<Types> TypeFunction(Expression& expression, std::size_t first) {
    if (expression.arguments.size() == first) return Types{};
    Expression& argument = *expression.arguments[first];
    const std::string specifier = PlainPath(argument);
    if (specifier.empty()) {
      return Fail(ErrorCode::kInvalidInput, expression.text + "(): expected the name of a type");
    }
    CLINNOVA_ASSIGN(const Types named, Name(argument, specifier));
    return IsAmong(expression.text, {"as", "ofType"}) ? named : Types{};
  }

  Result<Types> Arguments(Expression& expression, const Types& base, const Types& context,
                          std::size_t first) {
    const std::string& name = expression.text;
    const bool for_items = IsAmong(name, {"where", "select", "all", "exists", "repeat", "repeatAll",
                                          "sort", "iif", "trace", "aggregate", "defineVariable"});
    // repeat() goes on with what it found, whose type may be another.
    const Types on = IsAmong(name, {"repeat", "repeatAll"}) ? Types{} : for_items ? base : context;
    Types last;
    for (std::size_t i = first; i < expression.arguments.size(); ++i) {
      CLINNOVA_ASSIGN(last, Check(*expression.arguments[i], on));
    }
    if (IsAmong(name,
                {"where", "first", "last", "tail", "single", "skip", "take", "distinct", "trace",
                 "sort", "intersect", "exclude", "checkModifiers", "defineVariable"})) {
      return base;
    }
    if (name == "select") return last;
    if (name == "extension") return Types{model_.Type("Extension")};
    return Types{};
  }

  const FhirModel& model_;  // not owned, outlives this
};

}  // namespace

Result<void> CheckFhirPath(const FhirModel& model, Expression& expression, std::string_view root) {
  Types types;
  if (const FhirType* type = model.Type(root)) types.push_back(type);
  CLINNOVA_TRY(Checker(model).Check(expression, types));
  return {};
}

}  // namespace clinnova::intake::fhirpath
