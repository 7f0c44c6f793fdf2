// SPDX-License-Identifier: Apache-2.0
// The embedded vocabulary in the CDM's vocabulary tables, beside a full one if there is one.
// Thread rule: const use from any thread; the database by one thread at a time.
#pragma once

#include <string>

#include "core/duckdb.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::store {

class EmbeddedConcepts {
 public:
  EmbeddedConcepts();

  /// Whether the store holds exactly these already.
  Result<bool> AreCurrent(core::Database& database) const;

  /// Writes them within the open transaction. Concepts that the CDM already holds, from a full vocabulary,
  /// are left as they are; our own local ones (2,000,000,000 to 2,000,099,999) are written anew.
  Result<void> Write(core::Database& database) const;

 private:
  vocabulary::Vocabulary vocabulary_;
  std::string hash_;  ///< changes with everything of the vocabulary that the CDM would show
};

}  // namespace clinnova::store
