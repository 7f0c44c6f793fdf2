// SPDX-License-Identifier: Apache-2.0
#include "core/toml_json.h"

#include <toml++/toml.h>
#include <nlohmann/json.hpp>
#include <sstream>

namespace clinnova::core {
namespace {

nlohmann::json Convert(const toml::node& node, const std::string& path,
                       std::map<std::string, int>& lines) {
  lines.emplace(path, static_cast<int>(node.source().begin.line));
  if (const auto* table = node.as_table()) {
    nlohmann::json object = nlohmann::json::object();
    for (const auto& [key, value] : *table) {
      const std::string name(key.str());
      const std::string inner = path.empty() ? name : path + "." + name;
      lines[inner] = static_cast<int>(key.source().begin.line);
      object[name] = Convert(value, inner, lines);
    }
    return object;
  }
  if (const auto* array = node.as_array()) {
    nlohmann::json list = nlohmann::json::array();
    for (std::size_t i = 0; i < array->size(); ++i) {
      list.push_back(Convert(*array->get(i), path + "[" + std::to_string(i) + "]", lines));
    }
    return list;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  std::ostringstream text;
  node.visit([&](const auto& value) {
    if constexpr (!toml::is_container<decltype(value)>) text << value;
  });
  return text.str();
}

}  // namespace

Result<nlohmann::json> TomlToJson(std::string_view text, std::string_view file,
                                  std::map<std::string, int>& lines) {
  try {
    const toml::table table = toml::parse(text, file);
    return Convert(table, "", lines);
  } catch (const toml::parse_error& error) {
    std::ostringstream message;
    message << file << ':' << error.source().begin.line << ": " << error.description();
    return Fail(ErrorCode::kInvalidInput, message.str());
  }
}

tl::unexpected<Error> TomlPlace::Wrong(const std::string& key, const std::string& what) const {
  const auto line = lines.find(key);
  const std::string number = line == lines.end() ? "" : ":" + std::to_string(line->second);
  return Fail(ErrorCode::kInvalidInput, file + number + ": " + key + ": " + what);
}

}  // namespace clinnova::core
