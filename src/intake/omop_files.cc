// SPDX-License-Identifier: Apache-2.0
#include "intake/omop_files.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>

#include "core/text.h"
#include "store/cdm54.h"

namespace clinnova::intake {
namespace {

using core::SqlIdentifier;
using core::SqlLiteral;
using store::CdmField;

/// The rows of the present file that are loaded.
constexpr const char* kGood = " FROM omop_typed WHERE omop_rule IS NULL";

/// Fields of CDM 5.3 that 5.4 calls otherwise (OHDSI, "Changes from CDM v5.3").
struct Renamed {
  std::string_view table, before, now;
};
constexpr std::array<Renamed, 9> kRenamed{{
    {"visit_occurrence", "admitting_source_concept_id", "admitted_from_concept_id"},
    {"visit_occurrence", "admitting_source_value", "admitted_from_source_value"},
    {"visit_occurrence", "discharge_to_concept_id", "discharged_to_concept_id"},
    {"visit_occurrence", "discharge_to_source_value", "discharged_to_source_value"},
    {"visit_detail", "admitting_source_concept_id", "admitted_from_concept_id"},
    {"visit_detail", "admitting_source_value", "admitted_from_source_value"},
    {"visit_detail", "discharge_to_concept_id", "discharged_to_concept_id"},
    {"visit_detail", "discharge_to_source_value", "discharged_to_source_value"},
    {"visit_detail", "visit_detail_parent_id", "parent_visit_detail_id"},
}};

/// What identifies a person, or a place that may bear a person's name, and has no use in a study.
struct Field {
  std::string_view table, name;
};
constexpr std::array<Field, 11> kWithheld{{
    {"provider", "provider_name"},
    {"provider", "npi"},
    {"provider", "dea"},
    {"care_site", "care_site_name"},
    {"location", "address_1"},
    {"location", "address_2"},
    {"location", "city"},
    {"location", "county"},
    {"location", "latitude"},
    {"location", "longitude"},
    {"device_exposure", "production_id"},
}};

bool IsWithheld(std::string_view table, std::string_view name) {
  return std::ranges::any_of(
      kWithheld, [&](const Field& field) { return field.table == table && field.name == name; });
}

/// What the import's report calls a table's rows.
std::string KindOf(const std::string& table) {
  if (table == "visit_occurrence") return "visit";
  if (table == "condition_occurrence") return "condition";
  if (table == "drug_exposure") return "drug";
  if (table == "procedure_occurrence") return "procedure";
  if (table == "device_exposure") return "device";
  return table;
}

/// "PERSON_ID" and what SQLite exports write, "date(birth_datetime,'unixepoch')", as the CDM's
/// names.
std::string FieldName(std::string_view table, std::string_view column) {
  std::string name = core::AsciiLower(column);
  if (name.starts_with("date(") && name.find(',') != std::string::npos)
    name = name.substr(5, name.find(',') - 5);
  for (const Renamed& renamed : kRenamed) {
    if (renamed.table == table && renamed.before == name) return std::string(renamed.now);
  }
  return name;
}

std::vector<CdmField> FieldsOf(std::string_view table) {
  std::vector<CdmField> fields;
  for (const CdmField& field : store::Cdm54Fields()) {
    if (field.table == table) fields.push_back(field);
  }
  return fields;
}

/// The identifier of a table's rows; empty where they have none.
std::string KeyOf(const std::string& table) {
  if (table == "death" || table == "person") return "person_id";
  const std::vector<CdmField> fields = FieldsOf(table);
  return fields.front().name == table + "_id" ? std::string(fields.front().name) : std::string();
}

bool IsConcept(const CdmField& field) { return field.name.ends_with("concept_id"); }
bool IsText(const CdmField& field) { return field.type.starts_with("varchar"); }

/// A raw text as the field's type; NULL where it is none.
std::string Typed(const CdmField& field, const std::string& raw) {
  if (IsText(field)) return raw;
  const std::string type(store::DuckDbType(field));
  std::string typed = "TRY_CAST(" + raw + " AS " + type + ")";
  // A date with a time of day, and dates as OHDSI's vocabularies write them.
  if (type == "DATE" || type == "TIMESTAMP") {
    typed = "coalesce(" + typed + ", TRY_CAST(TRY_CAST(" + raw + " AS TIMESTAMP) AS " + type +
            "), TRY_CAST(try_strptime(" + raw + ", '%Y%m%d') AS " + type + "))";
  }
  return typed;
}

/// The delimiter of a plain text file's first line; empty for a compressed one.
std::string DelimiterOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::getline(file, line);
  if (line.starts_with("\x1f\x8b") || line.starts_with("\x28\xb5\x2f\xfd")) return {};
  char best = ',';
  for (const char c : {'\t', ';'}) {
    if (std::ranges::count(line, c) > std::ranges::count(line, best)) best = c;
  }
  return std::string(1, best);
}

constexpr std::string_view kDropTables =
    "DROP TABLE IF EXISTS omop_raw; DROP TABLE IF EXISTS omop_typed; "
    "DROP TABLE IF EXISTS omop_reject_errors; DROP TABLE IF EXISTS omop_reject_scans";

}  // namespace

