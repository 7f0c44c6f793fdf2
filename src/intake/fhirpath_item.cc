// SPDX-License-Identifier: Apache-2.0
#include "intake/fhirpath_item.h"

#include <charconv>

namespace clinnova::intake::fhirpath {
namespace {

constexpr std::string_view kUcum = "http://unitsofmeasure.org";

Value NumberValue(std::string_view path, std::string_view text) {
  std::int64_t integer = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), integer);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (whole && path != "decimal") return integer;
  if (auto decimal = Decimal::Parse(text)) return *std::move(decimal);
  return std::string(text);
}

/// The types whose texts are dates and times.
bool IsTemporal(std::string_view path) {
  return path == "date" || path == "dateTime" || path == "instant" || path == "time";
}

Value StringValue(std::string_view path, std::string_view text) {
  if (!IsTemporal(path)) return std::string(text);
  std::optional<Temporal> temporal;
  if (path == "date") temporal = Temporal::Parse(text, Temporal::Kind::kDate);
  if (path == "dateTime" || path == "instant") {
    temporal = Temporal::Parse(text, Temporal::Kind::kDateTime);
  }
  if (path == "time") temporal = Temporal::Parse(text, Temporal::Kind::kTime);
  if (temporal) return *temporal;
  return std::string(text);
}

Value ValueOf(const Node& node) {
  if (!node.json) return {};
  switch (node.json->kind()) {
    case JsonTree::Kind::kBoolean: return node.json->boolean();
    case JsonTree::Kind::kNumber: return NumberValue(node.path, node.json->text());
    case JsonTree::Kind::kString: return StringValue(node.path, node.json->text());
    default: return {};
  }
}

std::string_view SystemName(const Value& value) {
  struct Name {
    std::string_view operator()(std::monostate) const { return ""; }
    std::string_view operator()(bool) const { return "Boolean"; }
    std::string_view operator()(std::int64_t) const { return "Integer"; }
    std::string_view operator()(const Decimal&) const { return "Decimal"; }
    std::string_view operator()(const std::string&) const { return "String"; }
    std::string_view operator()(const Temporal& t) const {
      return t.kind == Temporal::Kind::kDate   ? "Date"
             : t.kind == Temporal::Kind::kTime ? "Time"
                                               : "DateTime";
    }
    std::string_view operator()(const Quantity&) const { return "Quantity"; }
    std::string_view operator()(const TypeInfo&) const { return "SimpleTypeInfo"; }
  };
  return std::visit(Name(), value);
}

struct JsonValue {
  std::string& out;
  void operator()(std::monostate) const { out += "null"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { out += std::to_string(value); }
  void operator()(const Decimal& value) const { out += value.Text(); }
  void operator()(const std::string& value) const { AppendJsonString(value, out); }
  void operator()(const Temporal& value) const { AppendJsonString(value.Text(), out); }
  void operator()(const Quantity& value) const {
    out += "{\"value\":" + value.value.Text() + ",\"unit\":";
    AppendJsonString(value.unit, out);
    if (!value.calendar) {
      out += ",\"system\":\"" + std::string(kUcum) + "\",\"code\":";
      AppendJsonString(value.unit, out);
    }
    out += '}';
  }
  void operator()(const TypeInfo& value) const {
    out += "{\"namespace\":";
    AppendJsonString(value.name_space, out);
    out += ",\"name\":";
    AppendJsonString(value.name, out);
    out += '}';
  }
};

}  // namespace

void Item::ReadNode() const {
  value = ValueOf(node);
  unread = false;
}

