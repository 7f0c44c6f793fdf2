// SPDX-License-Identifier: Apache-2.0
// Which key goes with a store. The store says it by fingerprint; the key file may have a generation more than
// the store, after a rotation that was interrupted before its commit, or because the store is an older copy.
//
//   CLINNOVA_ASSIGN(PseudonymKey key, LoadStoreKey(store.database(), "site/pseudonym.key"));
//   key.PersonId("p1");     // as in the store
#pragma once

#include <string>

#include "core/duckdb.h"
#include "intake/pseudonym.h"

namespace clinnova::intake {

/// The fingerprint of the key that made the store's pseudonyms; empty before the first import.
Result<std::string> StoreFingerprint(core::Database& database);

/// The key of a file, with all its generations, and how many of them the store has gone through.
struct StoreKey {
  PseudonymKey key;
  std::size_t generations = 0;
};
/// kInvalidInput as LoadStoreKey.
Result<StoreKey> LoadWholeKey(core::Database& database, const std::string& path);

/// The key with the generations that the store has gone through, and no later one. kInvalidInput as
/// PseudonymKey::Load, and when the store's pseudonyms were made with another key or with none yet.
Result<PseudonymKey> LoadStoreKey(core::Database& database, const std::string& path);

}  // namespace clinnova::intake