struct OmopFiles::Column {
  std::string name;  ///< in the file
  CdmField field;
};

struct OmopFiles::File {
  std::string name, table, key;
  std::string scan;  ///< SQL that reads it
  bool is_csv = false;
  std::vector<Column> columns;
  std::vector<std::string> unread = {};  ///< further ones
};

std::optional<OmopTableName> OmopTable(const std::filesystem::path& path) {
  const std::string file = core::AsciiLower(path.filename().string());
  const std::size_t dot = file.find('.');
  if (dot == std::string::npos) return std::nullopt;
  constexpr std::array<std::string_view, 6> kEndings{".csv",    ".csv.gz",  ".tsv",
                                                     ".tsv.gz", ".parquet", ".csv.zst"};
  if (std::ranges::find(kEndings, file.substr(dot)) == kEndings.end()) return std::nullopt;
  int order = 0;
  for (const CdmField& field : store::Cdm54Fields()) {
    ++order;
    if (field.table == file.substr(0, dot)) return OmopTableName{std::string(field.table), order};
  }
  return std::nullopt;
}

bool LooksLikeOmop(const std::filesystem::path& path, std::string_view head) {
  const auto table = OmopTable(path);
  if (!table) return false;
  const bool packed = head.starts_with("PAR1") || head.starts_with("\x1f\x8b") ||
                      head.starts_with("\x28\xb5\x2f\xfd");
  const std::string header = core::AsciiLower(head.substr(0, head.find('\n')));
  return packed || header.find(FieldsOf(table->name).front().name) != std::string::npos;
}

Result<void> OmopFiles::Load(const std::filesystem::path& path, const std::string& name,
                             const std::string& table) {
  File file{
      name, table, KeyOf(table), "", core::AsciiLower(path.extension().string()) != ".parquet", {}};
  file.scan = "read_parquet(" + core::SqlFile(path.string()) + ")";
  if (file.is_csv) {
    const std::string delimiter = DelimiterOf(path);
    file.scan = "read_csv(" + core::SqlFile(path.string()) +
                ", header = true, all_varchar = true, quote = '\"', escape = '\"', "
                "store_rejects = true, rejects_table = 'omop_reject_errors', "
                "rejects_scan = 'omop_reject_scans'" +
                (delimiter.empty() ? "" : ", delim = " + SqlLiteral(delimiter)) + ")";
  }
  CLINNOVA_TRY(FindColumns(file));
  CLINNOVA_TRY(ReadRaw(file));
  if (file.is_csv) CLINNOVA_TRY(RejectLines(file));
  CLINNOVA_TRY(CheckValues(file));
  CLINNOVA_TRY(RejectRows(file));
  CLINNOVA_TRY(HideIdentities(file));
  CLINNOVA_TRY(Move(file));
  return database_.Execute(kDropTables);
}

