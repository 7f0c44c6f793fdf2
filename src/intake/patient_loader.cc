// SPDX-License-Identifier: Apache-2.0
#include "intake/patient_loader.h"

#include <string>
#include <string_view>
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

constexpr std::string_view kNewTable = "CREATE TEMP TABLE ";
constexpr std::string_view kNewView = "CREATE TEMP VIEW ";
constexpr std::string_view kInsertInto = "INSERT INTO ";

bool Creates(std::string_view statement, std::string_view what, std::string_view name) {
  return statement.starts_with(std::string(what) + std::string(name) + " ");
}

/// "CREATE TEMP TABLE t AS SELECT …" or "… VIEW …", as the other one.
std::string As(std::string_view what, const std::string& statement) {
  const std::size_t length = statement.starts_with(kNewTable) ? kNewTable.size() : kNewView.size();
  return std::string(what) + statement.substr(length);
}

/// "CREATE TEMP TABLE t AS SELECT …" makes the table once and fills it at every question:
/// "INSERT INTO t SELECT …".
std::string Refill(const std::string& statement) {
  const std::size_t as = statement.find(" AS\n");
  return std::string(kInsertInto) + statement.substr(kNewTable.size(), as - kNewTable.size()) +
         "\n" + statement.substr(as + 4);
}

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

// Of the tables between staging and CDM only two are filled; the rest are views of them. DuckDB's time for every column
// of every table that is filled is what a question costs, not its rows.
Result<void> PatientLoader::MakeTables() {
  CLINNOVA_TRY(database_.Execute(kPlanWithoutStatistics));
  CLINNOVA_TRY(database_.Execute(kCreateStaging));
  std::string fill_in_visit;
  for (const std::string& statement : StatementsOf(kCheck)) {
    if (Creates(statement, kNewTable, "checked_person")) {
      CLINNOVA_TRY(Fill(statement));
    } else if (Creates(statement, kNewView, "loadable_in_visit")) {
      const std::string table = As(kNewTable, statement);
      CLINNOVA_TRY(database_.Execute(table));
      fill_in_visit = Refill(table);
    } else if (statement.starts_with(kNewTable) || statement.starts_with(kNewView)) {
      CLINNOVA_TRY(database_.Execute(As(kNewView, statement)));
    }  // else the quarantine, which nobody reads here
  }
  for (const std::string& statement : StatementsOf(kInsert)) {
    const std::string target = TargetOf(statement);
    if (target == "visit") {
      fill_.push_back({statement, target});
      fill_.push_back({fill_in_visit, {}});
    } else if (Creates(statement, kInsertInto, "person") ||
               (!target.empty() && target != "death")) {
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
  return database_.Execute(std::string(kNewView) + insert.table + " AS SELECT " + columns +
                           "\nFROM (" + insert.select + ") v(" + insert.columns + ")");
}

/// Makes the table of "CREATE TEMP TABLE t AS SELECT …", and fills it at every question.
Result<void> PatientLoader::Fill(const std::string& statement) {
  CLINNOVA_TRY(database_.Execute(statement));
  fill_.push_back({Refill(statement), {}});
  return {};
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
  CLINNOVA_ASSIGN(stage_, RecordStage::Open(database_, key_));
  return {};
}

void PatientLoader::Take(const ReadRecord& read) {
  if (SaysItIsNotTrue(read.record)) return;
  if (std::holds_alternative<Rejection>(read.resolved)) return;
  if (const auto* event = std::get_if<ResolvedEvent>(&read.resolved)) {
    targets_.insert(std::string(KindName(event->table)));
  }
  stage_->Take(read.record, read.resolved);
}

Result<void> PatientLoader::Load() {
  CLINNOVA_TRY(stage_->Finish());
  stage_.reset();
  for (Step& step : steps_) {
    if (step.target.empty() || targets_.contains(step.target)) {
      CLINNOVA_TRY(step.statement.Run());
    }
  }
  return {};
}

Result<void> PatientLoader::Forget() {
  stage_.reset();
  targets_.clear();
  if (!open_) return {};
  open_ = false;
  return database_.Execute("ROLLBACK");
}

}  // namespace clinnova::intake
