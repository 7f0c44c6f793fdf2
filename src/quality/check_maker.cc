// SPDX-License-Identifier: Apache-2.0
#include "quality/check_maker.h"

#include <algorithm>

#include "quality/plan.h"
#include "store/cdm54.h"

namespace clinnova::quality {
namespace {

std::string Filled(std::string_view what, const CheckMaker::What& of) {
  std::string text(what);
  const std::pair<std::string_view, std::string_view> values[] = {{"{table}", of.table},
                                                                  {"{field}", of.field},
                                                                  {"{argument}", of.argument},
                                                                  {"{name}", of.name}};
  for (const auto& [mark, value] : values) {
    for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + value.size()))
      text.replace(at, mark.size(), value);
  }
  return text;
}

/// The CDM's word for a field's type; empty for a field that is not the CDM's.
std::string_view WordOf(std::string_view table, std::string_view field) {
  const auto& fields = store::Cdm54Fields();
  const auto known = std::ranges::find_if(fields, [&](const store::CdmField& candidate) {
    return candidate.table == table && candidate.name == field;
  });
  return known == fields.end() ? "" : known->type;
}

std::string Both(const std::string& of, const std::string& bad) {
  return of.empty() ? "(" + bad + ")" : "(" + of + ") AND (" + bad + ")";
}

}  // namespace

Check& CheckMaker::Add(const What& what) {
  Check check;
  check.type = &catalogue_.Type(what.kind);
  check.id = std::string(what.table);
  for (const std::string_view part : {what.field, what.kind, what.suffix}) {
    if (!part.empty()) check.id += "." + std::string(part);
  }
  check.table = what.table;
  check.field = what.field;
  check.threshold = what.threshold;
  check.description = Filled(check.type->what, what);
  check.source = what.source.empty() ? check.type->source : what.source;
  Check& added = plan_.checks.emplace_back(std::move(check));
  if (what.kind != "table_present" && what.kind != "field_present") {
    if (what.field.empty()) {
      Needs(added, what.table);
    } else {
      Needs(added, what.table, {what.field});
    }
  }
  return added;
}

bool Fits(std::string_view word, std::string_view type) {
  const auto is = [type](std::initializer_list<std::string_view> beginnings) {
    for (const std::string_view beginning : beginnings) {
      if (type.starts_with(beginning)) return true;
    }
    return false;
  };
  const bool integer = is({"integer", "bigint", "smallint", "hugeint", "tinyint"});
  if (word.empty()) return true;
  if (word == "integer") return integer;
  if (word == "float") return integer || is({"double", "real", "float", "numeric", "decimal"});
  if (word == "date") return type == "date";
  if (word == "datetime") return is({"timestamp", "date"});
  return is({"varchar", "character", "text"});
}

std::string CheckMaker::WhyNot(std::string_view kind, std::string_view table,
                               const std::vector<std::string_view>& fields) const {
  if (!shape_.Has(table)) return "there is no table " + std::string(table);
  for (const std::string_view field : fields) {
    const std::string name = std::string(table) + "." + std::string(field);
    if (!shape_.Has(table, field)) return "there is no field " + name;
    // A value of another type cannot be compared; whether it is there can be seen of every type.
    const std::string& type = shape_.tables.at(std::string(table)).at(std::string(field));
    if (kind == "type" || kind == "required" || kind == "completeness") continue;
    if (!Fits(WordOf(table, field), type)) return name + " is of the type " + type;
  }
  return {};
}

bool CheckMaker::Needs(Check& check, std::string_view table,
                       const std::vector<std::string_view>& fields) const {
  std::string why_not = WhyNot(check.type->kind, table, fields);
  if (!why_not.empty()) check.not_applicable = std::move(why_not);
  return check.not_applicable.empty();
}

bool CheckMaker::Has(const Check& check, const Join& join) const {
  return join.table.empty() || (WhyNot(check.type->kind, check.table, {join.on}).empty() &&
                                WhyNot(check.type->kind, join.table, join.fields).empty());
}

bool CheckMaker::IsZoned(std::string_view table, std::string_view field) const {
  return shape_.Has(table, field) &&
         shape_.tables.at(std::string(table)).at(std::string(field)) == "timestamp with time zone";
}

std::string CheckMaker::FirstDay(std::string_view table, std::string_view field) const {
  const std::string value = "t." + std::string(field);
  if (IsZoned(table, field)) return "(" + value + " - INTERVAL '12 hours')::DATE";
  return WordOf(table, field) == "datetime" ? value + "::DATE" : value;
}

std::string CheckMaker::LastDay(std::string_view table, std::string_view field) const {
  if (!IsZoned(table, field)) return FirstDay(table, field);
  return "(t." + std::string(field) + " + INTERVAL '14 hours')::DATE";
}

void CheckMaker::Over(Check& check, const std::string& from, const std::string& of,
                      const std::string& bad) {
  check.count.base = from;
  check.count.denominator = of.empty() ? "count(*)" : CountWhere(of);
  check.count.numerator = CountWhere(Both(of, bad));
  check.count.show_from = from;
  check.count.show_where = Both(of, bad);
}

