// SPDX-License-Identifier: Apache-2.0
// A study's table at one site: who is in it and what is known of each, by one SQL statement over the
// site's CDM that a steward can read before anything runs.
//
//   const TableRequest request{.study = study_hash, .index = "first_biologic",
//                              .variables = {{"drug", "drug"}, {"crp", "crp_baseline"}}};
//   CLINNOVA_ASSIGN(StudyQuery query, CompileStudy(request, module));          // query.sql: show it
//   CLINNOVA_ASSIGN(FrozenTable frozen, Freeze(store, request, module, "site/tables"));
//   CLINNOVA_ASSIGN(auto columns, StudyColumns(request, module, {}));
//   CLINNOVA_ASSIGN(auto mine, DescribeStudyTable(frozen, request, module, columns));
//   … the sites' descriptions become one schema (table::UnifySchemas with `columns`) …
//   CLINNOVA_ASSIGN(auto table, BuildStudyTable(frozen, schema, "basel"));
//
// One row per person; no identifier, no date. Only persons in clinnova.research_person, the view of
// valid research consents, are looked at.
// Thread rule: one thread at a time per store; files are written whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "cohort/disease_module.h"
#include "core/error.h"
#include "core/hash.h"
#include "store/store.h"
#include "table/table.h"

namespace clinnova::store {
class AttachedCdm;
struct Attachment;
}  // namespace clinnova::store

namespace clinnova::cohort {

/// What a study asks for: `[cohort] index` and its `[[variable]]`s.
struct TableRequest {
  struct Variable {
    std::string name;     ///< of the column
    std::string feature;  ///< of the disease module
  };
  core::Hash study{};  ///< the study's identity
  std::string index;
  std::vector<Variable> variables;
};

struct StudyQuery {
  std::string sql;  ///< one SELECT; columns as the variables, in their order
  std::vector<table::ColumnSchema> columns;
};

/// The request as SQL: DuckDB's over Clinnova's own CDM, or PostgreSQL's over the CDM of `attachment`, which reads
/// those whom it lists as research persons. kInvalidInput names the variable or key, what was found and what the
/// module has.
Result<StudyQuery> CompileStudy(const TableRequest& request, const DiseaseModule& module,
                                const store::Attachment* attachment = nullptr);

/// What UnifySchemas needs to know of the columns: the factors with their levels from the module, the
/// reference first, together with the study's own declarations, which win and may reorder or leave out
/// levels. A wish for "factor(x)" of a column of ones and zeros gets the levels 0 and 1. kInvalidInput: a
/// declared level that the module does not have, a factor(x) of any other number.
Result<std::vector<table::ColumnDeclaration>> StudyColumns(
    const TableRequest& request, const DiseaseModule& module,
    std::span<const table::ColumnDeclaration> study_declarations);

/// A study's table as it was built once, for all rounds of a run.
struct FrozenTable {
  std::filesystem::path path;  ///< a Parquet file, readable by its owner only
  core::Hash key{};            ///< of (study, module, CDM snapshot)
  std::uint64_t rows = 0;      ///< persons in the cohort; to be released by nobody but the gate
};

/// A fingerprint of everything that a study's table can depend on in the CDM: it changes when a row or a
/// person's consent does.
Result<core::Hash> CdmSnapshot(store::Store& store);

/// Builds the table into `folder`/KEY.parquet, or finds it there when it was built before from the same
/// study, module and CDM. Errors as CompileStudy; kFailed with DuckDB's words.
Result<FrozenTable> Freeze(store::Store& store, const TableRequest& request,
                           const DiseaseModule& module, const std::filesystem::path& folder);

/// The same from an attached CDM: the server runs the statement and only the table comes back. The key then is of
/// (study, module, the table's content). Errors as CompileStudy and of store::Postgres.
Result<FrozenTable> Freeze(store::AttachedCdm& cdm, const TableRequest& request,
                           const DiseaseModule& module, const std::filesystem::path& folder);

/// The frozen table under `key`, for a run that goes on after an interruption. kFailed when it is gone.
Result<FrozenTable> OpenFrozen(const std::filesystem::path& folder, const core::Hash& key);

/// The description that goes into UnifySchemas: names and kinds from the request, levels as declared, and
/// nothing from the data but the number of rows. `columns` as from StudyColumns.
Result<table::SiteSchema> DescribeStudyTable(const FrozenTable& frozen, const TableRequest& request,
                                             const DiseaseModule& module,
                                             std::span<const table::ColumnDeclaration> columns);

/// The frozen rows under the schema that all sites agreed on.
Result<table::Table> BuildStudyTable(const FrozenTable& frozen, const table::Schema& schema,
                                     const std::string& site);

}  // namespace clinnova::cohort
