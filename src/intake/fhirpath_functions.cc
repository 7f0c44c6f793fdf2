// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath_functions.h"

#include <map>

namespace clinnova::intake::fhirpath {

const FunctionEntry* FindFunction(std::string_view name) {
  static const auto* const kTable = [] {
    auto* table =
        new std::map<std::string_view, const FunctionEntry*>;  // lives as long as the program
    for (const auto entries :
         {ConversionFunctions(), DateFunctions(), ExistenceFunctions(), FhirFunctions(),
          FilterFunctions(), MathFunctions(), StringFunctions(), TextFunctions()}) {
      for (const FunctionEntry& entry : entries) table->emplace(entry.name, &entry);
    }
    return table;
  }();
  const auto found = kTable->find(name);
  return found == kTable->end() ? nullptr : found->second;
}

Result<Collection> Call::Argument(std::size_t i) const {
  Collection value;
  CLINNOVA_ASSIGN(const Items items, Argument(i, value));
  // A literal's or $this: not computed into `value`.
  if (items.data() != value.data()) return Copy(items);
  return value;
}

Result<std::optional<bool>> Call::TruthOn(std::size_t i, const Item& item,
                                          std::int64_t index) const {
  const Scope inner{
      .context = Items(&item, 1), .index = index, .total = scope.total, .defined = scope.defined};
  const Expression& criterion = *arguments[i];
  if (Evaluator::Decides(criterion)) return evaluator.TruthOf(criterion, inner, name);
  CLINNOVA_ASSIGN(const Collection value, evaluator.Evaluate(criterion, inner));
  return StrictTruth(value, name);
}

tl::unexpected<Error> WrongCall(const Call& call, const std::string& found,
                                const std::string& expected) {
  return Fail(ErrorCode::kInvalidInput,
              std::string(call.name) + "(): found " + found + ", expected " + expected);
}

namespace {

/// A braced list would copy the item.
Collection OneItem(Value value) {
  Collection one(1);
  one.front().value = std::move(value);
  return one;
}

}  // namespace

Collection One(bool value) { return OneItem(value); }
Collection One(std::int64_t value) { return OneItem(value); }
Collection One(std::string value) { return OneItem(std::move(value)); }
Collection One(std::optional<bool> value) { return value ? One(*value) : Collection{}; }

Result<std::optional<bool>> Truth(Items items, std::string_view where) {
  if (items.empty()) return std::nullopt;
  if (items.size() > 1) {
    return Fail(ErrorCode::kInvalidInput, "\"" + std::string(where) + "\": found " +
                                              std::to_string(items.size()) +
                                              " items, expected one truth value or none");
  }
  const bool* truth = items.front().As<bool>();
  return truth ? *truth : true;
}

Result<std::optional<bool>> StrictTruth(Items items, std::string_view where) {
  if (items.size() == 1 && !items.front().As<bool>()) {
    return Fail(ErrorCode::kInvalidInput,
                "\"" + std::string(where) +
                    "\": found a value that is not true or false, expected one that is");
  }
  return Truth(items, where);
}

Result<bool> Criterion(const Call& call, std::size_t argument, const Item& item,
                       std::int64_t index) {
  CLINNOVA_ASSIGN(const auto truth, call.TruthOn(argument, item, index));
  return truth == true;
}

Result<std::optional<std::string>> StringArgument(const Call& call, std::size_t argument) {
  Collection storage;
  CLINNOVA_ASSIGN(const Items value, call.Argument(argument, storage));
  if (value.empty()) return std::nullopt;
  auto text = value.size() == 1 ? StringOf(value.front()) : std::nullopt;
  if (!text) return WrongCall(call, "an argument that is no single text", "a text");
  return text;
}

Result<std::optional<std::int64_t>> IntegerArgument(const Call& call, std::size_t argument) {
  Collection storage;
  CLINNOVA_ASSIGN(const Items value, call.Argument(argument, storage));
  if (value.empty()) return std::nullopt;
  const auto* integer = value.size() == 1 ? value.front().As<std::int64_t>() : nullptr;
  if (!integer) return WrongCall(call, "an argument that is no single integer", "an integer");
  return *integer;
}

Result<const Item*> SingleInput(const Call& call) {
  if (call.input.empty()) return nullptr;
  if (call.input.size() > 1) {
    return WrongCall(call, std::to_string(call.input.size()) + " items", "one or none");
  }
  return &call.input.front();
}

Result<std::optional<std::string>> StringInput(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item) return std::nullopt;
  auto text = StringOf(*item);
  if (!text && item->node && item->node.extra && !item->HasValue()) return std::nullopt;
  if (!text) {
    return WrongCall(call, TypeOf(call.evaluator.model(), *item).name, "a text");
  }
  return text;
}

Result<TypeInfo> ResolveType(const FhirModel& model, const std::string& name) {
  static constexpr std::string_view kSystem[] = {"Any",  "Boolean", "String", "Integer",
                                                 "Long", "Decimal", "Date",   "DateTime",
                                                 "Time", "Quantity"};
  const auto in_system = [](std::string_view bare) {
    return std::find(std::begin(kSystem), std::end(kSystem), bare) != std::end(kSystem);
  };
  if (name.starts_with("System.")) {
    // FHIR.Patient is no type of System: an item is none either.
    return TypeInfo{"System", name.substr(7)};
  }
  const bool fhir = name.starts_with("FHIR.");
  const std::string bare = fhir ? name.substr(5) : name;
  if (model.IsType(bare)) return TypeInfo{fhir || bare != "Quantity" ? "FHIR" : "", bare};
  if (!fhir && in_system(bare)) return TypeInfo{"System", bare};
  return Fail(ErrorCode::kInvalidInput,
              "found the type \"" + name + "\", expected a type of FHIR R4 or System");
}

Result<const TypeInfo*> NamedType(const Call& call) {
  const auto& named = call.arguments[0]->named;
  if (named) return &*named;
  return WrongCall(call, "no name of a type", "one");
}

bool IsOfType(const FhirModel& model, const Item& item, const TypeInfo& type, TypeMatch match) {
  if (!item.node || item.node.path.empty()) {
    return type.name_space != "FHIR" && (type.name == "Any" || type.name == SystemTypeName(item));
  }
  if (type.name_space == "System") return false;
  const std::string_view own = model.TypeName(item.node.path);
  if (match == TypeMatch::kExactPrimitives && model.IsPrimitive(own)) return own == type.name;
  return model.IsKindOf(item.node.path, type.name);
}

}  // namespace clinnova::intake::fhirpath
