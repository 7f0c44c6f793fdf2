// SPDX-License-Identifier: Apache-2.0
// The tables that the expressions of feature_sql.h name: set_member holds what the module says; cohort is a
// view of the persons as of today. They have a schema of their own that goes
// before the CDM's, which has a table COHORT, too. Nearly all of a question's time is what DuckDB needs for every
// operator of every statement and every expression in them, however few the rows are; hence one statement, of one pass
// over all rows and as few joins as can be.
#include "cohort/patient_features.h"

#include <algorithm>

#include "cohort/cohort_sql.h"
#include "cohort/feature_sql.h"
#include "store/research_consent.h"

namespace clinnova::cohort {
namespace {

bool LooksAhead(const Feature& feature) {
  if (feature.source == FeatureSource::kFollowed) return true;
  return feature.window_to > 0;  // only features of rows and of a course have a window
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

// Everything that is known of everybody, as of today.
std::string TodaysRowsSql(const std::string& today, const store::ResearchConsent& consent) {
  return "SELECT *,\n         " + AgeSql(today) +
         " AS person_age,\n         p.gender_concept_id AS person_gender,\n         " +
         consent.key + " AS consent_key FROM patient_row p";
}

// The table `cohort` of the expressions: today instead of the day of a first exposure; the arm is what is asked for.
std::string TodaysCohortSql(const std::string& today) {
  return "SELECT p.person_id, " + today +
         " AS index_date, NULL::VARCHAR AS arm, NULL::BIGINT AS drug_id,\n"
         "         " +
         AgeSql(today) + " AS age\n  FROM person p";
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

std::string DaySql(const std::string& day) { return "DATE " + core::SqlLiteral(day); }

}  // namespace

PatientFeatures::PatientFeatures(core::Database& cdm)
    : cdm_(cdm), asked_(std::make_unique<Questionnaire>()) {}
PatientFeatures::~PatientFeatures() = default;

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
  Questionnaire& asked = *made->asked_;
  asked.features.push_back(DiagnosisOf(*event));
  for (const Feature* feature : ordered) asked.features.push_back(*feature);
  made->arms_ = event->arms;
  std::ranges::sort(made->arms_);
  for (const std::string& arm : made->arms_)
    asked.drugs.push_back(module.FindArm(arm)->concept_set);
  for (const std::string& name : features)
    made->columns_.push_back({name, module.FindFeature(name)->IsFactor()});
  CLINNOVA_TRY(made->MakeTables(module, *event));
  CLINNOVA_ASSIGN(asked.concepts, MembersOf(cdm));
  return made;
}

Result<void> PatientFeatures::MakeTables(const DiseaseModule& module, const IndexEvent& index) {
  std::vector<const Feature*> features;
  for (const Feature& feature : asked_->features) features.push_back(&feature);
  CLINNOVA_TRY(
      cdm_.Execute("CREATE SCHEMA question;\n"
                   "SET search_path = 'question,main';\n"
                   "CREATE TABLE set_member(set_name VARCHAR, root_id BIGINT, concept_id BIGINT);\n"
                   "INSERT INTO set_member WITH listed(set_name, root_id) AS (VALUES" +
                   ListedConceptsSql(module, index, features) + ")\n" + SetMemberSql()));
  CLINNOVA_ASSIGN(const auto required,
                  cdm_.QueryInt64("SELECT (coalesce(max(value), 'true') = 'true')::BIGINT FROM "
                                  "clinnova.setting WHERE name = 'consent_required'"));
  consent_is_required_ = required == 1;
  return {};
}

// At the first question of a day. Not before: DuckDB plans every run anew of a statement that was prepared before the
// last change of the catalogue. And with the day as a literal: of a parameter, it would work out for every question
// which year each day of eighty years is in.
Result<void> PatientFeatures::Plan(const Days& days) {
  const std::string today = DaySql(days.index);
  CLINNOVA_TRY(
      cdm_.Execute("CREATE OR REPLACE VIEW question.cohort AS\n" + TodaysCohortSql(today)));
  std::string columns = FeatureTable(asked_->features.front().name);
  for (const Column& column : columns_) columns += ", " + FeatureTable(column.feature);
  const store::ResearchConsent consent =
      store::ResearchConsentOn(days.consents, consent_is_required_);
  const Persons persons{
      .rows = TodaysRowsSql(today, consent), .consented = consent.given, .index_date = today};
  CLINNOVA_ASSIGN(persons_, cdm_.Prepare("SELECT person_id, age, consented, drugs, " + columns +
                                         "\nFROM (" + FeaturesSql(*asked_, persons) + ")"));
  planned_for_ = days;
  return {};
}

Result<std::vector<PatientFacts>> PatientFeatures::Compute(const std::vector<std::int64_t>& persons,
                                                           const Days& days) {
  if (planned_for_ != days) CLINNOVA_TRY(Plan(days));
  std::map<std::int64_t, std::size_t> place;
  for (std::size_t i = 0; i < persons.size(); ++i) place[persons[i]] = i;
  std::vector<PatientFacts> facts(persons.size());
  CLINNOVA_ASSIGN(core::SqlRows rows, persons_->Run());
  while (rows.NextChunk()) {
    for (std::size_t r = 0; r < rows.chunk_size(); ++r) {
      const auto found = place.find(rows.Int64(0, r));
      if (found != place.end()) ReadPerson(rows, r, facts[found->second]);
    }
  }
  return facts;
}

void PatientFeatures::ReadPerson(const core::SqlRows& rows, std::size_t row,
                                 PatientFacts& of) const {
  if (rows.IsNull(1, row)) return;  // records of somebody who is not there
  of.known = true;
  of.consented = rows.Int64(2, row) == 1;
  if (!of.consented) return;
  of.age = static_cast<int>(rows.Int64(1, row));
  const auto drugs = static_cast<std::uint64_t>(rows.Int64(3, row));
  for (std::size_t arm = 0; arm < arms_.size(); ++arm) {
    if ((drugs >> arm & 1) != 0) of.arms_before.push_back(arms_[arm]);
  }
  of.diagnosed = rows.Double(4, row) == 1;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    const std::size_t column = c + 5;
    if (rows.IsNull(column, row)) continue;
    if (columns_[c].factor) {
      of.levels[columns_[c].feature] = rows.Text(column, row);
    } else {
      of.numbers[columns_[c].feature] = rows.Double(column, row);
    }
  }
}

}  // namespace clinnova::cohort
