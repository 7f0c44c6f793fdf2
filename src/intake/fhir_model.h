// SPDX-License-Identifier: Apache-2.0
// The types of FHIR R4 (http://hl7.org/fhir/R4): which elements each has, of which type, and which type is
// above which. The table is data (data/fhir_r4.tsv).
//
//   const FhirModel& model = FhirModel::R4();
//   model.Find("Patient", "birthDate")->types;             // {"date"}
//   model.Find("Observation", "value")->types;             // the choice: {"Quantity", "CodeableConcept", …}
//   model.IsKindOf("Age", "Quantity");                     // true
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace clinnova::intake {

/// An element; its `types` are several where it is a choice, value[x]. A type that has a dot in it,
/// "Patient.contact", is the path of an element with elements of its own.
struct FhirElement {
  std::string_view name;
  std::vector<std::string_view> types;
};

/// A member of a JSON object, "valueQuantity", as the element and type that it stands for.
struct FhirMember {
  const FhirElement* element = nullptr;
  std::string_view type;
};

/// Immutable; any thread may use it. What it gives lives as long as the program.
class FhirModel {
 public:
  /// The tables of R4, built at the first call.
  static const FhirModel& R4();

  /// The element `name` of a type or path, its own or inherited; null when there is none.
  const FhirElement* Find(std::string_view path, std::string_view name) const;
  /// What the member `key` of a JSON object of `path` is; `element` is null when it is unknown.
  FhirMember Member(std::string_view path, std::string_view key) const;

  bool IsType(std::string_view name) const { return !Type(name).empty(); }
  /// The type `name` as a text that lives as long as the program; empty when there is none.
  std::string_view Type(std::string_view name) const;
  /// Resources, complex and primitive types; the empty string for the topmost and the unknown.
  std::string_view Parent(std::string_view path) const;
  /// The name of the type of a path: "BackboneElement" for "Patient.contact".
  std::string_view TypeName(std::string_view path) const;
  /// True when `path` is `type` or below it.
  bool IsKindOf(std::string_view path, std::string_view type) const;
  bool IsPrimitive(std::string_view type) const;

 private:
  FhirModel();
  struct Entry {
    std::string_view parent;
    std::map<std::string_view, FhirElement> elements;
    std::map<std::string, FhirMember, std::less<>> members;  ///< of choices, by their JSON names
  };
  const Entry* Look(std::string_view path) const;
  const FhirElement* Search(std::string_view path, std::string_view name) const;
  std::map<std::string_view, Entry> entries_;
};

/// "valueQuantity": the JSON name of a choice of a type.
std::string ChoiceMember(std::string_view element, std::string_view type);

}  // namespace clinnova::intake
