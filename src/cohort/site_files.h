// SPDX-License-Identifier: Apache-2.0
// Where a site's data lies in its folder:
//
//   cdm.duckdb       the OMOP CDM and the side tables (store/store.h)
//   postgresql.toml  in place of cdm.duckdb: where the hospital's own CDM is (store/attached_cdm.h)
//   pseudonym.key    the key of the pseudonyms, 0600; keep it apart from copies of the CDM
//   tables/          frozen study tables, 0700
//   diseases/        disease modules that replace those compiled in; usually not there
#pragma once

#include <filesystem>

namespace clinnova::cohort {

struct SiteFiles {
  std::filesystem::path store;
  std::filesystem::path attachment;
  std::filesystem::path pseudonym_key;
  std::filesystem::path tables;
  std::filesystem::path diseases;

  explicit SiteFiles(const std::filesystem::path& folder)
      : store(folder / "cdm.duckdb"),
        attachment(folder / "postgresql.toml"),
        pseudonym_key(folder / "pseudonym.key"),
        tables(folder / "tables"),
        diseases(folder / "diseases") {}
};

}  // namespace clinnova::cohort