Item NodeItem(const FhirModel& model, const Node& node) {
  Item item{.value = {}, .node = node};
  if (!node.json) return item;
  if (!node.json->IsObject()) {
    item.unread = !node.json->IsArray() && !node.json->IsNull();
    return item;
  }
  // What the model knows as another type is no resource of its own.
  if (node.path.empty() || node.path == "Resource" || node.path == "DomainResource") {
    const std::string_view type = model.Type(node.json->Text("resourceType"));
    if (!type.empty()) {
      item.node.path = type;
      // A contained resource resolves its references where its container does.
      if (!item.node.resource || node.path == "Resource") item.node.resource = node.json;
    }
  }
  return item;
}

TypeInfo TypeOf(const FhirModel& model, const Item& item) {
  if (item.node && !item.node.path.empty()) {
    return {"FHIR", std::string(model.TypeName(item.node.path))};
  }
  return {"System", std::string(SystemTypeName(item))};
}

std::string_view SystemTypeName(const Item& item) { return SystemName(item.Read()); }

std::optional<Quantity> QuantityOf(const FhirModel& model, const Item& item) {
  if (const auto* quantity = item.As<Quantity>()) return *quantity;
  if (const auto decimal = DecimalOf(item)) return Quantity{.value = *decimal, .unit = "1"};
  if (!item.node || !item.node.json || !model.IsKindOf(item.node.path, "Quantity")) {
    return std::nullopt;
  }
  const JsonTree* value = item.node.json->Find("value");
  if (!value || !value->IsNumber()) return std::nullopt;
  const auto decimal = Decimal::Parse(value->text());
  if (!decimal) return std::nullopt;
  const std::string_view code = item.node.json->Text("code");
  const std::string_view unit = item.node.json->Text("unit");
  const bool ucum = item.node.json->Text("system") == kUcum && !code.empty();
  return Quantity{.value = *decimal, .unit = std::string(ucum ? code : unit.empty() ? "1" : unit)};
}

std::optional<Decimal> DecimalOf(const Item& item) {
  if (const auto* decimal = item.As<Decimal>()) return *decimal;
  if (const auto* integer = item.As<std::int64_t>()) return Decimal(*integer);
  return std::nullopt;
}

std::optional<std::string_view> PlainText(const Item& item) {
  const bool text = item.unread && item.node.json->IsString();
  if (text && !IsTemporal(item.node.path)) return item.node.json->text();
  const auto* read = item.As<std::string>();
  return read ? std::optional<std::string_view>(*read) : std::nullopt;
}

std::optional<std::string> StringOf(const Item& item) {
  if (const auto text = PlainText(item)) return std::string(*text);
  if (item.As<Temporal>() && item.node.json) return std::string(item.node.json->text());
  return std::nullopt;
}

std::optional<std::string> TextOf(const Item& item) {
  struct Text {
    std::optional<std::string> operator()(std::monostate) const { return std::nullopt; }
    std::optional<std::string> operator()(bool value) const { return value ? "true" : "false"; }
    std::optional<std::string> operator()(std::int64_t value) const {
      return std::to_string(value);
    }
    std::optional<std::string> operator()(const Decimal& value) const { return value.Text(); }
    std::optional<std::string> operator()(const std::string& value) const { return value; }
    std::optional<std::string> operator()(const Temporal& value) const { return value.Text(); }
    std::optional<std::string> operator()(const Quantity& value) const {
      return value.value.Text() + " " + (value.calendar ? value.unit : "'" + value.unit + "'");
    }
    std::optional<std::string> operator()(const TypeInfo& value) const {
      return value.name_space + "." + value.name;
    }
  };
  if (item.node.json && item.As<Temporal>()) return std::string(item.node.json->text());
  return std::visit(Text(), item.Read());
}

void AppendValueJson(const Item& item, std::string& out) {
  if (item.node.json && (!item.HasValue() || item.node.json->IsNumber() || item.As<Temporal>())) {
    return AppendJson(*item.node.json, out);
  }
  std::visit(JsonValue{out}, item.Read());
}

void AppendItemJson(const FhirModel& model, const Item& item, std::string& out) {
  const TypeInfo type = TypeOf(model, item);
  std::string name = type.name;
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
