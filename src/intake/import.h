// SPDX-License-Identifier: Apache-2.0
// A site's import: files and folders in, one transaction on the store, a report out.
//
//   CLINNOVA_ASSIGN(auto store, store::Store::Open({.path = "site.duckdb"}));
//   CLINNOVA_ASSIGN(ImportReport report, Import(store, {.paths = {"export/"}, .key_file = "site.key"}));
//   std::cout << report.Text();
//
// A file's format is recognised by its content: JSON is FHIR, text is CSV, which needs a mapping.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "intake/import_report.h"
#include "store/row_removal.h"
#include "store/store.h"

namespace clinnova::intake {

/// What a store that is imported into may hold in memory (store::Store::Options::memory_limit): beyond it DuckDB
/// writes to a folder beside the store, and the whole process stays under 500 MB whatever the size of the files, new ones
/// or ones whose every row replaces another.
inline constexpr const char* kImportMemory = "192MB";

struct ImportOptions {
  /// Files and folders; folders are read to any depth, in the order of names, hidden files left out.
  std::vector<std::string> paths;
  /// For CSV files: a mapping file, a folder of them (mapping.h), or the name of a dialect that is compiled
  /// in, such as "ch-csv"; empty where there are none.
  std::string mapping = {};
  /// The key of the pseudonyms, made when it does not exist (pseudonym.h).
  std::string key_file;
  /// The list of an outside service's pseudonyms (pseudonym_list.h); empty: keyed ones. Of the files of a folder it is
  /// none that is imported.
  std::string pseudonyms = {};
  /// Nothing can have happened after this day, "2026-11-23"; empty = today.
  std::string today = {};
  /// As Loader::Options; tests have less.
  std::int64_t runs_with_room = store::RowRemoval::kRunsWithRoom;
};

/// Imports everything or nothing. kInvalidInput with the file's name when a path does not exist, a file is
/// truncated or of no known format, a CSV file has no mapping, the key is not the store's, or the list of
/// pseudonyms does not fit (pseudonym_list.h, outside_pseudonyms.h); the store is then as it was. Files of a folder that hold no records (no JSON, and no mapping fits) are counted as
/// ignored; one that was named itself is an error.
Result<ImportReport> Import(store::Store& store, const ImportOptions& options);

}  // namespace clinnova::intake
