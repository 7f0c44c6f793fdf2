// SPDX-License-Identifier: Apache-2.0
// What FHIRPath computes with: collections of items, each a value of the System types, or a node of a
// resource with its FHIR type, or both (a primitive element is a node and its value).
//
//   Item name = NodeItem(model, {.json = &tree, .path = "HumanName"});
//   Item four = Item{std::int64_t{4}};
//   AppendItemJson(four, out);                 // {"type":"integer","value":4}
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/error.h"
#include "intake/decimal.h"
#include "intake/fhir_model.h"
#include "intake/json_tree.h"
#include "intake/temporal.h"

namespace clinnova::intake::fhirpath {

struct Quantity {
  Decimal value;
  std::string unit;  ///< UCUM, or the word when `calendar`; a FHIR unit without a code as it stands
  bool calendar = false;  ///< year, days, …
};

/// What type() gives.
struct TypeInfo {
  std::string name_space;
  std::string name;
  bool operator==(const TypeInfo&) const = default;
};

/// A node of a resource's tree.
struct Node {
  const JsonTree* json =
      nullptr;  ///< not owned, outlives the item; null when only `extra` is there
  const JsonTree* extra = nullptr;  ///< of a primitive: the object with its id and extensions
  std::string_view path = {};  ///< its type in the model, or "Patient.contact"; empty when unknown
  const JsonTree* resource = nullptr;  ///< the resource that it is in, not a contained one

  explicit operator bool() const { return json != nullptr || extra != nullptr; }
};

/// A value; none for a complex node and for a primitive that has only extensions.
using Value = std::variant<std::monostate, bool, std::int64_t, Decimal, std::string, Temporal,
                           Quantity, TypeInfo>;

/// A primitive node's value is read where it is first asked for, as most nodes are only passed through: one
/// thread at a time, therefore, for items of nodes.
struct Item {
  mutable Value value;
  Node node = {};
  mutable bool unread = false;  ///< the node's value is not in `value` yet

  const Value& Read() const {
    if (unread) ReadNode();
    return value;
  }
  template <typename T>
  const T* As() const {
    if (unread && !MayBe<T>(node.json->kind())) return nullptr;
    return std::get_if<T>(&Read());
  }
  bool HasValue() const { return unread || value.index() != 0; }

 private:
  /// Whether JSON of that kind can be read as a T.
  template <typename T>
  static bool MayBe(JsonTree::Kind kind) {
    const bool number = kind == JsonTree::Kind::kNumber;
    const bool text = kind == JsonTree::Kind::kString;
    if constexpr (std::is_same_v<T, bool>) return kind == JsonTree::Kind::kBoolean;
    if constexpr (std::is_same_v<T, std::string>) return text || number;
    if constexpr (std::is_same_v<T, Temporal>) return text;
    return number && (std::is_same_v<T, std::int64_t> || std::is_same_v<T, Decimal>);
  }
  void ReadNode() const;
};

using Collection = std::vector<Item>;
/// Items that another owns.
using Items = std::span<const Item>;

inline Collection Copy(Items items) { return {items.begin(), items.end()}; }

/// A node; its value is read by its type: a date that is none stays a text.
Item NodeItem(const FhirModel& model, const Node& node);

/// Namespace and name: System.Integer of 4, FHIR.code of a code.
TypeInfo TypeOf(const FhirModel& model, const Item& item);

/// "Integer" of 4, whether it is a node or not; "" where there is no value.
std::string_view SystemTypeName(const Item& item);

/// The value as a quantity: a quantity, a FHIR Quantity, or a number (of unit 1); nothing otherwise.
std::optional<Quantity> QuantityOf(const FhirModel& model, const Item& item);
/// The value as a decimal: an integer or a decimal.
std::optional<Decimal> DecimalOf(const Item& item);
/// The text of a string item, not copied; nothing for other items, dates among them.
std::optional<std::string_view> PlainText(const Item& item);
/// The text of a string item, or of a node that is a date or time; nothing otherwise.
std::optional<std::string> StringOf(const Item& item);

/// What toString() gives; nothing for complex nodes.
std::optional<std::string> TextOf(const Item& item);

/// {"type":…,"value":…}: the form of `clinnova fhirpath`.
void AppendItemJson(const FhirModel& model, const Item& item, std::string& out);
/// The value alone, as JSON.
void AppendValueJson(const Item& item, std::string& out);

}  // namespace clinnova::intake::fhirpath
