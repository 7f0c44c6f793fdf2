// SPDX-License-Identifier: Apache-2.0
// A site's store: the OMOP CDM 5.4 and the side tables in one DuckDB file.
//
//   CLINNOVA_ASSIGN(auto store, Store::Open({.path = "site.duckdb"}));
//   CLINNOVA_ASSIGN(auto persons, store.database().QueryInt64("SELECT count(*) FROM person"));
//
// Thread rule: one thread at a time. One process at a time may have the file open for writing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/duckdb.h"
#include "core/error.h"

namespace clinnova::store {

class Store {
 public:
  enum class Access { kReadWrite, kReadOnly };
  struct Options {
    std::string path = {};  ///< file; empty = in memory
    Access access = Access::kReadWrite;
    int threads = 2;
    std::string memory_limit = {};  ///< such as "512MB"; empty = DuckDB's default
  };

  /// Opens the file, makes it when it does not exist, and brings an older one to the present version in
  /// one transaction; the embedded vocabulary's concepts are in the CDM's vocabulary tables afterwards.
  /// kInvalidInput when the file is not a site's store or was written by a newer version; kFailed when
  /// it cannot be opened (DuckDB's words). Read-only access to an older version is kInvalidInput.
  static Result<Store> Open(const Options& options);

  core::Database& database() { return database_; }

  /// The version of the side tables that this program writes.
  static int CurrentVersion();

  /// Whether a person without a recorded consent is left out of every study. On by default; a site whose
  /// legal basis is another one turns it off. A refusal or withdrawal always counts.
  enum class ConsentRule { kRequired, kUnlessRefused };
  Result<void> SetConsentRule(ConsentRule rule);

 private:
  explicit Store(core::Database database) : database_(std::move(database)) {}
  core::Database database_;
};

}  // namespace clinnova::store
