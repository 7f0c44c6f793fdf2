// SPDX-License-Identifier: Apache-2.0
#include "intake/store_key.h"

#include <filesystem>
#include <utility>

namespace clinnova::intake {
namespace {

/// An earlier key of the store is an old copy of the key file; any other is another site's.
Result<void> WrongKey(core::Database& database, const std::string& path, const std::string& found,
                      const std::string& expected) {
  const std::string message = "key file " + path + ": found key " + found +
                              ", the store's pseudonyms were made with key " + expected;
  CLINNOVA_ASSIGN(
      const std::int64_t earlier,
      database.QueryInt64("SELECT count(*) FROM clinnova.pseudonym_key WHERE fingerprint = ?",
                          {found}));
  return Fail(
      ErrorCode::kInvalidInput,
      message + (earlier > 0 ? ": this is the key from before a rotation, expected the copy "
                               "that was made after it"
                             : ""));
}

/// How many of the key's generations the store has gone through; 0 when it has another key.
std::size_t GenerationsOf(const PseudonymKey& key, const std::string& fingerprint) {
  for (std::size_t count = key.generations(); count > 0; --count) {
    if (key.Fingerprint(count) == fingerprint) return count;
  }
  return 0;
}

}  // namespace

// The rows are only ever added, so the last one is the newest whatever the machine's clock did.
Result<std::string> StoreFingerprint(core::Database& database) {
  CLINNOVA_ASSIGN(auto rows, database.Query("SELECT fingerprint FROM clinnova.pseudonym_key "
                                            "ORDER BY rowid DESC LIMIT 1"));
  if (!rows.NextChunk()) return std::string();
  return std::string(rows.Text(0, 0));
}

Result<StoreKey> LoadWholeKey(core::Database& database, const std::string& path) {
  CLINNOVA_ASSIGN(const std::string fingerprint, StoreFingerprint(database));
  if (fingerprint.empty()) {
    return Fail(ErrorCode::kInvalidInput, "the store has no pseudonyms yet: import data first");
  }
  std::error_code none;
  if (!std::filesystem::exists(path, none)) {
    return Fail(ErrorCode::kInvalidInput,
                "key file " + path +
                    ": not found, and the store's pseudonyms were made with one: key " +
                    fingerprint);
  }
  CLINNOVA_ASSIGN(PseudonymKey key, PseudonymKey::Load(path));
  const std::size_t generations = GenerationsOf(key, fingerprint);
  if (generations == 0) {
    CLINNOVA_TRY(WrongKey(database, path, key.Fingerprint(), fingerprint));
  }
  CLINNOVA_ASSIGN(const std::int64_t older,
                  database.QueryInt64("SELECT count(*) FROM clinnova.setting WHERE name = "
                                      "'row_hash' AND value = 'blake2b'"));
  key.SetRowHash(older > 0 ? RowHash::kBlake2b : RowHash::kSipHash);
  return StoreKey{std::move(key), generations};
}

Result<PseudonymKey> LoadStoreKey(core::Database& database, const std::string& path) {
  CLINNOVA_ASSIGN(StoreKey stored, LoadWholeKey(database, path));
  stored.key.KeepGenerations(stored.generations);
  return std::move(stored.key);
}

}  // namespace clinnova::intake
