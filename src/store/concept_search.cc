// SPDX-License-Identifier: Apache-2.0
#include "store/concept_search.h"

#include <sstream>
#include <string_view>

namespace clinnova::store {
namespace {

using core::Database;
using core::SqlValue;

/// "c-reactive protein" finds "C reactive protein".
constexpr std::string_view kBetweenWords = "-,;()[]/";
const std::string kSpacedName = "translate(lower(c.concept_name), '-,;()[]/', '        ')";

constexpr const char* kSelect =
    "SELECT c.concept_id, c.concept_name, c.domain_id, c.vocabulary_id, c.concept_class_id, "
    "coalesce(c.standard_concept, ''), c.concept_code FROM concept c ";

std::vector<FoundConcept> Take(core::SqlRows& rows) {
  std::vector<FoundConcept> found;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const auto text = [&](std::size_t column) { return std::string(rows.Text(column, r)); };
      found.push_back({rows.Int64(0, r), text(1), text(2), text(3), text(4), text(5), text(6)});
    }
  }
  return found;
}

}  // namespace

Result<std::vector<FoundConcept>> SearchConcepts(Database& database, const ConceptQuery& query) {
  std::string text = query.text;
  for (char& c : text) c = kBetweenWords.find(c) == kBetweenWords.npos ? c : ' ';
  std::istringstream words(text);
  std::string by_name;
  std::vector<SqlValue> parameters;
  for (std::string word; words >> word;) {
    by_name.append(by_name.empty() ? "" : " AND ")
        .append("contains(" + kSpacedName + ", lower(?))");
    parameters.emplace_back(word);
  }
  if (by_name.empty())
    return Fail(ErrorCode::kInvalidInput, "text: found none, expected words or a code");
  parameters.insert(parameters.end(), {query.text, query.domain, query.domain, query.text,
                                       query.text, text, static_cast<std::int64_t>(query.limit)});
  CLINNOVA_ASSIGN(
      auto rows,
      database.Query(kSelect + std::string("WHERE (") + by_name +
                         " OR c.concept_code = ?) AND (? = '' OR lower(c.domain_id) = lower(?)) "
                         "ORDER BY c.concept_code = ? OR lower(c.concept_name) = lower(?) DESC, "
                         "starts_with(" +
                         kSpacedName +
                         ", lower(?)) DESC, "
                         "c.standard_concept IS NOT DISTINCT FROM 'S' DESC, "
                         "length(c.concept_name), c.concept_id LIMIT ?",
                     parameters));
  return Take(rows);
}

Result<ConceptNeighbours> ConceptWithNeighbours(Database& database, std::int64_t concept_id) {
  CLINNOVA_ASSIGN(auto self,
                  database.Query(kSelect + std::string("WHERE c.concept_id = ?"), {concept_id}));
  const std::vector<FoundConcept> found = Take(self);
  if (found.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                "concept " + std::to_string(concept_id) + ": this store does not know it");
  }
  ConceptNeighbours shown{found.front(), {}, {}, {}};
  const std::pair<const char*, std::vector<FoundConcept>*> groups[] = {
      {"JOIN concept_relationship r ON r.concept_id_2 = c.concept_id WHERE r.concept_id_1 = ? AND "
       "r.relationship_id = 'Maps to' AND r.concept_id_2 <> r.concept_id_1",
       &shown.maps_to},
      {"JOIN concept_ancestor a ON a.ancestor_concept_id = c.concept_id WHERE "
       "a.descendant_concept_id = ? "
       "AND a.min_levels_of_separation = 1",
       &shown.above},
      {"JOIN concept_ancestor a ON a.descendant_concept_id = c.concept_id WHERE "
       "a.ancestor_concept_id = ? "
       "AND a.min_levels_of_separation = 1",
       &shown.below}};
  for (const auto& [joined, into] : groups) {
    CLINNOVA_ASSIGN(
        auto rows,
        database.Query(kSelect + std::string(joined) + " ORDER BY c.concept_id", {concept_id}));
    *into = Take(rows);
  }
  return shown;
}

}  // namespace clinnova::store
