// SPDX-License-Identifier: Apache-2.0
// Where a site's table for a study comes from: a file, or its CDM.
//
//   FileTableSource source({.fallback = "registry.csv", .files = {}});
//   CLINNOVA_ASSIGN(TableDescription mine, source.Describe(study, {}));
//   CLINNOVA_ASSIGN(table::Table table, source.Read(study, schema, "basel"));
//
// Nothing of what a source gives leaves the site unless the release gate lets it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "federation/study.h"
#include "table/table.h"

namespace clinnova::network {

/// A site's table as the release gate needs to know it.
struct TableDescription {
  table::SiteSchema schema{};
  /// For each column and level, as in `schema`, the persons who have it; empty for numeric columns.
  std::vector<std::vector<std::uint64_t>> persons_per_level{};
};

class TableSource {
 public:
  virtual ~TableSource() = default;
  /// The columns that the study names. `factors`: columns that are text at another site, whose levels are
  /// to be listed although they are numbers here. Any thread.
  virtual Result<TableDescription> Describe(const federation::Study& study,
                                            const std::vector<std::string>& factors) = 0;
  /// The table under the schema of all sites; the same values at every call for one study. Any thread.
  virtual Result<table::Table> Read(const federation::Study& study, const table::Schema& schema,
                                    const std::string& site) = 0;
};

/// Tables from CSV or Parquet files, each row one person.
class FileTableSource final : public TableSource {
 public:
  struct Options {
    std::string fallback;                      ///< the file of every other study; empty: none
    std::map<std::string, std::string> files;  ///< study hash (hexadecimal) -> file
  };
  explicit FileTableSource(Options options) : options_(std::move(options)) {}

  /// kInvalidInput as table::DescribeFile, and ("no_table") when there is no file for the study.
  Result<TableDescription> Describe(const federation::Study& study,
                                    const std::vector<std::string>& factors) override;
  Result<table::Table> Read(const federation::Study& study, const table::Schema& schema,
                            const std::string& site) override;

 private:
  Result<std::string> FileOf(const federation::Study& study) const;

  Options options_;
};

}  // namespace clinnova::network
