// SPDX-License-Identifier: Apache-2.0
#include "intake/patient_loader.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "intake/load_statements.h"
#include "intake/record_stage.h"
#include "intake/stage_rows.h"

namespace clinnova::intake {
namespace {

/// The statements of a script; none of ours has a semicolon inside a text.
std::vector<std::string> StatementsOf(std::string_view script) {
  std::vector<std::string> statements;
  std::string statement;
  while (!script.empty()) {
    const std::size_t end = std::min(script.find('\n'), script.size());
    const std::string_view line = script.substr(0, end);
    script.remove_prefix(std::min(end + 1, script.size()));
    if (line.empty() || line.starts_with("--")) continue;
    statement += std::string(line) + "\n";
    if (!line.ends_with(';')) continue;
    statements.push_back(statement.substr(0, statement.size() - 2));
    statement.clear();
  }
  return statements;
}

constexpr std::string_view kInsertInto = "INSERT INTO ";

/// The parts of "INSERT INTO person (person_id, …)\n  SELECT …".
struct Insert {
  explicit Insert(const std::string& statement) {
    const std::size_t open = statement.find(" (");
    const std::size_t close = statement.find(")\n  SELECT ");
    table = statement.substr(kInsertInto.size(), open - kInsertInto.size());
    columns = statement.substr(open + 2, close - open - 2);
    select = statement.substr(close + 2);
    std::string word;
    for (const char c : columns + ",") {
      if (c == ',') names.insert(std::exchange(word, {}));
      if (c != ',' && c != ' ' && c != '\n') word += c;
    }
  }
  std::string table, columns, select;
  std::set<std::string> names;
};

std::chrono::sys_days FirstDayOfLife(const ResolvedPerson& person) {
  return std::chrono::year(person.year) /
         std::chrono::month(static_cast<unsigned>(person.month.value_or(1))) /
         std::chrono::day(static_cast<unsigned>(person.day.value_or(1)));
}

/// The day after the last one that the time may mean.
std::chrono::sys_days DayAfter(const ResolvedTime& time) {
  const std::chrono::sys_days first(std::chrono::days(time.day));
  const std::chrono::year_month_day date(first);
  switch (time.precision) {
    case SourceTime::Precision::kYear: return date + std::chrono::years(1);
    case SourceTime::Precision::kMonth: return date + std::chrono::months(1);
    default: return first + std::chrono::days(1);
  }
}

}  // namespace

Result<std::unique_ptr<PatientLoader>> PatientLoader::Create(store::Store& store,
                                                             const PseudonymKey& key) {
  std::unique_ptr<PatientLoader> loader(new PatientLoader(store.database(), key));
  CLINNOVA_TRY(loader->MakeTables());
  return loader;
}

// Statements that are planned once must not believe what the tables held then: nothing.
constexpr std::string_view kPlanWithoutStatistics =
    "SET disabled_optimizers = 'statistics_propagation,compressed_materialization'";

// A row has the columns of one of the tables that an import stages, and NULL in those of the others. The dates of
// consents are texts.
constexpr std::string_view kAskedRow = R"sql(
SELECT COLUMNS(p.*) AS 'p_\0', COLUMNS(c.*) AS 'c_\0', r.* EXCLUDE (form), f.* EXCLUDE (form)
FROM stage_person p,
     (SELECT * REPLACE (valid_from::VARCHAR AS valid_from, valid_to::VARCHAR AS valid_to) FROM stage_consent) c,
     stage_row r, stage_form f
)sql";
// What AppendPerson, AppendConsent, and AppendEvent with AppendForm fill.
constexpr int kPersonColumns = 12;
constexpr int kConsentColumns = 10;
constexpr int kEventColumns = 16 + 14;

// What kCheck makes of the staged rows where each of them may be loaded.
constexpr std::string_view kChecked = R"sql(
CREATE TEMP VIEW checked_person AS
  SELECT COLUMNS('^p_(.*)$') AS '\1' FROM asked() WHERE p_person_id IS NOT NULL;
CREATE TEMP VIEW checked_consent AS
  SELECT * REPLACE (valid_from::DATE AS valid_from, valid_to::DATE AS valid_to), NULL::VARCHAR AS rule
  FROM (SELECT COLUMNS('^c_(.*)$') AS '\1' FROM asked() WHERE c_person_id IS NOT NULL);
