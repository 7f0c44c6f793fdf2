// SPDX-License-Identifier: Apache-2.0
// A site's CDM copied to a PostgreSQL server, for OHDSI's tools and for other readers of the hospital.
//
//   CLINNOVA_ASSIGN(auto server, Postgres::Connect("host=pg.hospital.example dbname=cdm user=clinnova"));
//   CLINNOVA_ASSIGN(MirroredCdm mirrored, MirrorCdm(store, server, "clinnova_omop", "Basel"));
//   mirrored.rows.at("measurement");   // 1,203,411
//
// The schema has the tables of OMOP CDM 5.4 with OHDSI's types, but BIGINT for identifiers (ours are 63-bit
// hashes) and TEXT for VARCHAR(n); its primary keys and indices; `research_person`, the persons whom studies may see;
// `clinnova_mirror`, which says when; and `clinnova_mirror_table`, which says of each table what was copied, so that
// one that is still the same is not copied again. Pseudonyms' keys, quarantine and provenance stay, and so does every
// table of the schema clinnova: OHDSI's tools know none of them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "core/error.h"
#include "store/postgres.h"
#include "store/store.h"

namespace clinnova::store {

struct MirroredCdm {
  std::map<std::string, std::int64_t> rows;  ///< by table
  std::set<std::string> written;             ///< the tables that were not the same already
};

/// Replaces what the schema held of an earlier copy, in one transaction: who reads does not wait, and sees what was there
/// when its own transaction began; views and grants on its tables stay. Makes the schema when it is not there. `holder` is named in a
/// cdm_source that has no row, without which OHDSI's tools do not begin. Two
/// copies to one schema run one after the other. kInvalidInput: the schema has tables and is no earlier copy. Other
/// errors as Postgres, after the table's name; then, and when this process ends before, the schema is as it was. Memory
/// does not grow with the CDM. One thread at a time.
Result<MirroredCdm> MirrorCdm(Store& store, Postgres& server, const std::string& schema,
                              const std::string& holder);

}  // namespace clinnova::store
