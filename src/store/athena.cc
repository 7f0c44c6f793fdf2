// SPDX-License-Identifier: Apache-2.0
#include "store/athena.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "store/cdm54.h"
#include "store/embedded_concepts.h"

namespace clinnova::store {
namespace {

namespace fs = std::filesystem;
using core::Database;
using core::SqlIdentifier;
using core::SqlLiteral;

struct AthenaTable {
  const char* name;
  bool required;
  const char* order;  ///< by what its rows are kept
  const char* stale;  ///< which rows the new ones replace
};

/// Local concepts are from 2,000,000,000 up (OMOP's convention).
constexpr std::array<AthenaTable, 9> kTables{{
    {"concept", true, "concept_code, concept_id", "concept_id < 2000000000"},
    {"concept_relationship", true, "concept_id_1, concept_id_2",
     "concept_id_1 < 2000000000 AND concept_id_2 < 2000000000"},
    {"concept_ancestor", true, "ancestor_concept_id, descendant_concept_id",
     "ancestor_concept_id < 2000000000 AND descendant_concept_id < 2000000000"},
    {"vocabulary", true, "vocabulary_id", "true"},
    {"domain", false, "domain_id", "true"},
    {"concept_class", false, "concept_class_id", "true"},
    {"relationship", false, "relationship_id", "true"},
    {"concept_synonym", false, "concept_id", "concept_id < 2000000000"},
    {"drug_strength", false, "drug_concept_id", "drug_concept_id < 2000000000"},
}};

struct AthenaFile {
  const AthenaTable* table = nullptr;
  fs::path path;
};

Result<std::vector<AthenaFile>> FindFiles(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return Fail(ErrorCode::kInvalidInput,
                folder + ": no such folder, expected one downloaded from Athena");
  }
  std::map<std::string, fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    found.emplace(core::AsciiLower(entry.path().filename().string()), entry.path());
  }
  if (error) return Fail(ErrorCode::kFailed, folder + ": " + error.message());
  std::vector<AthenaFile> files;
  for (const AthenaTable& table : kTables) {
    const auto file = found.find(std::string(table.name) + ".csv");
    if (file != found.end()) {
      files.push_back({&table, file->second});
    } else if (table.required) {
      std::string name(table.name);
      for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      return Fail(ErrorCode::kInvalidInput,
                  folder + ": found no " + name + ".csv, expected a whole download from Athena");
    }
  }
  return files;
}

