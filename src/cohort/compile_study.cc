// SPDX-License-Identifier: Apache-2.0
// A study's request as one SQL statement: concept sets, the cohort, each feature, the table.
#include <set>

#include "cohort/attached_sql.h"
#include "cohort/cohort_sql.h"
#include "cohort/feature_sql.h"
#include "cohort/study_table.h"
#include "store/attached_cdm.h"

namespace clinnova::cohort {
namespace {

using core::SqlIdentifier;

template <typename T>
std::string NamesOf(const std::vector<T>& items) {
  std::string names;
  for (const T& item : items) names += (names.empty() ? "" : ", ") + item.name;
  return names;
}

std::string ConceptSetSql(const DiseaseModule& module, const IndexEvent& index,
                          const std::vector<const Feature*>& features) {
  return "-- The concept sets as they are listed, then everything below them.\n"
         "listed(set_name, root_id) AS (VALUES" +
         ListedConceptsSql(module, index, features) +
         "),\n"
         "set_member(set_name, root_id, concept_id) AS (\n  " +
         SetMemberSql() + "),\n";
}

std::string ArmsSql(const DiseaseModule& module, const IndexEvent& index) {
  return "arm(arm, set_name) AS (VALUES " + ArmRowsSql(module, index) + "),\n";
}

std::string CohortSql(const IndexEvent& index, const std::string& research_persons) {
  return "-- Exposures to the drugs of the arms, of persons whose consent lets a study see them.\n"
         "exposure AS (\n  " +
         ExposureSql(research_persons) +
         "),\n"
         "first_day AS (\n"
         "  SELECT person_id, min(start_date) AS index_date FROM exposure GROUP BY person_id),\n"
         "-- Who starts drugs of two arms on one day has no arm.\n"
         "started AS (\n"
         "  SELECT f.person_id, f.index_date, min(e.arm) AS arm, min(e.drug_id) AS drug_id\n"
         "  FROM first_day f JOIN exposure e\n"
         "    ON e.person_id = f.person_id AND e.start_date = f.index_date\n"
         "  GROUP BY f.person_id, f.index_date HAVING count(DISTINCT e.arm) = 1),\n"
         "diagnosed AS (\n"
         "  SELECT person_id, min(condition_start_date) AS diagnosis_date\n"
         "  FROM condition_occurrence\n"
         "  WHERE " +
         IsInSetSql("condition_concept_id", index.condition) +
         "\n"
         "  GROUP BY person_id),\n"
         "-- An unknown birthday is taken as 1 July, an unknown day as the first of its month.\n"
         "aged AS (\n"
         "  SELECT s.*, " +
         AgeSql("s.index_date") +
         " AS age\n"
         "  FROM started s JOIN person p USING (person_id)),\n"
         "cohort AS (\n"
         "  SELECT a.person_id, a.index_date, a.arm, a.drug_id, a.age\n"
         "  FROM aged a JOIN diagnosed d USING (person_id)\n"
         "  WHERE d.diagnosis_date <= a.index_date AND a.age >= " +
         std::to_string(index.minimum_age) + ")";
}

Result<const Feature*> FindVariable(const TableRequest::Variable& variable,
                                    const DiseaseModule& module) {
  if (variable.name == "site") {
    return Fail(ErrorCode::kInvalidInput,
                "variable: found the name \"site\", expected another: it holds the sites' names");
  }
  const Feature* feature = module.FindFeature(variable.feature);
  if (feature == nullptr) {
    return Fail(ErrorCode::kInvalidInput, "variable \"" + variable.name + "\": feature: found \"" +
                                              variable.feature + "\", expected one of " +
                                              NamesOf(module.features()));
  }
  return feature;
}

}  // namespace

Result<StudyQuery> CompileStudy(const TableRequest& request, const DiseaseModule& module,
                                const store::Attachment* attachment) {
  const IndexEvent* index = module.FindIndexEvent(request.index);
  if (index == nullptr) {
    return Fail(ErrorCode::kInvalidInput, "cohort.index: found \"" + request.index +
                                              "\", expected one of " +
                                              NamesOf(module.index_events()));
  }
  if (request.variables.empty()) {
    return Fail(ErrorCode::kInvalidInput,
                "variable: found none, expected at least one [[variable]]");
  }
  StudyQuery query;
  FeatureOrder order(module);
  std::set<std::string> names;
  std::string columns;
  std::string joins;
  for (const TableRequest::Variable& variable : request.variables) {
    CLINNOVA_ASSIGN(const Feature* feature, FindVariable(variable, module));
    if (!names.insert(variable.name).second) {
      return Fail(ErrorCode::kInvalidInput,
                  "variable: found \"" + variable.name + "\" twice, expected it once");
    }
    order.Add(*feature);
    query.columns.push_back(
        {.name = variable.name,
         .kind = feature->IsFactor() ? table::ColumnKind::kFactor : table::ColumnKind::kNumeric,
         .levels = module.Levels(*feature, *index)});
    columns += (columns.empty() ? "" : ", ") + FeatureTable(feature->name) + ".value AS " +
               SqlIdentifier(variable.name);
    // Each has one row per person of the cohort; LEFT keeps DuckDB from ordering the joins, which takes a
    // minute for eighty of them.
    const std::string join = "\n  LEFT JOIN " + FeatureTable(feature->name) + " USING (person_id)";
    if (joins.find(join) == joins.npos) joins += join;
  }
  query.sql = SqlComment(module.title() + ", " + index->title) + "\nWITH\n" +
              ConceptSetSql(module, *index, order.features()) + ArmsSql(module, *index) +
              CohortSql(*index, attachment == nullptr ? "clinnova.research_person"
                                                      : attachment->ResearchPersonsSql());
  if (attachment != nullptr) {
    CLINNOVA_ASSIGN(const std::string rows, AttachedRowsSql(module, order.features()));
    query.sql += rows;
  }
  const SqlDialect dialect = attachment == nullptr ? SqlDialect::kDuckDb : SqlDialect::kPostgres;
  for (const Feature* feature : order.features()) {
    query.sql += ",\n" + SqlComment(feature->title) + "\n" + FeatureTable(feature->name) +
                 " AS (\n  " + FeatureSql(*feature, dialect) + ")";
  }
  // The order of the rows says nothing of the persons: their keys are hashes.
  query.sql += "\nSELECT " + columns + "\nFROM cohort" + joins + "\nORDER BY cohort.person_id";
  return query;
}

}  // namespace clinnova::cohort
