// SPDX-License-Identifier: Apache-2.0
// What FHIRPath computes with: collections of items, each a value of the System types, or a node of a
// resource with its FHIR type, or both (a primitive element is a node and its value).
//
//   const Item name = NodeItem(model, {.json = &tree, .type = model.Type("HumanName")});
//   const Item four{.value = std::int64_t{4}};
//   AppendItemJson(four, out);                 // {"type":"integer","value":4}
//
// Items are small and are copied freely: texts and what is larger than a number lie elsewhere, in the document, the
// expression or the memory of the evaluation, and outlive the item.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/arena.h"
#include "core/error.h"
#include "intake/decimal.h"
#include "intake/fhir_model.h"
#include "intake/json_tree.h"
#include "intake/temporal.h"

namespace clinnova::intake::fhirpath {

struct Quantity {
  Decimal value;
  /// UCUM, or the word when `calendar`. Not owned.
  std::string_view unit;
  bool calendar = false;  ///< year, days, …
};

/// What type() gives.
struct TypeInfo {
  std::string_view name_space;  // not owned
  std::string_view name;        // not owned
  bool operator==(const TypeInfo&) const = default;
};

/// A node of a resource's tree.
struct Node {
  const JsonTree* json =
      nullptr;  ///< not owned, outlives the item; null when only `extra` is there
  const JsonTree* extra = nullptr;     ///< of a primitive: the object with its id and extensions
  const FhirType* type = nullptr;      ///< null when unknown
  const JsonTree* resource = nullptr;  ///< the resource that it is in, not a contained one

  explicit operator bool() const { return json != nullptr || extra != nullptr; }
};

/// The value of a primitive node: read where it is asked for, as most nodes are only passed through.
struct InNode {};

/// A value; none for a complex node and for a primitive that has only extensions.
using Value = std::variant<std::monostate, InNode, bool, std::int64_t, std::string_view,
                           const Decimal*, const Temporal*, const Quantity*, const TypeInfo*>;

enum class ValueKind {
  kNothing,
  kBoolean,
  kInteger,
  kDecimal,
  kText,
  kTemporal,
  kQuantity,
  kTypeInfo
};

struct Item {
  Value value = {};
  Node node = {};

  bool HasValue() const { return value.index() != 0; }
  /// A primitive with an id or extensions only: what works on values takes it for nothing.
  bool IsValueless() const { return !HasValue() && node.extra != nullptr; }
  ValueKind Kind() const;

  /// The value when it is a bool, std::int64_t, std::string_view, Decimal, Temporal, Quantity or TypeInfo: an
  /// optional, of the last two a pointer.
  template <typename T>
  auto As() const {
    if constexpr (std::is_same_v<T, bool>) return Boolean();
    if constexpr (std::is_same_v<T, std::int64_t>) return Integer();
    if constexpr (std::is_same_v<T, std::string_view>) return Text();
    if constexpr (std::is_same_v<T, Decimal>) return AsDecimal();
    if constexpr (std::is_same_v<T, Temporal>) return AsTemporal();
    if constexpr (std::is_same_v<T, Quantity> || std::is_same_v<T, TypeInfo>) {
      const auto* found = std::get_if<const T*>(&value);
      return found ? *found : nullptr;
    }
  }

 private:
  bool IsInNode() const { return std::holds_alternative<InNode>(value); }
  std::optional<bool> Boolean() const {
    if (const auto* own = std::get_if<bool>(&value)) return *own;
    if (IsInNode() && node.json->IsBoolean()) return node.json->boolean();
    return std::nullopt;
  }
  std::optional<std::string_view> Text() const {
    if (const auto* own = std::get_if<std::string_view>(&value)) return *own;
    return IsInNode() ? NodeText() : std::nullopt;
  }
  std::optional<std::int64_t> Integer() const;
  std::optional<Decimal> AsDecimal() const;
  std::optional<Temporal> AsTemporal() const;
  std::optional<std::string_view> NodeText() const;
};
static_assert(std::is_trivially_copyable_v<Item>);

using Collection = std::vector<Item>;
/// Items that another owns.
using Items = std::span<const Item>;

/// The items as operands of what works on values: nothing for a single one without a value.
inline Items Valued(Items items) {
  return items.size() == 1 && items.front().IsValueless() ? Items() : items;
}

/// Items on their way to become a collection in an evaluation's memory.
class ItemList {
 public:
  /// `memory` is not owned and outlives the items.
  explicit ItemList(Arena& memory) : memory_(memory) {}

