// SPDX-License-Identifier: Apache-2.0
// A vocabulary downloaded from OHDSI Athena (https://athena.ohdsi.org), into the CDM's vocabulary tables.
//
//   CLINNOVA_ASSIGN(const AthenaVocabulary loaded, LoadAthena(store, "vocabulary_download_v5"));
//   loaded.rows.at("concept");   // 6,012,334
//
// The folder's files: CONCEPT, CONCEPT_RELATIONSHIP, CONCEPT_ANCESTOR and VOCABULARY must be there;
// DOMAIN, CONCEPT_CLASS, RELATIONSHIP, CONCEPT_SYNONYM and DRUG_STRENGTH are read where they are. Each
// is NAME.csv, in any case, tab-separated, without quotes, the first line naming the columns; dates are
// 20240131 or 2024-01-31.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/error.h"
#include "store/store.h"

namespace clinnova::store {

struct AthenaVocabulary {
  std::string version;  ///< as VOCABULARY says ("v5.0 30-AUG-24"); may be empty
  std::map<std::string, std::int64_t> rows;  ///< by CDM table, of the tables that were read
};

/// Replaces what the tables held of concepts below 2,000,000,000, in one transaction; local concepts, the
/// embedded vocabulary and the site's own mappings (source_to_concept_map) stay.
/// kInvalidInput names the file and the column, or has DuckDB's words with the line: a file is missing,
/// its header lacks a column that the CDM requires, a field is not of its type, an identifier repeats.
/// Rows are kept in the order of their code (concepts) or identifier, so that a look at one touches few blocks.
Result<AthenaVocabulary> LoadAthena(Store& store, const std::string& folder);

}  // namespace clinnova::store
