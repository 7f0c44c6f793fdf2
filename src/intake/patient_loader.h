// SPDX-License-Identifier: Apache-2.0
// The records of the patients who are asked about right now, as a CDM in memory: what an import makes of them (its
// statements, as views of rows in memory; its checks, record by record). Nothing is written to disk, and nothing of a
// patient stays.
//
//   CLINNOVA_ASSIGN(auto store, store::Store::Open({.path = "", .threads = 1}));
//   CLINNOVA_ASSIGN(auto loader, PatientLoader::Create(store, key));
//   loader->Begin();
//   for (const auto& read : records) loader->Take(read.record, read.resolved);
//   loader->Load();                    // person, measurement, … hold these patients and nobody else: views of
//                                      // these names go before the CDM's tables
//                                      // patient_row holds all of them at once
//   … ask …
//   loader->Forget();
//
// patient_row is a view of one row for each person, consent and event: person_id and the columns of person (sex and
// birth), clinnova.consent, condition_occurrence, drug_exposure, procedure_occurrence, measurement and observation
// that features are made of, NULL in those of the other tables. It is one pass over the rows where a union of the
// tables is seven.
//
// An import of one patient takes a hundred milliseconds, nearly all of it to plan sixty statements, and inserting one
// takes three; this takes a tenth of one. What is left out is what has no meaning here: earlier versions of a
// record, provenance, the import's report. Thread rule: one thread at a time, which nobody else's use of the store disturbs.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "intake/pseudonym.h"
#include "intake/record_identities.h"
#include "intake/record_resolver.h"
#include "intake/source_record.h"
#include "store/store.h"

namespace clinnova::intake {

/// A record with what the vocabulary made of it.
struct ReadRecord {
  SourceRecord record;
  ResolvedRecord resolved;
};

class PatientLoader {
 public:
  /// `store` is in memory and empty; it and `key` are not owned and outlive the loader.
  static Result<std::unique_ptr<PatientLoader>> Create(store::Store& store,
                                                       const PseudonymKey& key);

  /// Begins a question. What a failed one left behind is forgotten first.
  void Begin();
  /// A record that says that it is not true is left out. Rejected ones are left out; their rule is in
  /// `resolved`.
  void Take(ReadRecord read);
  /// Shows what was taken as the CDM, but for records of a patient who is not among them and those dated before the
  /// birth.
  void Load();
  /// The CDM is empty again.
  void Forget();

  /// The person_id of a patient as Take() will make it.
  std::int64_t PersonId(const std::string& patient_id) const { return key_.PersonId(patient_id); }

 private:
  PatientLoader(core::Database& database, const PseudonymKey& key)
      : database_(database), key_(key) {}
  Result<void> MakeTables();
  Result<void> MakeView(const std::string& statement);
  std::vector<ReadRecord> LastVersions();
  std::vector<ReadRecord> Loadable();

  core::Database& database_;  // not owned
  const PseudonymKey& key_;   // not owned
  std::vector<ReadRecord> taken_;
  std::optional<core::SqlRowSet> rows_;
  std::optional<RecordIdentities> identities_;  ///< of one question
};

}  // namespace clinnova::intake
