// SPDX-License-Identifier: Apache-2.0
// Walks a TOML document and complains about what it finds with the file and the line, where a data
// manager wrote it. The first complaint is kept; every reader gives a default after it, so that a
// walk needs no check per key.
//
//   TomlTable toml("visits.toml", lines);                      // lines: core/toml_json.h
//   toml.CheckKeys(file, "file.", {"pattern", "decimal"});
//   std::string pattern = toml.Text(file, "pattern", "*.csv");
//   return toml.Outcome();                     // "visits.toml:6: unknown key file.decimall, expected one of: …"
#pragma once

#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

/// A value of the document and where it stands: "record[2].code".
struct TomlNode {
  const nlohmann::json& value;  // not owned, outlives this
  std::string path;

  bool Has(std::string_view key) const { return value.is_object() && value.contains(key); }
  /// Precondition: Has(key).
  TomlNode At(std::string_view key) const;
  /// Of an array.
  std::vector<TomlNode> Items() const;
};

class TomlTable {
 public:
  using Words = std::vector<std::pair<std::string, std::string>>;

  /// `lines`, by path, is not owned and outlives this.
  TomlTable(std::string_view name, const std::map<std::string, int>& lines)
      : name_(name), lines_(lines) {}

  /// Keeps the message, unless there is an earlier one.
  void Complain(const std::string& path, const std::string& message);
  /// kInvalidInput with the first complaint.
  Result<void> Outcome() const;

  void CheckKeys(const TomlNode& table, std::string_view where,
                 std::initializer_list<std::string_view> known);
  std::string Text(const TomlNode& table, std::string_view key, std::string_view otherwise);
  std::vector<std::string> Texts(const TomlNode& table, std::string_view key);
  /// { word = "meaning" }
  Words WordTable(const TomlNode& table, std::string_view key);
  char Character(const TomlNode& table, std::string_view key, char otherwise);
  bool Flag(const TomlNode& table, std::string_view key);
  /// From 1 to 99; 0 after a complaint.
  int Integer(const TomlNode& node, std::string_view key);

  /// The value, or a complaint with the error's message.
  template <typename T>
  std::optional<T> Checked(const TomlNode& table, std::string_view key, Result<T> result) {
    if (result) return std::move(*result);
    Complain(table.At(key).path, std::string(key) + ": " + result.error().message);
    return std::nullopt;
  }

 private:
  int LineOf(std::string path) const;

  std::string name_;
  const std::map<std::string, int>& lines_;  // not owned, outlives this
  std::string error_;
};

}  // namespace clinnova::intake
