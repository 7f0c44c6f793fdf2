// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "core/hash.h"
#include "store/cdm54.h"
#include "store/side_tables.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::store {
namespace {

using core::Database;
using core::SqlAppender;

/// 0 for an empty database; kInvalidInput when there are tables, but not ours.
Result<int> ReadVersion(Database& database, const std::string& path) {
  CLINNOVA_ASSIGN(
      const auto known,
      database.QueryInt64("SELECT count(*) FROM information_schema.tables WHERE "
                          "table_schema = 'clinnova' AND table_name = 'schema_version'"));
  if (known == 1) {
    CLINNOVA_ASSIGN(
        const auto version,
        database.QueryInt64("SELECT coalesce(max(version), 0) FROM clinnova.schema_version"));
    return static_cast<int>(version);
  }
  CLINNOVA_ASSIGN(const auto tables,
                  database.QueryInt64("SELECT count(*) FROM information_schema.tables"));
  if (tables == 0) return 0;
  return Fail(ErrorCode::kInvalidInput,
              path + ": a database with " + std::to_string(tables) +
                  " tables, but not a site's store (no clinnova.schema_version)");
}

Result<void> Migrate(Database& database, int from) {
  if (from == 0) {
    CLINNOVA_TRY(database.Execute(Cdm54Ddl()));
    CLINNOVA_TRY(
        database.Execute("CREATE SCHEMA clinnova;"
                         "CREATE TABLE clinnova.schema_version (version INTEGER NOT NULL, "
                         "applied_at TIMESTAMP NOT NULL)"));
  }
  for (const Migration& migration : SideTableMigrations()) {
    if (migration.version <= from) continue;
    CLINNOVA_TRY(database.Execute(migration.sql));
    CLINNOVA_TRY(database.Query("INSERT INTO clinnova.schema_version VALUES (?, now()::TIMESTAMP)",
                                {std::int64_t{migration.version}}));
  }
  return {};
}

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

Result<bool> VocabularyIsCurrent(Database& database, const std::string& hash) {
  CLINNOVA_ASSIGN(const auto same,
                  database.QueryInt64("SELECT count(*) FROM clinnova.setting WHERE name = "
                                      "'vocabulary_hash' AND value = ?",
                                      {hash}));
  return same == 1;
}

/// Concepts that the CDM already holds, from a full vocabulary, are left as they are; our own local ones
/// (2,000,000,000 to 2,000,099,999) are written anew.
Result<void> WriteVocabulary(Database& database, const vocabulary::Vocabulary& vocabulary,
                             const std::string& hash) {
  CLINNOVA_TRY(
      database.Execute("CREATE TEMP TABLE new_concept AS SELECT * FROM concept LIMIT 0;"
                       "CREATE TEMP TABLE new_ancestor AS SELECT * FROM concept_ancestor LIMIT 0"));
  CLINNOVA_ASSIGN(SqlAppender concepts, database.Append("new_concept"));
  for (const auto& concept_ : vocabulary.concepts()) AppendConcept(concepts, concept_);
  CLINNOVA_TRY(concepts.Finish());
  CLINNOVA_ASSIGN(SqlAppender ancestors, database.Append("new_ancestor"));
  for (const auto& [above, below] : vocabulary.AncestorPairs()) {
    for (const std::int64_t value : {above, below, std::int64_t{1}, std::int64_t{1}}) {
      ancestors.Int64(value);
    }
    ancestors.EndRow();
  }
  CLINNOVA_TRY(ancestors.Finish());
  CLINNOVA_TRY(database.Query("DELETE FROM clinnova.setting WHERE name = 'vocabulary_hash'"));
  CLINNOVA_TRY(
      database.Query("INSERT INTO clinnova.setting VALUES ('vocabulary_hash', ?)", {hash}));
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

Result<void> Upgrade(Database& database, int from) {
  const vocabulary::Vocabulary vocabulary;
  const std::string hash = VocabularyHash(vocabulary);
  if (from == Store::CurrentVersion()) {
    CLINNOVA_ASSIGN(const bool current, VocabularyIsCurrent(database, hash));
    if (current) return {};
  }
  CLINNOVA_TRY(database.Execute("BEGIN"));
  Result<void> done = Migrate(database, from);
  if (done) done = WriteVocabulary(database, vocabulary, hash);
  if (done) done = database.Execute("COMMIT");
  if (!done) static_cast<void>(database.Execute("ROLLBACK"));
  return done;
}

}  // namespace

int Store::CurrentVersion() { return SideTableMigrations().back().version; }

Result<Store> Store::Open(const Options& options) {
  CLINNOVA_ASSIGN(Database database,
                  Database::Open({.path = options.path,
                                  .read_only = options.access == Access::kReadOnly,
                                  .threads = options.threads,
                                  .memory_limit = options.memory_limit}));
  CLINNOVA_ASSIGN(const int version, ReadVersion(database, options.path));
  const int current = CurrentVersion();
  if (version > current) {
    return Fail(ErrorCode::kInvalidInput,
                options.path + ": store version " + std::to_string(version) +
                    ", this program knows up to " + std::to_string(current));
  }
  if (options.access == Access::kReadOnly) {
    if (version < current) {
      return Fail(ErrorCode::kInvalidInput, options.path + ": store version " +
                                                std::to_string(version) + " must be brought to " +
                                                std::to_string(current) +
                                                " first: open it for writing");
    }
  } else {
    CLINNOVA_TRY(Upgrade(database, version));
  }
  return Store(std::move(database));
}

Result<void> Store::SetConsentRule(ConsentRule rule) {
  CLINNOVA_TRY(
      database_.Query("UPDATE clinnova.setting SET value = ? WHERE name = 'consent_required'",
                      {std::string(rule == ConsentRule::kRequired ? "true" : "false")}));
  return {};
}

}  // namespace clinnova::store
