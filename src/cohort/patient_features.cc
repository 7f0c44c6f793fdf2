// SPDX-License-Identifier: Apache-2.0
// The tables that the expressions of feature_sql.h name: set_member and arm hold what the module says
// and stay; cohort is filled within the transaction of a question. They have a schema of their own that goes before the
// CDM's, which has a table COHORT, too. Nearly all of a question's time is what DuckDB needs
// for every operator of every statement, however few the rows are; hence few statements and one pass over each table.
#include "cohort/patient_features.h"

#include <algorithm>

#include "cohort/cohort_sql.h"
#include "cohort/feature_sql.h"

namespace clinnova::cohort {
namespace {

bool LooksAhead(const Feature& feature) {
  const bool rows =
      feature.source >= FeatureSource::kMeasurement && feature.source <= FeatureSource::kDrug;
  return rows && feature.window_to > 0;
}

bool IsOfTheDrug(const Feature& feature) {
  return feature.source == FeatureSource::kArm || feature.source == FeatureSource::kDaysOnDrug ||
         feature.source == FeatureSource::kDiscontinued;
}

Result<std::vector<const Feature*>> Ordered(const DiseaseModule& module,
                                            const std::vector<std::string>& names) {
  FeatureOrder order(module);
  for (const std::string& name : names) {
    const Feature* feature = module.FindFeature(name);
    if (feature == nullptr) {
      return Fail(ErrorCode::kInvalidInput, "feature: found \"" + name +
                                                "\", which the disease module " + module.disease() +
                                                " does not have");
    }
    order.Add(*feature);
  }
  for (const Feature* feature : order.features()) {
    if (!LooksAhead(*feature) && !IsOfTheDrug(*feature)) continue;
    return Fail(ErrorCode::kInvalidInput,
                "feature: found \"" + feature->name +
                    "\", which cannot be known before the drug is chosen");
  }
  return order.features();
}

// Today instead of the day of a first exposure; the arm is what is asked for.
std::string TodaysCohortSql(const std::string& today, const std::string& consented) {
  return "SELECT p.person_id, " + today +
         " AS index_date, NULL::VARCHAR AS arm, NULL::BIGINT AS drug_id,\n"
         "         " +
         AgeSql(today) +
         " AS age\n"
         "  FROM person p JOIN (" +
         consented + ") USING (person_id)";
}

/// 1 for who has the index event's condition today, as a feature beside the module's.
Feature DiagnosisOf(const IndexEvent& index) {
  constexpr int kEver = -1'000'000;  // days; no date of a CDM is so long ago
  Feature diagnosis;
  diagnosis.name = "index_condition_today";
  diagnosis.source = FeatureSource::kCondition;
  diagnosis.concept_set = index.condition;
  diagnosis.window_from = kEver;
  diagnosis.summary = Summary::kAny;
  return diagnosis;
}

/// The members of every set that set_member knows.
Result<ConceptLists> MembersOf(core::Database& cdm) {
  CLINNOVA_ASSIGN(
      auto rows,
      cdm.Query("SELECT set_name, list(DISTINCT concept_id ORDER BY concept_id)::VARCHAR "
                "FROM question.set_member GROUP BY set_name"));
  ConceptLists lists;
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      lists[std::string(rows.Text(0, r))] = rows.Text(1, r);
    }
  }
  return lists;
}

/// The SELECT of the CDM's view of whom a study may see today.
Result<std::string> ConsentedSql(core::Database& cdm) {
  CLINNOVA_ASSIGN(auto rows,
                  cdm.Query("SELECT sql FROM duckdb_views() "
                            "WHERE schema_name = 'clinnova' AND view_name = 'research_person'"));
  if (!rows.NextChunk()) return Fail(ErrorCode::kFailed, "the CDM has no view research_person");
  std::string sql(rows.Text(0, 0));
  sql.erase(0, sql.find(" AS ") + 4);
  sql.erase(sql.find_last_not_of("; \n") + 1);
  return sql;
}

std::string DaySql(const std::string& day) { return "DATE " + core::SqlLiteral(day); }

/// A statement with a day for current_date, with which DuckDB would plan it anew for every question.
std::string OnDay(std::string sql, const std::string& day) {
  constexpr std::string_view kNow = "current_date";
  const std::string literal = DaySql(day);
  for (std::size_t at = 0; (at = sql.find(kNow, at)) != sql.npos; at += literal.size()) {
    sql.replace(at, kNow.size(), literal);
  }
  return sql;
}

}  // namespace

