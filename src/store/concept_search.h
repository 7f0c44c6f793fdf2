// SPDX-License-Identifier: Apache-2.0
// Looks into the store's concepts for a person who chooses one.
// Thread rule: that of the database.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/duckdb.h"
#include "core/error.h"

namespace clinnova::store {

struct FoundConcept {
  std::int64_t concept_id = 0;
  std::string name, domain, vocabulary, concept_class;
  std::string standard;  ///< "S", "C" or empty
  std::string code;
};

struct ConceptQuery {
  std::string text;    ///< every word must be in the name, in any case; or it is the code
  std::string domain;  ///< empty: any
  std::size_t limit = 20;
};
/// Exact codes and names first, then names that begin so, standard concepts, shorter names. kInvalidInput: no text.
Result<std::vector<FoundConcept>> SearchConcepts(core::Database& database,
                                                 const ConceptQuery& query);

struct ConceptNeighbours {
  FoundConcept self;
  std::vector<FoundConcept> maps_to;  ///< standard concepts that stand for it
  std::vector<FoundConcept> above;    ///< one level of separation
  std::vector<FoundConcept> below;
};
/// kInvalidInput: the store does not know the concept.
Result<ConceptNeighbours> ConceptWithNeighbours(core::Database& database, std::int64_t concept_id);

}  // namespace clinnova::store
