// SPDX-License-Identifier: Apache-2.0
#include "network/table_source.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "stats/method.h"

namespace clinnova::network {
namespace {

bool IsNameCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

/// Whether `name` stands in `text` as a word of its own.
bool HasWord(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    const bool begins = at == 0 || !IsNameCharacter(text[at - 1]) || !IsNameCharacter(name.front());
    const bool ends =
        end == text.size() || !IsNameCharacter(text[end]) || !IsNameCharacter(name.back());
    if (begins && ends) return true;
  }
  return false;
}

/// Whether any text of the analyses, or a [[column]], names the column: others are none of the study's
/// business. `y ~ .` names all.
bool AnyTextNames(const nlohmann::json& value, std::string_view name) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return HasWord(text, name) || (text.find('~') != std::string::npos && HasWord(text, "."));
  }
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(),
                     [&](const nlohmann::json& item) { return AnyTextNames(item, name); });
}

bool Mentions(const federation::Study& study, std::string_view name) {
  for (const federation::Analysis& analysis : study.analyses()) {
    if (AnyTextNames(analysis.json(), name)) return true;
  }
  return std::any_of(study.columns().begin(), study.columns().end(),
                     [&](const table::ColumnDeclaration& d) { return d.name == name; });
}

/// Persons per level, counted on the table read under the site's own schema.
Result<std::vector<std::vector<std::uint64_t>>> CountLevels(const std::string& file,
                                                            const table::SiteSchema& described) {
  std::vector<std::vector<std::uint64_t>> counts(described.columns.size());
  table::Schema own;
  for (const auto& column : described.columns) {
    own.columns.push_back(
        {column.name,
         column.levels.empty() ? table::ColumnKind::kNumeric : table::ColumnKind::kFactor,
         column.levels});
  }
  if (std::all_of(own.columns.begin(), own.columns.end(),
                  [](const table::ColumnSchema& c) { return c.levels.empty(); })) {
    return counts;
  }
  own.columns.push_back({"site", table::ColumnKind::kFactor, {"here"}});
  CLINNOVA_ASSIGN(const table::Table table, table::ReadFile(file, own, "here"));
  for (std::size_t c = 0; c < counts.size(); ++c) {
    counts[c].resize(own.columns[c].levels.size());
    for (const std::int32_t code : table.columns[c].codes) {
      if (code >= 0) ++counts[c][static_cast<std::size_t>(code)];
    }
  }
  return counts;
}

}  // namespace

Result<std::string> FileTableSource::FileOf(const federation::Study& study) const {
  const auto found = options_.files.find(core::ToHex(study.hash()));
  const std::string& file = found == options_.files.end() ? options_.fallback : found->second;
  if (study.cohort() || !study.variables().empty()) {
    return Fail(ErrorCode::kInvalidInput,
                "the study declares a cohort, and this site has files only", "no_cohort_here");
  }
  if (file.empty())
    return Fail(ErrorCode::kInvalidInput, "this site has no table for the study", "no_table");
  return file;
}

Result<TableDescription> FileTableSource::Describe(const federation::Study& study,
                                                   const std::vector<std::string>& factors) {
  CLINNOVA_ASSIGN(const std::string file, FileOf(study));
  CLINNOVA_ASSIGN(std::vector<table::ColumnDeclaration> declarations,
                  stats::ColumnDeclarations(study));
  for (const std::string& name : factors) {
    declarations.push_back({.name = name, .kind = table::ColumnKind::kFactor, .levels = {}});
  }
  TableDescription description;
  CLINNOVA_ASSIGN(description.schema, table::DescribeFile(file, declarations));
  std::erase_if(description.schema.columns, [&](const table::SiteSchema::Column& column) {
    return !Mentions(study, column.name);
  });
  CLINNOVA_ASSIGN(description.persons_per_level, CountLevels(file, description.schema));
  return description;
}

Result<table::Table> FileTableSource::Read(const federation::Study& study,
                                           const table::Schema& schema, const std::string& site) {
  CLINNOVA_ASSIGN(const std::string file, FileOf(study));
  return table::ReadFile(file, schema, site);
}

}  // namespace clinnova::network
