// SPDX-License-Identifier: Apache-2.0
// The tables that the expressions of feature_sql.h name: set_member and arm hold what the module says and stay;
// asked, exposure, cohort and one f_NAME per feature are filled within the transaction of a question. They have
// a schema of their own that goes before the CDM's, which has a table COHORT, too.
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
std::string TodaysCohortSql(const std::string& today) {
  return "SELECT p.person_id, " + today +
         " AS index_date, NULL::VARCHAR AS arm, NULL::BIGINT AS drug_id,\n"
         "         " +
         AgeSql(today) +
         " AS age\n"
         "  FROM asked JOIN person p USING (person_id)\n"
         "  JOIN clinnova.research_person USING (person_id)";
}

std::string PersonsSql(const IndexEvent& index) {
  return "SELECT a.person_id, p.person_id IS NOT NULL, c.person_id IS NOT NULL, c.age,\n"
         "  EXISTS (SELECT 1 FROM condition_occurrence o\n"
         "          WHERE o.person_id = c.person_id AND o.condition_start_date <= c.index_date\n"
         "            AND " +
         IsInSetSql("o.condition_concept_id", index.condition) +
         ")\n"
         "FROM asked a LEFT JOIN person p USING (person_id) LEFT JOIN cohort c USING (person_id)";
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
  CLINNOVA_ASSIGN(const auto ordered, Ordered(module, features));
  std::unique_ptr<PatientFeatures> made(new PatientFeatures(cdm));
  CLINNOVA_TRY(made->MakeTables(module, *event, ordered));
  for (const std::string& name : features) {
    made->columns_.push_back({name, module.FindFeature(name)->IsFactor()});
  }
  made->persons_sql_ = PersonsSql(*event);
  return made;
}

Result<void> PatientFeatures::MakeTables(const DiseaseModule& module, const IndexEvent& index,
                                         const std::vector<const Feature*>& features) {
  CLINNOVA_TRY(
      cdm_.Execute("CREATE SCHEMA question;\n"
                   "SET search_path = 'question,main';\n"
                   "CREATE TABLE asked (person_id BIGINT);\n"
                   "CREATE TABLE arm AS SELECT * FROM (VALUES " +
                   ArmRowsSql(module, index) +
                   ") t(arm, set_name);\n"
                   "CREATE TABLE set_member(set_name VARCHAR, root_id BIGINT, concept_id BIGINT);\n"
                   "INSERT INTO set_member WITH listed(set_name, root_id) AS (VALUES" +
                   ListedConceptsSql(module, index, features) + ")\n" + SetMemberSql()));
  const auto derived = [this](const std::string& table, const std::string& select) {
    return cdm_.Execute("CREATE TABLE " + table + " AS\n" + select + "\nLIMIT 0");
  };
  CLINNOVA_TRY(derived("exposure", ExposureSql()));
  CLINNOVA_TRY(derived("cohort", TodaysCohortSql("DATE '2000-01-01'")));
  fill_sql_.push_back("INSERT INTO exposure\n" + ExposureSql());
  for (const Feature* feature : features) {
    const std::string table = FeatureTable(feature->name) + "(person_id, value)";
    CLINNOVA_TRY(derived(table, FeatureSql(*feature)));
    fill_sql_.push_back("INSERT INTO " + table + "\n" + FeatureSql(*feature));
  }
  return {};
}

// At the first question, when nobody makes tables any more: DuckDB would plan every run anew of a statement that
// was prepared before the last change of the catalogue.
Result<void> PatientFeatures::Plan() {
  for (const std::string& sql : fill_sql_) {
    CLINNOVA_ASSIGN(core::SqlStatement fill, cdm_.Prepare(sql));
    fill_.push_back(std::move(fill));
  }
  for (const Column& column : columns_) {
    CLINNOVA_ASSIGN(core::SqlStatement read,
                    cdm_.Prepare("SELECT person_id, value FROM " + FeatureTable(column.feature)));
    read_.push_back(std::move(read));
  }
  CLINNOVA_ASSIGN(cohort_, cdm_.Prepare("INSERT INTO cohort\n" + TodaysCohortSql("$1::DATE")));
  CLINNOVA_ASSIGN(exposures_,
                  cdm_.Prepare("SELECT DISTINCT person_id, arm FROM exposure ORDER BY arm"));
  CLINNOVA_ASSIGN(persons_, cdm_.Prepare(persons_sql_));
  return {};
}

Result<std::vector<PatientFacts>> PatientFeatures::Compute(const std::vector<std::int64_t>& persons,
                                                           const std::string& today) {
  if (!persons_) CLINNOVA_TRY(Plan());
  place_.clear();
  CLINNOVA_ASSIGN(core::SqlAppender asked, cdm_.Append("question.asked"));
  for (std::size_t i = 0; i < persons.size(); ++i) {
    place_[persons[i]] = i;
    asked.Int64(persons[i]);
    asked.EndRow();
  }
  CLINNOVA_TRY(asked.Finish());
  CLINNOVA_TRY(cohort_->Run({today}));
  for (core::SqlStatement& fill : fill_) CLINNOVA_TRY(fill.Run());
  std::vector<PatientFacts> facts(persons.size());
  CLINNOVA_TRY(ReadPersons(facts));
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    CLINNOVA_TRY(ReadFeature(columns_[c], read_[c], facts));
  }
  return facts;
}

Result<void> PatientFeatures::ReadPersons(std::vector<PatientFacts>& facts) {
  CLINNOVA_ASSIGN(core::SqlRows rows, persons_->Run());
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      PatientFacts& of = facts[place_.at(rows.Int64(0, r))];
      of.known = rows.Int64(1, r) != 0;
      of.consented = rows.Int64(2, r) != 0;
      if (!rows.IsNull(3, r)) of.age = static_cast<int>(rows.Int64(3, r));
      of.diagnosed = rows.Int64(4, r) != 0;
    }
  }
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

Result<void> PatientFeatures::ReadFeature(const Column& column, core::SqlStatement& read,
                                          std::vector<PatientFacts>& facts) {
  CLINNOVA_ASSIGN(core::SqlRows rows, read.Run());
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      if (rows.IsNull(1, r)) continue;
      PatientFacts& of = facts[place_.at(rows.Int64(0, r))];
      if (column.factor) {
        of.levels[column.feature] = rows.Text(1, r);
      } else {
        of.numbers[column.feature] = rows.Double(1, r);
      }
    }
  }
  return {};
}

}  // namespace clinnova::cohort
