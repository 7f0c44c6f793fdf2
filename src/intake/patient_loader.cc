// SPDX-License-Identifier: Apache-2.0
#include "intake/patient_loader.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "intake/load_statements.h"

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

/// 'drug' of a statement that moves the events WHERE target = 'drug'.
std::string TargetOf(const std::string& statement) {
  constexpr std::string_view kWhere = "WHERE target = '";
  const std::size_t found = statement.find(kWhere);
  if (found == statement.npos) return {};
  const std::size_t from = found + kWhere.size();
  return statement.substr(from, statement.find('\'', from) - from);
}

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

// What kCheck makes of the staged rows where each of them may be loaded.
constexpr std::string_view kChecked = R"sql(
CREATE TEMP VIEW checked_person AS SELECT * FROM stage_person;
CREATE TEMP VIEW checked_consent AS SELECT *, NULL::VARCHAR AS rule FROM stage_consent;
CREATE TEMP VIEW loadable AS SELECT * FROM stage_event;
CREATE TEMP VIEW loadable_in_visit AS
  SELECT * REPLACE (nullif(visit_id, 0) AS visit_id), NULL::BIGINT AS provider_id FROM stage_event;
)sql";

// DuckDB's time for every operator, and for every column of every table that is filled, is what a question costs, not
// its rows. So what can be told record by record is not asked of it (Loadable), and the CDM's tables are views of what
// is staged, but for the small ones.
Result<void> PatientLoader::MakeTables() {
  CLINNOVA_TRY(database_.Execute(kPlanWithoutStatistics));
  CLINNOVA_TRY(database_.Execute(kCreateStaging));
  CLINNOVA_TRY(database_.Execute(kWholeEvents));
  CLINNOVA_TRY(database_.Execute(kChecked));
  for (const std::string& statement : StatementsOf(kInsert)) {
    const std::string target = TargetOf(statement);
    if (statement.starts_with("INSERT INTO person ") ||
        (!target.empty() && target != "visit" && target != "death")) {
      CLINNOVA_TRY(MakeView(statement));
    } else {
      fill_.push_back({statement, target});
    }
  }
  return {};
}

/// "INSERT INTO person (…) SELECT …" as a view of that name, which goes before the table and has its columns.
Result<void> PatientLoader::MakeView(const std::string& statement) {
  const Insert insert(statement);
  CLINNOVA_ASSIGN(auto rows,
                  database_.Query("SELECT column_name, data_type FROM duckdb_columns() WHERE "
                                  "schema_name = 'main' AND NOT internal AND table_name = ? "
                                  "ORDER BY column_index",
                                  {insert.table}));
  std::string columns;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const std::string name(rows.Text(0, r));
      columns += (columns.empty() ? "" : ", ") + (insert.names.contains(name) ? name : "NULL") +
                 "::" + std::string(rows.Text(1, r)) + " AS " + name;
    }
  }
  return database_.Execute("CREATE TEMP VIEW " + insert.table + " AS SELECT " + columns +
                           "\nFROM (" + insert.select + ") v(" + insert.columns + ")");
}

// At the first question, when nobody makes tables any more: DuckDB would plan every run anew of a statement that
// was prepared before the last change of the catalogue.
Result<void> PatientLoader::Plan() {
  for (const auto& [statement, target] : fill_) {
    CLINNOVA_ASSIGN(core::SqlStatement planned, database_.Prepare(statement));
    steps_.push_back({std::move(planned), target});
  }
  return {};
}

Result<void> PatientLoader::Begin() {
  CLINNOVA_TRY(Forget());
  if (steps_.empty()) CLINNOVA_TRY(Plan());
  CLINNOVA_TRY(database_.Execute("BEGIN"));
  open_ = true;
  CLINNOVA_ASSIGN(stage_, RecordStage::OpenForWhole(database_, key_));
  return {};
}

void PatientLoader::Take(ReadRecord read) {
  if (SaysItIsNotTrue(read.record)) return;
  if (std::holds_alternative<Rejection>(read.resolved)) return;
  taken_.push_back(std::move(read));
}

// As kCheck: the last version of a record counts, in the order in which the versions that count came.
std::vector<ReadRecord> PatientLoader::LastVersions() {
  std::unordered_map<std::int64_t, std::size_t> last;
  for (std::size_t i = 0; i < taken_.size(); ++i) last[stage_->RowId(taken_[i].record)] = i;
  std::vector<std::size_t> places;
  for (const auto& [row, place] : last) places.push_back(place);
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

Result<void> PatientLoader::Load() {
  std::set<std::string_view> targets;
  for (const auto& [record, resolved] : Loadable()) {
    if (const auto* event = std::get_if<ResolvedEvent>(&resolved)) {
      targets.insert(KindName(event->table));
    }
    stage_->Take(record, resolved);
  }
  CLINNOVA_TRY(stage_->Finish());
  stage_.reset();
  for (Step& step : steps_) {
    if (step.target.empty() || targets.contains(step.target)) {
      CLINNOVA_TRY(step.statement.Run());
    }
  }
  return {};
}

Result<void> PatientLoader::Forget() {
  stage_.reset();
  taken_.clear();
  if (!open_) return {};
  open_ = false;
  return database_.Execute("ROLLBACK");
}

}  // namespace clinnova::intake
