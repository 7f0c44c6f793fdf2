// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath_item.h"

#include <charconv>
#include <utility>

namespace clinnova::intake::fhirpath {
namespace {

constexpr std::string_view kUcum = "http://unitsofmeasure.org";

/// The number of a node as an integer; nothing for a decimal, written or by its type.
std::optional<std::int64_t> NodeInteger(const Node& node) {
  if (!node.json->IsNumber() || (node.type && node.type->IsDecimal())) return std::nullopt;
  const std::string_view text = node.json->text();
  std::int64_t integer = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), integer);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole ? std::optional(integer) : std::nullopt;
}

std::optional<Temporal> NodeTemporal(const Node& node) {
  if (!node.type || !node.json->IsString()) return std::nullopt;
  const std::string_view text = node.json->text();
  switch (node.type->text()) {
    case FhirType::Text::kPlain: return std::nullopt;
    case FhirType::Text::kDate: return Temporal::Parse(text, Temporal::Kind::kDate);
    case FhirType::Text::kDateTime: return Temporal::Parse(text, Temporal::Kind::kDateTime);
    case FhirType::Text::kTime: return Temporal::Parse(text, Temporal::Kind::kTime);
  }
  return std::nullopt;
}

ValueKind NodeKind(const Node& node) {
  if (node.json->IsBoolean()) return ValueKind::kBoolean;
  if (node.json->IsString()) return NodeTemporal(node) ? ValueKind::kTemporal : ValueKind::kText;
  if (NodeInteger(node)) return ValueKind::kInteger;
  return Decimal::Parse(node.json->text()) ? ValueKind::kDecimal : ValueKind::kText;
}

}  // namespace

ValueKind Item::Kind() const {
  struct KindOf {
    const Node& node;
    ValueKind operator()(std::monostate) const { return ValueKind::kNothing; }
    ValueKind operator()(InNode) const { return NodeKind(node); }
    ValueKind operator()(bool) const { return ValueKind::kBoolean; }
    ValueKind operator()(std::int64_t) const { return ValueKind::kInteger; }
    ValueKind operator()(std::string_view) const { return ValueKind::kText; }
    ValueKind operator()(const Decimal*) const { return ValueKind::kDecimal; }
    ValueKind operator()(const Temporal*) const { return ValueKind::kTemporal; }
    ValueKind operator()(const Quantity*) const { return ValueKind::kQuantity; }
    ValueKind operator()(const TypeInfo*) const { return ValueKind::kTypeInfo; }
  };
  return std::visit(KindOf{node}, value);
}

std::optional<std::int64_t> Item::Integer() const {
  if (const auto* own = std::get_if<std::int64_t>(&value)) return *own;
  return IsInNode() ? NodeInteger(node) : std::nullopt;
}

std::optional<Decimal> Item::AsDecimal() const {
  if (const auto* own = std::get_if<const Decimal*>(&value)) return **own;
  const bool number = IsInNode() && node.json->IsNumber() && !NodeInteger(node);
  return number ? Decimal::Parse(node.json->text()) : std::nullopt;
}

std::optional<Temporal> Item::AsTemporal() const {
  if (const auto* own = std::get_if<const Temporal*>(&value)) return **own;
  return IsInNode() ? NodeTemporal(node) : std::nullopt;
}

std::optional<std::string_view> Item::NodeText() const {
  if (node.json->IsBoolean()) return std::nullopt;
  const bool plain =
      node.json->IsString() && (!node.type || node.type->text() == FhirType::Text::kPlain);
  return plain || NodeKind(node) == ValueKind::kText ? std::optional(node.json->text())
                                                     : std::nullopt;
}

void ItemList::Grow(std::size_t needed) {
  const std::size_t capacity = std::max<std::size_t>({4, 2 * capacity_, needed});
  if (!items_ || !memory_.Resize(items_, capacity_, capacity)) {
    Item* items = memory_.Room<Item>(capacity);
    std::copy(items_, items_ + size_, items);
    items_ = items;
  }
  capacity_ = capacity;
}

Item ItemOf(Arena& memory, const Decimal& value) { return {.value = memory.New<Decimal>(value)}; }
Item ItemOf(Arena& memory, const Temporal& value) { return {.value = memory.New<Temporal>(value)}; }
Item ItemOf(Arena& memory, const Quantity& value) { return {.value = memory.New<Quantity>(value)}; }
Item ItemOf(Arena& memory, const TypeInfo& value) { return {.value = memory.New<TypeInfo>(value)}; }

Item ValueOf(Arena& memory, const Item& item) {
  if (!std::holds_alternative<InNode>(item.value)) return {.value = item.value};
  if (const auto truth = item.As<bool>()) return ItemOf(memory, *truth);
  if (const auto text = item.As<std::string_view>()) return ItemOf(memory, *text);
  if (const auto integer = item.As<std::int64_t>()) return ItemOf(memory, *integer);
  if (const auto temporal = item.As<Temporal>()) return ItemOf(memory, *temporal);
  return ItemOf(memory, *item.As<Decimal>());
}

Item ResourceItem(const FhirModel& model, const Node& node) {
  Item item{.node = node};
  if (const FhirType* type = model.Type(node.json->Text("resourceType"))) {
    item.node.type = type;
    // A contained resource resolves its references where its container does.
    const bool inner = node.type && node.type == model.resource();
    if (!item.node.resource || inner) item.node.resource = node.json;
  }
  return item;
}

TypeInfo TypeOf(const Item& item) {
  if (item.node && item.node.type) return {"FHIR", item.node.type->name()};
  return {"System", SystemTypeName(item)};
}

