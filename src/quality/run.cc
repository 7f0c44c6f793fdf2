// SPDX-License-Identifier: Apache-2.0
#include "quality/run.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>

#include "core/check.h"
#include "core/duckdb.h"
#include "core/utc_time.h"
#include "quality/catalogue.h"
#include "quality/history.h"
#include "quality/plan.h"

namespace clinnova::quality {
namespace {

/// Checks over one relation, counted by one statement. An aggregate that several need is computed once.
struct Scan {
  std::vector<std::string> joins, aggregates;
  std::map<std::string, std::size_t> place_of;
  struct Member {
    std::size_t check, numerator, denominator;
  };
  std::vector<Member> members;

  std::size_t PlaceOf(const std::string& aggregate) {
    const auto [found, is_new] = place_of.emplace(aggregate, aggregates.size());
    if (is_new) aggregates.push_back(aggregate);
    return found->second;
  }
  void Add(std::size_t index, const CountSql& count) {
    for (const std::string& join : count.joins) {
      if (std::ranges::find(joins, join) == joins.end()) joins.push_back(join);
    }
    members.push_back({index, PlaceOf(count.numerator), PlaceOf(count.denominator)});
  }
  std::string Sql(const std::string& base) const {
    std::string sql = "SELECT ";
    for (std::size_t i = 0; i < aggregates.size(); ++i)
      sql += (i == 0 ? "(" : ",\n  (") + aggregates[i] + ")::BIGINT";
    sql += "\nFROM " + base;
    for (const std::string& join : joins) sql += "\n" + join;
    return sql;
  }
};

std::int64_t Integer(const std::optional<std::string_view>& text) {
  return text ? std::stoll(std::string(*text)) : 0;
}

class Runner {
 public:
  Runner(Cdm& cdm, Plan plan) : cdm_(cdm), groups_(std::move(plan.groups)) {
    report_.checks = std::move(plan.checks);
    report_.outcomes.resize(report_.checks.size());
  }

  Result<QualityReport> Run() {
    const auto start = std::chrono::steady_clock::now();
    report_.ran_at = core::UtcSeconds(std::chrono::system_clock::now());
    std::map<int, std::vector<std::size_t>> grouped;
    for (std::size_t i = 0; i < report_.checks.size(); ++i) {
      const Check& check = report_.checks[i];
      if (!check.not_applicable.empty()) {
        report_.outcomes[i].note = check.not_applicable;
      } else if (check.known_numerator >= 0) {
        Count(i, check.known_numerator, 1);
      } else if (check.count.group >= 0) {
        grouped[check.count.group].push_back(i);
      } else {
        scans_[check.count.base].Add(i, check.count);
      }
    }
    for (const auto& [base, scan] : scans_) CLINNOVA_TRY(RunScan(base, scan));
    for (const auto& [group, members] : grouped) CLINNOVA_TRY(RunGroup(group, members));
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(report_);
  }

 private:
  void Count(std::size_t index, std::int64_t numerator, std::int64_t denominator) {
    Outcome& outcome = report_.outcomes[index];
    outcome.numerator = numerator;
    outcome.denominator = denominator;
    if (denominator == 0) {
      outcome.note = "there is nothing to check";
      return;
    }
    const bool over = outcome.SharePercent() > report_.checks[index].threshold;
    outcome.status = over ? Status::kFail : Status::kPass;
  }

  /// What a failed statement's checks become; an unreachable server ends the run.
  Result<void> Mark(const Result<void>& done, const std::vector<std::size_t>& members) {
    if (done) return {};
    if (done.error().code == ErrorCode::kUnreachable) return done;
    if (cdm_.IsClosed(done.error())) {
      return Fail(ErrorCode::kFailed, cdm_.Told(done.error()) + ": the engine closed the CDM",
                  "engine_closed");
    }
    for (const std::size_t index : members) {
      report_.outcomes[index] = {.numerator = 0,
                                 .denominator = 0,
                                 .status = Status::kError,
                                 .note = cdm_.Told(done.error())};
    }
    return {};
  }

  Result<void> RunScan(const std::string& base, const Scan& scan) {
    ++report_.statements;
    std::vector<std::int64_t> counts(scan.aggregates.size());
    const Result<void> done = cdm_.ForEachRow(scan.Sql(base), [&](TextRow row) -> Result<void> {
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = Integer(row[i]);
      return {};
    });
    std::vector<std::size_t> members;
    for (const Scan::Member& member : scan.members) {
      members.push_back(member.check);
      if (done) Count(member.check, counts[member.numerator], counts[member.denominator]);
    }
    return Mark(done, members);
  }

  Result<void> RunGroup(int group, const std::vector<std::size_t>& members) {
    ++report_.statements;
    std::map<std::string, std::pair<std::int64_t, std::int64_t>, std::less<>> counts;
    const Result<void> done =
        cdm_.ForEachRow(groups_[static_cast<std::size_t>(group)], [&](TextRow row) -> Result<void> {
          counts[std::string(*row[0])] = {Integer(row[2]), Integer(row[1])};
          return {};
        });
    for (const std::size_t index : members) {
      const auto found = counts.find(report_.checks[index].count.name);
      const bool known = found != counts.end();
      if (done) Count(index, known ? found->second.first : 0, known ? found->second.second : 0);
    }
    return Mark(done, members);
  }

