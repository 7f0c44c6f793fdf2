// SPDX-License-Identifier: Apache-2.0
// The tables of the OMOP Common Data Model 5.4 (https://ohdsi.github.io/CommonDataModel/cdm54.html), all
// 39 of them, from the table of fields in cdm54.tsv.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clinnova::store {

struct CdmField {
  std::string_view table;
  std::string_view name;
  std::string_view type;  ///< the CDM's word: "integer", "float", "date", "datetime", "varchar(50)"
  bool required = false;
};

/// Every field, table after table in the CDM's order.
const std::vector<CdmField>& Cdm54Fields();

/// Whether a column of integers holds the identifier of a person or a row, or refers to one: what is called so in the CDM
/// (person_id, visit_occurrence_id, fact_id_1) and in the side tables (row_id, source_id), but for concepts, cohort
/// definitions and numbered imports and runs, which are nobody's.
bool IsRowIdentifier(std::string_view column);
/// Whether a column of a CDM's table holds what the source knows somebody or something by: a patient's, a professional's
/// or a place's number, the label of a sample. An import makes a keyed pseudonym of it.
bool IsPseudonym(std::string_view table, std::string_view column);

/// DuckDB's type for a field. Identifiers are BIGINT: our row keys are 63-bit hashes.
std::string_view DuckDbType(const CdmField& field);

/// CREATE TABLE statements for the whole CDM in the main schema. There are no primary keys: DuckDB's
/// index checks them eagerly, and a record could not be replaced within one transaction. The loader
/// keeps keys unique, and the quality checks look.
std::string Cdm54Ddl();

}  // namespace clinnova::store
