// SPDX-License-Identifier: Apache-2.0
#include "cohort/progression_sql.h"

#include "core/duckdb.h"

namespace clinnova::cohort {
namespace {

/// By how much the visit `v` must be worse than the baseline `b`.
std::string MinimumSql(WorseningRule rule) {
  switch (rule) {
    case WorseningRule::kEdss:
      return "CASE WHEN b.value = 0 THEN 1.5 WHEN b.value <= 5 THEN 1.0 ELSE 0.5 END::FLOAT8";
    case WorseningRule::kT25fw:
    case WorseningRule::k9hpt: return "0.2 * b.value";
    case WorseningRule::kSdmt: return "least(4.0::FLOAT8, 0.2 * b.value)";
  }
  return {};
}

std::string Members(const std::string& set) {
  return "(SELECT concept_id FROM set_member WHERE set_name = " + core::SqlLiteral(set) + ")";
}

/// No relapse began in the 30 days up to `visit`'s day.
std::string FarFromRelapse(const std::string& visit) {
  return "NOT EXISTS (SELECT 1 FROM relapse r WHERE r.person_id = " + visit +
         ".person_id AND r.day <= " + visit + ".day AND " + visit + ".day - r.day < 30)";
}

std::string VisitsSql(const Feature& feature, SqlDialect dialect) {
  const std::string last = ValueAt(
      dialect, Extreme::kGreatest, "m.value_as_number",
      {"coalesce(m.measurement_datetime, m.measurement_date::TIMESTAMP)", "m.measurement_id"},
      "m.value_as_number IS NOT NULL");
  return "visit AS (\n"
         "    SELECT m.person_id, m.measurement_date AS day,\n"
         "           " +
         last +
         "::FLOAT8 AS value\n"
         "    FROM measurement m JOIN cohort c USING (person_id)\n"
         "    WHERE m.value_as_number IS NOT NULL AND m.measurement_concept_id IN " +
         Members(feature.concept_set) + "\n      AND m.measurement_date - c.index_date BETWEEN " +
         std::to_string(feature.window_from) + " AND " + std::to_string(feature.window_to) +
         "\n    GROUP BY m.person_id, m.measurement_date),\n"
         "  relapse AS (\n"
         "    SELECT person_id, observation_date AS day FROM observation\n"
         "    WHERE observation_concept_id IN " +
         Members(feature.relapses) + ")";
}

/// The onsets whose first confirmation visit, and every visit up to it, is worse.
std::string ConfirmedSql(const Feature& feature) {
  return "confirmation AS (\n"
         "    SELECT v.person_id, v.day AS onset, min(l.day) AS day\n"
         "    FROM later v JOIN later l ON l.person_id = v.person_id\n"
         "     AND l.day - v.day BETWEEN " +
         std::to_string(feature.confirm_days - 7) + " AND " +
         std::to_string(feature.confirm_days + 730) + " AND " + FarFromRelapse("l") +
         "\n    WHERE v.worse GROUP BY v.person_id, v.day),\n"
         "  confirmed AS (\n"
         "    SELECT DISTINCT f.person_id FROM confirmation f\n"
         "    WHERE NOT EXISTS (SELECT 1 FROM later l WHERE l.person_id = f.person_id AND NOT "
         "l.worse\n"
         "                        AND l.day > f.onset AND l.day <= f.day))";
}

}  // namespace

std::string ProgressionSql(const Feature& feature, SqlDialect dialect) {
  const std::string change =
      feature.rule == WorseningRule::kSdmt ? "(b.value - v.value)" : "(v.value - b.value)";
  return "WITH " + VisitsSql(feature, dialect) +
         ",\n  baseline AS (\n"
         "    SELECT person_id, min(day) AS day, " +
         ValueAt(dialect, Extreme::kLeast, "value", {"day"}, "true") +
         " AS value\n"
         "    FROM visit v WHERE " +
         FarFromRelapse("v") +
         " GROUP BY person_id),\n"
         "  later AS (\n"
         "    SELECT v.person_id, v.day, " +
         change + " > " + DoubleSql(1e-9) + " AND " + change + " >= " + MinimumSql(feature.rule) +
         " - " + DoubleSql(1e-9) +
         " AS worse\n"
         "    FROM visit v JOIN baseline b ON b.person_id = v.person_id AND v.day > b.day),\n  " +
         ConfirmedSql(feature) +
         "\n  SELECT c.person_id,\n"
         "         CASE WHEN b.person_id IS NOT NULL\n"
         "              THEN (f.person_id IS NOT NULL)::INTEGER::FLOAT8 END AS value\n"
         "  FROM cohort c LEFT JOIN baseline b USING (person_id)\n"
         "  LEFT JOIN confirmed f USING (person_id)";
}

}  // namespace clinnova::cohort