Result<void> OmopFiles::FindColumns(File& file) {
  auto rows = database_.Query("SELECT * FROM " + file.scan + " LIMIT 0");
  if (!rows) {
    return Fail(ErrorCode::kInvalidInput, file.name + ": cannot be read as the table " +
                                              file.table + ": " + rows.error().message);
  }
  CLINNOVA_TRY(database_.Execute(kDropTables));
  const std::vector<CdmField> fields = FieldsOf(file.table);
  for (std::size_t c = 0; c < rows->column_count(); ++c) {
    const std::string name = rows->column_name(c);
    const std::string field_name = FieldName(file.table, name);
    const auto field = std::ranges::find(fields, field_name, &CdmField::name);
    const bool known = field != fields.end();
    if (!known || IsWithheld(file.table, field_name)) {
      file.unread.push_back(name);
      loader_.Ignore({file.name, 0, name},
                     "column " + file.table + "." + field_name +
                         (known ? ": identifies, not loaded" : ": not in the CDM 5.4"));
      continue;
    }
    for (const Column& other : file.columns) {
      if (other.field.name != field_name) continue;
      return Fail(ErrorCode::kInvalidInput, file.name + ": found columns \"" + other.name +
                                                "\" and \"" + name + "\", expected one of them");
    }
    file.columns.push_back({name, *field});
  }
  for (const CdmField& field : fields) {
    const bool there = std::ranges::any_of(
        file.columns, [&](const Column& column) { return column.field.name == field.name; });
    if (there || !field.required || IsConcept(field)) continue;
    return Fail(ErrorCode::kInvalidInput, file.name + ": found no column \"" +
                                              std::string(field.name) +
                                              "\", which the CDM 5.4 requires");
  }
  return {};
}

Result<void> OmopFiles::ReadRaw(const File& file) {
  std::string sql = "CREATE TEMP TABLE omop_raw AS SELECT row_number() OVER () AS omop_row";
  for (const Column& column : file.columns) {
    const std::string text = "CAST(" + SqlIdentifier(column.name) + " AS VARCHAR)";
    // R and SQL exports have words for nothing; in a text they may be meant.
    const std::string nothing =
        IsText(column.field) ? "nullif(trim(" + text + "), '')"
                             : "CASE WHEN trim(" + text +
                                   ") NOT IN ('', 'NA', 'NULL', '\\N') THEN trim(" + text + ") END";
    sql += ", " + nothing + " AS " + SqlIdentifier(column.field.name);
  }
  sql += " FROM " + file.scan;
  // DuckDB fails, and all that is open with it, where a line has no UTF-8 and not every column is asked for (1.4.4).
  if (file.is_csv && !file.unread.empty()) {
    sql += " WHERE coalesce(";
    for (const std::string& column : file.unread) sql += SqlIdentifier(column) + ", ";
    sql += "'') IS NOT NULL";
  }
  const auto read = database_.Execute(sql);
  if (read) return {};
  return Fail(ErrorCode::kInvalidInput, file.name + ": cannot be read as the table " + file.table +
                                            ": " + read.error().message);
}

// Lines that are no rows: too few or too many fields, a quote that is never closed, no UTF-8.
Result<void> OmopFiles::RejectLines(const File& file) {
  CLINNOVA_ASSIGN(auto rows,
                  database_.Query("SELECT min(line)::BIGINT, any_value(error_message) FROM "
                                  "omop_reject_errors GROUP BY line ORDER BY line"));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      std::string message(rows.Text(1, r));
      message = message.substr(0, message.find('\n'));
      CLINNOVA_TRY(
          loader_.Reject({.source = {file.name, static_cast<std::uint64_t>(rows.Int64(0, r)), ""},
                          .kind = KindOf(file.table),
                          .rule = "omop.row",
                          .message = message,
                          .raw = ""}));
    }
  }
  return {};
}

