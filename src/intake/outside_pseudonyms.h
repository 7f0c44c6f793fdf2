// SPDX-License-Identifier: Apache-2.0
// An import whose patients have the pseudonyms of an outside service (pseudonym_list.h), in place of keyed ones. Only
// person_source_value comes from the list: person_id and the identifiers of rows are keyed as ever (pseudonym.h), so that
// they are the same whoever makes the pseudonyms, and a clinical system's question finds its patient by the local number.
//
//   CLINNOVA_ASSIGN(OutsidePseudonyms outside, OutsidePseudonyms::Begin(database, key, list));
//   if (record.kind == RecordKind::kPerson) outside.Know(record);
//   CLINNOVA_ASSIGN(const std::int64_t unlisted, outside.Apply());      // when all records are staged
//
// A patient whom the list does not name gets no pseudonym: his records go to quarantine, by the rule
// pseudonym.unlisted, and what an earlier import wrote of him stays as it is, but for his consents, which always count. A
// CDM is of one kind: once it has the
// service's pseudonyms, no import goes without a list; one that has keyed ones takes the service's for everybody at
// once, or not at all. A pseudonym that a patient has from the service never changes.
//
// Property: a local identifier is in no table, not even a temporary one: the list meets the records by person_id.
#pragma once

#include <cstdint>

#include "core/duckdb.h"
#include "intake/pseudonym.h"
#include "intake/pseudonym_list.h"
#include "intake/source_record.h"

namespace clinnova::intake {

/// Whether the CDM's persons have the pseudonyms of an outside service.
Result<bool> HasOutsidePseudonyms(core::Database& database);

/// One thread at a time. Must not outlive the database, the key and the list.
class OutsidePseudonyms {
 public:
  /// Within the loader's transaction, when its staging tables are there.
  static Result<OutsidePseudonyms> Begin(core::Database& database, const PseudonymKey& key,
                                         const PseudonymList& list);

  /// Finds a patient in the list by the identifiers that the record says, each of a system.
  void Know(const SourceRecord& person);

  /// Gives staged persons their pseudonyms and puts what is staged of others into quarantine; how many patients these
  /// were. kInvalidInput naming the list and the line when it contradicts itself, the exports or the CDM.
  Result<std::int64_t> Apply();

 private:
  OutsidePseudonyms(core::Database& database, const PseudonymKey& key, const PseudonymList& list,
                    core::SqlAppender listed)
      : database_(&database), key_(&key), list_(&list), listed_(std::move(listed)) {}
  Result<void> Refuse(const char* query, const std::string& what);
  Result<void> Check();
  Result<void> CheckChanges();
  Result<void> TakeOver();

  core::Database* database_;   // not owned
  const PseudonymKey* key_;    // not owned
  const PseudonymList* list_;  // not owned
  core::SqlAppender listed_;
};

}  // namespace clinnova::intake