CREATE TEMP VIEW loadable AS SELECT * FROM asked() WHERE person_id IS NOT NULL;
CREATE TEMP VIEW loadable_in_visit AS
  SELECT * REPLACE (nullif(visit_id, 0) AS visit_id), NULL::BIGINT AS provider_id FROM loadable;
)sql";

/// A table of events: the columns that say which row, what and when.
struct EventTable {
  const char* target;
  const char* columns[4];
};
constexpr std::array<EventTable, 5> kEventTables{{
    {"condition",
     {"condition_occurrence_id", "condition_concept_id", "condition_start_date",
      "condition_start_datetime"}},
    {"drug",
     {"drug_exposure_id", "drug_concept_id", "drug_exposure_start_date",
      "drug_exposure_start_datetime"}},
    {"procedure",
     {"procedure_occurrence_id", "procedure_concept_id", "procedure_date", "procedure_datetime"}},
    {"measurement",
     {"measurement_id", "measurement_concept_id", "measurement_date", "measurement_datetime"}},
    {"observation",
     {"observation_id", "observation_concept_id", "observation_date", "observation_datetime"}},
}};

/// All rows of the CDM in one pass.
std::string PatientRowSql() {
  std::string columns;
  for (const EventTable& table : kEventTables) {
    const std::string when = ",\n  CASE WHEN target = '" + std::string(table.target) + "' THEN ";
    constexpr std::array kStaged{"row_id", "concept_id", "start_date", "start_time"};
    for (std::size_t c = 0; c < kStaged.size(); ++c) {
      columns += when + kStaged[c] + " END AS " + table.columns[c];
    }
  }
  return R"sql(
CREATE TEMP VIEW patient_row AS SELECT coalesce(person_id, p_person_id, c_person_id) AS person_id,
  p_gender_concept_id AS gender_concept_id, p_birth_year AS year_of_birth, p_birth_month AS month_of_birth,
  p_birth_day AS day_of_birth, c_purpose AS purpose, c_status AS status, c_valid_from::DATE AS valid_from,
  c_valid_to::DATE AS valid_to,
  CASE WHEN target = 'drug' THEN coalesce(end_date, start_date) END AS drug_exposure_end_date,
  CASE WHEN target = 'drug' THEN end_date END AS verbatim_end_date,
  CASE WHEN target IN ('measurement', 'observation') THEN number END AS value_as_number,
  CASE WHEN target IN ('measurement', 'observation') THEN nullif(value_concept_id, 0) END
    AS value_as_concept_id)sql" +
         columns + "\nFROM asked()";
}

// DuckDB's time for every operator, and for every column of every table that is filled, is what a question costs, not
// its rows. So what can be told record by record is not asked of it (Loadable), the rows are not inserted, and the
// CDM's tables are views of them.
Result<void> PatientLoader::MakeTables() {
  CLINNOVA_TRY(database_.Execute(kPlanWithoutStatistics));
  CLINNOVA_TRY(database_.Execute(kCreateStaging));
  CLINNOVA_ASSIGN(rows_, database_.AddRowSet("asked", std::string(kAskedRow)));
  CLINNOVA_TRY(database_.Execute(kChecked));
  CLINNOVA_TRY(database_.Execute(PatientRowSql()));
  for (const std::string& statement : StatementsOf(kInsert)) CLINNOVA_TRY(MakeView(statement));
  return {};
}

/// "INSERT INTO person (…) SELECT …" as a view of that name, with the table's columns. One of the CDM's goes before the
/// table; that of a schema of ours takes its place.
Result<void> PatientLoader::MakeView(const std::string& statement) {
  const Insert insert(statement);
  const auto dot = insert.table.find('.');
  const std::string schema = dot == insert.table.npos ? "main" : insert.table.substr(0, dot);
  CLINNOVA_ASSIGN(auto rows,
                  database_.Query("SELECT column_name, data_type FROM duckdb_columns() WHERE "
                                  "schema_name = ? AND NOT internal AND table_name = ? "
                                  "ORDER BY column_index",
                                  {schema, insert.table.substr(dot + 1)}));
  std::string columns;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const std::string name(rows.Text(0, r));
      columns += (columns.empty() ? "" : ", ") + (insert.names.contains(name) ? name : "NULL") +
                 "::" + std::string(rows.Text(1, r)) + " AS " + name;
    }
  }
  const bool ours = dot != insert.table.npos;
  if (ours) CLINNOVA_TRY(database_.Execute("DROP TABLE " + insert.table));
  return database_.Execute("CREATE " + std::string(ours ? "" : "TEMP ") + "VIEW " + insert.table +
                           " AS SELECT " + columns + "\nFROM (" + insert.select + ") v(" +
                           insert.columns + ")");
}

