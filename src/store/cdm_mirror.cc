// SPDX-License-Identifier: Apache-2.0
#include "store/cdm_mirror.h"

#include <algorithm>
#include <optional>

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
  std::vector<std::string> columns = {};
  std::string ddl = {};  ///< what stands between the parentheses of CREATE TABLE
  std::string key = {};  ///< a column; empty: it has none of its own
  std::vector<std::string> looked_up = {};
  std::int64_t page = 61'440;  ///< rows in memory at a time: half of a row group of DuckDB

  bool IsTable() const { return source == name; }
};

/// Columns that OHDSI's tools look rows up by, beside the keys and every person_id: the indices of its DDL for 5.4.
constexpr std::pair<std::string_view, std::string_view> kLookedUp[] = {
    {"person", "gender_concept_id"},
    {"visit_occurrence", "visit_concept_id"},
    {"visit_detail", "visit_detail_concept_id"},
    {"visit_detail", "visit_occurrence_id"},
    {"condition_occurrence", "condition_concept_id"},
    {"condition_occurrence", "visit_occurrence_id"},
    {"drug_exposure", "drug_concept_id"},
    {"drug_exposure", "visit_occurrence_id"},
    {"procedure_occurrence", "procedure_concept_id"},
    {"procedure_occurrence", "visit_occurrence_id"},
    {"device_exposure", "device_concept_id"},
    {"device_exposure", "visit_occurrence_id"},
    {"measurement", "measurement_concept_id"},
    {"measurement", "visit_occurrence_id"},
    {"observation", "observation_concept_id"},
    {"observation", "visit_occurrence_id"},
    {"note", "note_type_concept_id"},
    {"note", "visit_occurrence_id"},
    {"note_nlp", "note_id"},
    {"note_nlp", "note_nlp_concept_id"},
    {"specimen", "specimen_concept_id"},
    {"fact_relationship", "domain_concept_id_1"},
    {"fact_relationship", "domain_concept_id_2"},
    {"fact_relationship", "relationship_concept_id"},
    {"cost", "cost_event_id"},
    {"drug_era", "drug_concept_id"},
    {"dose_era", "drug_concept_id"},
    {"condition_era", "condition_concept_id"},
    {"metadata", "metadata_concept_id"},
    {"concept", "concept_code"},
    {"concept", "vocabulary_id"},
    {"concept", "domain_id"},
    {"concept", "concept_class_id"},
    {"concept_relationship", "concept_id_1"},
    {"concept_relationship", "concept_id_2"},
    {"concept_relationship", "relationship_id"},
    {"concept_synonym", "concept_id"},
    {"concept_ancestor", "ancestor_concept_id"},
    {"concept_ancestor", "descendant_concept_id"},
    {"source_to_concept_map", "source_code"},
    {"source_to_concept_map", "source_vocabulary_id"},
    {"source_to_concept_map", "target_concept_id"},
    {"source_to_concept_map", "target_vocabulary_id"},
    {"drug_strength", "drug_concept_id"},
    {"drug_strength", "ingredient_concept_id"},
};

bool IsLookedUp(std::string_view table, std::string_view column) {
  return column == "person_id" ||
         std::ranges::find(kLookedUp, std::pair(table, column)) != std::end(kLookedUp);
}

std::string PostgresType(const CdmField& field) {
  if (field.type == "integer") return DuckDbType(field) == "BIGINT" ? "bigint" : "integer";
  if (field.type == "float") return "numeric";
  if (field.type == "date") return "date";
  if (field.type == "datetime") return "timestamp";
  CLINNOVA_CHECK(field.type.starts_with("varchar"));
  return "text";
}

/// The table cdm_source; where it has no row, without which OHDSI's tools do not begin, one of what is known.
std::string CdmSource(const std::string& holder) {
  const std::string name = SqlLiteral(holder);
  const std::string imported =
      "(SELECT coalesce(max(imported_at)::DATE, current_date) FROM clinnova.import_report)";
  return "(SELECT * FROM cdm_source UNION ALL BY NAME SELECT " + name + " AS cdm_source_name, " +
         name + "[:25] AS cdm_source_abbreviation, " + name + " AS cdm_holder, " + imported +
         " AS source_release_date, " + imported +
         " AS cdm_release_date, '5.4' AS cdm_version, 756265 AS cdm_version_concept_id, "
         "coalesce((SELECT max(vocabulary_version) FROM vocabulary WHERE vocabulary_id = 'None'), "
         "'Clinnova') AS vocabulary_version WHERE NOT EXISTS (SELECT 1 FROM cdm_source))";
}

