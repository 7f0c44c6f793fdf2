// SPDX-License-Identifier: Apache-2.0
#include "cohort/attached_sql.h"

#include <map>
#include <set>

#include "cohort/sql_dialect.h"
#include "core/duckdb.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::cohort {
namespace {

using core::SqlLiteral;
using vocabulary::Concept;
using vocabulary::Unit;
using vocabulary::Vocabulary;

/// The unit that a study counts a concept set in; empty for counts, scores and what has none.
std::string TargetUnit(const Feature& feature, const ConceptSet& set, const Vocabulary& known) {
  std::string unit = feature.unit;
  for (const std::int64_t id : set.concepts) {
    const Concept* found = known.Find(id);
    if (found != nullptr && !found->canonical_unit.empty()) unit = found->canonical_unit;
  }
  return unit.starts_with('{') || unit == "1" ? "" : unit;
}

/// What a value in `unit` is multiplied by to be in `target`, the same for all concepts of the set.
std::optional<double> Factor(const ConceptSet& set, const Unit& unit, const Unit& target,
                             const Vocabulary& known) {
  std::optional<double> factor = known.units().Convert(1.0, unit, target);
  if (factor) return factor;
  for (const std::int64_t id : set.concepts) {
    const Concept* found = known.Find(id);
    if (found == nullptr || found->canonical_unit.empty()) return std::nullopt;
    const auto canonical = known.ToCanonical(*found, 1.0, unit);
    if (!canonical || (factor && *factor != canonical->number)) return std::nullopt;
    factor = canonical->number;
  }
  return factor;
}

/// Rows ('set', unit concept, 'UCUM', factor) of the sets that are measured in a unit.
Result<std::string> UnitRows(const DiseaseModule& module,
                             const std::vector<const Feature*>& features) {
  const Vocabulary known;
  std::set<std::string> rows;
  for (const Feature* feature : features) {
    if (feature->source != FeatureSource::kMeasurement &&
        feature->source != FeatureSource::kProgression) {
      continue;
    }
    const ConceptSet& set = *module.FindConceptSet(feature->concept_set);
    const std::string wanted = TargetUnit(*feature, set, known);
    if (wanted.empty()) continue;
    const Unit* target = known.units().Find(wanted);
    if (target == nullptr) {
      return Fail(ErrorCode::kInvalidInput,
                  "feature \"" + feature->name + "\": unit: found \"" + wanted +
                      "\", expected one that Clinnova converts to (clinnova units)");
    }
    for (const Concept& concept_ : known.concepts()) {
      if (concept_.domain != "Unit") continue;
      const Unit* unit = known.units().Find(concept_.code);
      if (unit == nullptr) continue;
      const auto factor = Factor(set, *unit, *target, known);
      if (!factor) continue;
      rows.insert("(" + SqlLiteral(set.name) + ", " + std::to_string(concept_.id) + ", " +
                  SqlLiteral(unit->ucum) + ", " + DoubleSql(*factor) + ")");
    }
  }
  std::string list;
  for (const std::string& row : rows) list += (list.empty() ? "\n    " : ",\n    ") + row;
  return list;
}

constexpr const char* kMeasurementInUnits = R"sql(measurement AS MATERIALIZED (
  SELECT m.measurement_id, m.person_id, m.measurement_concept_id, m.measurement_date, m.measurement_datetime,
         CASE WHEN u.factor IS NOT NULL THEN m.value_as_number::FLOAT8 * u.factor
              WHEN m.measurement_concept_id NOT IN (SELECT concept_id FROM unit_factor)
              THEN m.value_as_number::FLOAT8 END AS value_as_number
  FROM measurement m JOIN cohort USING (person_id)
  LEFT JOIN unit_factor u ON u.concept_id = m.measurement_concept_id
   AND CASE WHEN coalesce(m.unit_concept_id, 0) <> 0 THEN u.unit_concept_id = m.unit_concept_id
            ELSE u.ucum = m.unit_source_value END
  WHERE m.measurement_concept_id IN (SELECT concept_id FROM set_member)))sql";

constexpr const char* kMeasurement = R"sql(measurement AS MATERIALIZED (
  SELECT m.* FROM measurement m JOIN cohort USING (person_id)
  WHERE m.measurement_concept_id IN (SELECT concept_id FROM set_member)))sql";

std::string RowsOf(const std::string& table, const std::string& concept_id) {
  return table + " AS MATERIALIZED (\n  SELECT r.* FROM " + table +
         " r JOIN cohort USING (person_id)\n  WHERE r." + concept_id +
         " IN (SELECT concept_id FROM set_member))";
}

}  // namespace

Result<std::string> AttachedRowsSql(const DiseaseModule& module,
                                    const std::vector<const Feature*>& features) {
  std::map<std::string, std::string> tables;
  CLINNOVA_ASSIGN(const std::string units, UnitRows(module, features));
  for (const Feature* feature : features) {
    switch (feature->source) {
      case FeatureSource::kProgression:
        tables["observation"] = RowsOf("observation", "observation_concept_id");
        [[fallthrough]];
      case FeatureSource::kMeasurement:
        tables["measurement"] = units.empty() ? kMeasurement : kMeasurementInUnits;
        break;
      case FeatureSource::kObservation:
        tables["observation"] = RowsOf("observation", "observation_concept_id");
        break;
      case FeatureSource::kCondition:
        tables["condition_occurrence"] = RowsOf("condition_occurrence", "condition_concept_id");
        break;
      case FeatureSource::kDrug:
        tables["drug_exposure"] = RowsOf("drug_exposure", "drug_concept_id");
        break;
      case FeatureSource::kProcedure:
        tables["procedure_occurrence"] = RowsOf("procedure_occurrence", "procedure_concept_id");
        break;
      default: break;
    }
  }
  std::string sql;
  if (!units.empty()) {
    sql +=
        ",\n-- What a value is multiplied by, by its unit. A concept that would have two units has "
        "none.\n"
        "unit(set_name, unit_concept_id, ucum, factor) AS (VALUES" +
        units +
        "),\nunit_factor AS (\n"
        "  SELECT s.concept_id, u.unit_concept_id, u.ucum, min(u.factor) AS factor\n"
        "  FROM unit u JOIN set_member s USING (set_name)\n"
        "  GROUP BY s.concept_id, u.unit_concept_id, u.ucum HAVING count(DISTINCT u.factor) = 1)";
  }
  if (!tables.empty()) sql += ",\n-- The cohort's rows of the study's concepts.";
  std::string separator = sql.empty() ? ",\n" : "\n";
  for (const auto& [name, select] : tables) {
    sql += separator + select;
    separator = ",\n";
  }
  return sql;
}

}  // namespace clinnova::cohort
