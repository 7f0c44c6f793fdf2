// SPDX-License-Identifier: Apache-2.0
// Checks of single concepts: limits of values by unit, units, sexes.
#include <cmath>
#include <map>
#include <set>

#include "core/check.h"
#include "core/duckdb.h"
#include "core/text.h"
#include "quality/check_maker.h"
#include "vocabulary/tab_separated.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::quality {
namespace {

using core::SqlLiteral;
using vocabulary::Concept;
using vocabulary::NumberField;
using vocabulary::Unit;
using vocabulary::Vocabulary;

constexpr std::int64_t kMale = 8507, kFemale = 8532;

std::string Number(double number) { return "'" + core::Significant(number, 12) + "'::FLOAT8"; }

/// Checks that one statement counts for all: it is put together from one row of VALUES for each.
class Group {
 public:
  explicit Group(CheckMaker& maker)
      : groups_(maker.plan().groups), index_(static_cast<int>(groups_.size())) {
    groups_.emplace_back();
  }
  /// The check's name in the statement's rows; its own VALUES follow in `rows`.
  std::string Next(Check& check) {
    check.count.group = index_;
    check.count.name = std::to_string(++checks_);
    rows += rows.empty() ? "" : ",\n  ";
    return check.count.name;
  }
  /// Without a check the statement is never run.
  void Close(std::string statement) {
    groups_[static_cast<std::size_t>(index_)] = std::move(statement);
  }

  std::string rows;

 private:
  std::vector<std::string>& groups_;  // the plan's, outlives this
  int index_;
  int checks_ = 0;
};

/// Shows rows of the check's table.
void Show(Check& check, const std::string& where, std::vector<std::string> columns) {
  check.count.show_from = check.table + " t";
  check.count.show_where = where;
  check.count.show_columns = std::move(columns);
  check.count.shows_rows = true;
}

const std::vector<std::string> kValueColumns = {"t.measurement_date", "t.value_as_number",
                                                "t.unit_concept_id"};

// ---- Limits of values

struct Limit {
  const char* kind;
  std::string unit_name, name, source;
  std::int64_t concept_id = 0;
  std::int64_t unit_id = 0;  ///< 0: whatever the unit
  double limit = 0, threshold = 0;
};

class LimitChecks {
 public:
  LimitChecks(CheckMaker& maker, std::string table)
      : maker_(maker), table_(std::move(table)), group_(maker) {}

  void Add(const Limit& of) {
    const std::string suffix =
        std::to_string(of.concept_id) + (of.unit_id == 0 ? "" : "." + std::to_string(of.unit_id));
    const std::string argument =
        core::Significant(of.limit, 6) + (of.unit_name.empty() ? "" : " " + of.unit_name);
    Check& check = maker_.Add({.kind = of.kind,
                               .table = table_,
                               .argument = argument,
                               .threshold = of.threshold,
                               .name = of.name,
                               .suffix = suffix,
                               .source = of.source});
    check.field = "value_as_number";
    check.concept_id = of.concept_id;
    check.unit_id = of.unit_id;
    if (!maker_.Needs(check, table_, {"value_as_number", "unit_concept_id", ConceptField()}))
      return;
    const bool low = std::string_view(of.kind) == "value_low";
    const std::string name = group_.Next(check);
    group_.rows += "('" + name + "', " + std::to_string(of.concept_id) + ", " +
                   std::to_string(of.unit_id) + ", " + (low ? Number(of.limit) : "NULL::FLOAT8") +
                   ", " + (low ? "NULL::FLOAT8" : Number(of.limit)) + ")";
    Show(check,
         "t." + ConceptField() + " = " + std::to_string(of.concept_id) +
             (of.unit_id == 0 ? "" : " AND t.unit_concept_id = " + std::to_string(of.unit_id)) +
             " AND t.value_as_number " + (low ? "< " : "> ") + Number(of.limit),
         {"t." + table_ + "_date", "t.value_as_number", "t.unit_concept_id"});
  }

  void Close() {
    group_.Close(
        "SELECT l.name, count(*), count(*) FILTER (WHERE t.value_as_number < l.low OR "
        "t.value_as_number > l.high)\nFROM " +
        table_ + " t JOIN (VALUES\n  " + group_.rows +
        ") AS l(name, concept_id, unit_id, low, high)\n  ON l.concept_id = t." + ConceptField() +
        " AND (l.unit_id = 0 OR l.unit_id = t.unit_concept_id)\nWHERE "
        "t.value_as_number IS NOT NULL GROUP BY l.name");
  }