std::vector<MirroredTable> Tables(const std::string& holder) {
  std::vector<MirroredTable> tables;
  for (const CdmField& field : Cdm54Fields()) {
    const bool first = tables.empty() || tables.back().name != field.table;
    if (first)
      tables.push_back({.name = std::string(field.table), .source = std::string(field.table)});
    MirroredTable& table = tables.back();
    if (table.name == "cdm_source") table.source = CdmSource(holder);
    const std::string name(field.name);
    table.columns.push_back(name);
    table.ddl += (first ? "" : ", ") + SqlIdentifier(name) + " " + PostgresType(field);
    if (field.required) table.ddl += " NOT NULL";
    if (field.type == "varchar(max)") table.page = 512;  // a note may be a book
    if (first && name == table.name + "_id") {
      table.key = name;
    } else if (IsLookedUp(table.name, name)) {
      table.looked_up.push_back(name);
    }
  }
  tables.push_back({.name = "research_person",
                    .source = "clinnova.research_person",
                    .columns = {"person_id"},
                    .ddl = "person_id bigint NOT NULL",
                    .key = "person_id"});
  return tables;
}

/// A field of COPY's CSV: nothing for NULL, in quotes otherwise, since "" is an empty text.
void AppendField(std::string& line, std::string_view text) {
  line += '"';
  for (std::size_t quote = text.find('"'); quote != text.npos; quote = text.find('"')) {
    line.append(text, 0, quote + 1);
    line += '"';
    text.remove_prefix(quote + 1);
  }
  line += text;
  line += '"';
}

void AppendRows(std::string& bytes, const core::SqlRows& rows) {
  for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
    for (std::size_t c = 0; c < rows.column_count(); ++c) {
      if (c > 0) bytes += ',';
      if (!rows.IsNull(c, r)) AppendField(bytes, rows.Text(c, r));
    }
    bytes += '\n';
  }
}

std::string Columns(const MirroredTable& table, const std::string& after = "") {
  std::string list;
  for (const std::string& column : table.columns)
    list += (list.empty() ? "" : ", ") + SqlIdentifier(column) + after;
  return list;
}

/// The rows of a table of the store as texts, page after page: no more than one page is in memory.
class TextRows {
 public:
  static Result<TextRows> Open(core::Database& database, const MirroredTable& table) {
    const std::string select = "SELECT " + Columns(table, "::VARCHAR") + " FROM " + table.source;
    if (!table.IsTable()) {
      CLINNOVA_ASSIGN(auto statement, database.Prepare(select));
      return TextRows(std::move(statement), kOnce, 0, table.page);
    }
    CLINNOVA_ASSIGN(const std::int64_t end,
                    database.QueryInt64("SELECT coalesce(max(rowid) + 1, 0) FROM " + table.source));
    CLINNOVA_ASSIGN(auto statement, database.Prepare(select + " WHERE rowid >= ? AND rowid < ?"));
    return TextRows(std::move(statement), 0, end, table.page);
  }

  /// The next rows; nothing after the last.
  Result<const core::SqlRows*> Next() {
    for (;;) {
      if (rows_ && rows_->NextChunk()) return &*rows_;
      rows_.reset();
      if (at_ >= end_) return nullptr;
      if (at_ == kOnce) {
        CLINNOVA_ASSIGN(rows_, statement_.Run());
        at_ = end_;
      } else {
        CLINNOVA_ASSIGN(rows_, statement_.Run({at_, at_ + page_}));
        at_ += page_;
      }
    }
  }

 private:
  static constexpr std::int64_t kOnce = -1;  // what is no table has no numbers of rows

  TextRows(core::SqlStatement statement, std::int64_t at, std::int64_t end, std::int64_t page)
      : statement_(std::move(statement)), at_(at), end_(end), page_(page) {}

  core::SqlStatement statement_;
  std::optional<core::SqlRows> rows_;
  std::int64_t at_, end_, page_;
};

