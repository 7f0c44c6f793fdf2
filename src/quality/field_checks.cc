// SPDX-License-Identifier: Apache-2.0
// The catalogue's checks of single fields: required, keys, concepts, limits, dates.
#include <functional>
#include <map>

#include "core/check.h"
#include "core/duckdb.h"
#include "quality/check_maker.h"

namespace clinnova::quality {
namespace {

using core::SqlLiteral;

std::string Value(const FieldCheck& of) { return "t." + std::string(of.field); }
std::string FirstDay(const CheckMaker& maker, const FieldCheck& of) {
  return maker.FirstDay(of.table, of.field);
}
std::string LastDay(const CheckMaker& maker, const FieldCheck& of) {
  return maker.LastDay(of.table, of.field);
}
std::string Known(const std::string& value) { return value + " IS NOT NULL"; }

void Required(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, "", Value(of) + " IS NULL");
  check.count.numerator = "count(*) - count(" + Value(of) + ")";
}

void PrimaryKey(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, Known(Value(of)),
                 Value(of) + " IN (SELECT " + check.field + " FROM " + check.table + " GROUP BY " +
                     check.field + " HAVING count(*) > 1)");
  CheckMaker::CountCopies(check, check.field, check.field + " IS NOT NULL");
}

/// A concept's field, each of its concepts once: g has them (id) with the number of rows (n), c the concept.
void OverConcepts(Check& check, const FieldCheck& of, const std::string& denominator,
                  const std::string& bad, bool joins_concept) {
  const std::string field(of.field), table(of.table);
  const auto sum = [](const std::string& condition) {
    return "coalesce(sum(g.n) FILTER (WHERE " + condition + "), 0)";
  };
  check.count.base =
      "(SELECT " + field + " AS id, count(*) AS n FROM " + table + " GROUP BY " + field + ") g";
  check.count.show_from =
      "(SELECT " + table + ".*, " + table + "." + field + " AS id FROM " + table + ") t";
  std::string row_condition = "(" + denominator + ") AND (" + bad + ")";
  check.count.denominator = sum(denominator);
  check.count.numerator = sum(row_condition);
  for (std::size_t at = row_condition.find("g.id"); at != row_condition.npos;
       at = row_condition.find("g.id", at))
    row_condition.replace(at, 4, "t.id");
  check.count.show_where = row_condition;
  check.count.shows_rows = true;
  if (!joins_concept) return;
  check.count.joins = {"LEFT JOIN concept c ON c.concept_id = g.id"};
  check.count.show_from += "\n  LEFT JOIN concept c ON c.concept_id = t.id";
}

/// Whether the CDM has concepts with these fields beside their identifier.
bool HasConcepts(const CheckMaker& maker, Check& check,
                 const std::vector<std::string_view>& fields = {}) {
  if (!maker.shape().has_concepts) {
    check.not_applicable = "the table concept is empty or not there";
    return false;
  }
  return maker.Needs(check, "concept", {"concept_id"}) && maker.Needs(check, "concept", fields);
}

void ForeignKey(CheckMaker& maker, Check& check, const FieldCheck& of) {
  const std::size_t dot = of.argument.find('.');
  const std::string target(of.argument.substr(0, dot)), key(of.argument.substr(dot + 1));
  if (target == "concept") {
    if (HasConcepts(maker, check))
      // 0 says that there is none, whether the vocabulary has a concept of that number or not.
      OverConcepts(check, of, "g.id IS NOT NULL", "c.concept_id IS NULL AND g.id <> 0", true);
    return;
  }
  if (!maker.Needs(check, target, {key})) return;
  // Most tables' other checks join the persons and visits anyway.
  const bool person = of.field == "person_id", visit = of.field == "visit_occurrence_id";
  const Join joined = person ? PersonJoin() : VisitJoin();
  if ((person || visit) && maker.Has(check, joined)) {
    maker.OverRows(check, Known(Value(of)), person ? "b.k IS NULL" : "v.k IS NULL", {joined});
  } else {
    const std::string name = "fk_" + std::string(of.field);
    maker.OverRows(check, Known(Value(of)), name + ".k IS NULL",
                   {{.sql = "LEFT JOIN (SELECT DISTINCT " + key + " AS k FROM " + target + ") " +
                            name + " ON " + name + ".k = " + Value(of),
                     .on = of.field}});
  }
  check.count.denominator = "count(" + Value(of) + ")";
}

