// SPDX-License-Identifier: Apache-2.0
#include "intake/json_tree.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace clinnova::intake {

std::uint32_t JsonName::Hash(std::string_view name) {
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::memcpy(&head, name.data(), sizeof head);
  std::memcpy(&tail, name.data() + name.size() - sizeof tail, sizeof tail);
  return Mixed(head, tail);
}

JsonTree JsonTree::Boolean(bool value) { return {Kind::kBoolean, value, nullptr, 0}; }
JsonTree JsonTree::Number(std::string_view text) {
  return {Kind::kNumber, false, text.data(), text.size()};
}
JsonTree JsonTree::String(std::string_view text) {
  return {Kind::kString, false, text.data(), text.size()};
}
JsonTree JsonTree::Array(std::span<const JsonTree> items) {
  return {Kind::kArray, false, items.data(), items.size()};
}
JsonTree JsonTree::Object(std::span<const JsonMember> members) {
  const bool underscore = std::any_of(members.begin(), members.end(), [](const JsonMember& member) {
    return member.name.text().starts_with('_');
  });
  return {Kind::kObject, underscore, members.data(), members.size()};
}

const JsonTree* JsonTree::Find(const JsonName& name) const {
  for (const JsonMember& member : members()) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

std::string_view JsonTree::Text(const JsonName& name) const {
  const JsonTree* value = Find(name);
  return value && value->IsString() ? value->text() : std::string_view();
}

void AppendJsonString(std::string_view text, std::string& out) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c != '"' && c != '\\';  // and no byte from 0x80 on, where char is signed
  });
  if (plain) {
    out.append(1, '"').append(text).append(1, '"');
  } else {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

void AppendJson(const JsonTree& tree, std::string& out) {
  char before = 0;
  switch (tree.kind()) {
    case JsonTree::Kind::kNull: out += "null"; return;
    case JsonTree::Kind::kBoolean: out += tree.boolean() ? "true" : "false"; return;
    case JsonTree::Kind::kNumber: out += tree.text(); return;
    case JsonTree::Kind::kString: AppendJsonString(tree.text(), out); return;
    case JsonTree::Kind::kArray:
      before = '[';
      for (const JsonTree& item : tree.items()) {
        out += std::exchange(before, ',');
        AppendJson(item, out);
      }
      out += before == '[' ? "[]" : "]";
      return;
    case JsonTree::Kind::kObject:
      before = '{';
      for (const JsonMember& member : tree.members()) {
        out += std::exchange(before, ',');
        AppendJsonString(member.name.text(), out);
        out += ':';
        AppendJson(member.value, out);
      }
      out += before == '{' ? "{}" : "}";
      return;
  }
}

}  // namespace clinnova::intake
