// SPDX-License-Identifier: Apache-2.0
#include "store/attached_cdm.h"

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <system_error>

#include "core/duckdb.h"
#include "core/toml_json.h"
#include "core/whole_file.h"

namespace clinnova::store {
namespace {

namespace fs = std::filesystem;
using core::SqlIdentifier;
using core::SqlLiteral;

constexpr std::string_view kEveryone = "everyone";

struct NeededColumn {
  std::string_view table, column, kind;  ///< kind: of kTypes
};

// What cohort/ reads. Types may be wider than the CDM's: it is made by many hands.
constexpr NeededColumn kNeeded[] = {
    {"person", "person_id", "integer"},
    {"person", "gender_concept_id", "integer"},
    {"person", "year_of_birth", "integer"},
    {"person", "month_of_birth", "integer"},
    {"person", "day_of_birth", "integer"},
    {"observation_period", "person_id", "integer"},
    {"observation_period", "observation_period_end_date", "date"},
    {"condition_occurrence", "condition_occurrence_id", "integer"},
    {"condition_occurrence", "person_id", "integer"},
    {"condition_occurrence", "condition_concept_id", "integer"},
    {"condition_occurrence", "condition_start_date", "date"},
    {"condition_occurrence", "condition_start_datetime", "datetime"},
    {"drug_exposure", "drug_exposure_id", "integer"},
    {"drug_exposure", "person_id", "integer"},
    {"drug_exposure", "drug_concept_id", "integer"},
    {"drug_exposure", "drug_exposure_start_date", "date"},
    {"drug_exposure", "drug_exposure_start_datetime", "datetime"},
    {"drug_exposure", "drug_exposure_end_date", "date"},
    {"drug_exposure", "verbatim_end_date", "date"},
    {"procedure_occurrence", "procedure_occurrence_id", "integer"},
    {"procedure_occurrence", "person_id", "integer"},
    {"procedure_occurrence", "procedure_concept_id", "integer"},
    {"procedure_occurrence", "procedure_date", "date"},
    {"procedure_occurrence", "procedure_datetime", "datetime"},
    {"measurement", "measurement_id", "integer"},
    {"measurement", "person_id", "integer"},
    {"measurement", "measurement_concept_id", "integer"},
    {"measurement", "measurement_date", "date"},
    {"measurement", "measurement_datetime", "datetime"},
    {"measurement", "value_as_number", "number"},
    {"measurement", "unit_concept_id", "integer"},
    {"measurement", "unit_source_value", "text"},
    {"observation", "observation_id", "integer"},
    {"observation", "person_id", "integer"},
    {"observation", "observation_concept_id", "integer"},
    {"observation", "observation_date", "date"},
    {"observation", "observation_datetime", "datetime"},
    {"observation", "value_as_number", "number"},
    {"observation", "value_as_concept_id", "integer"},
    {"concept_ancestor", "ancestor_concept_id", "integer"},
    {"concept_ancestor", "descendant_concept_id", "integer"},
};

/// PostgreSQL's names of the types that can stand for a kind.
bool Fits(std::string_view kind, std::string_view type) {
  const bool integer = type == "int2" || type == "int4" || type == "int8";
  if (kind == "integer") return integer;
  if (kind == "number") {
    return integer || type == "numeric" || type == "float4" || type == "float8";
  }
  if (kind == "date") return type == "date";
  if (kind == "datetime") return type == "timestamp" || type == "timestamptz" || type == "date";
  return type == "text" || type == "varchar" || type == "bpchar";
}

/// "SCHEMA.NAME" in its two parts; nothing when it is not that.
std::optional<std::pair<std::string, std::string>> QualifiedName(const std::string& text) {
  const auto dot = text.find('.');
  if (dot == text.npos || dot == 0 || dot + 1 == text.size() ||
      text.find('.', dot + 1) != text.npos) {
    return std::nullopt;
  }
  return std::pair(text.substr(0, dot), text.substr(dot + 1));
}

struct FoundTable {
  bool readable = false;
  std::map<std::string, std::string, std::less<>> columns;  ///< name -> type
};

/// Tables and views of a schema by name.
using Catalogue = std::map<std::string, FoundTable, std::less<>>;

Result<Catalogue> ReadCatalogue(Postgres& server, const std::string& schema) {
  Catalogue tables;
  const std::string name = SqlLiteral(schema);
  CLINNOVA_TRY(server.ForEachRow(
      "SELECT c.relname, a.attname, t.typname, CASE WHEN has_schema_privilege(n.oid, 'USAGE')\n"
      "         AND has_table_privilege(c.oid, 'SELECT') THEN 1 ELSE 0 END\n"
      "FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid\n"
      "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid\n"
      "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid\n"
      "WHERE n.nspname = " +
          name +
          " AND c.relkind IN ('r', 'v', 'm', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped",
      [&tables](Postgres::Row row) -> Result<void> {
        FoundTable& table = tables[std::string(*row[0])];
        table.readable = *row[3] == "1";
        table.columns[std::string(*row[1])] = *row[2];
        return {};
      }));
  if (tables.empty()) {
    return Fail(
        ErrorCode::kInvalidInput,
        "PostgreSQL: schema \"" + schema + "\": found no table, expected those of an OMOP CDM",
        "cdm_not_as_expected");
  }
  return tables;
}

/// Notes what is wrong with one column of `schema`; each table that is not there or not readable once.
void CheckColumn(const Catalogue& catalogue, const std::string& schema, const NeededColumn& needed,
                 std::set<std::string>& wrong) {
  const std::string table = schema + "." + std::string(needed.table);
  const auto found = catalogue.find(needed.table);
  if (found == catalogue.end()) {
    wrong.insert("table " + table + " is not there");
    return;
  }
  if (!found->second.readable) {
    wrong.insert("table " + table + " may not be read by this user");
    return;
  }
  const auto column = found->second.columns.find(needed.column);
  if (column == found->second.columns.end()) {
    wrong.insert("column " + table + "." + std::string(needed.column) + " is not there");
  } else if (!Fits(needed.kind, column->second)) {
    wrong.insert("column " + table + "." + std::string(needed.column) + ": found type " +
                 column->second + ", expected " + std::string(needed.kind));
  }
}

Result<Attachment> Parse(const std::string& text, core::TomlPlace& place) {
  CLINNOVA_ASSIGN(const nlohmann::json document, core::TomlToJson(text, place.file, place.lines));
  Attachment read;
  const std::map<std::string, std::string*> keys = {{"connection", &read.connection},
                                                    {"research_persons", &read.research_persons},
                                                    {"schema", &read.schema},
                                                    {"vocabulary_schema", &read.vocabulary_schema}};
  for (const auto& [key, value] : document.items()) {
    const auto known = keys.find(key);
    if (known == keys.end()) {
      return place.Wrong(key,
                         "unknown key, expected one of connection, research_persons, schema, "
                         "vocabulary_schema");
    }
    if (!value.is_string()) return place.Wrong(key, "found " + value.dump() + ", expected a text");
    *known->second = value.get<std::string>();
  }
  for (const std::string key : {"connection", "schema", "research_persons"}) {
    if (keys.at(key)->empty()) return place.Wrong(key, "is missing");
  }
  if (read.research_persons != kEveryone && !QualifiedName(read.research_persons)) {
    return place.Wrong("research_persons", "found \"" + read.research_persons +
                                               "\", expected \"everyone\" or \"SCHEMA.NAME\" of a "
                                               "table or view with a column person_id");
  }
  return read;
}

}  // namespace

std::string Attachment::ResearchPersonsSql() const {
  const auto name = QualifiedName(research_persons);
  return name ? SqlIdentifier(name->first) + "." + SqlIdentifier(name->second) : "person";
}

Result<std::optional<Attachment>> ReadAttachment(const fs::path& file) {
  std::error_code none;
  if (!fs::exists(file, none)) return std::optional<Attachment>();
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return Fail(ErrorCode::kFailed, file.string() + ": cannot be read");
  core::TomlPlace place{.file = file.string()};
  CLINNOVA_ASSIGN(Attachment read, Parse(text.str(), place));
  return std::optional<Attachment>(std::move(read));
}

Result<void> WriteAttachment(const fs::path& file, const Attachment& attachment) {
  const auto line = [](const std::string& key, const std::string& value) {
    return key + " = " + nlohmann::json(value).dump() + "\n";  // a TOML basic string is a JSON one
  };
  std::string text = "# The site's OMOP CDM is on a PostgreSQL server, which is only read.\n" +
                     line("connection", attachment.connection) + line("schema", attachment.schema);
  if (!attachment.vocabulary_schema.empty()) {
    text += line("vocabulary_schema", attachment.vocabulary_schema);
  }
  text += line("research_persons", attachment.research_persons);
  core::TomlPlace place{.file = "attachment"};
  CLINNOVA_TRY(Parse(text, place));
  return core::WriteWholeFile(file, text, fs::perms::owner_read | fs::perms::owner_write);
}

Result<AttachedCdm> AttachedCdm::Open(const Attachment& attachment) {
  CLINNOVA_ASSIGN(Postgres server, Postgres::Connect(attachment.connection));
  AttachedCdm cdm(std::move(server), attachment);
  const std::string vocabulary = attachment.vocabulary_schema.empty()
                                     ? ""
                                     : ", " + SqlIdentifier(attachment.vocabulary_schema);
  // The statement of a study joins many small results of which the server knows no sizes: a nested loop over
  // two of them would take hours, and to compile each expression longer than to run it.
  CLINNOVA_TRY(cdm.server_.Execute(
      "SET default_transaction_read_only = on; SET jit = off; SET enable_nestloop = off; "
      "SET work_mem = '64MB'; SET search_path = " +
      SqlIdentifier(attachment.schema) + vocabulary +
      "; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  CLINNOVA_TRY(cdm.CheckTables());
  return cdm;
}

Result<void> AttachedCdm::CheckTables() {
  const std::string& schema = attachment_.schema;
  const std::string& vocabulary =
      attachment_.vocabulary_schema.empty() ? schema : attachment_.vocabulary_schema;
  std::map<std::string, Catalogue> catalogues;
  for (const std::string& name : {schema, vocabulary}) {
    CLINNOVA_ASSIGN(catalogues[name], ReadCatalogue(server_, name));
  }
  std::set<std::string> wrong;
  for (const NeededColumn& needed : kNeeded) {
    const std::string& home = needed.table == "concept_ancestor" ? vocabulary : schema;
    CheckColumn(catalogues.at(home), home, needed, wrong);
  }
  if (const auto persons = QualifiedName(attachment_.research_persons)) {
    CLINNOVA_ASSIGN(const auto catalogue, ReadCatalogue(server_, persons->first));
    CheckColumn(catalogue, persons->first, {persons->second, "person_id", "integer"}, wrong);
  }
  if (wrong.empty()) return {};
  std::string list;
  for (const std::string& what : wrong) list += (list.empty() ? "" : "; ") + what;
  return Fail(ErrorCode::kInvalidInput, "PostgreSQL: the CDM is not as expected: " + list,
              "cdm_not_as_expected");
}

Result<std::string> AttachedCdm::CdmVersion() {
  CLINNOVA_ASSIGN(const auto catalogue, ReadCatalogue(server_, attachment_.schema));
  const auto source = catalogue.find("cdm_source");
  if (source == catalogue.end() || !source->second.readable ||
      !source->second.columns.contains("cdm_version")) {
    return std::string();
  }
  return server_.QueryText("SELECT max(cdm_version) FROM cdm_source");
}

}  // namespace clinnova::store
