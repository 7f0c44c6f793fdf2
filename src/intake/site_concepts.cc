// SPDX-License-Identifier: Apache-2.0
#include "intake/site_concepts.h"

#include "vocabulary/code_system.h"

namespace clinnova::intake {
namespace {

using vocabulary::Concept;

/// The name that Athena gives a code system where it differs from ours.
std::string AthenaName(const std::string& system) { return system == "ICD10FR" ? "CIM10" : system; }

/// Athena writes ICD-10 codes with their dot.
std::string AthenaCode(const std::string& system, const std::string& code) {
  if (!vocabulary::IsIcd10(system)) return code;
  const std::string plain = vocabulary::NormalCode(system, code);
  return plain.size() > 3 ? plain.substr(0, 3) + "." + plain.substr(3) : plain;
}

}  // namespace

Result<SiteConcepts> SiteConcepts::Open(const vocabulary::Vocabulary& vocabulary,
                                        core::Database& database) {
  SiteConcepts concepts(vocabulary, database);
  CLINNOVA_ASSIGN(const auto athena,
                  database.QueryInt64("SELECT count(*) FROM clinnova.setting WHERE "
                                      "name = 'athena_version'"));
  concepts.has_athena_ = athena > 0;
  CLINNOVA_ASSIGN(auto rows, database.Query("SELECT source_vocabulary_id, source_code, "
                                            "target_concept_id FROM source_to_concept_map "
                                            "WHERE invalid_reason IS NULL"));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      concepts.decided_[{std::string(rows.Text(0, r)), std::string(rows.Text(1, r))}] =
          rows.Int64(2, r);
    }
  }
  return concepts;
}

const Concept* SiteConcepts::Resolve(const SourceCode& code) {
  const std::string& word = code.code.empty() ? code.display : code.code;
  if (word.empty()) return nullptr;
  // A text is not looked up as a code is: the two are kept apart.
  spelling_.assign(code.system).append(1, code.code.empty() ? '\1' : '\0').append(word);
  const auto known = known_.find(spelling_);
  if (known != known_.end()) return known->second;
  const Concept* found = LookUp({vocabulary::CodeSystemName(code.system), word}, code);
  known_.emplace(spelling_, found);
  return found;
}

const Concept* SiteConcepts::LookUp(const Key& key, const SourceCode& code) {
  const auto take = [this](const Result<const Concept*>& found) -> const Concept* {
    if (found) return *found;
    if (status_) status_ = Fail(found);
    return nullptr;
  };
  const auto decided = decided_.find(key);
  if (decided != decided_.end())
    return decided->second == 0 ? nullptr : take(Find(decided->second));
  if (code.code.empty()) return nullptr;
  if (const Concept* exact = vocabulary_->ResolveExactly(key.first, code.code)) return exact;
  if (has_athena_) {
    if (const Concept* athena = take(FromAthena(key.first, code.code))) return athena;
  }
  return vocabulary_->Resolve(key.first, code.code);
}

Result<const Concept*> SiteConcepts::FromAthena(const std::string& system,
                                                const std::string& code) {
  CLINNOVA_ASSIGN(auto rows, database_->Query(R"sql(
SELECT coalesce(min(CASE WHEN standard_concept = 'S' THEN concept_id END),
                (SELECT min(r.concept_id_2) FROM concept_relationship r JOIN concept target
                   ON target.concept_id = r.concept_id_2
                 WHERE r.concept_id_1 = min(source.concept_id) AND r.relationship_id = 'Maps to'
                   AND r.invalid_reason IS NULL AND target.standard_concept = 'S'), 0)
FROM concept source WHERE concept_code = ? AND vocabulary_id = ?)sql",
                                              {AthenaCode(system, code), AthenaName(system)}));
  if (!rows.NextChunk() || rows.Int64(0, 0) == 0) return nullptr;
  return Find(rows.Int64(0, 0));
}

Result<const Concept*> SiteConcepts::Find(std::int64_t concept_id) {
  if (const Concept* embedded = vocabulary_->Find(concept_id)) return embedded;
  const auto known = stored_by_id_.find(concept_id);
  if (known != stored_by_id_.end()) return known->second;
  CLINNOVA_ASSIGN(auto rows, database_->Query(
                                 "SELECT concept_name, domain_id, vocabulary_id, concept_class_id, "
                                 "coalesce(standard_concept, ''), concept_code FROM concept "
                                 "WHERE concept_id = ?",
                                 {concept_id}));
  if (!rows.NextChunk()) return nullptr;
  const auto text = [&rows](std::size_t column) { return std::string(rows.Text(column, 0)); };
  StoredConcept& stored =
      stored_.emplace_back(StoredConcept{text(0), text(1), text(2), text(3), text(4), text(5), {}});
  stored.seen = {concept_id,
                 stored.name,
                 stored.domain,
                 stored.vocabulary,
                 stored.concept_class,
                 stored.standard,
                 stored.code,
                 {},
                 {},
                 {}};
  stored_by_id_.emplace(concept_id, &stored.seen);
  return &stored.seen;
}

}  // namespace clinnova::intake
