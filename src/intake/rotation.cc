// SPDX-License-Identifier: Apache-2.0
#include "intake/rotation.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "intake/outside_pseudonyms.h"
#include "intake/pseudonym.h"
#include "intake/store_key.h"
#include "store/cdm54.h"
#include "store/row_removal.h"

namespace clinnova::intake {
namespace {

using core::Database;
using core::SqlFunction;
using core::SqlIdentifier;

/// A table with identifiers: what each of its columns becomes.
struct RotatedTable {
  std::string schema, name;
  std::vector<std::string> columns{};
  std::vector<std::string> identifiers{};  ///< of the columns, those that change
  std::vector<std::string> narrow{};       ///< of those, the ones that cannot hold 63 bits
  bool has_pseudonym = false;              ///< one of the columns is of pseudonyms that change

  std::string FullName() const { return SqlIdentifier(schema) + "." + SqlIdentifier(name); }
  bool Has(std::string_view column) const {
    return std::ranges::find(identifiers, column) != identifiers.end();
  }
  /// The column that tells the table's rows apart; empty where none does.
  std::string Key() const {
    if (name == "person") return "person_id";
    return Has(name + "_id") ? name + "_id" : std::string();
  }
  bool IsPseudonym(std::string_view column) const {
    return schema == "main" && store::IsPseudonym(name, column);
  }
  bool IsEra() const { return schema == "main" && name.ends_with("_era"); }
};

bool IsInteger(std::string_view type) {
  return type == "BIGINT" || type == "INTEGER" || type == "HUGEINT" || type == "UBIGINT" ||
         type == "UINTEGER" || type == "SMALLINT" || type == "USMALLINT" || type == "TINYINT" ||
         type == "UTINYINT";
}

/// Adds a column to the table that it is of.
void AddColumn(RotatedTable& table, const std::string& column, std::string_view type) {
  table.columns.push_back(column);
  if (table.IsPseudonym(column) && type == "VARCHAR") table.has_pseudonym = true;
  if (!IsInteger(type) || !store::IsRowIdentifier(column)) return;
  table.identifiers.push_back(column);
  if (type != "BIGINT") table.narrow.push_back(column);
}

Result<std::vector<RotatedTable>> FindTables(Database& database) {
  CLINNOVA_ASSIGN(auto rows,
                  database.Query("SELECT t.schema_name, t.table_name, c.column_name, c.data_type "
                                 "FROM duckdb_tables() t JOIN duckdb_columns() c USING "
                                 "(database_name, schema_name, table_name) "
                                 "WHERE t.database_name = current_database() AND NOT t.internal "
                                 "ORDER BY t.schema_name, t.table_name, c.column_index"));
  std::vector<RotatedTable> tables;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const std::string schema(rows.Text(0, r)), name(rows.Text(1, r));
      if (tables.empty() || tables.back().schema != schema || tables.back().name != name) {
        tables.push_back({.schema = schema, .name = name});
      }
      AddColumn(tables.back(), std::string(rows.Text(2, r)), rows.Text(3, r));
    }
  }
  std::erase_if(tables, [](const RotatedTable& table) {
    return table.identifiers.empty();  // a table of pseudonyms has identifiers, too
  });
  return tables;
}

std::string NewId(const std::string& column) { return "rotated_id(" + SqlIdentifier(column) + ")"; }

/// An era that an import made is called after what it is (kEras), one that a CDM's files brought has their number.
std::string NewEraId(const RotatedTable& table) {
  const std::string of = table.name == "condition_era" ? "condition_concept_id"
                         : table.name == "drug_era"
                             ? "drug_concept_id"
                             : "drug_concept_id, unit_concept_id, dose_value";
  const auto made = [&](const std::string& person) {
    return "(hash(" + person + ", " + of + ", " + table.name + "_start_date) >> 1)::BIGINT";
  };
  const std::string id = table.name + "_id";
  return "CASE WHEN " + id + " = " + made("person_id") + " THEN " + made("rotated_id(person_id)") +
         " ELSE rotated_id(" + id + ") END";
}

std::string NewValue(const RotatedTable& table, const std::string& column) {
  if (table.has_pseudonym && table.IsPseudonym(column)) {
    return "rotated_pseudonym(" + SqlIdentifier(column) + ")";
  }
  if (!table.Has(column)) return SqlIdentifier(column);
  return table.IsEra() && column == table.Key() ? NewEraId(table) : NewId(column);
}

/// Rows in the order of the new identifiers, those of a person together.
std::string NewOrder(const RotatedTable& table) {
  std::string order = table.Has("person_id") ? NewId("person_id") : std::string();
  for (const std::string& column : table.identifiers) {
    if (column != "person_id") order += (order.empty() ? "" : ", ") + NewId(column);
  }
  return order;
}

Result<std::int64_t> Count(Database& database, const RotatedTable& table, const std::string& what) {
  return database.QueryInt64("SELECT " + what + " FROM " + table.FullName());
}

/// How many different keys the table's rows have; 0 where none tells them apart.
Result<std::int64_t> CountKeys(Database& database, const RotatedTable& table) {
  const std::string key = table.Key();
  if (key.empty()) return 0;
  return Count(database, table, "count(DISTINCT " + SqlIdentifier(key) + ")");
}

Result<void> Widen(Database& database, const RotatedTable& table) {
  for (const std::string& column : table.narrow) {
    CLINNOVA_TRY(database.Execute("ALTER TABLE " + table.FullName() + " ALTER COLUMN " +
                                  SqlIdentifier(column) + " SET DATA TYPE BIGINT"));
  }
  return {};
}

