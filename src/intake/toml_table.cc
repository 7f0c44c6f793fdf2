// SPDX-License-Identifier: Apache-2.0
#include "intake/toml_table.h"

#include <algorithm>

namespace clinnova::intake {

using nlohmann::json;

TomlNode TomlNode::At(std::string_view key) const {
  return {value.at(std::string(key)), (path.empty() ? "" : path + ".") + std::string(key)};
}

std::vector<TomlNode> TomlNode::Items() const {
  std::vector<TomlNode> items;
  for (std::size_t i = 0; i < value.size(); ++i) {
    items.push_back({value[i], path + "[" + std::to_string(i) + "]"});
  }
  return items;
}

Result<void> TomlTable::Outcome() const {
  if (error_.empty()) return {};
  return Fail(ErrorCode::kInvalidInput, error_);
}

// The line of `path`, or of the nearest thing around it.
int TomlTable::LineOf(std::string path) const {
  while (!path.empty()) {
    const auto found = lines_.find(path);
    if (found != lines_.end() && found->second > 0) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
  return 1;
}

void TomlTable::Complain(const std::string& path, const std::string& message) {
  if (!error_.empty()) return;
  error_ = name_ + ":" + std::to_string(LineOf(path)) + ": " + message;
}

void TomlTable::CheckKeys(const TomlNode& table, std::string_view where,
                          std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : table.value.items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    std::string list;
    for (std::string_view word : known) list += (list.empty() ? "" : ", ") + std::string(word);
    Complain(table.At(key).path,
             "unknown key " + std::string(where) + key + ", expected one of: " + list);
  }
}

std::string TomlTable::Text(const TomlNode& table, std::string_view key,
                            std::string_view otherwise) {
  if (!table.Has(key)) return std::string(otherwise);
  const TomlNode node = table.At(key);
  if (node.value.is_string()) return node.value.get<std::string>();
  Complain(node.path, std::string(key) + ": expected a text in quotes");
  return std::string(otherwise);
}

std::vector<std::string> TomlTable::Texts(const TomlNode& table, std::string_view key) {
  std::vector<std::string> texts;
  if (!table.Has(key)) return texts;
  const TomlNode node = table.At(key);
  const bool good = node.value.is_array() &&
                    std::ranges::all_of(node.value, [](const json& v) { return v.is_string(); });
  if (good) return node.value.get<std::vector<std::string>>();
  Complain(node.path, std::string(key) + ": expected a list of texts in quotes");
  return texts;
}

TomlTable::Words TomlTable::WordTable(const TomlNode& table, std::string_view key) {
  Words words;
  if (!table.Has(key)) return words;
  const TomlNode node = table.At(key);
  const bool good = node.value.is_object() &&
                    std::ranges::all_of(node.value, [](const json& v) { return v.is_string(); });
  if (!good) {
    Complain(node.path, std::string(key) + ": expected { word = \"meaning\" }");
    return words;
  }
  for (const auto& [word, meaning] : node.value.items()) {
    words.emplace_back(word, meaning.get<std::string>());
  }
  return words;
}

char TomlTable::Character(const TomlNode& table, std::string_view key, char otherwise) {
  const std::string text = Text(table, key, std::string(1, otherwise));
  if (text.size() == 1) return text[0];
  Complain(table.At(key).path,
           std::string(key) + ": found \"" + text + "\", expected one character");
  return otherwise;
}

bool TomlTable::Flag(const TomlNode& table, std::string_view key) {
  if (!table.Has(key)) return false;
  const TomlNode flag = table.At(key);
  if (flag.value.is_boolean()) return flag.value.get<bool>();
  Complain(flag.path, std::string(key) + ": expected true or false");
  return false;
}

int TomlTable::Integer(const TomlNode& node, std::string_view key) {
  if (node.value.is_number_integer()) {
    const auto integer = node.value.get<std::int64_t>();
    if (integer > 0 && integer < 100) return static_cast<int>(integer);
  }
  Complain(node.path, std::string(key) + ": expected a whole number from 1 to 99");
  return 0;
}

}  // namespace clinnova::intake
