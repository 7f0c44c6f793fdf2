// SPDX-License-Identifier: Apache-2.0
// Takes source records and writes the CDM, all of them in one transaction: staged while the readers run,
// checked and moved by a handful of set-based statements at the end. A crash at any moment leaves the
// store as it was.
//
//   CLINNOVA_ASSIGN(auto loader, Loader::Begin(store, key, {.today = "2026-11-23"}));
//   CLINNOVA_TRY(ReadSomething(path, *loader));
//   CLINNOVA_ASSIGN(ImportReport report, loader->Finish());   // commits
//
// Identity: a record's row is the keyed hash of (kind, the source's id). Loading it again replaces it; a
// version that is quarantined, or whose status says that it never was ("entered-in-error"), takes the
// earlier one away. Memory does not grow with the number of records, only with that of patients (about
// 8 bytes per name or number, for identity_guard.h) and of distinct unmapped codes.
#pragma once

#include <memory>
#include <string>

#include "intake/import_report.h"
#include "intake/pseudonym.h"
#include "intake/pseudonym_list.h"
#include "intake/source_record.h"
#include "store/row_removal.h"
#include "store/store.h"

namespace clinnova::intake {

/// One file of an import, for the table clinnova.source.
struct ImportedFile {
  std::string name;  ///< as SourceReference::file
  std::string hash;  ///< BLAKE2b-256 of its bytes, hexadecimal
  std::int64_t bytes = 0;
};

/// One import. One thread at a time; the store must not be used by others until it ends.
class Loader final : public RecordSink {
 public:
  struct Options {
    std::string today = {};  ///< "2026-11-23"; empty = the machine's date
    const PseudonymList* pseudonyms =
        nullptr;  ///< not owned, outlives the loader; null: keyed ones
    /// For how many runs of rows that are replaced there is room in memory (store::RowRemoval).
    std::int64_t runs_with_room = store::RowRemoval::kRunsWithRoom;
    /// Of how many staged rows, some 50 MB, the versions of a record are sought at a time.
    std::int64_t rows_at_a_time = 500'000;
  };

  /// Begins the transaction. kInvalidInput when the store's pseudonyms were made with another key, or by an outside
  /// service and there is no list.
  /// `store` and `key` are not owned and outlive the loader.
  static Result<std::unique_ptr<Loader>> Begin(store::Store& store, const PseudonymKey& key,
                                               const Options& options);
  /// Rolls back when Finish() was not reached.
  ~Loader() override;

  Result<void> Accept(SourceRecord&& record) override;
  Result<void> AcceptPatterned(const PatternedRecord& record) override;
  Result<void> Reject(RejectedRecord record) override;
  void Ignore(const SourceReference& source, const std::string& what) override;

  /// Counts rows that another reader moved into the CDM itself, within this import's transaction.
  void CountLoaded(const std::string& kind, std::int64_t rows);

  /// What takes rows away within this import's transaction. Lives as long as the loader.
  store::RowRemoval& removal();

  /// Tells the loader about a file that was read. Every file that records refer to should be told.
  void AddFile(ImportedFile file);

  /// Checks what needs the whole picture, moves everything into the CDM and commits. kInvalidInput as
  /// OutsidePseudonyms::Apply.
  Result<ImportReport> Finish();

 private:
  struct State;
  explicit Loader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clinnova::intake