std::vector<std::string> SplitAtTabs(std::string_view line) {
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string> fields;
  for (;;) {
    const auto tab = line.find('\t');
    fields.emplace_back(line.substr(0, tab));
    if (tab == line.npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

std::optional<CdmField> FieldOf(std::string_view table, std::string_view name) {
  for (const CdmField& field : Cdm54Fields()) {
    if (field.table == table && field.name == name) return field;
  }
  return std::nullopt;
}

/// How DuckDB is to read a file: its columns with their types, after its first two lines.
Result<std::string> ReadCall(const AthenaFile& file) {
  std::ifstream in(file.path);
  std::string header, first;
  if (!std::getline(in, header)) {
    return Fail(ErrorCode::kInvalidInput,
                file.path.string() + ": an empty file, expected a header");
  }
  std::getline(in, first);
  const std::vector<std::string> values = SplitAtTabs(first);
  std::string columns;
  bool plain_dates = true;  // 20240131
  std::vector<std::string> names;
  for (const std::string& given : SplitAtTabs(header)) {
    const std::string name = core::AsciiLower(given);
    const auto field = FieldOf(file.table->name, name);
    if (!field) {
      return Fail(ErrorCode::kInvalidInput,
                  file.path.string() + ": line 1: found column \"" + given +
                      "\", expected tab-separated columns of the CDM's table " + file.table->name);
    }
    if (field->type == "date" && names.size() < values.size()) {
      plain_dates = values[names.size()].find('-') == std::string::npos;
    }
    columns +=
        (columns.empty() ? "" : ", ") + SqlLiteral(name) + ": " + SqlLiteral(DuckDbType(*field));
    names.push_back(name);
  }
  for (const CdmField& field : Cdm54Fields()) {
    if (field.table != file.table->name || !field.required) continue;
    if (std::find(names.begin(), names.end(), field.name) == names.end()) {
      return Fail(ErrorCode::kInvalidInput, file.path.string() + ": line 1: found no column \"" +
                                                std::string(field.name) + "\"");
    }
  }
  return "read_csv(" + core::SqlFile(file.path.string()) +
         ", auto_detect = false, header = true, " +
         "delim = '\t', quote = '', escape = '', nullstr = '', " +
         (plain_dates ? "dateformat = '%Y%m%d', " : "") + "columns = {" + columns + "})";
}

Result<std::int64_t> LoadFile(Database& database, const AthenaFile& file) {
  CLINNOVA_ASSIGN(const std::string read, ReadCall(file));
  const std::string name = SqlIdentifier(file.table->name);
  CLINNOVA_TRY(database.Execute("DELETE FROM " + name + " WHERE " + file.table->stale));
  // A name may be empty or "None" in the published files, but never NULL: what the CDM requires and the
  // file leaves empty becomes an empty text.
  std::string columns;
  for (const CdmField& field : Cdm54Fields()) {
    if (field.table != file.table->name || !field.required) continue;
    if (DuckDbType(field) != "VARCHAR") continue;
    columns += (columns.empty() ? " REPLACE (" : ", ") + std::string("coalesce(") +
               std::string(field.name) + ", '') AS " + std::string(field.name);
  }
  if (!columns.empty()) columns += ")";
  const auto loaded = database.Execute("INSERT INTO " + name + " BY NAME SELECT *" + columns +
                                       " FROM " + read + " ORDER BY " + file.table->order);
  if (!loaded) {
    std::string words = loaded.error().message;
    std::replace(words.begin(), words.end(), '\n', ' ');
    return Fail(ErrorCode::kInvalidInput, file.path.string() + ": " + words);
  }
  return database.QueryInt64("SELECT count(*) FROM " + name);
}

Result<void> CheckConcepts(Database& database) {
  CLINNOVA_ASSIGN(
      const auto concepts,
      database.QueryInt64("SELECT count(*) FROM concept WHERE concept_id < 2000000000"));
  if (concepts == 0) {
    return Fail(ErrorCode::kInvalidInput, "CONCEPT.csv: found no concept");
  }
  CLINNOVA_ASSIGN(
      const auto twice,
      database.QueryInt64("SELECT coalesce(min(concept_id), -1) FROM (SELECT concept_id FROM "
                          "concept GROUP BY concept_id HAVING count(*) > 1)"));
  if (twice == -1) return {};
  return Fail(ErrorCode::kInvalidInput,
              "CONCEPT.csv: found concept " + std::to_string(twice) + " twice");
}

Result<AthenaVocabulary> LoadFiles(Database& database, const std::vector<AthenaFile>& files) {
  AthenaVocabulary loaded;
  for (const AthenaFile& file : files) {
    CLINNOVA_ASSIGN(loaded.rows[file.table->name], LoadFile(database, file));
  }
  CLINNOVA_TRY(CheckConcepts(database));
  CLINNOVA_ASSIGN(auto version, database.Query("SELECT coalesce(max(vocabulary_version), '') FROM "
                                               "vocabulary WHERE vocabulary_id = 'None'"));
  if (version.NextChunk()) loaded.version = version.Text(0, 0);
  CLINNOVA_TRY(database.Execute("DELETE FROM clinnova.setting WHERE name = 'athena_version'"));
  CLINNOVA_TRY(database.Query("INSERT INTO clinnova.setting VALUES ('athena_version', ?)",
                              {loaded.version}));
  CLINNOVA_TRY(EmbeddedConcepts().Write(database));
  return loaded;
}

}  // namespace

Result<AthenaVocabulary> LoadAthena(Store& store, const std::string& folder) {
  CLINNOVA_ASSIGN(const std::vector<AthenaFile> files, FindFiles(folder));
  Database& database = store.database();
  CLINNOVA_TRY(database.Execute("BEGIN"));
  Result<AthenaVocabulary> loaded = LoadFiles(database, files);
  if (loaded) {
    if (auto committed = database.Execute("COMMIT"); !committed) return Fail(committed);
    return loaded;
  }
  static_cast<void>(database.Execute("ROLLBACK"));
  return loaded;
}

}  // namespace clinnova::store
