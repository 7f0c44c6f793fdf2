// SPDX-License-Identifier: Apache-2.0
#include "store/row_removal.h"

namespace clinnova::store {
namespace {

using core::Database;
using core::SqlIdentifier;

/// "clinnova.consent" in its two parts; a table of the CDM is in the schema main.
struct TableName {
  explicit TableName(const std::string& table) {
    const std::size_t dot = table.find('.');
    schema = dot == std::string::npos ? "main" : table.substr(0, dot);
    name = table.substr(dot == std::string::npos ? 0 : dot + 1);
  }
  std::string Sql() const { return SqlIdentifier(schema) + "." + SqlIdentifier(name); }
  std::string schema, name;
};

/// How a table was made: "CREATE TABLE clinnova.consent(consent_id BIGINT NOT NULL, …);"
Result<std::string> DefinitionOf(Database& database, const TableName& table) {
  CLINNOVA_ASSIGN(auto rows,
                  database.Query("SELECT sql FROM duckdb_tables() WHERE database_name = "
                                 "current_database() AND schema_name = ? AND table_name = ?",
                                 {table.schema, table.name}));
  if (rows.NextChunk()) return std::string(rows.Text(0, 0));
  return Fail(ErrorCode::kFailed, "database: no table " + table.Sql());
}

/// Which statements made the indices that somebody put on a table; ours have none.
Result<std::string> IndicesOf(Database& database, const TableName& table) {
  CLINNOVA_ASSIGN(auto rows,
                  database.Query("SELECT sql FROM duckdb_indexes() WHERE database_name = "
                                 "current_database() AND schema_name = ? AND table_name = ?",
                                 {table.schema, table.name}));
  std::string statements;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      statements += "; " + std::string(rows.Text(0, r));
    }
  }
  return statements;
}

/// How many runs of 2,048 rows would have a deleted row: those of which rows go, and those that have one already, of
/// which there are at most as many as such rows. (Rows of this transaction itself have numbers from 36028797018960000
/// on.)
std::string CountRuns(const std::string& table, const std::string& places) {
  return "SELECT (SELECT count(DISTINCT place // 2048) FROM " + places +
         ") + (SELECT coalesce(max(rowid) + 1 - count(*), 0) FROM " + table +
         " WHERE rowid < 36028797018960000)";
}

}  // namespace

Result<void> ReplaceTable(Database& database, const std::string& table, const std::string& select) {
  const TableName old(table);
  TableName replacing = old;
  replacing.name += "_replacing";
  CLINNOVA_ASSIGN(const std::string definition, DefinitionOf(database, old));
  CLINNOVA_ASSIGN(const std::string indices, IndicesOf(database, old));
  CLINNOVA_TRY(database.Execute("CREATE TABLE " + replacing.Sql() +
                                definition.substr(definition.find('('))));
  CLINNOVA_TRY(database.Execute("INSERT INTO " + replacing.Sql() + " " + select));
  return database.Execute("DROP TABLE " + old.Sql() + "; ALTER TABLE " + replacing.Sql() +
                          " RENAME TO " + SqlIdentifier(old.name) + indices);
}

Result<void> RowRemoval::RemovePlaces(const std::string& table, const std::string& places) {
  const std::string name = TableName(table).Sql();
  CLINNOVA_ASSIGN(const std::int64_t going,
                  database_->QueryInt64("SELECT count(*) FROM " + places));
  if (going == 0) return {};
  CLINNOVA_ASSIGN(const std::int64_t runs, database_->QueryInt64(CountRuns(name, places)));
  if (runs <= room_) {
    room_ -= runs;
    return database_->Execute("DELETE FROM " + name + " WHERE rowid IN (SELECT place FROM " +
                              places + ")");
  }
  CLINNOVA_ASSIGN(const std::int64_t all, database_->QueryInt64("SELECT count(*) FROM " + name));
  return ReplaceTable(*database_, table,
                      going == all ? "SELECT * FROM " + name + " LIMIT 0"
                                   : "SELECT t.* FROM " + name + " t ANTI JOIN " + places +
                                         " p ON p.place = t.rowid");
}

Result<void> RowRemoval::Remove(const std::string& table, const std::string& condition,
                                const std::string& columns, const std::string& before) {
  const std::string name = TableName(table).Sql();
  // Most tables of most stores are empty, and what a condition reads may be millions of rows.
  CLINNOVA_ASSIGN(const std::int64_t rows, database_->QueryInt64("SELECT count(*) FROM " + name));
  if (rows == 0) return {};
  CLINNOVA_TRY(database_->Execute("CREATE TEMP TABLE removed_row AS SELECT rowid AS place" +
                                  (columns.empty() ? "" : ", " + columns) + " FROM " + name +
                                  " WHERE " + condition));
  CLINNOVA_ASSIGN(const std::int64_t found,
                  database_->QueryInt64("SELECT count(*) FROM removed_row"));
  if (found > 0 && !before.empty()) CLINNOVA_TRY(database_->Execute(before));
  CLINNOVA_TRY(RemovePlaces(table, "removed_row"));
  return database_->Execute("DROP TABLE removed_row");
}

}  // namespace clinnova::store