// 0 means that there is no concept, and is of no domain or class.
void ConceptIs(CheckMaker& maker, Check& check, const FieldCheck& of) {
  const std::string column = of.kind == "domain" ? "domain_id" : "concept_class_id";
  if (!HasConcepts(maker, check, {column})) return;
  OverConcepts(check, of, "g.id <> 0 AND c.concept_id IS NOT NULL",
               "c." + column + " <> " + SqlLiteral(of.argument), true);
}

void StandardConcept(CheckMaker& maker, Check& check, const FieldCheck& of) {
  if (!HasConcepts(maker, check, {"standard_concept", "invalid_reason"})) return;
  OverConcepts(check, of, "g.id <> 0 AND c.concept_id IS NOT NULL",
               "coalesce(c.standard_concept, '') <> 'S' OR coalesce(c.invalid_reason, '') <> ''",
               true);
}

// What has no unit, a count or a score, has no unit that is not mapped: UCUM writes it in braces or as 1.
void UnmappedUnit(CheckMaker& maker, Check& check, const FieldCheck& of) {
  if (!maker.Needs(check, of.table, {"unit_source_value"})) return;
  maker.OverRows(check,
                 Known(Value(of)) +
                     " AND coalesce(t.unit_source_value, '') NOT IN ('', '1') AND "
                     "t.unit_source_value NOT LIKE '{%'",
                 Value(of) + " = 0");
  check.count.show_columns.emplace_back("t.unit_source_value");
}

void Unmapped(CheckMaker& maker, Check& check, const FieldCheck& of) {
  if (of.field == "unit_concept_id") return UnmappedUnit(maker, check, of);
  OverConcepts(check, of, "g.id IS NOT NULL", "g.id = 0", false);
}

/// Source values, each once.
void UnmappedCode(CheckMaker& maker, Check& check, const FieldCheck& of) {
  const std::string mapped(of.argument), field(of.field), table(of.table);
  if (!maker.Needs(check, of.table, {of.argument})) return;
  CheckMaker::Over(check,
                   "(SELECT " + field + ", max(" + mapped + ") AS mapped, count(*) AS n FROM " +
                       table + " WHERE " + field + " IS NOT NULL GROUP BY " + field + ") s",
                   "", "coalesce(s.mapped, 0) = 0");
  check.count.show_columns = {"s." + field, "s.n AS rows"};
}

void Limit(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, Known(Value(of)),
                 Value(of) + (of.kind == "low" ? " < " : " > ") + std::string(of.argument));
  check.count.denominator = "count(" + Value(of) + ")";
}

void DateEarly(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, Known(Value(of)),
                 LastDay(maker, of) + " < DATE " + SqlLiteral(of.argument));
  check.count.denominator = "count(" + Value(of) + ")";
}

// One day more: it may be tomorrow elsewhere.
void DateFuture(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, Known(Value(of)), FirstDay(maker, of) + " > current_date + 1");
  check.count.denominator = "count(" + Value(of) + ")";
}

// Dates that are only read in one order, of which the other is possible: none is after the twelfth.
void DatePattern(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, "", Known(Value(of)));
  const std::string field(of.field);
  check.count.base = "(SELECT " + field + " AS day FROM " + check.table + " WHERE " + field +
                     " IS NOT NULL GROUP BY " + field + ") g";
  check.count.denominator = "CASE WHEN count(*) >= 30 THEN 1 ELSE 0 END";
  check.count.numerator =
      "CASE WHEN count(*) >= 30 AND max(extract(day FROM g.day)) <= 12 THEN 1 ELSE 0 END";
}

// Of two of which one alone has a time zone, only what is after the other wherever it was written down is.
void StartBeforeEnd(CheckMaker& maker, Check& check, const FieldCheck& of) {
  const std::string end = "t." + std::string(of.argument);
  if (!maker.Needs(check, of.table, {of.argument})) return;
  const bool start_zoned = maker.IsZoned(of.table, of.field);
  const bool end_zoned = maker.IsZoned(of.table, of.argument);
  const std::string earliest = start_zoned && !end_zoned ? " - INTERVAL '12 hours'" : "";
  const std::string latest = end_zoned && !start_zoned ? " + INTERVAL '14 hours'" : "";
  maker.OverRows(check, Known(Value(of)) + " AND " + Known(end),
                 Value(of) + earliest + " > " + end + latest);
  check.count.show_columns.push_back(end);
}

void AfterBirth(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, Known(Value(of)) + " AND b.birth IS NOT NULL",
                 LastDay(maker, of) + " < b.birth", {PersonJoin()});
  check.count.show_columns.push_back("b.birth");
}

