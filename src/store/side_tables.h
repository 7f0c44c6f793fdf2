// SPDX-License-Identifier: Apache-2.0
// The schema `clinnova` beside the CDM: what OMOP has no place for. Made by numbered migrations.
//
//   source        one row per file: name (made safe), content hash, when imported
//   provenance    one row per CDM row: table, row id, source file, line, path, precision of the date
//   quarantine    what could not be loaded: file, line, path, rule, message, raw text without identities
//   consent       (person, purpose, status, from, to)
//   value_detail  what the CDM cannot keep of a value: comparator, raw text, number and unit of the source
//   import_report one row per import: counts as JSON
//   pseudonym_key which key made the pseudonyms: its fingerprint, never the key
//   unmapped_code what a source called the codes that were loaded with concept 0: system, code, description
//   mapping_decision  what the data manager decided about local codes, version after version
//   sample        one row per specimen: how it was taken, kept and processed, and what it is a part of
//   specimen_use  which rows of the CDM say what was found in which specimen
//   imaging       one row per imaging study: modality, body site, how many series and pictures, its procedure
//   biomarker     what a device measured over a window of time: metric, device, value, number of samples
//   provider_role rows of provider that are a role of another row of it, the person who has it
//   quality_run   one row per run of the quality checks: when, after which import, how many passed
//   quality_result  and what each check counted then (src/quality/history.h)
//   setting       name and value, such as 'consent_required'; 'pseudonyms' is 'service' where an outside one made them,
//                 'row_hash' what made the rows' identifiers: 'siphash', or 'blake2b' in an older store
//   research_person (view) persons whom a study may see
//
// An identifier of a person or row is a BIGINT whose column's name ends in _id, made by intake::PseudonymKey: a
// rotation of the pseudonyms (intake/rotation.h) finds and changes it by that, also in a table that is added later.
#pragma once

#include <span>
#include <string_view>

namespace clinnova::store {

struct Migration {
  int version = 0;
  std::string_view sql;
};

/// In ascending order of version. Version 1 is made together with the CDM's own tables.
std::span<const Migration> SideTableMigrations();

}  // namespace clinnova::store
