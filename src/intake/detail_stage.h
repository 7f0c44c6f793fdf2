// SPDX-License-Identifier: Apache-2.0
// Where what is particular to some records waits beside their rows of the stage (record_stage.h), until the
// statements of detail_statements.h move it. Imports use it; the bedside, where no feature reads it, does not.
//
//   stage.Take(record, resolved);
//   details.Take(stage.sequence(), record);
//   CLINNOVA_TRY(details.Finish());
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/duckdb.h"
#include "intake/pseudonym.h"
#include "intake/record_resolver.h"
#include "intake/source_details.h"

namespace clinnova::intake {

/// One thread at a time. Must not outlive the database, the key and the lookup.
class DetailStage {
 public:
  /// Begins to append to the staging tables, which are there already.
  static Result<DetailStage> Open(core::Database& database, const PseudonymKey& key,
                                  CodeLookup& lookup);

  /// Stages what the record of the staged row `sequence` refers to, and its details.
  void Take(std::int64_t sequence, const SourceRecord& record);

  /// Writes what is buffered; must be called before the stage ends.
  Result<void> Finish();

 private:
  DetailStage(const PseudonymKey& key, CodeLookup& lookup,
              std::array<core::SqlAppender, 5> appenders);
  void TakeReferences(std::int64_t sequence, const SourceRecord& record);
  void Stage(std::int64_t sequence, const SourceRecord& record, const SourceSample& sample);
  void Stage(std::int64_t sequence, const SourceDevice& device);
  void Stage(std::int64_t sequence, const SourceImaging& imaging);
  void Stage(std::int64_t sequence, const SourceSeries& series);
  std::int64_t RowId(std::string_view kind, const std::string& id) const;

  const PseudonymKey* key_;  // not owned
  CodeLookup* lookup_;       // not owned
  core::SqlAppender references_, samples_, devices_, imaging_, series_;
};

}  // namespace clinnova::intake