 private:
  std::string ConceptField() const { return table_ + "_concept_id"; }

  CheckMaker& maker_;  // not owned, outlives this
  std::string table_;
  Group group_;
};

/// The vocabulary's limits of a concept in one unit, which is multiplied by `factor` to be the canonical one.
void AddLimits(LimitChecks& checks, const Concept& known, const Unit* unit, double factor) {
  Limit limit{.kind = "value_low",
              .unit_name = std::string(unit == nullptr ? "" : unit->ucum),
              .name = std::string(known.name),
              .source = "plausible limits of Clinnova's vocabulary",
              .concept_id = known.id,
              .unit_id = unit == nullptr ? 0 : unit->concept_id};
  // A limit that was converted is a hair looser, so that the limit itself passes.
  const double room = factor == 1.0 ? 0.0 : 1e-9;
  if (known.low) {
    limit.limit = *known.low / factor - std::abs(*known.low / factor) * room;
    checks.Add(limit);
  }
  limit.kind = "value_high";
  if (known.high) {
    limit.limit = *known.high / factor + std::abs(*known.high / factor) * room;
    checks.Add(limit);
  }
}

bool IsCount(std::string_view unit) { return unit.starts_with('{') || unit == "1"; }

/// Whether values of the concept are told in a unit of their own, and not counted.
bool IsMeasured(const Concept& known) {
  return known.domain == "Measurement" && !known.canonical_unit.empty() &&
         !IsCount(known.canonical_unit);
}

/// The units with an identifier in which a concept's values can be, each with the factor to the canonical one.
using UnitsOfConcepts = std::map<std::int64_t, std::vector<std::pair<const Unit*, double>>>;

UnitsOfConcepts UnitsOf(const Vocabulary& vocabulary) {
  UnitsOfConcepts units;
  for (const Concept& known : vocabulary.concepts()) {
    if (!IsMeasured(known)) continue;
    for (const Concept& other : vocabulary.concepts()) {
      if (other.domain != "Unit") continue;
      const Unit* unit = vocabulary.units().Find(other.code);
      if (unit == nullptr || unit->concept_id != other.id) continue;
      const auto canonical = vocabulary.ToCanonical(known, 1.0, *unit);
      if (canonical && canonical->number > 0) units[known.id].emplace_back(unit, canonical->number);
    }
  }
  return units;
}

void AddValueLimits(CheckMaker& maker, const Vocabulary& vocabulary, const UnitsOfConcepts& units) {
  LimitChecks checks(maker, "measurement");
  for (const Concept& known : vocabulary.concepts()) {
    if (known.domain != "Measurement" || known.canonical_unit.empty()) continue;
    if (IsCount(known.canonical_unit) || known.canonical_unit == "mm") {  // scales of 0 to 100 mm
      AddLimits(checks, known, nullptr, 1.0);
      continue;
    }
    const auto own = units.find(known.id);
    if (own == units.end()) continue;
    for (const auto& [unit, factor] : own->second) AddLimits(checks, known, unit, factor);
  }
  checks.Close();
}

/// DQD's: "50@8840" is 50 of the unit 8840.
void AddListedLimits(CheckMaker& maker, const Vocabulary& vocabulary) {
  LimitChecks checks(maker, "observation");
  for (const ConceptCheck& of : maker.catalogue().concepts) {
    if (of.kind != "low" && of.kind != "high") continue;
    CLINNOVA_CHECK(of.table == "observation");
    const auto parts = core::Split(of.argument, '@');
    CLINNOVA_CHECK(parts.size() == 2);
    const auto unit = NumberField<std::int64_t>(parts[1]);
    const Concept* unit_name = vocabulary.Find(unit);
    checks.Add({.kind = of.kind == "low" ? "value_low" : "value_high",
                .unit_name = unit_name == nullptr ? "" : std::string(unit_name->code),
                .name = std::string(of.name),
                .source = of.kind == "low" ? "DQD plausibleValueLow" : "DQD plausibleValueHigh",
                .concept_id = of.concepts.front(),
                .unit_id = unit,
                .limit = NumberField<double>(parts[0]),
                .threshold = of.threshold});
  }
  checks.Close();
}

// ---- Units

struct UnitList {
  std::string_view name, source;
  std::set<std::int64_t> units;
  double threshold = 5;
};

/// DQD's lists; the canonical unit is in each, and concepts that have no list get the units that convert.
std::map<std::int64_t, UnitList> UnitLists(const CheckMaker& maker, const Vocabulary& vocabulary,
                                           const UnitsOfConcepts& units) {
  std::map<std::int64_t, UnitList> lists;
  for (const ConceptCheck& of : maker.catalogue().concepts) {
    if (of.kind != "unit") continue;
    UnitList& list = lists[of.concepts.front()];
    list.name = of.name;
    list.threshold = of.threshold;
    for (const std::string_view unit : core::Split(of.argument, ','))
      list.units.insert(NumberField<std::int64_t>(unit));
  }
  for (const Concept& known : vocabulary.concepts()) {
    if (!IsMeasured(known)) continue;
    const bool listed = lists.contains(known.id);
    UnitList& list = lists[known.id];
    list.name = known.name;
    if (!listed) list.source = "Clinnova: units that convert to the concept's own";
    const auto own = units.find(known.id);
    if (own == units.end()) continue;
    for (const auto& [unit, factor] : own->second) {
      if (!listed || unit->ucum == known.canonical_unit) list.units.insert(unit->concept_id);
    }
  }
  return lists;
}

void AddUnits(CheckMaker& maker, const Vocabulary& vocabulary, const UnitsOfConcepts& units_of) {
  Group group(maker);
  std::string allowed;
  for (const auto& [concept_id, list] : UnitLists(maker, vocabulary, units_of)) {
    if (list.units.empty()) continue;
    Check& check = maker.Add({.kind = "unit",
                              .table = "measurement",
                              .threshold = list.threshold,
                              .name = list.name,
                              .suffix = std::to_string(concept_id),
                              .source = list.source});
    check.field = "unit_concept_id";
    check.concept_id = concept_id;
    if (!maker.Needs(check, "measurement", {"measurement_concept_id", "unit_concept_id"})) continue;
    const std::string name = group.Next(check);
    group.rows += "('" + name + "', " + std::to_string(concept_id) + ")";
    for (const std::int64_t unit : list.units) {
      allowed += (allowed.empty() ? "('" : ",\n  ('") + name + "', " + std::to_string(unit) + ")";
    }
    const std::vector<std::int64_t> units(list.units.begin(), list.units.end());
    Show(check,
         "t.measurement_concept_id = " + std::to_string(concept_id) +
             " AND t.unit_concept_id <> 0 AND t.unit_concept_id NOT IN (" + IdList(units) + ")",
         kValueColumns);
    check.count.show_columns.emplace_back("t.unit_source_value");
  }
  group.Close(
      "SELECT l.name, sum(g.n)::BIGINT, coalesce(sum(g.n) FILTER (WHERE a.unit_id IS "
      "NULL), 0)::BIGINT\nFROM (SELECT measurement_concept_id, unit_concept_id, count(*) AS "
      "n FROM measurement\n      WHERE unit_concept_id <> 0 GROUP BY 1, 2) g\nJOIN "
      "(VALUES\n  " +
      group.rows +
      ") AS l(name, concept_id) ON l.concept_id = g.measurement_concept_id\nLEFT JOIN "
      "(VALUES\n  " +
      allowed +
      ") AS a(name, unit_id) ON a.name = l.name AND a.unit_id = g.unit_concept_id\n"
      "GROUP BY l.name");
}

void AddMissingUnits(CheckMaker& maker, const Vocabulary& vocabulary) {
  Group group(maker);
  for (const Concept& known : vocabulary.concepts()) {
    if (!IsMeasured(known) || known.concept_class == "Score item") continue;
    Check& check = maker.Add({.kind = "unit_missing",
                              .table = "measurement",
                              .threshold = 5,
                              .name = known.name,
                              .suffix = std::to_string(known.id)});
    check.field = "unit_concept_id";
    check.concept_id = known.id;
    if (!maker.Needs(check, "measurement",
                     {"measurement_concept_id", "unit_concept_id", "value_as_number"}))
      continue;
    const std::string name = group.Next(check);
    group.rows += "('" + name + "', " + std::to_string(known.id) + ")";
    Show(check,
         "t.measurement_concept_id = " + std::to_string(known.id) +
             " AND t.value_as_number IS NOT NULL AND coalesce(t.unit_concept_id, 0) = 0",
         kValueColumns);
  }
  group.Close(
      "SELECT l.name, g.n, g.missing\nFROM (SELECT measurement_concept_id, count(*) AS n,\n"
      "             count(*) FILTER (WHERE coalesce(unit_concept_id, 0) = 0) AS missing\n"
      "      FROM measurement WHERE value_as_number IS NOT NULL GROUP BY 1) g\nJOIN "
      "(VALUES\n  " +
      group.rows + ") AS l(name, concept_id) ON l.concept_id = g.measurement_concept_id");
}

// ---- Sexes

/// A sex that is not known is nobody's other one.
std::string OtherSex(std::string_view sex) {
  CLINNOVA_CHECK(sex == "male" || sex == "female");
  return std::to_string(sex == "male" ? kFemale : kMale);
}

void AddSexes(CheckMaker& maker, std::string_view table) {
  Group group(maker);
  std::string field;
  for (const ConceptCheck& of : maker.catalogue().concepts) {
    if (of.kind != "sex" || of.table != table) continue;
    const std::string concept_id = std::to_string(of.concepts.front());
    field = of.field;
    Check& check = maker.Add({.kind = "sex",
                              .table = table,
                              .argument = of.argument,
                              .threshold = of.threshold,
                              .name = of.name,
                              .suffix = concept_id,
                              .source = of.source});
    check.field = of.field;
    check.concept_id = of.concepts.front();
    if (!maker.Needs(check, table, {of.field, "person_id"}) ||
        !maker.Needs(check, "person", {"person_id", "gender_concept_id"}))
      continue;
    const std::string name = group.Next(check);
    group.rows += "('" + name + "', " + concept_id + ", " + OtherSex(of.argument) + ")";
    Show(check,
         "t." + field + " = " + concept_id + " AND p.gender_concept_id = " + OtherSex(of.argument),
         {"t." + field, "p.gender_concept_id AS gender"});
    check.count.show_from += "\n  JOIN person p ON p.person_id = t.person_id";
  }
  group.Close(
      "SELECT l.name, sum(g.n)::BIGINT, coalesce(sum(g.n) FILTER (WHERE g.gender = "
      "l.other), 0)::BIGINT\nFROM (SELECT t." +
      field + " AS concept_id, p.gender_concept_id AS gender, count(*) AS n\n      FROM " +
      std::string(table) +
      " t JOIN person p ON p.person_id = t.person_id GROUP BY 1, 2) g\nJOIN (VALUES\n"
      "  " +
      group.rows +
      ") AS l(name, concept_id, other) ON l.concept_id = g.concept_id GROUP BY l.name");
}

void AddSexesBelow(CheckMaker& maker) {
  for (const ConceptCheck& of : maker.catalogue().concepts) {
    if (of.kind != "sex_below") continue;
    const std::string first = std::to_string(of.concepts.front());
    Check& check = maker.Add({.kind = "sex_below",
                              .table = of.table,
                              .argument = of.argument,
                              .threshold = of.threshold,
                              .name = of.name,
                              .suffix = first});
    check.field = of.field;
    if (!maker.Needs(check, of.table, {of.field})) continue;
    maker.OverRows(check, BelowName(of.concepts) + ".k IS NOT NULL",
                   "b.gender = " + OtherSex(of.argument),
                   {BelowJoin(maker, of.concepts, of.field), PersonJoin()});
    check.count.show_columns = {"t." + std::string(of.field), "b.gender"};
  }
}

}  // namespace

void AddConceptChecks(CheckMaker& maker) {
  const Vocabulary vocabulary;
  const UnitsOfConcepts units = UnitsOf(vocabulary);
  AddValueLimits(maker, vocabulary, units);
  AddListedLimits(maker, vocabulary);
  AddUnits(maker, vocabulary, units);
  AddMissingUnits(maker, vocabulary);
  for (const std::string_view table :
       {"condition_occurrence", "procedure_occurrence", "observation", "measurement"})
    AddSexes(maker, table);
  AddSexesBelow(maker);
}

}  // namespace clinnova::quality
