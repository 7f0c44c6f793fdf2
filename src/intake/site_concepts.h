// SPDX-License-Identifier: Apache-2.0
// What a site's codes mean, from three sources in this order: what the site decided itself (the CDM's table
// source_to_concept_map, written by local_codes.h), the embedded vocabulary, and a vocabulary loaded from
// Athena, through "Maps to". An ICD-10 code that none knows as it stands is looked up upwards in the
// embedded vocabulary (M05.80 -> M05.8 -> M05).
//
//   CLINNOVA_ASSIGN(SiteConcepts concepts, SiteConcepts::Open(vocabulary, store.database()));
//   concepts.Resolve({"ICD10GM", "M05.80", ""})->id;
//
// Every distinct spelling of a code is looked up once. Where a code maps to several standard concepts the one with the
// smallest identifier is taken: a record stays one row. Thread rule: that of the database.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/duckdb.h"
#include "intake/record_resolver.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::intake {

class SiteConcepts final : public CodeLookup {
 public:
  /// `vocabulary` and `database`, a site's store, are not owned and outlive this.
  static Result<SiteConcepts> Open(const vocabulary::Vocabulary& vocabulary,
                                   core::Database& database);

  const vocabulary::Concept* Resolve(const SourceCode& code) override;

  /// The first failure of the database while looking up; what was asked then was answered with null.
  const Result<void>& status() const { return status_; }

 private:
  using Key = std::pair<std::string, std::string>;  ///< (short name of the system, code or text)

  /// A concept that is not in the embedded vocabulary, with the texts that it views.
  struct StoredConcept {
    std::string name, domain, vocabulary, concept_class, standard, code;
    vocabulary::Concept seen;
  };

  SiteConcepts(const vocabulary::Vocabulary& vocabulary, core::Database& database)
      : vocabulary_(&vocabulary), database_(&database) {}
  const vocabulary::Concept* LookUp(const Key& key, const SourceCode& code);
  Result<const vocabulary::Concept*> FromAthena(const std::string& system, const std::string& code);
  Result<const vocabulary::Concept*> Find(std::int64_t concept_id);

  const vocabulary::Vocabulary* vocabulary_;  // not owned
  core::Database* database_;                  // not owned
  bool has_athena_ = false;
  std::map<Key, std::int64_t> decided_;
  std::unordered_map<std::string, const vocabulary::Concept*> known_;  ///< by the source's spelling
  std::string spelling_;
  std::map<std::int64_t, const vocabulary::Concept*> stored_by_id_;
  std::deque<StoredConcept> stored_;
  Result<void> status_;
};

}  // namespace clinnova::intake
