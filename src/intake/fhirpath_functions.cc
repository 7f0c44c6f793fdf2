// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath_functions.h"

#include <algorithm>
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

Result<std::optional<bool>> Call::TruthOn(std::size_t i, const Item& item,
                                          std::int64_t index) const {
  const Scope inner{
      .context = Items(&item, 1), .index = index, .total = scope.total, .defined = scope.defined};
  const Expression& criterion = *arguments[i];
  const Arena::Mark mark = memory().Here();
  const auto truth = [&]() -> Result<std::optional<bool>> {
    if (Evaluator::Decides(criterion)) return evaluator.TruthOf(criterion, inner, name);
    CLINNOVA_ASSIGN(const Items value, evaluator.Evaluate(criterion, inner));
    return StrictTruth(value, name);
  }();
  memory().Rewind(mark);
  return truth;
}

tl::unexpected<Error> WrongCall(const Call& call, std::string_view found,
                                std::string_view expected) {
  std::string message(call.name);
  message.append("(): found ").append(found).append(", expected ").append(expected);
  return Fail(ErrorCode::kInvalidInput, std::move(message));
}

Result<std::optional<bool>> Truth(Items items, std::string_view where) {
  if (items.empty()) return std::nullopt;
  if (items.size() > 1) {
    return Fail(ErrorCode::kInvalidInput, "\"" + std::string(where) + "\": found " +
                                              std::to_string(items.size()) +
                                              " items, expected one truth value or none");
  }
  return items.front().As<bool>().value_or(true);
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

Result<std::optional<std::string_view>> StringArgument(const Call& call, std::size_t argument) {
  CLINNOVA_ASSIGN(const Items value, call.Argument(argument));
  if (Valued(value).empty()) return std::nullopt;
  const auto text = value.size() == 1 ? StringOf(value.front()) : std::nullopt;
  if (!text) return WrongCall(call, "an argument that is no single text", "a text");
  return text;
}

Result<std::optional<std::int64_t>> IntegerArgument(const Call& call, std::size_t argument) {
  CLINNOVA_ASSIGN(const Items value, call.Argument(argument));
  if (Valued(value).empty()) return std::nullopt;
  const auto integer = value.size() == 1 ? value.front().As<std::int64_t>() : std::nullopt;
  if (!integer) return WrongCall(call, "an argument that is no single integer", "an integer");
  return integer;
}

Result<const Item*> SingleInput(const Call& call) {
  if (call.input.empty()) return nullptr;
  if (call.input.size() > 1) {
    return WrongCall(call, std::to_string(call.input.size()) + " items", "one or none");
  }
  return &call.input.front();
}

Result<std::optional<std::string_view>> StringInput(const Call& call) {
  CLINNOVA_ASSIGN(const Item* item, SingleInput(call));
  if (!item) return std::nullopt;
  const auto text = StringOf(*item);
  if (item->IsValueless()) return std::nullopt;
  if (!text) {
    return WrongCall(call, TypeOf(*item).name, "a text");
  }
  return text;
}

Result<TypeName> ResolveType(const FhirModel& model, const std::string& name) {
  static constexpr std::string_view kSystem[] = {"Any",  "Boolean", "String", "Integer",
                                                 "Long", "Decimal", "Date",   "DateTime",
                                                 "Time", "Quantity"};
  const auto in_system = [](std::string_view bare) {
    return std::find(std::begin(kSystem), std::end(kSystem), bare) != std::end(kSystem);
  };
  if (name.starts_with("System.")) {
    // FHIR.Patient is no type of System: an item is none either. FHIR's page writes System.string, too.
    const std::string own = name.substr(7);
    std::string capital = own;
    if (!own.empty() && own.front() >= 'a' && own.front() <= 'z') {
      capital.front() = static_cast<char>(own.front() - 'a' + 'A');
    }
    return TypeName{.name_space = "System", .name = in_system(capital) ? capital : own};
  }
  const bool fhir = name.starts_with("FHIR.");
  const std::string bare = fhir ? name.substr(5) : name;
  if (const FhirType* type = model.Type(bare)) {
    return TypeName{fhir || bare != "Quantity" ? "FHIR" : "", bare, type};
  }
  if (!fhir && in_system(bare)) return TypeName{.name_space = "System", .name = bare};
  return Fail(ErrorCode::kInvalidInput,
              "found the type \"" + name + "\", expected a type of FHIR R4 or System");
}

Result<const TypeName*> NamedType(const Call& call) {
  const auto& named = call.arguments[0]->named;
  if (named) return &*named;
  return WrongCall(call, "no name of a type", "one");
}

bool IsOfType(const Item& item, const TypeName& type, TypeMatch match) {
  const FhirType* own = item.node ? item.node.type : nullptr;
  if (!own) {
    return type.name_space != "FHIR" && (type.name == "Any" || type.name == SystemTypeName(item));
  }
  if (match == TypeMatch::kExactPrimitives && own->IsPrimitive()) return own == type.type;
  return type.type && own->IsKindOf(type.type);
}

std::optional<Item> AsType(const Environment& environment, const Item& item, const TypeName& type) {
  if (IsOfType(item, type, TypeMatch::kExactPrimitives)) return item;
  if (type.name_space != "System" || !item.node.type) return std::nullopt;
  if (item.HasValue()) {
    return type.name == SystemTypeName(item) ? std::optional(ValueOf(environment.memory, item))
                                             : std::nullopt;
  }
  const auto quantity =
      type.name == "Quantity" ? QuantityOf(environment.model, item) : std::nullopt;
  return quantity ? std::optional(ItemOf(environment.memory, *quantity)) : std::nullopt;
}

}  // namespace clinnova::intake::fhirpath
