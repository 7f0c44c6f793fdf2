// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "store/cdm54.h"
#include "store/embedded_concepts.h"
#include "store/side_tables.h"

namespace clinnova::store {
namespace {

using core::Database;

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

Result<void> Upgrade(Database& database, int from) {
  const EmbeddedConcepts concepts;
  if (from == Store::CurrentVersion()) {
    CLINNOVA_ASSIGN(const bool current, concepts.AreCurrent(database));
    if (current) return {};
  }
  CLINNOVA_TRY(database.Execute("BEGIN"));
  Result<void> done = Migrate(database, from);
  if (done) done = concepts.Write(database);
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
