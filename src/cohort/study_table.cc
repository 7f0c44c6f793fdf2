// SPDX-License-Identifier: Apache-2.0
// The frozen table of a study. A file KEY.parquet holds the columns of the request, one row per person:
// numbers as DOUBLE, factors as VARCHAR.
#include "cohort/study_table.h"

#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/text.h"
#include "store/attached_cdm.h"
#include "table/factor_column.h"

namespace clinnova::cohort {
namespace {

namespace fs = std::filesystem;
using table::ColumnDeclaration;
using table::ColumnKind;

// Every relation that a compiled statement may read.
constexpr std::string_view kSources[] = {
    "person",          "condition_occurrence", "drug_exposure",        "measurement",
    "observation",     "observation_period",   "procedure_occurrence", "clinnova.research_person",
    "concept_ancestor"};

std::string FileName(const core::Hash& key) { return core::ToHex(key) + ".parquet"; }

core::Hash TableKey(const TableRequest& request, const StudyQuery& query,
                    const core::Hash& snapshot) {
  // The statement holds all of the module that matters to this table.
  return core::Blake2b("clinnova study table 1\n" + core::ToHex(request.study) + "\n" +
                       core::ToHex(snapshot) + "\n" + query.sql);
}

Result<std::uint64_t> CountRows(core::Database& database, const fs::path& path) {
  CLINNOVA_ASSIGN(const std::int64_t rows,
                  database.QueryInt64("SELECT count(*) FROM read_parquet(" +
                                      core::SqlFile(path.string()) + ")"));
  return static_cast<std::uint64_t>(rows);
}

Result<void> Prepare(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) {
    fs::permissions(folder, fs::perms::owner_all, error);
  }
  if (error) return Fail(ErrorCode::kFailed, folder.string() + ": " + error.message());
  return {};
}

Result<void> WriteParquet(core::Database& database, const std::string& sql, const fs::path& path) {
  // Named after the process: two of them may freeze the same table at one time.
  const fs::path part = path.string() + "." + std::to_string(::getpid()) + ".part";
  std::error_code error;
  Result<void> written = database.Execute("COPY (" + sql + "\n) TO " +
                                          core::SqlLiteral(part.string()) + " (FORMAT parquet)");
  if (written) {
    fs::permissions(part, fs::perms::owner_read | fs::perms::owner_write, error);
    if (!error) fs::rename(part, path, error);
    if (error) written = Fail(ErrorCode::kFailed, path.string() + ": " + error.message());
  }
  if (!written) fs::remove(part, error);
  return written;
}

/// A line that changes with the relation's rows, but not with their order; a row that stands twice counts twice.
Result<std::string> ContentOf(core::Database& database, std::string_view relation) {
  CLINNOVA_ASSIGN(auto rows, database.Query("SELECT count(*)::VARCHAR || ' ' || "
                                            "coalesce(sum(hash(t)::HUGEINT), 0)::VARCHAR FROM " +
                                            std::string(relation) + " t"));
  std::string line(relation);
  while (rows.NextChunk()) line += " " + std::string(rows.Text(0, 0));
  return line + "\n";
}

/// The statement's rows from the server into a table `fetched`: numbers as DOUBLE, factors as VARCHAR.
Result<void> Fetch(store::Postgres& server, const StudyQuery& query, core::Database& database) {
  std::string columns;
  for (const table::ColumnSchema& column : query.columns) {
    columns += (columns.empty() ? "" : ", ") + core::SqlIdentifier(column.name) +
               (column.kind == ColumnKind::kFactor ? " VARCHAR" : " DOUBLE");
  }
  CLINNOVA_TRY(database.Execute("CREATE TABLE fetched (" + columns + ")"));
  CLINNOVA_ASSIGN(core::SqlAppender table, database.Append("fetched"));
  CLINNOVA_TRY(server.ForEachRow(query.sql, [&](store::Postgres::Row row) -> Result<void> {
    for (std::size_t c = 0; c < row.size(); ++c) {
      double number = 0.0;
      if (!row[c]) {
        table.Null();
      } else if (query.columns[c].kind == ColumnKind::kFactor) {
        table.Text(*row[c]);
      } else if (const char* end = row[c]->data() + row[c]->size();
                 std::from_chars(row[c]->data(), end, number).ptr == end) {
        table.Double(number);
      } else {
        return Fail(ErrorCode::kFailed, "PostgreSQL: column \"" + query.columns[c].name +
                                            "\": found what is no number");
      }
    }
    table.EndRow();
    return {};
  }));
  return table.Finish();
}

const ColumnDeclaration* FindDeclaration(std::span<const ColumnDeclaration> declarations,
                                         const std::string& name) {
  const auto found = std::ranges::find(declarations, name, &ColumnDeclaration::name);
  return found == declarations.end() ? nullptr : &*found;
}

tl::unexpected<Error> ColumnError(const std::string& name, const std::string& message) {
  return Fail(ErrorCode::kInvalidInput, "column \"" + name + "\": " + message);
}

/// A study may put a factor's levels in another order, and so choose the reference.
Result<ColumnDeclaration> DeclareFactor(const table::ColumnSchema& column,
                                        const ColumnDeclaration* wish) {
  ColumnDeclaration declared{column.name, ColumnKind::kFactor, column.levels};
  if (wish == nullptr) return declared;
  if (wish->kind == ColumnKind::kNumeric) {
    return ColumnError(column.name, "found type \"numeric\", expected a factor");
  }
  if (wish->levels.empty()) return declared;
  if (!std::ranges::is_permutation(wish->levels, column.levels)) {
    return ColumnError(column.name,
                       "levels: expected all of " + core::Joined(column.levels) + ", in any order");
  }
  declared.levels = wish->levels;
  return declared;
}

/// The rows of `sql` under `key`; a table that is there already stays as it is.
Result<FrozenTable> FreezeRows(core::Database& database, const std::string& sql,
                               const core::Hash& key, const fs::path& folder) {
  FrozenTable frozen{.path = folder / FileName(key), .key = key, .rows = 0};
  if (!fs::exists(frozen.path)) {
    CLINNOVA_TRY(Prepare(folder));
    CLINNOVA_TRY(WriteParquet(database, sql, frozen.path));
  }
  CLINNOVA_ASSIGN(frozen.rows, CountRows(database, frozen.path));
  return frozen;
}

}  // namespace

