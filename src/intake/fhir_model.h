// SPDX-License-Identifier: Apache-2.0
// The types of FHIR R4 (http://hl7.org/fhir/R4): which elements each has, of which type, and which type is
// above which. The table is data (data/fhir_r4.tsv).
//
//   const FhirModel& model = FhirModel::R4();
//   const FhirType* observation = model.Type("Observation");
//   observation->Element("status")->types;                 // {code}
//   observation->Element("value")->types;                  // the choice: {Quantity, CodeableConcept, …}
//   model.Type("Age")->IsKindOf(model.Type("Quantity"));   // true
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "intake/json_tree.h"

namespace clinnova::intake {

class FhirType;

/// An element; its `types` are several where it is a choice, value[x].
struct FhirElement {
  std::string_view name;
  std::vector<const FhirType*> types;
};

/// A member of a JSON object, "valueQuantity", as the element and type that it stands for.
struct FhirMember {
  const FhirElement* element = nullptr;
  const FhirType* type = nullptr;
};

/// A resource, a complex or primitive type, or the path of an element with elements of its own, "Patient.contact".
class FhirType {
 public:
  /// How a primitive's JSON text is to be read.
  enum class Text { kPlain, kDate, kDateTime, kTime };

  std::string_view path() const { return path_; }
  /// The name of the type: "BackboneElement" for "Patient.contact".
  std::string_view name() const { return IsPath() ? parent_->path_ : path_; }
  /// Null for the topmost.
  const FhirType* parent() const { return parent_; }
  Text text() const { return text_; }
  bool IsPrimitive() const { return path_.front() >= 'a' && path_.front() <= 'z'; }
  bool IsPath() const { return path_.find('.') != path_.npos; }
  bool IsDecimal() const { return is_decimal_; }
  /// A resource may be any resource where an element's type is Resource or DomainResource.
  bool IsAnyResource() const { return is_any_resource_; }

  /// The element of that name, its own or inherited; null when there is none.
  const FhirElement* Element(const JsonName& name) const {
    const FhirElement* element = slots_[Look(name)].member.element;
    // Under "valueQuantity" stands value, which has another name.
    return element && element->name.size() == name.text().size() ? element : nullptr;
  }
  const FhirElement* Element(std::string_view name) const { return Element(JsonName(name)); }
  /// What the member of that name of a JSON object is; `element` is null when it is unknown.
  FhirMember Member(const JsonName& key) const;
  FhirMember Member(std::string_view key) const { return Member(JsonName(key)); }

  /// True when this is `type`, which may be null, or below it.
  bool IsKindOf(const FhirType* type) const {
    const FhirType* own = this;
    while (own && own != type) own = own->parent_;
    return own != nullptr;
  }

 private:
  friend class FhirModel;

  /// An element under its own name, with a null `member.type` when it is a choice; a choice under the JSON name of
  /// each of its types.
  struct Slot {
    JsonName name;
    FhirMember member;
  };
  /// The number of the slot of that name, or of the free one where it belongs.
  std::size_t Look(const JsonName& name) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = name.hash() & mask;
    while (slots_[at].member.element && !(slots_[at].name == name)) at = (at + 1) & mask;
    return at;
  }
  void Fill(const std::vector<Slot>& members);

  std::string_view path_;
  const FhirType* parent_ = nullptr;
  Text text_ = Text::kPlain;
  bool is_decimal_ = false;
  bool is_any_resource_ = false;
  std::vector<FhirElement> elements_;  ///< its own
  std::vector<Slot>
      slots_;  ///< its own and the inherited ones; a power of two, at most half in use
};

/// Immutable; any thread may use it. What it gives lives as long as the program.
class FhirModel {
 public:
  /// The tables of R4, built at the first call.
  static const FhirModel& R4();

  /// The type of that name, "Patient"; null when there is none.
  const FhirType* Type(std::string_view name) const;
  /// As Type, "Patient.contact" too.
  const FhirType* Path(std::string_view path) const;
  const FhirType* resource() const { return resource_; }
  const FhirType* quantity() const { return quantity_; }

 private:
  FhirModel();
  void AppendMembers(const FhirElement& element, std::vector<FhirType::Slot>& members);
  /// The number of the slot of that path, or of the free one where it belongs.
  std::size_t Look(std::string_view path) const;

  std::map<std::string_view, FhirType> types_;
  Arena names_;  ///< of the choices' members
  std::vector<const FhirType*>
      slots_;  ///< by the hash of the path; a power of two, most of them null
  const FhirType* resource_ = nullptr;
  const FhirType* quantity_ = nullptr;
};

/// "valueQuantity": the JSON name of a choice of a type.
std::string ChoiceMember(std::string_view element, std::string_view type);

}  // namespace clinnova::intake
