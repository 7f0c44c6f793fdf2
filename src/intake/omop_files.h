// SPDX-License-Identifier: Apache-2.0
// Loads an OMOP CDM that another site made: its tables as CSV (comma, semicolon or tab; plain or
// gzip) or Parquet files, of CDM 5.3 and 5.4 alike. DuckDB reads them; every value is checked
// against the CDM's own table of fields before it is moved, all within the import's transaction.
//
//   if (auto table = OmopTable(path)) …                    // "person.csv.gz", "PERSON.parquet"
//   OmopFiles files(store.database(), key, *loader);
//   CLINNOVA_TRY(files.Load(path, name, "person"));        // persons first
//
// Rows keep their identifiers, so that what refers to them stays right, until a rotation of the pseudonyms' key:
// then they are what the rotation made of them (PseudonymKey::TakenId). person_source_value and the
// source values of providers, places and samples become pseudonyms. Names, numbers, addresses and
// towns of provider, care_site and location are not loaded, a zip loses its end. A row with the same key replaces its
// earlier version; of tables without a key, rows
// are added once. Columns of 5.3 get their 5.4 names. A required concept that is missing is concept
// 0.
//
// What the loader's Reject gets, by rule: omop.row (a line that is no row of the file), omop.value
// (not of the field's type), omop.required (nothing where something is needed), omop.duplicate_key,
// person.unknown. A column that the CDM does not have is counted as ignored. Rows are counted from
// 1, below the header.
//
// The condition and drug eras that a file brings replace those of its persons; the others' are made
// by the loader.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/duckdb.h"
#include "intake/loader.h"
#include "intake/pseudonym.h"

namespace clinnova::intake {

/// The table of CDM 5.4 that a file is called after, in the CDM's order of tables; nothing for
/// other names.
struct OmopTableName {
  std::string name;
  int order = 0;
};
std::optional<OmopTableName> OmopTable(const std::filesystem::path& path);

/// Whether a file that is called after a table begins like one: `head`, its first bytes, are those
/// of Parquet or of a compressed file, or name the table's first field.
bool LooksLikeOmop(const std::filesystem::path& path, std::string_view head);

class OmopFiles {
 public:
  /// None is owned, all outlive this; the loader's transaction is open, and the database has the function taken_id,
  /// which is the key's TakenId.
  OmopFiles(core::Database& database, const PseudonymKey& key, Loader& loader)
      : database_(database), key_(key), loader_(loader) {}

  /// Loads one table's file; `name` is what provenance and messages call it. kInvalidInput naming
  /// the file when it cannot be read as what its name says, has one field under two names or lacks
  /// one that the CDM requires.
  Result<void> Load(const std::filesystem::path& path, const std::string& name,
                    const std::string& table);

 private:
  struct Column;
  struct File;

  Result<void> FindColumns(File& file);
  Result<void> ReadRaw(const File& file);
  Result<void> RejectLines(const File& file);
  Result<void> CheckValues(const File& file);
  Result<void> RejectRows(const File& file);
  Result<void> HideIdentities(const File& file);
  Result<void> HashColumn(const std::string& name, const std::string& what);
  Result<void> StageEras(const std::string& table, const std::string& replaced);
  Result<void> Move(const File& file);

  core::Database& database_;  // not owned, outlives this
  const PseudonymKey& key_;   // not owned, outlives this
  Loader& loader_;            // not owned, outlives this
};

}  // namespace clinnova::intake