void CheckMaker::CountCopies(Check& check, const std::string& value, const std::string& where) {
  check.count.base = "(SELECT count(*) AS n FROM " + check.table +
                     (where.empty() ? "" : " WHERE " + where) + " GROUP BY " + value + ") g";
  check.count.joins.clear();
  check.count.denominator = "coalesce(sum(g.n), 0)";
  check.count.numerator = "coalesce(sum(g.n - 1), 0)";
}

void CheckMaker::OverRows(Check& check, const std::string& of, const std::string& bad,
                          std::initializer_list<Join> joins) {
  Over(check, check.table + " t", of, bad);
  check.count.shows_rows = true;
  for (const Join& join : joins) {
    if (!join.table.empty() &&
        (!Needs(check, check.table, {join.on}) || !Needs(check, join.table, join.fields)))
      return;
    check.count.joins.push_back(join.sql);
    check.count.show_from += "\n  " + join.sql;
  }
}

// The day of birth is kept in three numbers, of which the last two may be missing or wrong.
Join PersonJoin() {
  return {.sql =
              "LEFT JOIN (SELECT person_id AS k, min(gender_concept_id) AS gender, min(CASE "
              "WHEN year_of_birth BETWEEN 1 AND 9998 THEN make_date(year_of_birth::INTEGER, "
              "CASE WHEN month_of_birth BETWEEN 1 AND 12 THEN month_of_birth::INTEGER ELSE 1 "
              "END, 1) + CASE WHEN month_of_birth BETWEEN 1 AND 12 AND day_of_birth BETWEEN 1 "
              "AND 31 THEN day_of_birth::INTEGER - 1 ELSE 0 END END) AS birth FROM person GROUP "
              "BY person_id) b ON b.k = t.person_id",
          .on = "person_id",
          .table = "person",
          .fields = {"person_id", "gender_concept_id", "year_of_birth", "month_of_birth",
                     "day_of_birth"}};
}

Join DeathJoin() {
  return {.sql =
              "LEFT JOIN (SELECT person_id AS k, min(death_date) AS day FROM death GROUP BY "
              "person_id) d ON d.k = t.person_id",
          .on = "person_id",
          .table = "death",
          .fields = {"person_id", "death_date"}};
}

Join PeriodJoin() {
  return {.sql =
              "LEFT JOIN (SELECT person_id AS k, min(observation_period_start_date) AS first, "
              "max(observation_period_end_date) AS last FROM observation_period GROUP BY "
              "person_id) o ON o.k = t.person_id",
          .on = "person_id",
          .table = "observation_period",
          .fields = {"person_id", "observation_period_start_date", "observation_period_end_date"}};
}

Join VisitJoin() {
  return {.sql =
              "LEFT JOIN (SELECT visit_occurrence_id AS k, min(person_id) AS person, "
              "min(visit_start_date) AS first, max(coalesce(visit_end_date, visit_start_date)) "
              "AS last FROM visit_occurrence GROUP BY visit_occurrence_id) v ON v.k = "
              "t.visit_occurrence_id",
          .on = "visit_occurrence_id",
          .table = "visit_occurrence",
          .fields = {"visit_occurrence_id", "person_id", "visit_start_date", "visit_end_date"}};
}

std::string BelowName(const std::vector<std::int64_t>& ids) {
  return "below_" + std::to_string(ids.front());
}

Join BelowJoin(const CheckMaker& maker, const std::vector<std::int64_t>& ids,
               std::string_view field) {
  const std::string name = BelowName(ids);
  return {.sql = "LEFT JOIN (" + AndBelow(maker, ids) + ") " + name + " ON " + name + ".k = t." +
                 std::string(field),
          .on = field};
}

std::string CountWhere(const std::string& condition) {
  return "count(*) FILTER (WHERE " + condition + ")";
}

std::string Swapped(const std::string& date) {
  return "CASE WHEN extract(day FROM " + date + ") <= 12 AND extract(day FROM " + date +
         ") <> extract(month FROM " + date + ") THEN make_date(extract(year FROM " + date +
         ")::INTEGER, extract(day FROM " + date + ")::INTEGER, extract(month FROM " + date +
         ")::INTEGER) END";
}

std::string IdList(const std::vector<std::int64_t>& ids) {
  std::string list;
  for (const std::int64_t id : ids) list += (list.empty() ? "" : ", ") + std::to_string(id);
  return list;
}

std::string AndBelow(const CheckMaker& maker, const std::vector<std::int64_t>& ids) {
  std::string text = "SELECT concept_id AS k FROM (VALUES ";
  for (std::size_t i = 0; i < ids.size(); ++i)
    text += (i == 0 ? "(" : ", (") + std::to_string(ids[i]) + ")";
  text += ") AS named(concept_id)";
  const Shape& shape = maker.shape();
  if (!shape.Has("concept_ancestor", "ancestor_concept_id") ||
      !shape.Has("concept_ancestor", "descendant_concept_id"))
    return text;
  return text +
         " UNION SELECT descendant_concept_id FROM concept_ancestor WHERE "
         "ancestor_concept_id IN (" +
         IdList(ids) + ")";
}

Plan PlanChecks(const Cdm& cdm, const Shape& shape) {
  Plan plan;
  CheckMaker maker(cdm, shape, plan);
  AddModelChecks(maker);
  AddFieldChecks(maker);
  AddConceptChecks(maker);
  AddRuleChecks(maker);
  AddHistoryChecks(maker);
  return plan;
}

}  // namespace clinnova::quality
