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

/// What is asked about a handful of persons who all have one index date.
struct Questionnaire {
  std::vector<Feature> features;   ///< each after those that it needs
  std::vector<std::string> drugs;  ///< names of concept sets, at most 62
  ConceptLists concepts;           ///< of the features and drugs
};

/// Who is asked about, and when.
struct Persons {
  /// A SELECT of all that is known of them, a row for each row of the CDM: person_id, the columns that features are made
  /// of, NULL in those of other tables, person_age, person_gender and consent_key.
  std::string rows;
  std::string consented;   ///< an aggregate over the rows r
  std::string index_date;  ///< an SQL literal
};

/// Everything as one SELECT: person_id, age (NULL: there is no such person), consented, drugs, and f_NAME for each
/// feature. Bit k of `drugs` says that an exposure to drug k is recorded. The features' values are those of FeatureSql,
/// made of the same parts, in one pass over all rows and, but for features that name `cohort`, without a join: a statement for each feature would cost a
/// handful of persons ten times as much, joins with a table of them twice.
std::string FeaturesSql(const Questionnaire& asked, const Persons& persons);

}  // namespace clinnova::cohort