void BeforeDeath(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, Known(Value(of)) + " AND d.day IS NOT NULL",
                 FirstDay(maker, of) + " > d.day + 60", {DeathJoin()});
  check.count.show_columns.push_back("d.day AS death");
}

void ShowVisit(Check& check) {
  check.count.show_columns.emplace_back("v.first AS visit_start");
  check.count.show_columns.emplace_back("v.last AS visit_end");
}

void WithinVisit(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, Known(Value(of)) + " AND v.first IS NOT NULL",
                 LastDay(maker, of) + " < v.first - 7 OR " + FirstDay(maker, of) + " > v.last + 7",
                 {VisitJoin()});
  ShowVisit(check);
}

// A visit of one day may itself be the one that is exchanged: then its day, exchanged back, is the row's. Asked of
// dates only.
void SwappedInVisit(CheckMaker& maker, Check& check, const FieldCheck& of) {
  const std::string day = Value(of);
  // CASE: the calendar is asked only of the few rows that are outside.
  maker.OverRows(check, Known(day) + " AND v.first IS NOT NULL",
                 "CASE WHEN " + day + " < v.first - 1 OR " + day + " > v.last + 1 THEN coalesce(" +
                     Swapped(day) + " BETWEEN v.first AND v.last, false) OR coalesce(" + day +
                     " = " + Swapped("v.first") + ", false) ELSE false END",
                 {VisitJoin()});
  ShowVisit(check);
}

void VisitOfPerson(CheckMaker& maker, Check& check, const FieldCheck& of) {
  if (!maker.Needs(check, of.table, {"person_id"})) return;
  maker.OverRows(check, "v.person IS NOT NULL", "v.person <> t.person_id", {VisitJoin()});
  check.count.show_columns.emplace_back("v.person AS visit_person_id");
}

void WithinObservation(CheckMaker& maker, Check& check, const FieldCheck& of) {
  maker.OverRows(check, Known(Value(of)) + " AND o.first IS NOT NULL",
                 LastDay(maker, of) + " < o.first OR " + FirstDay(maker, of) + " > o.last",
                 {PeriodJoin()});
  check.count.show_columns.emplace_back("o.first AS observed_from");
  check.count.show_columns.emplace_back("o.last AS observed_to");
}

void DateMatchesDatetime(CheckMaker& maker, Check& check, const FieldCheck& of) {
  if (!maker.Needs(check, of.table, {of.argument})) return;
  const std::string moment = "t." + std::string(of.argument);
  const std::string first = maker.FirstDay(of.table, of.argument);
  maker.OverRows(
      check, Known(Value(of)) + " AND " + Known(moment),
      maker.IsZoned(of.table, of.argument)
          ? Value(of) + " NOT BETWEEN " + first + " AND " + maker.LastDay(of.table, of.argument)
          : Value(of) + " <> " + first);
  check.count.show_columns.push_back(moment);
}

using Make = void (*)(CheckMaker& maker, Check& check, const FieldCheck& of);
const std::map<std::string_view, Make> kMakers = {
    {"required", Required},
    {"completeness", Required},
    {"primary_key", PrimaryKey},
    {"foreign_key", ForeignKey},
    {"domain", ConceptIs},
    {"concept_class", ConceptIs},
    {"standard_concept", StandardConcept},
    {"unmapped", Unmapped},
    {"unmapped_source", Unmapped},
    {"unmapped_code", UnmappedCode},
    {"low", Limit},
    {"high", Limit},
    {"date_early", DateEarly},
    {"date_future", DateFuture},
    {"date_pattern", DatePattern},
    {"start_before_end", StartBeforeEnd},
    {"after_birth", AfterBirth},
    {"before_death", BeforeDeath},
    {"within_visit", WithinVisit},
    {"within_observation", WithinObservation},
    {"swapped_in_visit", SwappedInVisit},
    {"visit_of_person", VisitOfPerson},
    {"date_matches_datetime", DateMatchesDatetime},
};

}  // namespace

void AddFieldChecks(CheckMaker& maker) {
  for (const FieldCheck& of : maker.catalogue().fields) {
    const auto make = kMakers.find(of.kind);
    if (make == kMakers.end()) continue;  // history_checks.cc
    Check& check = maker.Add({.kind = of.kind,
                              .table = of.table,
                              .field = of.field,
                              .argument = of.argument,
                              .threshold = of.threshold});
    if (!check.not_applicable.empty()) continue;
    check.count.show_columns = {"t." + std::string(of.field)};
    make->second(maker, check, of);
  }
}

}  // namespace clinnova::quality
