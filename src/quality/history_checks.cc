// SPDX-License-Identifier: Apache-2.0
// Checks that look at more than one row at a time: persons without records, the same person or record twice, periods
// that overlap, gaps, dates that break the order of their file, a weekly drug taken daily.
#include <map>

#include "core/text.h"
#include "quality/check_maker.h"

namespace clinnova::quality {
namespace {

// All of them are one statement over person.
void PersonCompleteness(CheckMaker& maker, Check& check, const FieldCheck& of) {
  if (!maker.Needs(check, of.table, {"person_id"}) || !maker.Needs(check, "person", {"person_id"}))
    return;
  const std::string table(of.table), name = "of_" + table;
  CheckMaker::Over(check, "person p", "", name + ".k IS NULL");
  check.count.joins = {"LEFT JOIN (SELECT DISTINCT person_id AS k FROM " + table + ") " + name +
                       " ON " + name + ".k = p.person_id"};
  check.count.show_from += "\n  " + check.count.joins.front();
  check.count.show_columns = {"p.person_id"};
}

void EraCompleteness(CheckMaker& maker, Check& check, const FieldCheck&) {
  if (!maker.Needs(check, "condition_occurrence", {"person_id", "condition_concept_id"})) return;
  CheckMaker::Over(check,
                   "(SELECT DISTINCT person_id FROM condition_occurrence WHERE "
                   "condition_concept_id <> 0) p LEFT JOIN (SELECT DISTINCT person_id AS k FROM "
                   "condition_era) e ON e.k = p.person_id",
                   "", "e.k IS NULL");
  check.count.show_columns = {"p.person_id"};
}

void PeriodOverlap(CheckMaker& maker, Check& check, const FieldCheck&) {
  if (!maker.Needs(check, "observation_period",
                   {"person_id", "observation_period_start_date", "observation_period_end_date"}))
    return;
  CheckMaker::Over(check,
                   "(SELECT person_id, observation_period_start_date AS first, "
                   "observation_period_end_date AS last, lead(observation_period_start_date) OVER "
                   "(PARTITION BY person_id ORDER BY observation_period_start_date, "
                   "observation_period_end_date) AS next FROM observation_period) s",
                   "", "s.next IS NOT NULL AND s.next <= s.last + 1");
  check.count.show_columns = {"s.person_id", "s.first", "s.last", "s.next"};
}

/// A person's whole record of a table as one number, whatever the order of its rows.
std::string Signature(const CheckMaker& maker, const std::string& table,
                      const std::vector<std::string>& fields, const std::string& name) {
  return "LEFT JOIN (SELECT person_id AS k, count(*) AS n, sum(" + maker.cdm().HashSql(fields) +
         ") AS sign FROM " + table + " GROUP BY person_id) " + name + " ON " + name +
         ".k = p.person_id";
}

// A record of fewer than three rows may well be two persons' by chance.
void DuplicatePerson(CheckMaker& maker, Check& check, const FieldCheck&) {
  if (!maker.Needs(
          check, "person",
          {"person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth"}) ||
      !maker.Needs(
          check, "measurement",
          {"person_id", "measurement_concept_id", "measurement_date", "value_as_number"}) ||
      !maker.Needs(check, "visit_occurrence", {"person_id", "visit_start_date", "visit_end_date"}))
    return;
  const std::string from =
      "(SELECT p.person_id, coalesce(m.n, 0) + coalesce(w.n, 0) AS records, count(*) OVER "
      "(PARTITION BY p.gender_concept_id, p.year_of_birth, p.month_of_birth, p.day_of_birth, m.n, "
      "m.sign, w.n, w.sign) AS same FROM person p " +
      Signature(maker, "measurement",
                {"measurement_concept_id", "measurement_date", "value_as_number"}, "m") +
      " " + Signature(maker, "visit_occurrence", {"visit_start_date", "visit_end_date"}, "w") +
      ") s";
  CheckMaker::Over(check, from, "", "s.records >= 3 AND s.same > 1");
  check.count.show_columns = {"s.person_id", "s.records"};
}

// The row's own key is not part of what it says. Of equal rows all but one are counted, and all are shown.
void DuplicateRecord(CheckMaker& maker, Check& check, const FieldCheck& of) {
  std::vector<std::string> fields = {"person_id", std::string(of.field)};
  for (const std::string_view field : core::Split(of.argument, ',')) fields.emplace_back(field);
  for (const std::string& field : fields) {
    if (!maker.Needs(check, of.table, {field})) return;
  }
  const std::string table(of.table);
  maker.OverRows(check, "", "true");
  CheckMaker::CountCopies(check, maker.cdm().HashSql(fields), "");
  check.count.show_from = "(SELECT " + table + ".*, count(*) OVER (PARTITION BY " +
                          core::Joined(fields) + ") AS copies FROM " + table + ") t";
  check.count.show_where = "t.copies > 1";
  check.count.show_columns.clear();
  for (std::size_t i = 1; i < fields.size(); ++i)
    check.count.show_columns.push_back("t." + fields[i]);
  check.count.show_columns.emplace_back("t.copies");
}

void VisitGap(CheckMaker& maker, Check& check, const FieldCheck& of) {
  if (!maker.Needs(check, "visit_occurrence", {"person_id", "visit_start_date"})) return;
  CheckMaker::Over(check,
                   "(SELECT person_id, visit_start_date AS visit, lead(visit_start_date) OVER "
                   "(PARTITION BY person_id ORDER BY visit_start_date) AS next FROM "
                   "visit_occurrence) s",
                   "s.next IS NOT NULL", "s.next - s.visit > " + std::string(of.argument));
  check.count.show_columns = {"s.person_id", "s.visit", "s.next"};
}

// The unit that most values of a concept have; at a tie the one with the smaller identifier.
void UnitSpread(CheckMaker& maker, Check& check, const FieldCheck&) {
  if (!maker.Needs(check, "measurement",
                   {"measurement_concept_id", "unit_concept_id", "value_as_number"}))
    return;
  CheckMaker::Over(
      check,
      "(SELECT measurement_concept_id, unit_concept_id, count(*) AS n, row_number() OVER "
      "(PARTITION BY measurement_concept_id ORDER BY count(*) DESC, unit_concept_id) AS place "
      "FROM measurement WHERE measurement_concept_id <> 0 AND unit_concept_id <> 0 AND "
      "value_as_number IS NOT NULL GROUP BY measurement_concept_id, unit_concept_id) s",
      "", "s.place > 1");
  check.count.denominator = "coalesce(sum(s.n), 0)";
  check.count.numerator = "coalesce(sum(s.n) FILTER (WHERE s.place > 1), 0)";
  check.count.show_columns = {"s.measurement_concept_id", "s.unit_concept_id", "s.n AS rows"};
}

// Written in the order of their dates, as most exports are, a person's visits show which date does not fit: it is
// before the one above it or after the one below, and with day and month exchanged it is not. Of the two visits that
// are then out of order, one whose day has another record of the person (a drug's start, a diagnosis, a procedure)
// is believed. A file counts as ordered, up or down, where at least 95 % of its neighbours are, or, of files with
// fewer than 20 neighbours, of all files together.
void SwappedOrder(CheckMaker& maker, Check& check, const FieldCheck&) {
  if (!maker.cdm().HasProvenance()) {
    check.not_applicable = "the lines of the source are known only of what Clinnova imported";
    return;
  }
  if (!maker.Needs(check, "visit_occurrence",
                   {"visit_occurrence_id", "person_id", "visit_start_date"}))
    return;
  const std::string from =
      "(WITH run AS (\n"
      "  SELECT v.person_id, r.source_id,\n"
      "         list(v.visit_occurrence_id ORDER BY r.line, v.visit_occurrence_id) AS visits,\n"
      "         list(v.visit_start_date ORDER BY r.line, v.visit_occurrence_id) AS days\n"
      "  FROM visit_occurrence v JOIN clinnova.provenance r ON r.table_name = 'visit_occurrence'\n"
      "   AND r.row_id = v.visit_occurrence_id AND r.line IS NOT NULL\n"
      "   AND r.date_precision IN ('day', 'second')\n"
      "  GROUP BY v.person_id, r.source_id),\n"
      "placed AS (\n"
      "  SELECT visits[i] AS visit_occurrence_id, person_id, days[i] AS day, source_id,\n"
      "         CASE WHEN i > 1 THEN days[i - 1] END AS above,\n"
      "         CASE WHEN i < len(days) THEN days[i + 1] END AS below\n"
      "  FROM (SELECT *, unnest(range(1, len(days) + 1)) AS i FROM run)),\n"
      "file AS (\n"
      "  SELECT source_id, count(above) AS pairs, avg((day >= above)::INTEGER) AS up,\n"
      "         avg((day <= above)::INTEGER) AS down FROM placed GROUP BY source_id),\n"
      "pooled AS (\n"
      "  SELECT sum(up * pairs) / nullif(sum(pairs), 0) AS up,\n"
      "         sum(down * pairs) / nullif(sum(pairs), 0) AS down FROM file),\n"
      "ordered AS (\n"
      "  SELECT source_id,\n"
      "         CASE WHEN (CASE WHEN pairs >= 20 THEN f.up ELSE p.up END) >= 0.95 THEN 1\n"
      "              WHEN (CASE WHEN pairs >= 20 THEN f.down ELSE p.down END) >= 0.95 THEN -1 END "
      "AS way\n"
      "  FROM file f CROSS JOIN pooled p)\n"
      "SELECT x.visit_occurrence_id, x.person_id, x.day, " +
      Swapped("x.day") +
      " AS swapped, o.way,\n"
      "       CASE o.way WHEN 1 THEN x.above ELSE x.below END AS earliest,\n"
      "       CASE o.way WHEN 1 THEN x.below ELSE x.above END AS latest,\n"
      "       e.person_id IS NOT NULL AS believed\n"
      "FROM placed x JOIN ordered o USING (source_id)\n"
      "LEFT JOIN (SELECT person_id, drug_exposure_start_date AS day FROM drug_exposure\n"
      "           UNION SELECT person_id, condition_start_date FROM condition_occurrence\n"
      "           UNION SELECT person_id, procedure_date FROM procedure_occurrence) e\n"
      "  ON e.person_id = x.person_id AND e.day = x.day) t";
  CheckMaker::Over(check, from,
                   "t.way IS NOT NULL AND (t.earliest IS NOT NULL OR t.latest IS NOT NULL)",
                   "NOT t.believed AND t.swapped IS NOT NULL AND (t.day < t.earliest OR t.day > "
                   "t.latest) AND (t.earliest IS NULL OR t.swapped >= t.earliest) AND (t.latest IS "
                   "NULL OR t.swapped <= t.latest)");
  check.count.show_columns = {"t.day AS visit_start_date", "t.swapped AS exchanged",
                              "t.earliest AS visit_before", "t.latest AS visit_after"};
  check.count.shows_rows = true;
}

// Where results come from a laboratory's own messages, which know their day, and the visit from elsewhere. Asked only
// where at least three visits in ten have results on their day: elsewhere the absence of results says nothing.
void SwappedResult(CheckMaker& maker, Check& check, const FieldCheck&) {
  if (!maker.Needs(check, "visit_occurrence",
                   {"visit_occurrence_id", "person_id", "visit_start_date", "visit_end_date"}) ||
      !maker.Needs(check, "measurement", {"person_id", "visit_occurrence_id", "measurement_date"}))
    return;
  const std::string from =
      "(WITH loose AS (SELECT DISTINCT person_id, measurement_date AS day FROM measurement\n"
      "  WHERE visit_occurrence_id IS NULL),\n"
      "visit AS (SELECT v.visit_occurrence_id, v.person_id, v.visit_start_date AS day, " +
      Swapped("v.visit_start_date") +
      " AS swapped\n"
      "  FROM visit_occurrence v\n"
      "  WHERE coalesce(v.visit_end_date, v.visit_start_date) = v.visit_start_date)\n"
      "SELECT x.visit_occurrence_id, x.person_id, x.day, x.swapped, l.day IS NOT NULL AS "
      "has_results,\n"
      "       s.day IS NOT NULL AND w.day IS NULL AS other_day_fits,\n"
      "       avg(CASE WHEN l.day IS NULL THEN 0.0 ELSE 1.0 END) OVER () AS usual\n"
      "FROM visit x LEFT JOIN loose l ON l.person_id = x.person_id AND l.day = x.day\n"
      "LEFT JOIN loose s ON s.person_id = x.person_id AND s.day = x.swapped\n"
      "LEFT JOIN (SELECT DISTINCT person_id, day FROM visit) w\n"
      "  ON w.person_id = x.person_id AND w.day = x.swapped) t";
  CheckMaker::Over(check, from, "t.usual >= 0.3", "NOT t.has_results AND t.other_day_fits");
  check.count.show_columns = {"t.day AS visit_start_date", "t.swapped AS exchanged"};
  check.count.shows_rows = true;
}

using Make = void (*)(CheckMaker& maker, Check& check, const FieldCheck& of);
const std::map<std::string_view, Make> kMakers = {
    {"person_completeness", PersonCompleteness},
    {"era_completeness", EraCompleteness},
    {"period_overlap", PeriodOverlap},
    {"duplicate_person", DuplicatePerson},
    {"duplicate_record", DuplicateRecord},
    {"visit_gap", VisitGap},
    {"unit_spread", UnitSpread},
    {"swapped_order", SwappedOrder},
    {"swapped_result", SwappedResult},
};

// Two exposures that begin on one day are two strengths of one dose.
void AddWeeklyDrugs(CheckMaker& maker) {
  for (const ConceptCheck& of : maker.catalogue().concepts) {
    if (of.kind != "weekly_drug") continue;
    Check& check = maker.Add({.kind = of.kind,
                              .table = of.table,
                              .argument = of.argument,
                              .threshold = of.threshold,
                              .name = of.name,
                              .suffix = of.name});
    check.concept_id = of.concepts.front();
    if (!maker.Needs(check, of.table, {"person_id", of.field, "drug_exposure_start_date"}))
      continue;
    CheckMaker::Over(
        check,
        "(SELECT person_id, day, day - lag(day) OVER (PARTITION BY person_id ORDER BY day) AS "
        "after FROM (SELECT DISTINCT person_id, drug_exposure_start_date AS day FROM "
        "drug_exposure WHERE drug_concept_id IN (" +
            AndBelow(maker, of.concepts) + ")) d) s",
        "s.after IS NOT NULL", "s.after < " + std::string(of.argument));
    check.count.show_columns = {"s.person_id", "s.day", "s.after AS days_after"};
  }
}

}  // namespace

void AddHistoryChecks(CheckMaker& maker) {
  for (const FieldCheck& of : maker.catalogue().fields) {
    const auto make = kMakers.find(of.kind);
    if (make == kMakers.end()) continue;  // field_checks.cc
    Check& check = maker.Add({.kind = of.kind,
                              .table = of.table,
                              .field = of.field,
                              .argument = of.argument,
                              .threshold = of.threshold});
    if (check.not_applicable.empty()) make->second(maker, check, of);
  }
  AddWeeklyDrugs(maker);
}

}  // namespace clinnova::quality