void PatientLoader::Begin() {
  Forget();
  identities_.emplace(key_);
}

void PatientLoader::Take(ReadRecord read) { taken_.push_back(std::move(read)); }

// As kCheck: the last version of a record counts, whatever its form, in the order in which the versions that count came.
// One that was not so or was refused takes those before away, but for a patient.
std::vector<ReadRecord> PatientLoader::LastVersions() {
  const auto is_none = [](const ReadRecord& read) {
    return SaysItIsNotTrue(read.record) || std::holds_alternative<Rejection>(read.resolved);
  };
  std::unordered_map<std::int64_t, std::size_t> last;
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    const SourceRecord& record = taken_[i].record;
    if (record.kind == RecordKind::kPerson && is_none(taken_[i])) continue;
    const bool any_form = record.kind_follows_value && !record.id.empty();
    last[any_form ? key_.RowId("value", record.id) : identities_->RowId(record)] = i;
  }
  std::vector<std::size_t> places;
  for (const auto& [row, place] : last) {
    if (!is_none(taken_[place])) places.push_back(place);
  }
  std::ranges::sort(places);
  std::vector<ReadRecord> versions;
  for (const std::size_t place : places) versions.push_back(std::move(taken_[place]));
  taken_.clear();
  return versions;
}

// As kCheck: a patient's records, but for events that ended before the birth; a visit that is none of them is none.
std::vector<ReadRecord> PatientLoader::Loadable() {
  std::vector<ReadRecord> records = LastVersions();
  std::map<std::string, std::chrono::sys_days> born;
  for (const auto& [record, resolved] : records) {
    const auto* person = std::get_if<ResolvedPerson>(&resolved);
    if (person != nullptr) born[record.patient_id] = FirstDayOfLife(*person);
  }
  std::erase_if(records, [&](const ReadRecord& read) {
    const auto patient = born.find(read.record.patient_id);
    const auto* event = std::get_if<ResolvedEvent>(&read.resolved);
    return patient == born.end() || (event != nullptr && DayAfter(event->start) <= patient->second);
  });
  std::set<std::pair<std::string, std::string>> visits;
  for (const auto& [record, resolved] : records) {
    if (record.kind == RecordKind::kVisit) visits.emplace(record.patient_id, record.id);
  }
  for (auto& [record, resolved] : records) {
    if (!visits.contains({record.patient_id, record.visit_id})) record.visit_id.clear();
  }
  return records;
}

void PatientLoader::Load() {
  StagedIds ids;
  const auto skip = [this](int columns) {
    for (int c = 0; c < columns; ++c) rows_->Null();
  };
  for (const auto& [record, resolved] : Loadable()) {
    ids.sequence += 1;
    ids.row = identities_->RowId(record);
    ids.person = identities_->PersonId(record.patient_id);
    ids.visit = identities_->VisitId(record.visit_id);
    if (const auto* person = std::get_if<ResolvedPerson>(&resolved)) {
      AppendPerson(*rows_, ids, key_.Pseudonym(record.patient_id), record, *person);
    } else {
      skip(kPersonColumns);
    }
    if (const auto* consent = std::get_if<ResolvedConsent>(&resolved)) {
      AppendConsent(*rows_, ids, record, *consent);
    } else {
      skip(kConsentColumns);
    }
    if (const auto* event = std::get_if<ResolvedEvent>(&resolved)) {
      AppendEvent(*rows_, ids, record.source.line, OwnPlace(record), *event);
      AppendForm(*rows_, EventForm::Of(record, *event, ids.source));
    } else {
      skip(kEventColumns);
    }
    rows_->EndRow();
  }
}

void PatientLoader::Forget() {
  taken_.clear();
  identities_.reset();
  rows_->Clear();
}

}  // namespace clinnova::intake
