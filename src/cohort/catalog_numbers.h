// SPDX-License-Identifier: Apache-2.0
// What can be counted for a site's entry in a catalogue. These numbers are made to leave the site, so that the rule for
// small counts is held here, where they are made:
//
//   - only persons whom studies may see (clinnova.research_person) are counted, and what is theirs;
//   - a number of fewer than `threshold` persons is not told, nor is one of their rows, and counts that are told are
//     rounded down to a multiple of `step`. Both are ten, or the site's minimum_count where that is larger;
//   - the total of records is that of the tables that are told: a table held back does not follow from it;
//   - the share of rows that have a value is in whole per cents, rounded down, and only told where nobody or at least
//     `threshold` persons have the value, and nobody or as many lack it;
//   - of years and ages not the first and last, but the `threshold`-th from either end, ages to five years.
//
// A site whose minimum_count is 0 has public data: then numbers are exact. What is not covered: two entries of different
// days tell whether a number crossed a multiple of `step` in between.
//
//   CLINNOVA_ASSIGN(CatalogNumbers numbers, CountForCatalog(store, {.minimum_count = 5}));
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "store/store.h"

namespace clinnova::cohort {

struct CatalogColumn {
  std::string name;
  std::string type;  ///< the CDM's word: "date", "varchar(50)"
  bool required = false;
  std::optional<int>
      complete_percent{};  ///< rows that have a value (a concept other than 0); none: held back
};
struct CatalogTable {
  std::string name;
  std::optional<std::int64_t> records{};  ///< none: held back
  std::optional<std::int64_t> persons{};
  std::vector<CatalogColumn> columns{};  ///< without identifiers and pseudonyms
};

struct CatalogNumbers {
  std::int64_t threshold = 10;
  std::int64_t step = 10;
  std::optional<std::int64_t> persons{};
  std::optional<std::int64_t> records{};
  std::optional<int> first_year{}, last_year{};
  std::optional<int> minimum_age{},
      maximum_age{};  ///< completed years in last_year, by the year of birth
  /// Those told, `person` first, which stands here always; its structure is no secret.
  std::vector<CatalogTable> tables{};
  std::vector<std::string> vocabularies{};  ///< OMOP's identifiers: "SNOMED"
  /// Titles of the disease modules and persons with the diagnosis.
  std::vector<std::pair<std::string, std::int64_t>> diseases{};
  std::string modified{};                ///< day of the last import; empty: none
  std::vector<std::string> held_back{};  ///< for the site's own screen: what was not told, and why
};

struct CatalogCountOptions {
  int minimum_count = 5;
  std::string disease_modules{};  ///< folder of modules that go before those compiled in
};
Result<CatalogNumbers> CountForCatalog(store::Store& store, const CatalogCountOptions& options);

}  // namespace clinnova::cohort
