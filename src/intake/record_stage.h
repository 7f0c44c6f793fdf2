// SPDX-License-Identifier: Apache-2.0
// Where resolved records wait for the statements that move them into the CDM (load_statements.h): the one
// place that says which staging row a record becomes, for imports (loader.h) and for the patient in front
// of the physician (patient_loader.h).
//
//   CLINNOVA_TRY(database.Execute(kCreateStaging));
//   CLINNOVA_ASSIGN(RecordStage stage, RecordStage::OpenForForms(database, key));
//   stage.Take(record, resolver.Resolve(record));
//   CLINNOVA_TRY(stage.Finish());
#pragma once

#include <string>
#include <string_view>

#include "core/duckdb.h"
#include "intake/event_forms.h"
#include "intake/pseudonym.h"
#include "intake/record_identities.h"
#include "intake/record_resolver.h"
#include "intake/source_record.h"
#include "intake/stage_rows.h"

namespace clinnova::intake {

/// Whether the record's status says that the thing did not happen, or not yet ("entered-in-error", "draft").
bool SaysItIsNotTrue(const SourceRecord& record);

/// One thread at a time. Must not outlive the database and the key.
class RecordStage {
 public:
  /// Begins to append to the staging tables, which are there already.
  static Result<RecordStage> Open(core::Database& database, const PseudonymKey& key);

  /// What staging finds out once for a pattern's records.
  struct PatternForm {
    SourceTime::Precision precision = SourceTime::Precision::kDay;
    std::int64_t unit_concept_id = 0;
    std::int64_t number = 0;  ///< of stage_form; 0: not known
    std::int64_t source = 0;
    std::string_view place = {};
  };
  /// Stages the record as the event that its pattern has resolved to. `form` is the pattern's own.
  void Take(const PatternedRecord& record, const ResolvedEvent& event, PatternForm& form);
  /// Stages the record; a rejected one goes into quarantine and takes its earlier version away.
  void Take(const SourceRecord& record, const ResolvedRecord& resolved);
  /// The row of an earlier version goes, of this import or one before, whatever its form. A patient stays: other rows
  /// hang on it.
  void TakeBack(const SourceRecord& record);
  /// Only those of another kind than the record's, where the kind follows the value.
  void TakeBackOtherForms(const SourceRecord& record, std::string_view id);
  void Quarantine(const SourceReference& source, std::string_view kind, std::string_view rule,
                  std::string_view message, std::string_view raw);

  /// The number of the last row that was staged.
  std::int64_t sequence() const { return sequence_; }

  /// Writes what is buffered; must be called before the stage ends.
  Result<void> Finish();

 private:
  struct Appenders {
    EventForms forms;
    core::SqlChunkAppender events, short_events;
    core::SqlAppender persons, consents, gone, withdrawn, other_forms, quarantine;
  };

  RecordStage(const PseudonymKey& key, Appenders to)
      : key_(&key), identities_(key), to_(std::move(to)) {}
  std::int64_t SourceId(const std::string& file);
  StagedIds NextIds(const SourceRecord& record);
  void Stage(const SourceRecord& record, const ResolvedEvent& event);
  /// Calls `use` with the row of every other form.
  template <typename Use>
  void ForOtherForms(const SourceRecord& record, std::string_view id, Use use);
  void Append(const StagedIds& ids, std::uint64_t line, std::string_view place,
              const ResolvedEvent& event, std::int64_t form);

  const PseudonymKey* key_;  // not owned
  RecordIdentities identities_;
  Appenders to_;
  LastId file_;
  std::int64_t sequence_ = 0;
};

}  // namespace clinnova::intake
