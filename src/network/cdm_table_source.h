// SPDX-License-Identifier: Apache-2.0
// A site's table for a study that declares a cohort: from the site's CDM, frozen at the first question.
//
//   SiteTableSource tables({.fallback = "registry.csv", .files = {}}, cohort::SiteFiles("basel"));
//   CLINNOVA_ASSIGN(TableDescription mine, tables.Describe(study, {}));
//
// On the hub, and wherever the sites' descriptions become one schema:
//
//   CLINNOVA_ASSIGN(auto declarations, StudyDeclarations(study));
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "cohort/site_files.h"
#include "cohort/study_table.h"
#include "network/table_source.h"

namespace clinnova::network {

/// A study's cohort and variables with the disease module that they refer to.
struct StudyRequest {
  cohort::DiseaseModule module;
  cohort::TableRequest table;
};
/// kInvalidInput ("no_cohort") for a study without a cohort, or for a disease that is not there.
Result<StudyRequest> RequestOf(const federation::Study& study, const std::string& modules = {});

/// What UnifySchemas needs to know of a study's columns: stats::ColumnDeclarations, and where the study
/// declares a cohort the levels of its disease module, so that no site has to tell any. kInvalidInput names
/// what the study asks for in vain: check a study with it when it is submitted. `modules`: a folder of
/// disease modules that go before those compiled in.
Result<std::vector<table::ColumnDeclaration>> StudyDeclarations(const federation::Study& study,
                                                                const std::string& modules = {});

/// The statement that makes the study's table, for the steward to read before signing; empty for a study
/// without a cohort. Errors as StudyDeclarations.
Result<std::string> StudySql(const federation::Study& study, const std::string& modules = {});

/// Tables from the CDM in a site's folder, or from the one on a PostgreSQL server that it names. A study's table is built once, at the first call for it, and
/// stays as it was then: later imports and withdrawals take effect at the next study.
class CdmTableSource final : public TableSource {
 public:
  explicit CdmTableSource(cohort::SiteFiles files) : files_(std::move(files)) {}

  /// Levels are those declared; of the data only the rows and the persons per level are counted, for the
  /// gate. `factors` changes nothing: a number's values are not listed. kInvalidInput: the study has no
  /// cohort ("no_cohort"), nothing was imported ("no_cdm"), or as StudyDeclarations; kFailed when the
  /// store is in use by an import; errors of store::AttachedCdm ("cdm_unreachable", "cdm_refused", …).
  Result<TableDescription> Describe(const federation::Study& study,
                                    const std::vector<std::string>& factors) override;
  Result<table::Table> Read(const federation::Study& study, const table::Schema& schema,
                            const std::string& site) override;

 private:
  Result<cohort::FrozenTable> Frozen(const federation::Study& study);
  Result<cohort::FrozenTable> FreezeNow(const StudyRequest& request);

  cohort::SiteFiles files_;
  std::mutex mutex_;  ///< one thread at a time freezes
};

/// Both sources of a site: the CDM for studies that declare a cohort, files for the others.
class SiteTableSource final : public TableSource {
 public:
  SiteTableSource(FileTableSource::Options files, cohort::SiteFiles site)
      : files_(std::move(files)), cdm_(std::move(site)) {}

  Result<TableDescription> Describe(const federation::Study& study,
                                    const std::vector<std::string>& factors) override {
    return For(study).Describe(study, factors);
  }
  Result<table::Table> Read(const federation::Study& study, const table::Schema& schema,
                            const std::string& site) override {
    return For(study).Read(study, schema, site);
  }

 private:
  TableSource& For(const federation::Study& study) {
    if (study.cohort()) return cdm_;
    return files_;
  }

  FileTableSource files_;
  CdmTableSource cdm_;
};

}  // namespace clinnova::network
