// SPDX-License-Identifier: Apache-2.0
// Reads the keys of one section of a TOML document and says with file, line and key what is wrong with
// them. Private to this room.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::cohort {

/// A document with the lines of its keys, as core::TomlToJson gives them; remembers the first error.
struct TomlDocument {
  std::string_view file;
  std::map<std::string, int> lines;
  std::optional<Error> error;

  /// Notes `FILE:LINE: path: message` unless there is an error already.
  void Wrong(const std::string& path, const std::string& message);
};

/// One section. A key that is absent or of another kind gives the default; the document then has the
/// error. Must not outlive document and section.
class TomlSection {
 public:
  TomlSection(TomlDocument& document, const nlohmann::json& section, std::string path);

  bool Has(const std::string& key) const;
  std::string Text(const std::string& key);
  std::string RequiredText(const std::string& key);
  /// A text that is one of `words`; gives its place.
  std::size_t RequiredWord(const std::string& key, const std::vector<std::string_view>& words);
  double RequiredNumber(const std::string& key);
  std::optional<double> Number(const std::string& key);
  int Integer(const std::string& key, int otherwise);
  std::vector<std::string> Texts(const std::string& key);
  std::vector<std::int64_t> Integers(const std::string& key);
  std::map<std::string, std::string> TextMap(const std::string& key);
  /// The section [key] below this one.
  std::optional<TomlSection> Section(const std::string& key);
  /// The sections of a list of sections, each with its path; empty when there is none.
  std::vector<TomlSection> Sections(const std::string& key);
  /// The sections named below this one: [key.NAME].
  std::vector<std::pair<std::string, TomlSection>> NamedSections(const std::string& key);
  /// Must be the last call: what was not asked for is an error.
  void NoOtherKeys();

  void Wrong(const std::string& key, const std::string& message);
  std::string PathOf(const std::string& key) const;

 private:
  const nlohmann::json* Find(const std::string& key);
  void WrongKind(const std::string& key, const nlohmann::json& found, const char* expected);

  TomlDocument& document_;
  const nlohmann::json& section_;
  std::string path_;
  std::set<std::string> asked_;
};

}  // namespace clinnova::cohort
