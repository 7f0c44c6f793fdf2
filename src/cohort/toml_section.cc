// SPDX-License-Identifier: Apache-2.0
#include "cohort/toml_section.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace clinnova::cohort {

using Json = nlohmann::json;

void TomlDocument::Wrong(const std::string& path, const std::string& message) {
  if (error) return;
  // The nearest key above that has a line: a missing key is reported where its section begins.
  std::string at = path;
  auto line = lines.find(at);
  while (line == lines.end() && !at.empty()) {
    const std::size_t cut = at.find_last_of(".[");
    at = cut == at.npos ? "" : at.substr(0, cut);
    line = lines.find(at);
  }
  std::string where(file);
  if (line != lines.end() && line->second > 0) where += ":" + std::to_string(line->second);
  error = Fail(ErrorCode::kInvalidInput, where + ": " + path + ": " + message).value();
}

TomlSection::TomlSection(TomlDocument& document, const Json& section, std::string path)
    : document_(document), section_(section), path_(std::move(path)) {
  if (!section_.is_object())
    document_.Wrong(path_, "found " + section_.dump() + ", expected a section");
}

std::string TomlSection::PathOf(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void TomlSection::Wrong(const std::string& key, const std::string& message) {
  document_.Wrong(key.empty() ? path_ : PathOf(key), message);
}

void TomlSection::WrongKind(const std::string& key, const Json& found, const char* expected) {
  Wrong(key, "found " + found.dump() + ", expected " + expected);
}

const Json* TomlSection::Find(const std::string& key) {
  asked_.insert(key);
  if (!section_.is_object()) return nullptr;
  const auto found = section_.find(key);
  return found == section_.end() ? nullptr : &*found;
}

bool TomlSection::Has(const std::string& key) const {
  return section_.is_object() && section_.contains(key);
}

std::string TomlSection::Text(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  WrongKind(key, *value, "a text");
  return {};
}

std::string TomlSection::RequiredText(const std::string& key) {
  std::string text = Text(key);
  if (text.empty()) Wrong(key, "found nothing, expected a text");
  return text;
}

std::size_t TomlSection::RequiredWord(const std::string& key,
                                      const std::vector<std::string_view>& words) {
  const std::string text = RequiredText(key);
  const auto found = std::ranges::find(words, text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  Wrong(key, "found \"" + text + "\", expected one of " + core::Joined(words));
  return 0;
}

std::optional<double> TomlSection::Number(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  WrongKind(key, *value, "a number");
  return std::nullopt;
}

double TomlSection::RequiredNumber(const std::string& key) {
  if (!Has(key)) Wrong(key, "found nothing, expected a number");
  return Number(key).value_or(0.0);
}

int TomlSection::Integer(const std::string& key, int otherwise) {
  const Json* value = Find(key);
  if (value == nullptr) return otherwise;
  constexpr std::int64_t kLimit = 1'000'000;
  if (value->is_number_integer() && value->get<std::int64_t>() >= -kLimit &&
      value->get<std::int64_t>() <= kLimit) {
    return value->get<int>();
  }
  WrongKind(key, *value, "a whole number of at most a million");
  return otherwise;
}

std::vector<std::string> TomlSection::Texts(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr) return {};
  if (value->is_array() &&
      std::ranges::all_of(*value, [](const Json& v) { return v.is_string(); })) {
    return value->get<std::vector<std::string>>();
  }
  WrongKind(key, *value, "a list of texts");
  return {};
}

std::vector<std::int64_t> TomlSection::Integers(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr) return {};
  if (value->is_array() &&
      std::ranges::all_of(*value, [](const Json& v) { return v.is_number_integer(); })) {
    return value->get<std::vector<std::int64_t>>();
  }
  WrongKind(key, *value, "a list of whole numbers");
  return {};
}

std::map<std::string, std::string> TomlSection::TextMap(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr) return {};
  if (value->is_object() &&
      std::ranges::all_of(*value, [](const Json& v) { return v.is_string(); })) {
    return value->get<std::map<std::string, std::string>>();
  }
  WrongKind(key, *value, "a table of texts");
  return {};
}

std::optional<TomlSection> TomlSection::Section(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  return TomlSection(document_, *value, PathOf(key));
}

std::vector<TomlSection> TomlSection::Sections(const std::string& key) {
  const Json* value = Find(key);
  std::vector<TomlSection> sections;
  if (value == nullptr) return sections;
  if (!value->is_array()) {
    WrongKind(key, *value, "a list of sections");
    return sections;
  }
  for (std::size_t i = 0; i < value->size(); ++i) {
    sections.emplace_back(document_, (*value)[i], PathOf(key) + "[" + std::to_string(i) + "]");
  }
  return sections;
}

std::vector<std::pair<std::string, TomlSection>> TomlSection::NamedSections(
    const std::string& key) {
  const Json* value = Find(key);
  std::vector<std::pair<std::string, TomlSection>> sections;
  if (value == nullptr) return sections;
  if (!value->is_object()) {
    WrongKind(key, *value, "named sections");
    return sections;
  }
  for (const auto& [name, section] : value->items()) {
    sections.emplace_back(name, TomlSection(document_, section, PathOf(key) + "." + name));
  }
  return sections;
}

void TomlSection::NoOtherKeys() {
  if (!section_.is_object()) return;
  for (const auto& [key, value] : section_.items()) {
    if (asked_.contains(key)) continue;
    Wrong(key, "unknown key, expected one of " + core::Joined(asked_));
  }
}

}  // namespace clinnova::cohort