/// Writes all rows anew into a table in the old one's place.
Result<void> Rewrite(Database& database, const RotatedTable& table) {
  std::string values;
  for (const std::string& column : table.columns) {
    values += (values.empty() ? "" : ", ") + NewValue(table, column);
  }
  return store::ReplaceTable(
      database, table.schema + "." + table.name,
      "SELECT " + values + " FROM " + table.FullName() + " ORDER BY " + NewOrder(table));
}

/// Gives the rows of one table new identifiers, and says how many they are.
Result<std::int64_t> Rotate(Database& database, const RotatedTable& table) {
  CLINNOVA_TRY(Widen(database, table));
  CLINNOVA_ASSIGN(const std::int64_t rows, Count(database, table, "count(*)"));
  if (rows == 0) return 0;
  CLINNOVA_ASSIGN(const std::int64_t before, CountKeys(database, table));
  CLINNOVA_TRY(Rewrite(database, table));
  CLINNOVA_ASSIGN(const std::int64_t after, CountKeys(database, table));
  if (before == after) return rows;
  return Fail(ErrorCode::kFailed, "table " + table.name +
                                      ": two rows would get the same identifier, nothing was "
                                      "changed: try again, with another key");
}

/// The new key, and whether its file has it already: a rotation that did not come to its commit left a generation
/// there, or the store is an older copy.
struct NewKey {
  PseudonymKey key;
  bool is_in_file = false;
};

NewKey MakeNewKey(StoreKey stored) {
  PseudonymKey& key = stored.key;
  const bool is_in_file = stored.generations < key.generations();
  is_in_file ? key.KeepGenerations(stored.generations + 1) : key.AddGeneration();
  return {std::move(key), is_in_file};
}

/// Everything between BEGIN and COMMIT.
Result<Rotation> RotateAll(Database& database, const NewKey& next, const std::string& key_file,
                           const RotationProgress& tell) {
  Rotation done;
  CLINNOVA_ASSIGN(std::vector<RotatedTable> tables, FindTables(database));
  CLINNOVA_ASSIGN(done.outside, HasOutsidePseudonyms(database));
  for (RotatedTable& table : tables) {
    if (done.outside && table.name == "person") table.has_pseudonym = false;
  }
  for (const RotatedTable& table : tables) {
    CLINNOVA_ASSIGN(const std::int64_t rows, Rotate(database, table));
    if (rows == 0) continue;
    if (table.name == "person") done.persons = rows;
    done.rows += rows;
    ++done.tables;
    tell((table.schema == "main" ? "" : table.schema + ".") + table.name + ": " +
         std::to_string(rows) + " rows");
  }
  done.after = next.key.Fingerprint();
  done.generation = next.key.generations();
  CLINNOVA_TRY(database.Query("INSERT INTO clinnova.pseudonym_key VALUES (?, now()::TIMESTAMP)",
                              {done.after}));
  if (!next.is_in_file) CLINNOVA_TRY(next.key.Save(key_file));
  tell("new key in " + key_file);
  CLINNOVA_TRY(database.Execute("COMMIT"));
  return done;
}

}  // namespace

Result<Rotation> RotatePseudonyms(store::Store& store, const std::string& key_file,
                                  const RotationProgress& progress) {
  const RotationProgress tell = progress ? progress : [](const std::string&) {};
  Database& database = store.database();
  CLINNOVA_ASSIGN(StoreKey stored, LoadWholeKey(database, key_file));
  const std::string before = stored.key.Fingerprint(stored.generations);
  const NewKey next = MakeNewKey(std::move(stored));
  CLINNOVA_ASSIGN(const SqlFunction ids,
                  database.AddFunction("rotated_id",
                                       [&next](std::int64_t id) { return next.key.Rotated(id); }));
  CLINNOVA_ASSIGN(const SqlFunction texts,
                  database.AddTextFunction("rotated_pseudonym", [&next](std::string_view text) {
                    return next.key.Rotated(text);
                  }));
  CLINNOVA_TRY(database.ReturnFreedMemory());
  CLINNOVA_TRY(database.Execute("BEGIN"));
  Result<Rotation> done = RotateAll(database, next, key_file, tell);
  if (!done) {
    static_cast<void>(database.Execute("ROLLBACK"));
    return done;
  }
  done->before = before;
  tell("committed");
  // The old rows' places in the file become free; without this they do when the file is closed.
  static_cast<void>(database.Execute("CHECKPOINT"));
  return done;
}

Result<PseudonymStatus> ReadPseudonymStatus(store::Store& store) {
  Database& database = store.database();
  PseudonymStatus status;
  CLINNOVA_ASSIGN(auto rows,
                  database.Query("SELECT fingerprint, strftime(since, '%Y-%m-%d %H:%M:%S') FROM "
                                 "clinnova.pseudonym_key ORDER BY rowid"));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      status.keys.push_back({std::string(rows.Text(0, r)), std::string(rows.Text(1, r))});
    }
  }
  CLINNOVA_ASSIGN(status.persons, database.QueryInt64("SELECT count(*) FROM person"));
  CLINNOVA_ASSIGN(status.pseudonyms,
                  database.QueryInt64("SELECT count(person_source_value) FROM person"));
  CLINNOVA_ASSIGN(status.outside, HasOutsidePseudonyms(database));
  return status;
}

}  // namespace clinnova::intake
