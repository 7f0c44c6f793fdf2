// SPDX-License-Identifier: Apache-2.0
// A new key for a site's pseudonyms: every person gets a new pseudonym and every row a new identifier, in one
// transaction and without the files that were imported.
//
//   CLINNOVA_ASSIGN(auto store, store::Store::Open({.path = "site/cdm.duckdb"}));
//   CLINNOVA_ASSIGN(Rotation done, RotatePseudonyms(store, "site/pseudonym.key"));
//   // "gave 120 persons and 81,203 rows of 14 tables new identifiers: key 5f… -> 91…"
//
// Pseudonyms that an outside service gave (outside_pseudonyms.h) are not ours to change: persons keep them. Who has two
// CDMs of different generations can then tell by them which persons are the same; everything else is as said below.
//
// Which columns change, the database's own list of columns says (store::IsRowIdentifier), of the CDM's tables, the
// side tables and any other in the file; besides, those of pseudonyms (store::IsPseudonym). What an import does later arrives at the
// same identifiers (pseudonym.h): old files again change nothing, corrected ones replace.
//
// Crash: the new generation is in the key file, synced, before the transaction is committed, and the store says by
// fingerprint which generation it is at. So after kill -9 at any moment, key file and store fit (store_key.h):
// before the commit nothing has happened, after it everything.
//
// Property: as in pseudonym.h. Rows are written in the order of their new identifiers: their places in the tables say
// nothing about the old ones either. The database's file is another matter: the old rows' blocks are free, but hold what
// they held until something else is written there. Not changed: what records say, names and lines of imported files (clinnova.source,
// clinnova.provenance; never give those away).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "store/store.h"

namespace clinnova::intake {

struct Rotation {
  std::string before, after;   ///< the keys' fingerprints
  std::size_t generation = 0;  ///< of the key now; that of the first import is 1
  std::int64_t persons = 0;
  std::int64_t rows = 0;    ///< in all tables that hold identifiers
  std::int64_t tables = 0;  ///< that have any rows
  bool outside = false;     ///< persons kept their pseudonyms, which are an outside service's
};

/// Told after each step: a table and its rows, or what was done.
using RotationProgress = std::function<void(const std::string& step)>;

/// kInvalidInput: the store has no pseudonyms yet, or the key file is not the store's; kFailed with DuckDB's words, or
/// when two rows would get the same identifier (then another try draws another key); the store is then as it was.
/// The store must be open for writing, and nobody else uses it meanwhile. One thread.
Result<Rotation> RotatePseudonyms(store::Store& store, const std::string& key_file,
                                  const RotationProgress& progress = {});

struct PseudonymStatus {
  struct Key {
    std::string fingerprint;
    std::string since;  ///< "2026-11-26 22:10:05", the machine's clock
  };
  std::vector<Key> keys;  ///< the oldest first; the last one is in use
  std::int64_t persons = 0;
  std::int64_t pseudonyms = 0;  ///< persons who have one
  bool outside = false;         ///< they are an outside service's (outside_pseudonyms.h)
};

/// kFailed with DuckDB's words.
Result<PseudonymStatus> ReadPseudonymStatus(store::Store& store);

}  // namespace clinnova::intake
