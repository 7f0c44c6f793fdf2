// SPDX-License-Identifier: Apache-2.0
#include "intake/mapping.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "intake/embedded_mappings.h"
#include "intake/mapping_reader.h"

namespace clinnova::intake {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Glob with * and ?, letters' case ignored.
bool GlobMatches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || Lower(pattern[p]) == Lower(text[t]))) {
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
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream) return Fail(ErrorCode::kFailed, path.string() + ": cannot be read");
  return Parse(text.str(), path.string());
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
    CLINNOVA_ASSIGN(Mapping mapping, Mapping::Load(path));
    for (const Mapping& other : dialect) {
      if (other.pattern != mapping.pattern || other.format != mapping.format) continue;
      return Fail(ErrorCode::kInvalidInput, mapping.name + ": file.pattern \"" + mapping.pattern +
                                                "\" is already that of " + other.name);
    }
    dialect.push_back(std::move(mapping));
  }
  return dialect;
}

Result<std::vector<Mapping>> LoadEmbeddedDialect(std::string_view name) {
  std::vector<Mapping> dialect;
  std::string known;
  std::string_view last;
  for (const EmbeddedMapping& embedded : EmbeddedMappings()) {
    if (embedded.dialect != last) {
      last = embedded.dialect;
      known += (known.empty() ? "" : ", ") + std::string(last);
    }
    if (embedded.dialect != name) continue;
    const std::string file = "mappings/" + std::string(name) + "/" + std::string(embedded.file);
    CLINNOVA_ASSIGN(Mapping mapping, Mapping::Parse(embedded.toml, file));
    dialect.push_back(std::move(mapping));
  }
  if (dialect.empty()) {
    return Fail(ErrorCode::kInvalidInput, "mapping: found \"" + std::string(name) +
                                              "\", expected a file, a folder or one of " + known);
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