/// Where the copy is: one schema of one server.
class Copy {
 public:
  Copy(Store& store, Postgres& server, const std::string& schema)
      : store_(store), server_(server), schema_(SqlIdentifier(schema)), name_(SqlLiteral(schema)) {}

  /// Makes the schema and what says that it is a copy.
  Result<void> Begin() {
    CLINNOVA_ASSIGN(const std::int64_t there,
                    server_.QueryInt64(
                        "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = " + name_));
    if (there == 0) CLINNOVA_TRY(server_.Execute("CREATE SCHEMA " + schema_));
    CLINNOVA_TRY(server_.ForEachRow(
        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = "
        "c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname = " +
            name_,
        [this](Postgres::Row row) -> Result<void> {
          there_.emplace(*row[0]);
          return {};
        }));
    if (!there_.contains("clinnova_mirror")) {
      CLINNOVA_TRY(server_.Execute("CREATE TABLE " + schema_ +
                                   ".clinnova_mirror (mirrored_at timestamptz NOT NULL)"));
    }
    if (!there_.contains("clinnova_mirror_table")) {
      CLINNOVA_TRY(
          server_.Execute("CREATE TABLE " + schema_ +
                          ".clinnova_mirror_table (table_name text PRIMARY KEY, row_count "
                          "bigint NOT NULL, content text NOT NULL, transaction bigint NOT NULL)"));
    }
    return {};
  }

  Result<void> End() {
    return server_.Execute("DELETE FROM " + schema_ + ".clinnova_mirror; INSERT INTO " + schema_ +
                           ".clinnova_mirror VALUES (now())");
  }

  /// Makes one table the store's; its number of rows.
  Result<std::int64_t> Put(const MirroredTable& table, MirroredCdm& mirrored) {
    CLINNOVA_ASSIGN(const Content content, ContentOf(table));
    const std::string full = Full(table);
    const bool is_new = !there_.contains(table.name);
    if (is_new) {
      CLINNOVA_TRY(server_.Execute("CREATE TABLE " + full + " (" + table.ddl + ")"));
    } else {
      CLINNOVA_ASSIGN(const bool same, IsStill(table, content));
      if (same) return Indexed(table, content.rows);
    }
    // Not TRUNCATE: who reads would wait for it, and a transaction of before would find the table empty.
    if (!is_new) CLINNOVA_TRY(server_.Execute("DELETE FROM " + full));
    CLINNOVA_TRY(Load(table, content));
    if (is_new && !table.key.empty()) {
      CLINNOVA_TRY(server_.Execute("ALTER TABLE " + full + " ADD PRIMARY KEY (" +
                                   SqlIdentifier(table.key) + ")"));
    }
    CLINNOVA_TRY(Keep(table, content));
    mirrored.written.insert(table.name);
    return Indexed(table, content.rows);
  }

 private:
  struct Content {
    std::int64_t rows = 0;
    std::string sum;  ///< the same for the same rows in whatever order, and hardly ever for others
  };

  Result<Content> ContentOf(const MirroredTable& table) {
    Content content;
    CLINNOVA_ASSIGN(auto rows,
                    store_.database().Query("SELECT count(*), coalesce(sum(hash(" + Columns(table) +
                                            ")), 0)::VARCHAR FROM " + table.source));
    if (!rows.NextChunk()) return Fail(ErrorCode::kFailed, "cannot be counted");
    content.rows = rows.Int64(0, 0);
    content.sum = std::string(rows.Text(1, 0));
    return content;
  }

  std::string Full(const MirroredTable& table) const {
    return schema_ + "." + SqlIdentifier(table.name);
  }

  /// Whether the table is as an earlier copy of the same rows left it: each row was written by the transaction that
  /// noted it, and none is missing. The note says which that was: a restored backup was written by another.
  Result<bool> IsStill(const MirroredTable& table, const Content& content) {
    CLINNOVA_ASSIGN(
        const std::string noted,
        server_.QueryText("SELECT xmin FROM " + schema_ +
                          ".clinnova_mirror_table WHERE table_name = " + SqlLiteral(table.name) +
                          " AND content = " + SqlLiteral(content.sum) + " AND row_count = " +
                          std::to_string(content.rows) + " AND xmin::text = transaction::text"));
    if (noted.empty()) return false;
    CLINNOVA_ASSIGN(const std::int64_t others,
                    server_.QueryInt64("SELECT count(*) FILTER (WHERE xmin::text <> " +
                                       SqlLiteral(noted) + ") + abs(count(*) - " +
                                       std::to_string(content.rows) + ") FROM " + Full(table)));
    return others == 0;
  }