std::string_view SystemTypeName(const Item& item) {
  switch (item.Kind()) {
    case ValueKind::kNothing: return "";
    case ValueKind::kBoolean: return "Boolean";
    case ValueKind::kInteger: return "Integer";
    case ValueKind::kDecimal: return "Decimal";
    case ValueKind::kText: return "String";
    case ValueKind::kTemporal: {
      const Temporal::Kind kind = item.As<Temporal>()->kind;
      return kind == Temporal::Kind::kDate   ? "Date"
             : kind == Temporal::Kind::kTime ? "Time"
                                             : "DateTime";
    }
    case ValueKind::kQuantity: return "Quantity";
    case ValueKind::kTypeInfo: return "SimpleTypeInfo";
  }
  return "";
}

namespace {

/// A FHIR Quantity's UCUM duration as FHIRPath's calendar has it (FHIR R4, section 2.9.1.3); "" for other units.
std::string_view CalendarWord(std::string_view code) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"a", "year"}, {"mo", "month"},   {"d", "day"},
      {"h", "hour"}, {"min", "minute"}, {"s", "second"}};
  for (const auto& [unit, word] : kWords) {
    if (unit == code) return word;
  }
  return {};
}

}  // namespace

std::optional<Quantity> QuantityOf(const FhirModel& model, const Item& item) {
  if (const auto* quantity = item.As<Quantity>()) return *quantity;
  if (const auto decimal = DecimalOf(item)) return Quantity{.value = *decimal, .unit = "1"};
  const bool complex = item.node.json && item.node.json->IsObject();
  if (!complex || !IsFhirQuantity(model, item)) return std::nullopt;
  const JsonTree* value = item.node.json->Find("value");
  if (!value || !value->IsNumber()) return std::nullopt;
  const auto decimal = Decimal::Parse(value->text());
  if (!decimal) return std::nullopt;
  const std::string_view code = item.node.json->Text("code");
  if (item.node.json->Text("system") != kUcum || code.empty()) return std::nullopt;
  const std::string_view word = CalendarWord(code);
  return Quantity{.value = *decimal, .unit = word.empty() ? code : word, .calendar = !word.empty()};
}

std::optional<Decimal> DecimalOf(const Item& item) {
  if (const auto integer = item.As<std::int64_t>()) return Decimal(*integer);
  return item.As<Decimal>();
}

std::optional<std::string_view> StringOf(const Item& item) {
  // A node's text is one whether it can be read as a date or not.
  const bool node = std::holds_alternative<InNode>(item.value) && item.node.json->IsString();
  return node ? std::optional(item.node.json->text()) : item.As<std::string_view>();
}

std::optional<std::string> TextOf(const Item& item) {
  if (const auto text = StringOf(item)) return std::string(*text);
  switch (item.Kind()) {
    case ValueKind::kBoolean: return *item.As<bool>() ? "true" : "false";
    case ValueKind::kInteger: return std::to_string(*item.As<std::int64_t>());
    case ValueKind::kDecimal: return item.As<Decimal>()->Text();
    case ValueKind::kTemporal: return item.As<Temporal>()->Text();
    case ValueKind::kQuantity: {
      const Quantity& quantity = *item.As<Quantity>();
      const std::string unit(quantity.unit);
      return quantity.value.Text() + " " + (quantity.calendar ? unit : "'" + unit + "'");
    }
    case ValueKind::kTypeInfo: {
      const TypeInfo& type = *item.As<TypeInfo>();
      return std::string(type.name_space) + "." + std::string(type.name);
    }
    case ValueKind::kNothing:
    case ValueKind::kText: break;
  }
  return std::nullopt;
}

namespace {

void AppendQuantity(const Quantity& quantity, std::string& out) {
  out += "{\"value\":" + quantity.value.Text() + ",\"unit\":";
  AppendJsonString(quantity.unit, out);
  if (!quantity.calendar) {
    out.append(",\"system\":\"").append(kUcum).append("\",\"code\":");
    AppendJsonString(quantity.unit, out);
  }
  out += '}';
}

void AppendTypeInfo(const TypeInfo& type, std::string& out) {
  out += "{\"namespace\":";
  AppendJsonString(type.name_space, out);
  out += ",\"name\":";
  AppendJsonString(type.name, out);
  out += '}';
}

}  // namespace

void AppendValueJson(const Item& item, std::string& out) {
  // A node as it is written: a number with its digits, a date as a text.
  if (item.node.json) return AppendJson(*item.node.json, out);
  switch (item.Kind()) {
    case ValueKind::kNothing: out += "null"; return;
    case ValueKind::kText: return AppendJsonString(*item.As<std::string_view>(), out);
    case ValueKind::kTemporal: return AppendJsonString(item.As<Temporal>()->Text(), out);
    case ValueKind::kQuantity: return AppendQuantity(*item.As<Quantity>(), out);
    case ValueKind::kTypeInfo: return AppendTypeInfo(*item.As<TypeInfo>(), out);
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kDecimal: out += *TextOf(item); return;
  }
}

void AppendItemJson(const Item& item, std::string& out) {
  const TypeInfo type = TypeOf(item);
  std::string name(type.name);
  if (type.name_space == "System" && name != "Quantity" && !name.empty() && !item.As<TypeInfo>()) {
    name[0] = static_cast<char>(name[0] - 'A' + 'a');
  }
  out += "{\"type\":";
  AppendJsonString(name, out);
  out += ",\"value\":";
  AppendValueJson(item, out);
  out += '}';
}

}  // namespace clinnova::intake::fhirpath