  void push_back(const Item& item) {
    if (size_ == capacity_) Grow(size_ + 1);
    items_[size_++] = item;
  }
  void Append(Items items) {
    if (items.empty()) return;
    if (size_ + items.size() > capacity_) Grow(size_ + items.size());
    std::copy(items.begin(), items.end(), items_ + size_);
    size_ += items.size();
  }

  Items items() const { return {items_, size_}; }
  /// The items, in no more memory than they need; the list must not grow any more.
  Items Done() {
    if (capacity_ > size_) memory_.Resize(items_, capacity_, size_);
    return items();
  }

 private:
  void Grow(std::size_t needed);

  Arena& memory_;
  Item* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// A value as an item; what does not fit into it is put into `memory`. A text is not copied.
inline Item ItemOf(Arena&, bool value) { return {.value = value}; }
inline Item ItemOf(Arena&, std::int64_t value) { return {.value = value}; }
inline Item ItemOf(Arena&, std::string_view text) { return {.value = text}; }
Item ItemOf(Arena& memory, const Decimal& value);
Item ItemOf(Arena& memory, const Temporal& value);
Item ItemOf(Arena& memory, const Quantity& value);
Item ItemOf(Arena& memory, const TypeInfo& value);
/// A text that goes away is copied.
inline Item ItemOf(Arena& memory, const std::string& text) {
  return {.value = memory.Copy(std::string_view(text))};
}
Item ItemOf(Arena& memory, const char* text) = delete;
/// The value of an item without its node.
Item ValueOf(Arena& memory, const Item& item);

/// NodeItem of an object that may be a resource: of the type that it says.
Item ResourceItem(const FhirModel& model, const Node& node);

/// A node; its value is read by its type: a date that is none stays a text.
inline Item NodeItem(const FhirModel& model, const Node& node) {
  if (node.json && node.json->IsObject()) {
    // What the model knows as another type is no resource of its own.
    const bool known = node.type && !node.type->IsAnyResource();
    return known ? Item{.node = node} : ResourceItem(model, node);
  }
  const bool primitive = node.json && !node.json->IsArray() && !node.json->IsNull();
  return {.value = primitive ? Value(InNode()) : Value(), .node = node};
}

/// Namespace and name: System.Integer of 4, FHIR.code of a code.
TypeInfo TypeOf(const Item& item);

/// "Integer" of 4, whether it is a node or not; "" where there is no value.
std::string_view SystemTypeName(const Item& item);

/// The value as a quantity: a quantity, a FHIR Quantity in UCUM, whose a, mo, d, h, min and s are the calendar's, or
/// a number (of unit 1); nothing otherwise.
std::optional<Quantity> QuantityOf(const FhirModel& model, const Item& item);
/// Whether it is a Quantity of FHIR, or of a type below it such as Age, in UCUM or not.
inline bool IsFhirQuantity(const FhirModel& model, const Item& item) {
  return item.node.type && item.node.type->IsKindOf(model.quantity());
}
/// The value as a decimal: an integer or a decimal.
std::optional<Decimal> DecimalOf(const Item& item);
/// The text of a string item, or of a node that is a date or time; nothing otherwise.
std::optional<std::string_view> StringOf(const Item& item);

/// What toString() gives; nothing for complex nodes.
std::optional<std::string> TextOf(const Item& item);

/// {"type":…,"value":…}: the form of `clinnova fhirpath`.
void AppendItemJson(const Item& item, std::string& out);
/// The value alone, as JSON.
void AppendValueJson(const Item& item, std::string& out);

}  // namespace clinnova::intake::fhirpath
