// SPDX-License-Identifier: Apache-2.0
#include "intake/patient_loader.h"

#include <string>
#include <string_view>

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

/// "CREATE TEMP TABLE t AS SELECT …" makes the table once and fills it at every question:
/// "INSERT INTO t SELECT …".
std::string Refill(const std::string& statement) {
  const std::size_t as = statement.find(" AS\n");
  return "INSERT INTO " + statement.substr(kNewTable.size(), as - kNewTable.size()) + "\n" +
         statement.substr(as + 4);
}

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

Result<void> PatientLoader::MakeTables() {
  CLINNOVA_TRY(database_.Execute(kPlanWithoutStatistics));
  CLINNOVA_TRY(database_.Execute(kCreateStaging));
  return database_.Execute(kCheck);
}

// At the first question, when nobody makes tables any more: DuckDB would plan every run anew of a statement that
// was prepared before the last change of the catalogue.
Result<void> PatientLoader::Plan() {
  std::vector<std::string> run;
  for (const std::string& statement : StatementsOf(kCheck)) {
    // The last one fills the quarantine, which nobody reads here.
    if (statement.starts_with(kNewTable)) run.push_back(Refill(statement));
  }
  for (const std::string& statement : StatementsOf(kInsert)) run.push_back(statement);
  for (const std::string& statement : run) {
    CLINNOVA_ASSIGN(core::SqlStatement planned, database_.Prepare(statement));
    steps_.push_back({std::move(planned), TargetOf(statement)});
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
