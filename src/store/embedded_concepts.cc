// SPDX-License-Identifier: Apache-2.0
#include "store/embedded_concepts.h"

#include "core/hash.h"

namespace clinnova::store {
namespace {

using core::Database;
using core::SqlAppender;

void AppendConcept(SqlAppender& rows, const vocabulary::Concept& concept_) {
  rows.Int64(concept_.id);
  rows.Text(concept_.name);
  rows.Text(concept_.domain);
  rows.Text(concept_.vocabulary);
  rows.Text(concept_.concept_class);
  if (concept_.standard.empty())
    rows.Null();
  else
    rows.Text(concept_.standard);
  // The CDM asks for a code; where OMOP's own is not known the identifier stands in.
  rows.Text(concept_.code.empty() ? std::to_string(concept_.id) : std::string(concept_.code));
  rows.Text("1970-01-01");
  rows.Text("2099-12-31");
  rows.Null();
  rows.EndRow();
}

/// Changes with every change of the embedded vocabulary that the CDM would show.
std::string VocabularyHash(const vocabulary::Vocabulary& vocabulary) {
  std::string text;
  for (const auto& concept_ : vocabulary.concepts()) {
    text += std::to_string(concept_.id);
    for (const std::string_view part : {concept_.name, concept_.domain, concept_.vocabulary,
                                        concept_.concept_class, concept_.standard, concept_.code}) {
      text += '\t';
      text += part;
    }
  }
  for (const auto& [above, below] : vocabulary.AncestorPairs()) {
    text += std::to_string(above) + '>' + std::to_string(below) + '\n';
  }
  return core::ToHex(core::Blake2b(text));
}

}  // namespace

EmbeddedConcepts::EmbeddedConcepts() : hash_(VocabularyHash(vocabulary_)) {}

Result<bool> EmbeddedConcepts::AreCurrent(Database& database) const {
  CLINNOVA_ASSIGN(const auto same,
                  database.QueryInt64("SELECT count(*) FROM clinnova.setting WHERE name = "
                                      "'vocabulary_hash' AND value = ?",
                                      {hash_}));
  return same == 1;
}

Result<void> EmbeddedConcepts::Write(Database& database) const {
  CLINNOVA_TRY(
      database.Execute("CREATE TEMP TABLE new_concept AS SELECT * FROM concept LIMIT 0;"
                       "CREATE TEMP TABLE new_ancestor AS SELECT * FROM concept_ancestor LIMIT 0"));
  CLINNOVA_ASSIGN(SqlAppender concepts, database.Append("new_concept"));
  for (const auto& concept_ : vocabulary_.concepts()) AppendConcept(concepts, concept_);
  CLINNOVA_TRY(concepts.Finish());
  CLINNOVA_ASSIGN(SqlAppender ancestors, database.Append("new_ancestor"));
  for (const auto& [above, below] : vocabulary_.AncestorPairs()) {
    for (const std::int64_t value : {above, below, std::int64_t{1}, std::int64_t{1}}) {
      ancestors.Int64(value);
    }
    ancestors.EndRow();
  }
  CLINNOVA_TRY(ancestors.Finish());
  CLINNOVA_TRY(database.Query("DELETE FROM clinnova.setting WHERE name = 'vocabulary_hash'"));
  CLINNOVA_TRY(
      database.Query("INSERT INTO clinnova.setting VALUES ('vocabulary_hash', ?)", {hash_}));
  return database.Execute(R"sql(
DELETE FROM concept WHERE concept_id BETWEEN 2000000000 AND 2000099999;
DELETE FROM concept_ancestor WHERE ancestor_concept_id BETWEEN 2000000000 AND 2000099999;
INSERT INTO concept SELECT * FROM new_concept n
  WHERE NOT EXISTS (SELECT 1 FROM concept c WHERE c.concept_id = n.concept_id);
INSERT INTO concept_ancestor SELECT * FROM new_ancestor n
  WHERE NOT EXISTS (SELECT 1 FROM concept_ancestor a
                    WHERE a.ancestor_concept_id = n.ancestor_concept_id
                      AND a.descendant_concept_id = n.descendant_concept_id);
INSERT INTO vocabulary (vocabulary_id, vocabulary_name, vocabulary_concept_id)
  SELECT DISTINCT n.vocabulary_id, n.vocabulary_id, 0 FROM new_concept n
  WHERE NOT EXISTS (SELECT 1 FROM vocabulary v WHERE v.vocabulary_id = n.vocabulary_id);
INSERT INTO domain (domain_id, domain_name, domain_concept_id)
  SELECT DISTINCT n.domain_id, n.domain_id, 0 FROM new_concept n
  WHERE NOT EXISTS (SELECT 1 FROM domain d WHERE d.domain_id = n.domain_id);
INSERT INTO concept_class (concept_class_id, concept_class_name, concept_class_concept_id)
  SELECT DISTINCT n.concept_class_id, n.concept_class_id, 0 FROM new_concept n
  WHERE NOT EXISTS (SELECT 1 FROM concept_class c WHERE c.concept_class_id = n.concept_class_id);
DROP TABLE new_concept;
DROP TABLE new_ancestor;
)sql");
}

}  // namespace clinnova::store
