// SPDX-License-Identifier: Apache-2.0
#include "quality/cdm.h"

#include "core/text.h"

namespace clinnova::quality {
namespace {

bool IsText(const core::SqlRows& rows, std::size_t column) {
  return rows.column_type(column) == "VARCHAR";
}

}  // namespace

Result<void> OwnCdm::ForEachRow(const std::string& sql,
                                const std::function<Result<void>(TextRow)>& row) {
  CLINNOVA_ASSIGN(core::SqlRows rows, store_.database().Query(sql));
  const std::size_t columns = rows.column_count();
  std::vector<std::string> numbers(columns);
  std::vector<std::optional<std::string_view>> values(columns);
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        values[c].reset();
        if (rows.IsNull(c, r)) continue;
        if (IsText(rows, c)) {
          values[c] = rows.Text(c, r);
        } else {
          numbers[c] = std::to_string(rows.Int64(c, r));
          values[c] = numbers[c];
        }
      }
      CLINNOVA_TRY(row(values));
    }
  }
  return {};
}

std::string OwnCdm::HashSql(const std::vector<std::string>& values) const {
  return "(hash(" + core::Joined(values) + ") >> 1)::BIGINT";
}

std::string OwnCdm::ColumnsSql() const {
  return "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE "
         "table_schema = 'main'";
}

// "database: Conversion Error: Could not convert string 'Meier' …": what kind of error it is.
std::string OwnCdm::Told(const Error& error) const {
  std::string_view message = error.message;
  constexpr std::string_view kWhere = "database: ";
  if (message.starts_with(kWhere)) message.remove_prefix(kWhere.size());
  return "DuckDB: " + std::string(message.substr(0, message.find(':')));
}

bool OwnCdm::IsClosed(const Error& error) const {
  const std::string told = Told(error);
  return told == "DuckDB: INTERNAL Error" || told == "DuckDB: FATAL Error";
}

// One failed statement must not end the transaction in which everything is read.
Result<void> ServerCdm::ForEachRow(const std::string& sql,
                                   const std::function<Result<void>(TextRow)>& row) {
  CLINNOVA_TRY(cdm_.server().Execute("SAVEPOINT quality_check"));
  Result<void> done = cdm_.server().ForEachRow(sql, row);
  if (!done && done.error().code == ErrorCode::kUnreachable) return done;
  CLINNOVA_TRY(cdm_.server().Execute(done ? "RELEASE SAVEPOINT quality_check"
                                          : "ROLLBACK TO SAVEPOINT quality_check"));
  return done;
}

std::string ServerCdm::HashSql(const std::vector<std::string>& values) const {
  std::string list;
  for (const std::string& value : values) list += ", coalesce(" + value + "::TEXT, '~')";
  return "hashtextextended(concat_ws('|'" + list + "), 0)";
}

std::string ServerCdm::ColumnsSql() const {
  // information_schema leaves out materialized views; of a name in both schemas, the one that statements find.
  return "SELECT c.relname::TEXT, a.attname::TEXT, pg_catalog.format_type(CASE t.typtype WHEN 'd' "
         "THEN t.typbasetype ELSE t.oid END, NULL)\n"
         "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n"
         "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid\n"
         "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid\n"
         "WHERE n.nspname = ANY(current_schemas(false)) AND pg_catalog.pg_table_is_visible(c.oid)\n"
         " AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped\n"
         " AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, "
         "'SELECT')";
}

bool Shape::Has(std::string_view table, std::string_view column) const {
  const auto found = tables.find(std::string(table));
  return found != tables.end() && found->second.contains(std::string(column));
}

Result<Shape> ReadShape(Cdm& cdm) {
  Shape shape;
  CLINNOVA_TRY(cdm.ForEachRow(cdm.ColumnsSql(), [&](TextRow row) -> Result<void> {
    shape.tables[core::AsciiLower(*row[0])][core::AsciiLower(*row[1])] = core::AsciiLower(*row[2]);
    return {};
  }));
  if (shape.Has("concept")) {
    CLINNOVA_TRY(cdm.ForEachRow("SELECT 1 FROM concept LIMIT 1", [&](TextRow) -> Result<void> {
      shape.has_concepts = true;
      return {};
    }));
  }
  if (shape.Has("cdm_source", "cdm_version")) {
    CLINNOVA_TRY(
        cdm.ForEachRow("SELECT max(cdm_version) FROM cdm_source", [&](TextRow row) -> Result<void> {
          shape.is_53 = row[0] && row[0]->find("5.3") != row[0]->npos;
          return {};
        }));
  }
  return shape;
}

}  // namespace clinnova::quality
