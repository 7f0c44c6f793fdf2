// SPDX-License-Identifier: Apache-2.0
#include "cohort/cohort_sql.h"

#include <utility>

#include "core/duckdb.h"
#include "core/error.h"

namespace clinnova::cohort {

using core::SqlLiteral;

std::string SqlComment(std::string text) { return "-- " + core::InOneLine(std::move(text)); }

void FeatureOrder::Add(const Feature& feature) {
  if (!added_.insert(feature.name).second) return;
  for (const std::string& need : feature.Needs()) Add(*module_.FindFeature(need));
  features_.push_back(&feature);
}

std::string ListedConceptsSql(const DiseaseModule& module, const IndexEvent& index,
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
    rows += "\n    " + SqlComment(set.title);
    for (const std::int64_t id : set.concepts) {
      rows += "\n    (" + SqlLiteral(name) + ", " + std::to_string(id) + "),";
    }
  }
  rows.pop_back();
  return rows;
}

std::string SetMemberSql() {
  return "SELECT set_name, root_id, root_id FROM listed\n"
         "  UNION\n"
         "  SELECT l.set_name, l.root_id, a.descendant_concept_id\n"
         "  FROM listed l JOIN concept_ancestor a ON a.ancestor_concept_id = l.root_id";
}

std::string ArmRowsSql(const DiseaseModule& module, const IndexEvent& index) {
  std::string rows;
  for (const std::string& arm : index.arms) {
    rows += std::string(rows.empty() ? "" : ", ") + "(" + SqlLiteral(arm) + ", " +
            SqlLiteral(module.FindArm(arm)->concept_set) + ")";
  }
  return rows;
}

// An end that the CDM only has because its field must not be empty (the day of the start, without a
// verbatim end) is none.
std::string ExposureSql(const std::string& research_persons) {
  return "SELECT d.person_id, a.arm, m.root_id AS drug_id, d.drug_exposure_start_date AS "
         "start_date,\n"
         "         coalesce(d.verbatim_end_date,\n"
         "                  CASE WHEN d.drug_exposure_end_date > d.drug_exposure_start_date\n"
         "                       THEN d.drug_exposure_end_date END) AS end_date\n"
         "  FROM drug_exposure d\n"
         "  JOIN " +
         research_persons +
         " USING (person_id)\n"
         "  JOIN set_member m ON m.concept_id = d.drug_concept_id\n"
         "  JOIN arm a USING (set_name)";
}

std::string AgeSql(const std::string& day) {
  const auto part = [&day](const std::string& name) {
    return "extract(" + name + " FROM " + day + ")::INTEGER";
  };
  return part("year") + " - p.year_of_birth\n         - (" + part("month") + " * 100 + " +
         part("day") +
         "\n"
         "            < coalesce(p.month_of_birth, 7) * 100 + coalesce(p.day_of_birth, "
         "1))::INTEGER";
}

std::string IsInSetSql(const std::string& concept_id, const std::string& set) {
  return concept_id +
         " IN\n    (SELECT concept_id FROM set_member WHERE set_name = " + SqlLiteral(set) + ")";
}

}  // namespace clinnova::cohort
