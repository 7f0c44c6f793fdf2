// SPDX-License-Identifier: Apache-2.0
// One feature as a common table expression (person_id, value). Private to this room.
//
// Names that the expressions may use: cohort (person_id, index_date, arm, drug_id, age), exposure
// (person_id, arm, drug_id, start_date, end_date), set_member (set_name, root_id, concept_id) and the
// expressions of the features they need.
#pragma once

#include <string>

#include "cohort/disease_module.h"
#include "cohort/sql_dialect.h"

namespace clinnova::cohort {

/// The name of the feature's expression: "f_crp_baseline".
std::string FeatureTable(const std::string& feature);

/// The SELECT inside it; one row for every person of the cohort.
std::string FeatureSql(const Feature& feature, SqlDialect dialect = SqlDialect::kDuckDb);

}  // namespace clinnova::cohort
