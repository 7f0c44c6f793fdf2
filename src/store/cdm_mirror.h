// SPDX-License-Identifier: Apache-2.0
// A site's CDM copied to a PostgreSQL server, for OHDSI's tools and for other readers of the hospital.
//
//   CLINNOVA_ASSIGN(auto server, Postgres::Connect("host=pg.hospital.example dbname=cdm user=clinnova"));
//   CLINNOVA_ASSIGN(MirroredCdm mirrored, MirrorCdm(store, server, "clinnova_omop"));
//   mirrored.rows.at("measurement");   // 1,203,411
//
// The schema has the tables of OMOP CDM 5.4 with OHDSI's types, but BIGINT for identifiers (ours are 63-bit
// hashes) and TEXT for VARCHAR(n); primary keys; an index on each person_id; `research_person`, the persons whom
// studies may see; and `clinnova_mirror`, which says when. Pseudonyms' keys, quarantine and provenance stay, and so
// does every table of the schema clinnova: OHDSI's tools know none of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/error.h"
#include "store/postgres.h"
#include "store/store.h"

namespace clinnova::store {

struct MirroredCdm {
  std::map<std::string, std::int64_t> rows;  ///< by table
};

/// Replaces what the schema held of an earlier copy, in one transaction: readers see the one or the other, views and
/// grants on its tables stay. Makes the schema when it is not there. kInvalidInput: the schema has tables and is no
/// earlier copy. Other errors as Postgres; then the schema is as it was. One thread at a time.
Result<MirroredCdm> MirrorCdm(Store& store, Postgres& server, const std::string& schema);

}  // namespace clinnova::store
