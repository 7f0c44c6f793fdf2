// SPDX-License-Identifier: Apache-2.0
// One feature as a common table expression (person_id, value). Private to this room.
//
// Names that the expressions may use: cohort (person_id, index_date, arm, drug_id, age), exposure
// (person_id, arm, drug_id, start_date, end_date), set_member (set_name, root_id, concept_id) and the
// expressions of the features they need.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cohort/disease_module.h"
#include "cohort/sql_dialect.h"

namespace clinnova::cohort {

/// The name of the feature's expression: "f_crp_baseline".
std::string FeatureTable(const std::string& feature);

/// The SELECT inside it; one row for every person of the cohort.
std::string FeatureSql(const Feature& feature, SqlDialect dialect);

/// A concept set's members as an SQL list, "[80809, 4035611]".
using ConceptLists = std::map<std::string, std::string>;

/// Many features, each after those that it needs, as one SELECT: person_id, and f_NAME for each. The values are those
/// of FeatureSql, made of the same parts, in one pass over all rows: a statement for each feature would cost a handful
/// of persons ten times as much.
std::string FeaturesSql(const std::vector<const Feature*>& features, const ConceptLists& concepts);

}  // namespace clinnova::cohort