Result<std::unique_ptr<PatientFeatures>> PatientFeatures::Create(
    core::Database& cdm, const DiseaseModule& module, const std::string& index,
    const std::vector<std::string>& features) {
  const IndexEvent* event = module.FindIndexEvent(index);
  if (event == nullptr) {
    return Fail(ErrorCode::kInvalidInput, "index: found \"" + index +
                                              "\", which the disease module " + module.disease() +
                                              " does not have");
  }
  CLINNOVA_ASSIGN(auto ordered, Ordered(module, features));
  const Feature diagnosis = DiagnosisOf(*event);
  ordered.push_back(&diagnosis);
  std::unique_ptr<PatientFeatures> made(new PatientFeatures(cdm));
  CLINNOVA_TRY(made->MakeTables(module, *event, ordered));
  CLINNOVA_ASSIGN(const ConceptLists concepts, MembersOf(cdm));
  std::string columns;
  for (const std::string& name : features) {
    made->columns_.push_back({name, module.FindFeature(name)->IsFactor()});
    columns += ", " + FeatureTable(name);
  }
  made->persons_sql_ = "SELECT f.person_id, c.age, " + FeatureTable(diagnosis.name) + columns +
                       "\nFROM cohort c JOIN (" + FeaturesSql(ordered, concepts) +
                       ") f USING (person_id)";
  return made;
}

Result<void> PatientFeatures::MakeTables(const DiseaseModule& module, const IndexEvent& index,
                                         const std::vector<const Feature*>& features) {
  CLINNOVA_TRY(
      cdm_.Execute("CREATE SCHEMA question;\n"
                   "SET search_path = 'question,main';\n"
                   "CREATE TABLE arm AS SELECT * FROM (VALUES " +
                   ArmRowsSql(module, index) +
                   ") t(arm, set_name);\n"
                   "CREATE TABLE set_member(set_name VARCHAR, root_id BIGINT, concept_id BIGINT);\n"
                   "INSERT INTO set_member WITH listed(set_name, root_id) AS (VALUES" +
                   ListedConceptsSql(module, index, features) + ")\n" + SetMemberSql()));
  CLINNOVA_ASSIGN(consented_sql_, ConsentedSql(cdm_));
  return cdm_.Execute("CREATE TABLE cohort AS\n" +
                      TodaysCohortSql("DATE '2000-01-01'", consented_sql_) + "\nLIMIT 0");
}

// At the first question of a day. Not before: DuckDB plans every run anew of a statement that was prepared before the
// last change of the catalogue. And with the day as a literal: of a parameter, it would work out for every question
// which year each day of eighty years is in.
Result<void> PatientFeatures::Plan(const Days& days) {
  CLINNOVA_ASSIGN(cohort_, cdm_.Prepare("INSERT INTO cohort\n" +
                                        TodaysCohortSql(DaySql(days.index),
                                                        OnDay(consented_sql_, days.consents))));
  CLINNOVA_ASSIGN(exposures_, cdm_.Prepare("SELECT DISTINCT person_id, arm FROM (" +
                                           ExposureSql("cohort") + ") ORDER BY arm"));
  CLINNOVA_ASSIGN(known_, cdm_.Prepare("SELECT person_id FROM person"));
  CLINNOVA_ASSIGN(persons_, cdm_.Prepare(persons_sql_));
  planned_for_ = days;
  return {};
}

Result<std::vector<PatientFacts>> PatientFeatures::Compute(const std::vector<std::int64_t>& persons,
                                                           const Days& days) {
  if (planned_for_ != days) CLINNOVA_TRY(Plan(days));
  place_.clear();
  for (std::size_t i = 0; i < persons.size(); ++i) place_[persons[i]] = i;
  CLINNOVA_TRY(cohort_->Run());
  std::vector<PatientFacts> facts(persons.size());
  CLINNOVA_TRY(ReadPersons(facts));
  CLINNOVA_TRY(ReadExposures(facts));
  return facts;
}

Result<void> PatientFeatures::ReadPersons(std::vector<PatientFacts>& facts) {
  CLINNOVA_ASSIGN(core::SqlRows known, known_->Run());
  while (known.NextChunk()) {
    for (std::size_t r = 0; r < known.chunk_size(); ++r) {
      const auto found = place_.find(known.Int64(0, r));
      if (found != place_.end()) facts[found->second].known = true;
    }
  }
  CLINNOVA_ASSIGN(core::SqlRows rows, persons_->Run());
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const auto found = place_.find(rows.Int64(0, r));
      if (found != place_.end()) ReadPerson(rows, r, facts[found->second]);
    }
  }
  return {};
}

void PatientFeatures::ReadPerson(const core::SqlRows& rows, std::size_t row,
                                 PatientFacts& of) const {
  of.consented = true;
  if (!rows.IsNull(1, row)) of.age = static_cast<int>(rows.Int64(1, row));
  of.diagnosed = rows.Double(2, row) == 1;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const std::size_t column = c + 3;
    if (rows.IsNull(column, row)) continue;
    if (columns_[c].factor) {
      of.levels[columns_[c].feature] = rows.Text(column, row);
    } else {
      of.numbers[columns_[c].feature] = rows.Double(column, row);
    }
  }
}

Result<void> PatientFeatures::ReadExposures(std::vector<PatientFacts>& facts) {
  CLINNOVA_ASSIGN(core::SqlRows exposures, exposures_->Run());
  while (exposures.NextChunk()) {
    for (std::size_t r = 0; r < exposures.chunk_size(); ++r) {
      const auto found = place_.find(exposures.Int64(0, r));
      if (found != place_.end()) {
        facts[found->second].arms_before.emplace_back(exposures.Text(1, r));
      }
    }
  }
  return {};
}

}  // namespace clinnova::cohort
