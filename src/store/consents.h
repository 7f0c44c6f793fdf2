// SPDX-License-Identifier: Apache-2.0
// What a site's store knows of its persons' consents: how many have which, what one person said, and what an import
// changed. Counts are the site's own to see: nothing here leaves it.
//
//   CLINNOVA_ASSIGN(ConsentSummary summary, SummariseConsents(store));
//   CLINNOVA_ASSIGN(auto before, ConsentSnapshot::Take(store));  // … an import …
//   CLINNOVA_ASSIGN(auto after, ConsentSnapshot::Take(store));
//   ConsentChange change = after.Since(before);                  // counts, no person
//
// A person's state for a purpose is decided as the view clinnova.research_person decides it for research: by the newest
// statement that is in force today; on the same day a refusal or withdrawal wins. Thread rule: the store's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "store/store.h"

namespace clinnova::store {

/// Persons by what they say about one purpose today. Each is counted once, `none` are all others of the store.
struct PurposeConsents {
  std::string purpose;
  std::int64_t given = 0;
  std::int64_t refused = 0;    ///< also where the refusal has an end that is over
  std::int64_t withdrawn = 0;  ///< likewise
  std::int64_t expired = 0;    ///< was given, and its end is over
  std::int64_t not_yet = 0;    ///< begins on a later day
  std::int64_t none = 0;
  std::int64_t statements = 0;  ///< rows about the purpose, whoever's
};

struct ConsentSummary {
  std::int64_t persons = 0;
  std::int64_t research_persons = 0;  ///< whom studies see: clinnova.research_person
  bool required = true;  ///< false: persons without a statement are seen, too (Store::ConsentRule)
  std::vector<PurposeConsents> purposes{};  ///< "research" first, the others by name
};
Result<ConsentSummary> SummariseConsents(Store& store);

/// One statement, its days as "2027-03-31"; empty: no beginning, no end.
struct ConsentStatement {
  std::string purpose;
  std::string status;  ///< given, refused or withdrawn
  std::string from;
  std::string to;
};
struct PersonConsents {
  bool seen_by_studies = false;
  std::vector<ConsentStatement> statements{};  ///< newest first
};
/// By the CDM's pseudonym, person_source_value. None: nobody has it. The message of an error does not name it.
Result<std::optional<PersonConsents>> ConsentsOf(Store& store, const std::string& pseudonym);

/// What changed, in numbers.
struct ConsentChange {
  bool any = false;
  std::int64_t entered = 0;  ///< persons whom studies see now and did not before
  std::int64_t left = 0;     ///< … and the other way round
  std::map<std::string, std::map<std::string, std::int64_t>>
      statements{};                   ///< purpose -> status -> now
  std::int64_t research_persons = 0;  ///< now
};

/// The consents at one moment, for a comparison with another of the same store under the same pseudonyms.
class ConsentSnapshot {
 public:
  static Result<ConsentSnapshot> Take(Store& store);
  ConsentChange Since(const ConsentSnapshot& before) const;

 private:
  std::vector<std::int64_t> seen_;  // identifiers of research persons, ascending
  std::map<std::string, std::map<std::string, std::int64_t>> statements_;
  std::string digest_;  // of all statements, in no order
};

}  // namespace clinnova::store