Result<std::vector<ColumnDeclaration>> StudyColumns(
    const TableRequest& request, const DiseaseModule& module,
    std::span<const ColumnDeclaration> study_declarations) {
  CLINNOVA_ASSIGN(const StudyQuery query, CompileStudy(request, module));
  std::vector<ColumnDeclaration> columns;
  for (std::size_t i = 0; i < query.columns.size(); ++i) {
    const table::ColumnSchema& column = query.columns[i];
    const bool flag = module.FindFeature(request.variables[i].feature)->IsFlag();
    const ColumnDeclaration* wish = FindDeclaration(study_declarations, column.name);
    if (column.kind == ColumnKind::kFactor) {
      CLINNOVA_ASSIGN(ColumnDeclaration declared, DeclareFactor(column, wish));
      columns.push_back(std::move(declared));
    } else if (wish != nullptr && (wish->kind == ColumnKind::kFactor || !wish->levels.empty())) {
      if (!flag) return ColumnError(column.name, "found a factor, expected a number");
      CLINNOVA_ASSIGN(ColumnDeclaration declared,
                      DeclareFactor({column.name, ColumnKind::kFactor, {"0", "1"}}, wish));
      columns.push_back(std::move(declared));
    }
    const std::string second = table::FactorColumnName(column.name);
    if (column.kind == ColumnKind::kNumeric && FindDeclaration(study_declarations, second)) {
      if (!flag) {
        return ColumnError(second, "its numbers are not listed: that would tell patients' values");
      }
      columns.push_back({second, ColumnKind::kFactor, {"0", "1"}});
    }
  }
  for (const ColumnDeclaration& wish : study_declarations) {
    const std::string name = table::FactorColumnBase(wish.name).value_or(wish.name);
    if (std::ranges::find(query.columns, name, &table::ColumnSchema::name) == query.columns.end()) {
      return ColumnError(name, "declared, but no [[variable]] has this name");
    }
  }
  return columns;
}

Result<core::Hash> CdmSnapshot(store::Store& store) {
  std::string text;
  for (const std::string_view source : kSources) {
    CLINNOVA_ASSIGN(const std::string content, ContentOf(store.database(), source));
    text += content;
  }
  return core::Blake2b(text);
}

Result<FrozenTable> Freeze(store::Store& store, const TableRequest& request,
                           const DiseaseModule& module, const fs::path& folder) {
  CLINNOVA_ASSIGN(const StudyQuery query, CompileStudy(request, module));
  CLINNOVA_ASSIGN(const core::Hash snapshot, CdmSnapshot(store));
  return FreezeRows(store.database(), query.sql, TableKey(request, query, snapshot), folder);
}

Result<FrozenTable> Freeze(store::AttachedCdm& cdm, const TableRequest& request,
                           const DiseaseModule& module, const fs::path& folder) {
  CLINNOVA_ASSIGN(const StudyQuery query, CompileStudy(request, module, &cdm.attachment()));
  CLINNOVA_ASSIGN(core::Database database, core::Database::Open({}));
  CLINNOVA_TRY(Fetch(cdm.server(), query, database));
  CLINNOVA_ASSIGN(const std::string content, ContentOf(database, "fetched"));
  return FreezeRows(database, "FROM fetched", TableKey(request, query, core::Blake2b(content)),
                    folder);
}

Result<FrozenTable> OpenFrozen(const fs::path& folder, const core::Hash& key) {
  FrozenTable frozen{.path = folder / FileName(key), .key = key, .rows = 0};
  if (!fs::exists(frozen.path)) {
    return Fail(ErrorCode::kFailed, frozen.path.string() + ": the study's frozen table is gone");
  }
  CLINNOVA_ASSIGN(core::Database database, core::Database::Open({}));
  CLINNOVA_ASSIGN(frozen.rows, CountRows(database, frozen.path));
  return frozen;
}

Result<table::SiteSchema> DescribeStudyTable(const FrozenTable& frozen, const TableRequest& request,
                                             const DiseaseModule& module,
                                             std::span<const ColumnDeclaration> columns) {
  CLINNOVA_ASSIGN(const StudyQuery query, CompileStudy(request, module));
  table::SiteSchema description;
  description.rows = frozen.rows;
  for (const table::ColumnSchema& column : query.columns) {
    const ColumnDeclaration* declared = FindDeclaration(columns, column.name);
    description.columns.push_back(
        {.name = column.name,
         .numeric = column.kind == ColumnKind::kNumeric,
         .empty = false,  // whether a site has any value is not told
         .levels = declared != nullptr ? declared->levels : column.levels});
    const std::string second = table::FactorColumnName(column.name);
    if (const ColumnDeclaration* factor = FindDeclaration(columns, second)) {
      description.columns.push_back(
          {.name = second, .numeric = true, .empty = false, .levels = factor->levels});
    }
  }
  return description;
}

Result<table::Table> BuildStudyTable(const FrozenTable& frozen, const table::Schema& schema,
                                     const std::string& site) {
  return table::ReadFile(frozen.path.string(), schema, site);
}

}  // namespace clinnova::cohort
