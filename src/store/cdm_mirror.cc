// SPDX-License-Identifier: Apache-2.0
#include "store/cdm_mirror.h"

#include "core/check.h"
#include "core/duckdb.h"
#include "store/cdm54.h"

namespace clinnova::store {
namespace {

using core::SqlIdentifier;
using core::SqlLiteral;

/// A table of the copy: its name, columns and where its rows come from.
struct MirroredTable {
  std::string name;
  std::string source;  ///< in the store
  std::vector<std::string> columns;
  std::string ddl;      ///< what stands between the parentheses of CREATE TABLE
  std::string indexes;  ///< statements
};

std::string PostgresType(const CdmField& field) {
  if (field.type == "integer") return DuckDbType(field) == "BIGINT" ? "bigint" : "integer";
  if (field.type == "float") return "numeric";
  if (field.type == "date") return "date";
  if (field.type == "datetime") return "timestamp";
  CLINNOVA_CHECK(field.type.starts_with("varchar"));
  return "text";
}

std::vector<MirroredTable> Tables(const std::string& schema) {
  std::vector<MirroredTable> tables;
  for (const CdmField& field : Cdm54Fields()) {
    const bool first = tables.empty() || tables.back().name != field.table;
    if (first) tables.push_back({std::string(field.table), std::string(field.table), {}, {}, {}});
    MirroredTable& table = tables.back();
    const std::string name(field.name);
    table.columns.push_back(SqlIdentifier(name));
    table.ddl += (first ? "" : ", ") + SqlIdentifier(name) + " " + PostgresType(field);
    if (first && name == table.name + "_id") {
      table.ddl += " PRIMARY KEY";
    } else if (field.required) {
      table.ddl += " NOT NULL";
    }
    if (!first && name == "person_id") {
      table.indexes = "CREATE INDEX IF NOT EXISTS " +
                      SqlIdentifier("idx_" + table.name + "_person") + " ON " +
                      SqlIdentifier(schema) + "." + SqlIdentifier(table.name) + " (person_id);";
    }
  }
  tables.push_back({"research_person",
                    "clinnova.research_person",
                    {"person_id"},
                    "person_id bigint PRIMARY KEY",
                    {}});
  return tables;
}

/// A field of COPY's CSV: nothing for NULL, in quotes otherwise, since "" is an empty text.
void AppendField(std::string& line, std::string_view text) {
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

Result<std::int64_t> CopyTable(Store& store, Postgres& server, const std::string& schema,
                               const MirroredTable& table) {
  std::string texts, names;
  for (const std::string& column : table.columns) {
    texts += (texts.empty() ? "" : ", ") + column + "::VARCHAR";
    names += (names.empty() ? "" : ", ") + column;
  }
  CLINNOVA_ASSIGN(auto rows, store.database().Query("SELECT " + texts + " FROM " + table.source));
  std::int64_t copied = 0;
  CLINNOVA_TRY(server.CopyIn("COPY " + SqlIdentifier(schema) + "." + SqlIdentifier(table.name) +
                                 " (" + names + ") FROM STDIN (FORMAT csv)",
                             [&](std::string& bytes) -> Result<bool> {
                               if (!rows.NextChunk()) return false;
                               for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
                                 for (std::size_t c = 0; c < rows.column_count(); ++c) {
                                   if (c > 0) bytes += ',';
                                   if (!rows.IsNull(c, r)) AppendField(bytes, rows.Text(c, r));
                                 }
                                 bytes += '\n';
                                 ++copied;
                               }
                               return true;
                             }));
  return copied;
}

/// Nothing that is not a copy of ours is replaced.
Result<void> CheckSchema(Postgres& server, const std::string& schema) {
  const std::string tables =
      "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname = " +
      SqlLiteral(schema);
  CLINNOVA_ASSIGN(const std::int64_t any, server.QueryInt64(tables));
  CLINNOVA_ASSIGN(const std::int64_t ours,
                  server.QueryInt64(tables + " AND c.relname = 'clinnova_mirror'"));
  if (any == 0 || ours == 1) return {};
  return Fail(ErrorCode::kInvalidInput,
              "PostgreSQL: schema \"" + schema + "\": found " + std::to_string(any) +
                  " tables that are no copy of Clinnova's, expected an empty schema or none",
              "schema_in_use");
}

/// An earlier copy had the facts' identifiers as integers, which a rotated one (intake/rotation.h) does not fit.
Result<void> WidenFacts(Postgres& server, const std::string& schema) {
  for (const std::string column : {"fact_id_1", "fact_id_2"}) {
    CLINNOVA_ASSIGN(const std::int64_t narrow,
                    server.QueryInt64("SELECT count(*) FROM information_schema.columns WHERE "
                                      "data_type = 'integer' AND table_schema = " +
                                      SqlLiteral(schema) +
                                      " AND table_name = 'fact_relationship' AND column_name = " +
                                      SqlLiteral(column)));
    if (narrow == 0) continue;
    CLINNOVA_TRY(server.Execute("ALTER TABLE " + SqlIdentifier(schema) +
                                ".fact_relationship ALTER COLUMN " + column + " TYPE bigint"));
  }
  return {};
}

Result<MirroredCdm> Replace(Store& store, Postgres& server, const std::string& schema) {
  const std::string name = SqlIdentifier(schema);
  CLINNOVA_ASSIGN(
      const std::int64_t there,
      server.QueryInt64("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = " +
                        SqlLiteral(schema)));
  if (there == 0) CLINNOVA_TRY(server.Execute("CREATE SCHEMA " + name));
  const std::vector<MirroredTable> tables = Tables(schema);
  std::string made =
      "CREATE TABLE IF NOT EXISTS " + name + ".clinnova_mirror (mirrored_at timestamptz NOT NULL);";
  std::string emptied = "TRUNCATE " + name + ".clinnova_mirror";
  for (const MirroredTable& table : tables) {
    const std::string full = name + "." + SqlIdentifier(table.name);
    made += "CREATE TABLE IF NOT EXISTS " + full + " (" + table.ddl + ");" + table.indexes;
    emptied += ", " + full;
  }
  CLINNOVA_TRY(server.Execute(made));
  CLINNOVA_TRY(server.Execute(emptied));
  CLINNOVA_TRY(WidenFacts(server, schema));
  MirroredCdm mirrored;
  for (const MirroredTable& table : tables) {
    const auto copied = CopyTable(store, server, schema, table);
    if (!copied) return FailAt("table " + table.name, copied);
    mirrored.rows[table.name] = *copied;
  }
  CLINNOVA_TRY(server.Execute("INSERT INTO " + name + ".clinnova_mirror VALUES (now())"));
  return mirrored;
}

}  // namespace

Result<MirroredCdm> MirrorCdm(Store& store, Postgres& server, const std::string& schema) {
  CLINNOVA_TRY(CheckSchema(server, schema));
  CLINNOVA_TRY(server.Execute("BEGIN"));
  Result<MirroredCdm> mirrored = Replace(store, server, schema);
  const Result<void> ended = server.Execute(mirrored ? "COMMIT" : "ROLLBACK");
  if (!mirrored) return mirrored;
  if (!ended) return Fail(ended);
  // Statistics are nobody's data: without them the copy is whole, only slower to read.
  for (const auto& [table, rows] : mirrored->rows) {
    static_cast<void>(
        server.Execute("ANALYZE " + SqlIdentifier(schema) + "." + SqlIdentifier(table)));
  }
  return mirrored;
}

}  // namespace clinnova::store
