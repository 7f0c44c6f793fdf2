// SPDX-License-Identifier: Apache-2.0
#include "intake/mapping.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/text.h"
#include "core/toml_json.h"
#include "intake/embedded_mappings.h"
#include "intake/mapping_reader.h"
#include "intake/toml_table.h"

namespace clinnova::intake {
namespace {

using core::AsciiLower;

// Glob with * and ?, letters' case ignored.
bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || AsciiLower(pattern[p]) == AsciiLower(text[t]))) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::string> ReadText(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) return Fail(ErrorCode::kFailed, path.string() + ": cannot be read");
  return text.str();
}

/// The file of a dialect that is no mapping: it names the compiled-in dialects that belong to it.
constexpr std::string_view kDialectFile = "dialect.toml";

Result<void> Add(Mapping mapping, std::vector<Mapping>& dialect) {
  for (const Mapping& other : dialect) {
    if (other.pattern != mapping.pattern || other.format != mapping.format) continue;
    return Fail(ErrorCode::kInvalidInput, mapping.name + ": file.pattern \"" + mapping.pattern +
                                              "\" is already that of " + other.name);
  }
  dialect.push_back(std::move(mapping));
  return {};
}

/// Where it was compiled in from.
std::string NameOf(const EmbeddedMapping& embedded) {
  return "mappings/" + std::string(embedded.dialect) + "/" + std::string(embedded.file);
}

/// Adds the mappings of one compiled-in dialect, without those that belong to it.
Result<void> AddEmbedded(std::string_view name, std::vector<Mapping>& dialect) {
  for (const EmbeddedMapping& embedded : EmbeddedMappings()) {
    if (embedded.dialect != name || embedded.file == kDialectFile) continue;
    CLINNOVA_ASSIGN(Mapping mapping, Mapping::Parse(embedded.toml, NameOf(embedded)));
    CLINNOVA_TRY(Add(std::move(mapping), dialect));
  }
  return {};
}

/// "ch-csv, ch-sphn, …"
std::string EmbeddedNames() {
  std::string names;
  std::string_view last;
  for (const EmbeddedMapping& embedded : EmbeddedMappings()) {
    if (embedded.dialect == last) continue;
    last = embedded.dialect;
    names += (names.empty() ? "" : ", ") + std::string(last);
  }
  return names;
}

/// Behind a dialect's own mappings, those that its dialect.toml names.
Result<void> AddCompanions(std::string_view toml, const std::string& file,
                           std::vector<Mapping>& dialect) {
  std::map<std::string, int> lines;
  CLINNOVA_ASSIGN(const nlohmann::json json, core::TomlToJson(toml, file, lines));
  TomlTable table(file, lines);
  const TomlNode root{json, ""};
  table.CheckKeys(root, "", {"with"});
  const std::vector<std::string> names = table.Texts(root, "with");
  CLINNOVA_TRY(table.Outcome());
  for (const std::string& name : names) {
    const std::size_t before = dialect.size();
    CLINNOVA_TRY(AddEmbedded(name, dialect));
    if (dialect.size() != before) continue;
    return Fail(ErrorCode::kInvalidInput,
                file + ": with: found \"" + name + "\", expected one of " + EmbeddedNames());
  }
  return {};
}

}  // namespace

const std::string* TextRule::Translate(std::string_view word) const {
  for (const auto& [source, meaning] : values) {
    if (source == word) return &meaning;
  }
  return nullptr;
}

Result<Mapping> Mapping::Parse(std::string_view toml, std::string_view name) {
  Mapping mapping;
  mapping.name = std::string(name);
  CLINNOVA_TRY(ReadMapping(toml, name, mapping));
  return mapping;
}

Result<Mapping> Mapping::Load(const std::filesystem::path& path) {
  CLINNOVA_ASSIGN(const std::string text, ReadText(path));
  return Parse(text, path.string());
}

bool Mapping::Matches(std::string_view file_name) const { return GlobMatches(pattern, file_name); }

Result<std::vector<Mapping>> LoadDialect(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".toml") paths.push_back(entry->path());
  }
  if (error) return Fail(ErrorCode::kInvalidInput, folder.string() + ": " + error.message());
  if (paths.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                folder.string() + ": found no mapping, expected *.toml files");
  }
  std::ranges::sort(paths);
  std::vector<Mapping> dialect;
  for (const std::filesystem::path& path : paths) {
    if (path.filename() == kDialectFile) continue;
    CLINNOVA_ASSIGN(Mapping mapping, Mapping::Load(path));
    CLINNOVA_TRY(Add(std::move(mapping), dialect));
  }
  const std::filesystem::path companions = folder / kDialectFile;
  if (!std::ranges::binary_search(paths, companions)) return dialect;
  CLINNOVA_ASSIGN(const std::string toml, ReadText(companions));
  CLINNOVA_TRY(AddCompanions(toml, companions.string(), dialect));
  return dialect;
}

Result<std::vector<Mapping>> LoadEmbeddedDialect(std::string_view name) {
  std::vector<Mapping> dialect;
  CLINNOVA_TRY(AddEmbedded(name, dialect));
  if (dialect.empty()) {
    return Fail(ErrorCode::kInvalidInput, "mapping: found \"" + std::string(name) +
                                              "\", expected a file, a folder or one of " +
                                              EmbeddedNames());
  }
  for (const EmbeddedMapping& embedded : EmbeddedMappings()) {
    if (embedded.dialect != name || embedded.file != kDialectFile) continue;
    CLINNOVA_TRY(AddCompanions(embedded.toml, NameOf(embedded), dialect));
  }
  return dialect;
}

const Mapping* FindMapping(const std::vector<Mapping>& dialect, std::string_view file_name,
                           SourceFormat format) {
  const auto found = std::ranges::find_if(dialect, [&](const Mapping& mapping) {
    return mapping.format == format && mapping.Matches(file_name);
  });
  return found == dialect.end() ? nullptr : &*found;
}

}  // namespace clinnova::intake