  Result<void> Keep(const MirroredTable& table, const Content& content) {
    const std::string name = SqlLiteral(table.name);
    return server_.Execute("DELETE FROM " + schema_ + ".clinnova_mirror_table WHERE table_name = " +
                           name + "; INSERT INTO " + schema_ + ".clinnova_mirror_table VALUES (" +
                           name + ", " + std::to_string(content.rows) + ", " +
                           SqlLiteral(content.sum) + ", txid_current() % 4294967296)");
  }

  /// Copies the rows and looks whether they are all there.
  Result<void> Load(const MirroredTable& table, const Content& content) {
    CLINNOVA_ASSIGN(TextRows rows, TextRows::Open(store_.database(), table));
    CLINNOVA_TRY(
        server_.CopyIn("COPY " + Full(table) + " (" + Columns(table) + ") FROM STDIN (FORMAT csv)",
                       [&rows](std::string& bytes) -> Result<bool> {
                         CLINNOVA_ASSIGN(const core::SqlRows* chunk, rows.Next());
                         if (chunk == nullptr) return false;
                         AppendRows(bytes, *chunk);
                         return true;
                       }));
    CLINNOVA_ASSIGN(const std::int64_t there,
                    server_.QueryInt64("SELECT count(*) FROM " + Full(table)));
    if (there == content.rows) return {};
    return Fail(ErrorCode::kFailed, "the copy has " + std::to_string(there) +
                                        " rows, expected the CDM's " +
                                        std::to_string(content.rows));
  }

  Result<std::int64_t> Indexed(const MirroredTable& table, std::int64_t rows) {
    for (const std::string& column : table.looked_up) {
      // "idx_measurement_person"
      const std::string_view id = "_id";
      const std::string short_name =
          column.ends_with(id) ? column.substr(0, column.size() - id.size()) : column;
      CLINNOVA_TRY(server_.Execute("CREATE INDEX IF NOT EXISTS " +
                                   SqlIdentifier("idx_" + table.name + "_" + short_name) + " ON " +
                                   Full(table) + " (" + SqlIdentifier(column) + ")"));
    }
    return rows;
  }

  Store& store_;      // not owned, outlives this
  Postgres& server_;  // not owned, outlives this
  std::string schema_, name_;
  std::set<std::string, std::less<>> there_;  ///< tables before
};

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

Result<MirroredCdm> Replace(Store& store, Postgres& server, const std::string& schema,
                            const std::string& holder) {
  // One at a time: two that delete and copy would both leave their rows.
  CLINNOVA_TRY(server.Execute("SELECT pg_advisory_xact_lock(hashtext(" +
                              SqlLiteral("clinnova_mirror " + schema) + "))"));
  CLINNOVA_TRY(CheckSchema(server, schema));
  Copy copy(store, server, schema);
  CLINNOVA_TRY(copy.Begin());
  CLINNOVA_TRY(WidenFacts(server, schema));
  MirroredCdm mirrored;
  for (const MirroredTable& table : Tables(holder)) {
    const auto rows = copy.Put(table, mirrored);
    if (!rows) return FailAt("table " + table.name, rows);
    mirrored.rows[table.name] = *rows;
  }
  CLINNOVA_TRY(copy.End());
  return mirrored;
}

}  // namespace

Result<MirroredCdm> MirrorCdm(Store& store, Postgres& server, const std::string& schema,
                              const std::string& holder) {
  CLINNOVA_TRY(server.Execute("BEGIN ISOLATION LEVEL READ COMMITTED"));
  Result<MirroredCdm> mirrored = Replace(store, server, schema, holder);
  const Result<void> ended = server.Execute(mirrored ? "COMMIT" : "ROLLBACK");
  if (!mirrored) return mirrored;
  if (!ended) return Fail(ended);
  // Room of the rows before, and statistics: without them the copy is whole, only larger and slower to read.
  for (const std::string& table : mirrored->written) {
    static_cast<void>(
        server.Execute("VACUUM (ANALYZE) " + SqlIdentifier(schema) + "." + SqlIdentifier(table)));
  }
  return mirrored;
}

}  // namespace clinnova::store
