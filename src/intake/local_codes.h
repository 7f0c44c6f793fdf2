// SPDX-License-Identifier: Apache-2.0
// A site's own codes: which of them nothing knows, what they might mean, and what the data manager decided.
//
//   CLINNOVA_ASSIGN(auto codes, UnmappedCodes(store.database(), {.suggestions = 3}));
//   CLINNOVA_TRY(Decide(store.database(), {{"", "CRP-U", "CRP ultrasensitiv", 3020460}}, "A. Muster"));
//
// A decision is a row of the CDM's table source_to_concept_map, with its validity; an earlier one for the
// same code is closed, not deleted. Each call of Decide is one version of the site's mapping, kept in
// clinnova.mapping_decision with who and when. It takes effect at the next import of the files.
// Thread rule: that of the database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/duckdb.h"
#include "core/error.h"

namespace clinnova::intake {

struct SuggestedConcept {
  std::int64_t concept_id = 0;
  std::string name;
  std::string vocabulary;
  double similarity = 0.0;  ///< NameSimilarity with the source's description
};

struct UnmappedLocalCode {
  std::string kind;         ///< "measurement", as in the import's report
  std::string system;       ///< short name; empty: the source names none
  std::string code;         ///< or the text where there is no code
  std::string description;  ///< may be empty
  std::int64_t rows = 0;    ///< of the CDM that carry it with concept 0
  std::vector<SuggestedConcept>
      suggestions;  ///< best first; standard concepts of the kind's domain
};

struct UnmappedOptions {
  std::size_t limit = 50;
  std::size_t suggestions = 3;
};
/// The codes without a concept and without a decision, most frequent first.
Result<std::vector<UnmappedLocalCode>> UnmappedCodes(core::Database& database,
                                                     const UnmappedOptions& options);

/// How alike two names are, 0 to 1: the share of three-letter sequences that both have, of those that one
/// has, each word padded with two blanks in front and one behind. Source: PostgreSQL's pg_trgm, similarity().
double NameSimilarity(std::string_view a, std::string_view b);

struct LocalCodeDecision {
  std::string system;
  std::string code;
  std::string description;
  std::int64_t target_concept_id = 0;  ///< 0: decided that there is none
};
/// Decisions from a CSV file with a header: source_code, description, target_concept_id, and where codes of
/// several systems are meant source_vocabulary. kInvalidInput names file, line and column.
Result<std::vector<LocalCodeDecision>> ReadDecisions(const std::filesystem::path& file);

/// Records decisions, all or none; returns the version. kInvalidInput: there are none, a code is given twice
/// with different targets, or a target is no standard concept of this store (the message names the concept
/// that it maps to, where there is one).
Result<std::int64_t> Decide(core::Database& database,
                            const std::vector<LocalCodeDecision>& decisions,
                            const std::string& decided_by);

struct MappingVersion {
  std::int64_t version = 0;
  std::string decided_at;
  std::string decided_by;
  std::int64_t decisions = 0;
};
/// All versions, newest first.
Result<std::vector<MappingVersion>> MappingVersions(core::Database& database);

}  // namespace clinnova::intake
