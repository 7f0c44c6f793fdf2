// SPDX-License-Identifier: Apache-2.0
// The parts of a statement that do not depend on which table a study wants: concept sets, exposures, age,
// and the order of features. A study's table (compile_study.cc) and one patient's features
// (patient_features.h) are made of the same parts. Private to this room.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cohort/disease_module.h"

namespace clinnova::cohort {

/// A module's text as an SQL comment's line: a break in it would end the comment.
std::string SqlComment(std::string text);

/// Features in an order in which each stands after those that it needs.
class FeatureOrder {
 public:
  explicit FeatureOrder(const DiseaseModule& module) : module_(module) {}

  void Add(const Feature& feature);
  const std::vector<const Feature*>& features() const { return features_; }

 private:
  const DiseaseModule& module_;  // not owned, outlives this
  std::set<std::string> added_;
  std::vector<const Feature*> features_;
};

/// Rows ('set', concept), one a line, of the sets that the index event and the features use.
std::string ListedConceptsSql(const DiseaseModule& module, const IndexEvent& index,
                              const std::vector<const Feature*>& features);

/// SELECT set_name, root_id, concept_id: `listed` and everything below.
std::string SetMemberSql();

/// Rows ('arm', 'set') of the index event's arms.
std::string ArmRowsSql(const DiseaseModule& module, const IndexEvent& index);

/// SELECT person_id, arm, drug_id, start_date, end_date: exposures to the drugs of the arms, of persons whose
/// consent lets a study see them: those of the relation `research_persons`.
std::string ExposureSql(const std::string& research_persons = "clinnova.research_person");

/// Completed years of person `p` on the day `day`, an SQL expression.
std::string AgeSql(const std::string& day);

/// The condition that `condition_concept_id` is of the concept set.
std::string IsInSetSql(const std::string& concept_id, const std::string& set);

}  // namespace clinnova::cohort
