// SPDX-License-Identifier: Apache-2.0
// A study's request as one SQL statement: concept sets, the cohort, each feature, the table.
#include <algorithm>
#include <set>

#include "cohort/feature_sql.h"
#include "cohort/study_table.h"

namespace clinnova::cohort {
namespace {

using core::SqlIdentifier;
using core::SqlLiteral;

template <typename T>
std::string NamesOf(const std::vector<T>& items) {
  std::string names;
  for (const T& item : items) names += (names.empty() ? "" : ", ") + item.name;
  return names;
}

/// A module's text as an SQL comment's line: a break in it would end the comment.
std::string Comment(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return "-- " + text;
}

/// Features in an order in which each stands after those that it needs.
class FeatureOrder {
 public:
  explicit FeatureOrder(const DiseaseModule& module) : module_(module) {}

  void Add(const Feature& feature) {
    if (!added_.insert(feature.name).second) return;
    for (const std::string& need : feature.Needs()) Add(*module_.FindFeature(need));
    features_.push_back(&feature);
  }
  const std::vector<const Feature*>& features() const { return features_; }

 private:
  const DiseaseModule& module_;  // not owned, outlives this
  std::set<std::string> added_;
  std::vector<const Feature*> features_;
};

std::string ConceptSetSql(const DiseaseModule& module, const IndexEvent& index,
                          const std::vector<const Feature*>& features) {
  std::set<std::string> names = {index.condition};
  for (const std::string& arm : index.arms) names.insert(module.FindArm(arm)->concept_set);
  for (const Feature* feature : features) {
    if (!feature->concept_set.empty()) names.insert(feature->concept_set);
    if (!feature->relapses.empty()) names.insert(feature->relapses);
  }
  std::string rows;
  for (const std::string& name : names) {
    const ConceptSet& set = *module.FindConceptSet(name);
    rows += "\n    " + Comment(set.title);
    for (const std::int64_t id : set.concepts) {
      rows += "\n    (" + SqlLiteral(name) + ", " + std::to_string(id) + "),";
    }
  }
  rows.pop_back();
  return "-- The concept sets as they are listed, then everything below them.\n"
         "listed(set_name, root_id) AS (VALUES" +
         rows +
         "),\n"
         "set_member(set_name, root_id, concept_id) AS (\n"
         "  SELECT set_name, root_id, root_id FROM listed\n"
         "  UNION\n"
         "  SELECT l.set_name, l.root_id, a.descendant_concept_id\n"
         "  FROM listed l JOIN concept_ancestor a ON a.ancestor_concept_id = l.root_id),\n";
}

std::string ArmsSql(const DiseaseModule& module, const IndexEvent& index) {
  std::string rows;
  for (const std::string& arm : index.arms) {
    rows += std::string(rows.empty() ? "" : ", ") + "(" + SqlLiteral(arm) + ", " +
            SqlLiteral(module.FindArm(arm)->concept_set) + ")";
  }
  return "arm(arm, set_name) AS (VALUES " + rows + "),\n";
}

// An end that the CDM only has because its field must not be empty (the day of the start, without a
// verbatim end) is none.
std::string CohortSql(const IndexEvent& index) {
  return "-- Exposures to the drugs of the arms, of persons whose consent lets a study see them.\n"
         "exposure AS (\n"
         "  SELECT d.person_id, a.arm, m.root_id AS drug_id, d.drug_exposure_start_date AS "
         "start_date,\n"
         "         coalesce(d.verbatim_end_date,\n"
         "                  CASE WHEN d.drug_exposure_end_date > d.drug_exposure_start_date\n"
         "                       THEN d.drug_exposure_end_date END) AS end_date\n"
         "  FROM drug_exposure d\n"
         "  JOIN clinnova.research_person USING (person_id)\n"
         "  JOIN set_member m ON m.concept_id = d.drug_concept_id\n"
         "  JOIN arm a USING (set_name)),\n"
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
         "  WHERE condition_concept_id IN\n"
         "    (SELECT concept_id FROM set_member WHERE set_name = " +
         SqlLiteral(index.condition) +
         ")\n"
         "  GROUP BY person_id),\n"
         "-- An unknown birthday is taken as 1 July, an unknown day as the first of its month.\n"
         "aged AS (\n"
         "  SELECT s.*, year(s.index_date) - p.year_of_birth\n"
         "         - (month(s.index_date) * 100 + day(s.index_date)\n"
         "            < coalesce(p.month_of_birth, 7) * 100 + coalesce(p.day_of_birth, "
         "1))::INTEGER AS age\n"
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

Result<StudyQuery> CompileStudy(const TableRequest& request, const DiseaseModule& module) {
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
  query.sql = Comment(module.title() + ", " + index->title) + "\nWITH\n" +
              ConceptSetSql(module, *index, order.features()) + ArmsSql(module, *index) +
              CohortSql(*index);
  for (const Feature* feature : order.features()) {
    query.sql += ",\n" + Comment(feature->title) + "\n" + FeatureTable(feature->name) +
                 " AS (\n  " + FeatureSql(*feature) + ")";
  }
  // The order of the rows says nothing of the persons: their keys are hashes.
  query.sql += "\nSELECT " + columns + "\nFROM cohort" + joins + "\nORDER BY cohort.person_id";
  return query;
}

}  // namespace clinnova::cohort