// The values in their types, and of each row what is wrong with it: the rule and the reason.
Result<void> OmopFiles::CheckValues(const File& file) {
  std::string typed, wrong, missing;
  for (const Column& column : file.columns) {
    const CdmField& field = column.field;
    const std::string raw = SqlIdentifier(field.name);
    const std::string value = Typed(field, raw);
    const bool zero = IsConcept(field) && field.required;
    const bool taken =
        key_.generations() > 1 && !IsText(field) && store::IsRowIdentifier(field.name);
    typed += ", " +
             (zero    ? "coalesce(" + value + ", 0)"
              : taken ? "taken_id(" + value + ")"
                      : value) +
             " AS " + raw;
    if (!IsText(field)) {
      wrong += ", CASE WHEN " + raw + " IS NOT NULL AND " + value + " IS NULL THEN '" +
               std::string(field.name) + ": found \"' || left(" + raw + ", 40) || '\", expected " +
               std::string(field.type) + "' END";
    }
    if (field.required && !zero) {
      missing += ", CASE WHEN " + raw + " IS NULL THEN '" + std::string(field.name) + "' END";
    }
  }
  const std::string duplicate =
      file.key.empty() ? "false"
                       : "row_number() OVER (PARTITION BY " + file.key + " ORDER BY omop_row) > 1";
  const bool of_person = file.table != "person" && file.key != "person_id" &&
                         std::ranges::any_of(file.columns, [](const Column& column) {
                           return column.field.name == "person_id";
                         });
  const bool checks_person = of_person || file.table == "death";
  const std::string unknown =
      checks_person
          ? "t.person_id IS NOT NULL AND t.person_id NOT IN (SELECT person_id FROM person)"
          : "false";
  return database_.Execute(
      "CREATE TEMP TABLE omop_typed AS SELECT t.*, CASE WHEN wrong <> '' THEN 'omop.value' "
      "WHEN missing <> '' THEN 'omop.required' WHEN duplicate THEN 'omop.duplicate_key' WHEN " +
      unknown + " THEN 'person.unknown' END AS omop_rule FROM (SELECT omop_row" + typed +
      ", concat_ws('; ', ''" + wrong + ") AS wrong, concat_ws(', ', ''" + missing +
      ") AS missing, " + duplicate + " AS duplicate FROM omop_raw) t");
}

Result<void> OmopFiles::RejectRows(const File& file) {
  const std::string key = file.key.empty() ? "''" : "coalesce(" + file.key + "::VARCHAR, '')";
  CLINNOVA_ASSIGN(
      auto rows,
      database_.Query(
          "SELECT omop_row::BIGINT, omop_rule, CASE omop_rule WHEN 'omop.value' THEN wrong[3:] "
          "WHEN 'omop.required' THEN 'found nothing in ' || missing[3:] "
          "WHEN 'person.unknown' THEN 'the person is not in the table person' "
          "ELSE 'found the key of an earlier row' END, " +
          key + " FROM omop_typed WHERE omop_rule IS NOT NULL ORDER BY omop_row"));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const std::string row = "row " + std::to_string(rows.Int64(0, r));
      CLINNOVA_TRY(loader_.Reject({.source = {file.name, 0, row},
                                   .kind = KindOf(file.table),
                                   .rule = std::string(rows.Text(1, r)),
                                   .message = std::string(rows.Text(2, r)),
                                   .raw = file.key + " " + std::string(rows.Text(3, r))}));
    }
  }
  return {};
}

// person_source_value is often the hospital's own number.
Result<void> OmopFiles::HideIdentities(const File& file) {
  for (const Column& column : file.columns) {
    const std::string name(column.field.name);
    if (file.table == "location" && name == "zip") {
      CLINNOVA_TRY(database_.Execute("UPDATE omop_typed SET zip = coarse_zip(zip)"));
    }
    if (file.table == "device_exposure" && name == "unique_device_id") {
      CLINNOVA_TRY(database_.Execute(
          "UPDATE omop_typed SET unique_device_id = device_identifier(unique_device_id)"));
    }
    if (!store::IsPseudonym(file.table, name)) continue;
    // With the table, so that one number of two things gives two pseudonyms.
    CLINNOVA_TRY(HashColumn(name, file.table == "person" ? "" : file.table + " "));
  }
  return {};
}

