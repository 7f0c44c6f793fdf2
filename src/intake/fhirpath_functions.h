// SPDX-License-Identifier: Apache-2.0
// The functions of FHIRPath (HL7 FHIRPath N1, section 5) and of its use in FHIR
// (http://hl7.org/fhir/R4/fhirpath.html), one table per source file.
//
//   const FunctionEntry* where = FindFunction("where");
//   where->call({.evaluator = evaluator, .scope = scope, .input = items, .arguments = …});
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "intake/fhirpath_scope.h"

namespace clinnova::intake::fhirpath {

struct FunctionEntry {
  std::string_view name;
  std::size_t fewest_arguments;
  std::size_t most_arguments;
  Result<Items> (*call)(const Call&);
};

/// Null when there is no function of that name.
const FunctionEntry* FindFunction(std::string_view name);

std::span<const FunctionEntry> ConversionFunctions();
std::span<const FunctionEntry> DateFunctions();
std::span<const FunctionEntry> ExistenceFunctions();
std::span<const FunctionEntry> FhirFunctions();
std::span<const FunctionEntry> FilterFunctions();
std::span<const FunctionEntry> MathFunctions();
std::span<const FunctionEntry> StringFunctions();
std::span<const FunctionEntry> TextFunctions();

/// The truth of a collection where one is expected: nothing when empty; a single item that is no truth value
/// counts as true; kInvalidInput for several.
Result<std::optional<bool>> Truth(Items items, std::string_view where);
/// As Truth, but a single item that is no truth value is kInvalidInput.
Result<std::optional<bool>> StrictTruth(Items items, std::string_view where);

/// A criterion's value for an item of the call's input.
Result<bool> Criterion(const Call& call, std::size_t argument, const Item& item,
                       std::int64_t index);

/// An argument of a kind; nothing when it is empty; kInvalidInput when it is several items or another kind.
Result<std::optional<std::string_view>> StringArgument(const Call& call, std::size_t argument);
Result<std::optional<std::int64_t>> IntegerArgument(const Call& call, std::size_t argument);

/// The input of a function on single values: null when empty; kInvalidInput for several.
Result<const Item*> SingleInput(const Call& call);
/// The input of a function on texts, as SingleInput.
Result<std::optional<std::string_view>> StringInput(const Call& call);

/// A type specifier, "System.Integer", "FHIR.Patient" or a bare name; kInvalidInput when there is no such type.
Result<TypeName> ResolveType(const FhirModel& model, const std::string& name);
/// The type that the first argument names, as the check found it; kInvalidInput when it names none.
Result<const TypeName*> NamedType(const Call& call);
/// Whether an item is of the type; with kExactPrimitives, a primitive of a derived type is not (ofType and as).
enum class TypeMatch { kDerived, kExactPrimitives };
bool IsOfType(const Item& item, const TypeName& type, TypeMatch match);
/// The item as `as` and ofType() give it; nothing when it is not of the type. What FHIR has as a primitive or a
/// Quantity is also the value of System that it stands for (FHIR R4, section 2.9.1.2).
std::optional<Item> AsType(const Environment& environment, const Item& item, const TypeName& type);

}  // namespace clinnova::intake::fhirpath