  Cdm& cdm_;  // not owned, outlives this
  std::vector<std::string> groups_;
  std::map<std::string, Scan> scans_;
  QualityReport report_;
};

/// "t.measurement_date" and "b.birth AS born" without what stands before the name.
std::string NameOf(const std::string& column) {
  const std::size_t as = column.rfind(" AS ");
  if (as != column.npos) return column.substr(as + 4);
  const std::size_t dot = column.rfind('.');
  return dot == column.npos ? column : column.substr(dot + 1);
}

std::string ValueOf(const std::string& column) { return column.substr(0, column.rfind(" AS ")); }

/// The check's columns, before them the row's key and person, after them its file and line.
std::vector<std::string> ShownColumns(const Cdm& cdm, const Shape& shape, const Check& check,
                                      std::string& from) {
  std::vector<std::string> columns;
  const auto add = [&columns](const std::string& column) {
    if (std::ranges::find(columns, column) == columns.end()) columns.push_back(column);
  };
  const std::string key(GetCatalogue().KeyOf(check.table));
  if (check.count.shows_rows) {
    if (!key.empty()) add("t." + key);
    if (shape.Has(check.table, "person_id")) add("t.person_id");
  }
  for (const std::string& column : check.count.show_columns) add(column);
  if (!check.count.shows_rows || key.empty() || !cdm.HasProvenance()) return columns;
  from += "\n  LEFT JOIN clinnova.provenance source_line ON source_line.table_name = " +
          core::SqlLiteral(check.table) + " AND source_line.row_id = t." + key +
          "\n  LEFT JOIN clinnova.source source_file ON source_file.source_id = "
          "source_line.source_id";
  add("source_file.file AS file");
  add("source_line.line AS line");
  return columns;
}

/// The check with this name; kInvalidInput names those that are like it.
Result<const Check*> Find(const Plan& plan, const std::string& check_id) {
  const auto found = std::ranges::find(plan.checks, check_id, &Check::id);
  if (found != plan.checks.end()) return &*found;
  std::string like;
  std::size_t shown = 0;
  for (const Check& check : plan.checks) {
    if (shown == 5 || check.id.find(check_id) == check.id.npos) continue;
    like += (like.empty() ? "" : ", ") + check.id;
    ++shown;
  }
  return Fail(ErrorCode::kInvalidInput,
              "--show: found \"" + check_id + "\", expected the name of a check" +
                  (like.empty() ? "; --json lists them" : ", such as " + like));
}

/// How the check's rows are shown, without one of them.
Result<ShownRows> HowToShow(const Cdm& cdm, const Shape& shape, const std::string& check_id) {
  const Plan plan = PlanChecks(cdm, shape);
  CLINNOVA_ASSIGN(const Check* check, Find(plan, check_id));
  if (!check->not_applicable.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                "--show: " + check_id + " does not apply: " + check->not_applicable);
  }
  if (check->count.show_from.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                "--show: " + check_id + " is not about rows: " + check->description);
  }
  ShownRows shown{.description = check->description, .sql = "SELECT ", .columns = {}, .rows = {}};
  std::string from = check->count.show_from;
  for (const std::string& column : ShownColumns(cdm, shape, *check, from)) {
    shown.sql += (shown.columns.empty() ? "CAST(" : ", CAST(") + ValueOf(column) +
                 " AS VARCHAR) AS " + core::SqlIdentifier(NameOf(column));
    shown.columns.push_back(NameOf(column));
  }
  CLINNOVA_CHECK(!shown.columns.empty());
  shown.sql += "\nFROM " + from + "\nWHERE " + check->count.show_where;
  return shown;
}

}  // namespace

std::size_t QualityReport::Count(Status status) const {
  return static_cast<std::size_t>(std::ranges::count(outcomes, status, &Outcome::status));
}

Result<QualityReport> RunChecks(Cdm& cdm) {
  CLINNOVA_ASSIGN(const Shape shape, ReadShape(cdm));
  return Runner(cdm, PlanChecks(cdm, shape)).Run();
}

Result<QualityReport> RunAndKeep(const std::string& store_file) {
  constexpr int kTries = 3;
  for (int attempt = 1;; ++attempt) {
    CLINNOVA_ASSIGN(auto store,
                    store::Store::Open({.path = store_file, .threads = attempt == 1 ? 2 : 1}));
    OwnCdm cdm(store);
    auto report = RunChecks(cdm);
    if (report) {
      CLINNOVA_TRY(KeepRun(store.database(), *report));
      return report;
    }
    if (report.error().reason != "engine_closed" || attempt == kTries) return report;
  }
}

Result<ShownRows> ShowRows(Cdm& cdm, const std::string& check_id, std::size_t limit) {
  CLINNOVA_ASSIGN(const Shape shape, ReadShape(cdm));
  CLINNOVA_ASSIGN(ShownRows shown, HowToShow(cdm, shape, check_id));
  CLINNOVA_TRY(cdm.ForEachRow(shown.sql + "\nORDER BY 1 LIMIT " + std::to_string(limit),
                              [&](TextRow row) -> Result<void> {
                                std::vector<std::string>& texts = shown.rows.emplace_back();
                                for (const auto& value : row)
                                  texts.emplace_back(value.value_or(""));
                                return {};
                              }));
  return shown;
}

}  // namespace clinnova::quality