Result<void> OmopFiles::HashColumn(const std::string& name, const std::string& what) {
  CLINNOVA_TRY(
      database_.Execute("CREATE TEMP TABLE omop_pseudonym (source VARCHAR, pseudonym VARCHAR)"));
  CLINNOVA_ASSIGN(auto pseudonyms, database_.Append("omop_pseudonym"));
  CLINNOVA_ASSIGN(auto rows, database_.Query("SELECT DISTINCT " + name + " FROM omop_typed WHERE " +
                                             name + " IS NOT NULL"));
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      pseudonyms.Text(rows.Text(0, r));
      pseudonyms.Text(key_.Pseudonym(what + std::string(rows.Text(0, r))));
      pseudonyms.EndRow();
    }
  }
  CLINNOVA_TRY(pseudonyms.Finish());
  return database_.Execute("UPDATE omop_typed SET " + name +
                           " = p.pseudonym FROM omop_pseudonym p WHERE p.source = " + name +
                           "; DROP TABLE omop_pseudonym");
}

// Eras that the files bring are all of their persons'; for the others the loader makes them (kEras).
Result<void> OmopFiles::StageEras(const std::string& table, const std::string& replaced) {
  if (table == "condition_era" || table == "drug_era" || table == "dose_era") {
    CLINNOVA_TRY(database_.Execute("INSERT INTO stage_era_person SELECT DISTINCT person_id, " +
                                   SqlLiteral(table) + kGood));
    return loader_.removal().Remove(table,
                                    std::string("person_id IN (SELECT person_id") + kGood + ")");
  }
  if (table != "condition_occurrence" && table != "drug_exposure") return {};
  return database_.Execute(std::string("INSERT INTO stage_era_person SELECT person_id, NULL") +
                           kGood + " UNION SELECT person_id, NULL FROM " + table + " WHERE " +
                           table + "_id " + replaced);
}

Result<void> OmopFiles::Move(const File& file) {
  std::string names, values;
  for (const Column& column : file.columns) {
    names += (names.empty() ? "" : ", ") + SqlIdentifier(column.field.name);
  }
  values = names;
  for (const CdmField& field : FieldsOf(file.table)) {
    const bool there = std::ranges::any_of(
        file.columns, [&](const Column& column) { return column.field.name == field.name; });
    if (there || !field.required) continue;
    names += ", " + SqlIdentifier(field.name);
    values += ", 0";
  }
  const std::string table = SqlIdentifier(file.table);
  const std::string with_key = file.key + " IN (SELECT " + file.key + kGood + ")";
  CLINNOVA_TRY(StageEras(file.table, "IN (SELECT " + file.key + kGood + ")"));
  if (file.key.empty()) {
    CLINNOVA_TRY(database_.Execute("INSERT INTO " + table + " (" + names + ") SELECT " + values +
                                   kGood + " EXCEPT SELECT " + names + " FROM " + table));
  } else {
    CLINNOVA_TRY(loader_.removal().Remove(file.table, with_key));
    CLINNOVA_TRY(
        database_.Execute("INSERT INTO " + table + " (" + names + ") SELECT " + values + kGood));
  }
  CLINNOVA_ASSIGN(const std::int64_t loaded,
                  database_.QueryInt64(std::string("SELECT count(*)") + kGood));
  if (loaded > 0) loader_.CountLoaded(KindOf(file.table), loaded);
  const auto key_field = std::ranges::find(file.columns, file.key,
                                           [](const Column& column) { return column.field.name; });
  if (key_field == file.columns.end() || IsText(key_field->field)) return {};
  const std::string source = std::to_string(key_.RowId("source", file.name));
  CLINNOVA_TRY(loader_.removal().Remove(
      "clinnova.provenance", "table_name = " + SqlLiteral(file.table) + " AND row_id IN (SELECT " +
                                 file.key + kGood + ")"));
  return database_.Execute("INSERT INTO clinnova.provenance SELECT " + SqlLiteral(file.table) +
                           ", " + file.key + ", " + source + ", NULL, 'row ' || omop_row, 'day'" +
                           kGood);
}

}  // namespace clinnova::intake
