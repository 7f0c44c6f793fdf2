// SPDX-License-Identifier: Apache-2.0
#include "store/cdm54.h"

#include "core/check.h"
#include "vocabulary/tab_separated.h"

namespace clinnova::embedded {
extern const std::string_view cdm54;
}  // namespace clinnova::embedded

namespace clinnova::store {

const std::vector<CdmField>& Cdm54Fields() {
  static const std::vector<CdmField> fields = [] {
    std::vector<CdmField> read;
    vocabulary::ForEachRow(embedded::cdm54, [&read](const auto& f) {
      CLINNOVA_CHECK(f.size() == 4);
      read.push_back({f[0], f[1], f[2], f[3] == "required"});
    });
    return read;
  }();
  return fields;
}

bool IsRowIdentifier(std::string_view column) {
  // fact_relationship has fact_id_1 and fact_id_2.
  for (const std::string_view number : {"_1", "_2"}) {
    if (column.ends_with(number)) column.remove_suffix(number.size());
  }
  return column.ends_with("_id") && !column.ends_with("concept_id") &&
         column != "cohort_definition_id" && column != "import_id" && column != "run_id";
}

bool IsPseudonym(std::string_view table, std::string_view column) {
  if (table == "specimen") return column == "specimen_source_id";
  const bool named =
      table == "person" || table == "provider" || table == "care_site" || table == "location";
  return named && column == std::string(table) + "_source_value";
}

std::string_view DuckDbType(const CdmField& field) {
  if (field.type == "integer") {
    return field.name.ends_with("_id") || IsRowIdentifier(field.name) ? "BIGINT" : "INTEGER";
  }
  if (field.type == "float") return "DOUBLE";
  if (field.type == "date") return "DATE";
  if (field.type == "datetime") return "TIMESTAMP";
  CLINNOVA_CHECK(field.type.starts_with("varchar"));
  return "VARCHAR";
}

std::string Cdm54Ddl() {
  std::string ddl;
  std::string_view table;
  for (const CdmField& field : Cdm54Fields()) {
    if (field.table != table) {
      if (!table.empty()) ddl += ");\n";
      table = field.table;
      ddl += "CREATE TABLE " + std::string(table) + " (\n";
    } else {
      ddl += ",\n";
    }
    ddl += "  \"" + std::string(field.name) + "\" " + std::string(DuckDbType(field));
    if (field.required) ddl += " NOT NULL";
  }
  return ddl + ");\n";
}

}  // namespace clinnova::store
