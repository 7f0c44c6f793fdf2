// SPDX-License-Identifier: Apache-2.0
// tables/STUDY.frozen names, in 64 hexadecimal digits, the frozen table that the study uses.
#include "network/cdm_table_source.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "core/whole_file.h"
#include "stats/method.h"
#include "store/attached_cdm.h"

namespace clinnova::network {
namespace {

namespace fs = std::filesystem;

Result<std::vector<table::ColumnDeclaration>> Declarations(const StudyRequest& request,
                                                           const federation::Study& study) {
  CLINNOVA_ASSIGN(const auto wishes, stats::ColumnDeclarations(study));
  return cohort::StudyColumns(request.table, request.module, wishes);
}

Result<core::Hash> ReadName(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto bytes = core::FromHex(text);
  core::Hash key{};
  if (!stream || !bytes || bytes->size() != key.size()) {
    return Fail(ErrorCode::kFailed, path.string() + ": expected 64 hexadecimal digits");
  }
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

/// Persons per level of each column of the description, counted on the table read under it.
Result<std::vector<std::vector<std::uint64_t>>> CountLevels(const cohort::FrozenTable& frozen,
                                                            const table::SiteSchema& described) {
  table::Schema own;
  for (const table::SiteSchema::Column& column : described.columns) {
    const bool factor = !column.levels.empty();
    own.columns.push_back({column.name,
                           factor ? table::ColumnKind::kFactor : table::ColumnKind::kNumeric,
                           column.levels});
  }
  own.columns.push_back({"site", table::ColumnKind::kFactor, {"here"}});
  CLINNOVA_ASSIGN(const table::Table table, cohort::BuildStudyTable(frozen, own, "here"));
  std::vector<std::vector<std::uint64_t>> counts(described.columns.size());
  for (std::size_t c = 0; c < counts.size(); ++c) {
    counts[c].resize(own.columns[c].levels.size());
    for (const std::int32_t code : table.columns[c].codes) {
      if (code >= 0) ++counts[c][static_cast<std::size_t>(code)];
    }
  }
  return counts;
}

}  // namespace

Result<StudyRequest> RequestOf(const federation::Study& study, const std::string& modules) {
  if (!study.cohort()) {
    return Fail(ErrorCode::kInvalidInput, "cohort: the study has none, expected [cohort]",
                "no_cohort");
  }
  const federation::CohortDeclaration& cohort = *study.cohort();
  if (!cohort.circe.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                "cohort.circe: cohort definitions of ATLAS cannot be read yet, expected disease");
  }
  CLINNOVA_ASSIGN(cohort::DiseaseModule module,
                  cohort::DiseaseModule::Load(cohort.disease, modules));
  StudyRequest request{std::move(module), {}};
  request.table.study = study.hash();
  request.table.index = cohort.index;
  for (const federation::VariableDeclaration& variable : study.variables()) {
    request.table.variables.push_back({variable.name, variable.feature});
  }
  return request;
}

Result<std::vector<table::ColumnDeclaration>> StudyDeclarations(const federation::Study& study,
                                                                const std::string& modules) {
  if (!study.cohort()) return stats::ColumnDeclarations(study);
  CLINNOVA_ASSIGN(const StudyRequest request, RequestOf(study, modules));
  return Declarations(request, study);
}

Result<std::string> StudySql(const federation::Study& study, const std::string& modules) {
  if (!study.cohort()) return std::string();
  CLINNOVA_ASSIGN(const StudyRequest request, RequestOf(study, modules));
  CLINNOVA_ASSIGN(cohort::StudyQuery query, cohort::CompileStudy(request.table, request.module));
  return query.sql;
}

Result<cohort::FrozenTable> CdmTableSource::Frozen(const federation::Study& study) {
  const std::lock_guard lock(mutex_);
  const fs::path name = files_.tables / (core::ToHex(study.hash()) + ".frozen");
  if (fs::exists(name)) {
    CLINNOVA_ASSIGN(const core::Hash key, ReadName(name));
    return cohort::OpenFrozen(files_.tables, key);
  }
  CLINNOVA_ASSIGN(const StudyRequest request, RequestOf(study, files_.diseases.string()));
  CLINNOVA_ASSIGN(cohort::FrozenTable frozen, FreezeNow(request));
  CLINNOVA_TRY(core::WriteWholeFile(name, core::ToHex(frozen.key)));
  return frozen;
}

Result<cohort::FrozenTable> CdmTableSource::FreezeNow(const StudyRequest& request) {
  CLINNOVA_ASSIGN(const auto attachment, store::ReadAttachment(files_.attachment));
  if (attachment) {
    CLINNOVA_ASSIGN(auto cdm, store::AttachedCdm::Open(*attachment));
    return cohort::Freeze(cdm, request.table, request.module, files_.tables);
  }
  if (!fs::exists(files_.store)) {
    return Fail(ErrorCode::kInvalidInput,
                files_.store.string() + ": no such file: nothing was imported at this site yet",
                "no_cdm");
  }
  CLINNOVA_ASSIGN(auto store, store::Store::Open({.path = files_.store.string(),
                                                  .access = store::Store::Access::kReadOnly}));
  return cohort::Freeze(store, request.table, request.module, files_.tables);
}

Result<TableDescription> CdmTableSource::Describe(const federation::Study& study,
                                                  const std::vector<std::string>& /*factors*/) {
  CLINNOVA_ASSIGN(const StudyRequest request, RequestOf(study, files_.diseases.string()));
  CLINNOVA_ASSIGN(const auto columns, Declarations(request, study));
  CLINNOVA_ASSIGN(const cohort::FrozenTable frozen, Frozen(study));
  TableDescription description;
  CLINNOVA_ASSIGN(description.schema,
                  cohort::DescribeStudyTable(frozen, request.table, request.module, columns));
  CLINNOVA_ASSIGN(description.persons_per_level, CountLevels(frozen, description.schema));
  return description;
}

Result<table::Table> CdmTableSource::Read(const federation::Study& study,
                                          const table::Schema& schema, const std::string& site) {
  CLINNOVA_ASSIGN(const cohort::FrozenTable frozen, Frozen(study));
  return cohort::BuildStudyTable(frozen, schema, site);
}

}  // namespace clinnova::network
