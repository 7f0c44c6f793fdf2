// SPDX-License-Identifier: Apache-2.0
// The bedside's features are those of training: the same patients, asked about on the day they started their drug.
#include "cohort/patient_features.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cohort/study_table.h"
#include "intake/fhir_reader.h"
#include "intake/import.h"
#include "intake/patient_loader.h"
#include "intake/synthetic_export.h"

namespace clinnova::cohort {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNumbers = {
    "age",          "disease_duration_years", "prior_biologics",    "prior_csdmard",
    "seropositive", "crp_baseline",           "tjc28_baseline",     "haq_baseline",
    "esr_baseline", "das28_crp_baseline",     "das28_esr_baseline", "gh_baseline",
    "cdai_baseline"};
const std::vector<std::string> kFactors = {"sex", "smoking"};

class Kept : public intake::RecordSink {
 public:
  Result<void> Accept(intake::SourceRecord&& record) override {
    records.push_back(std::move(record));
    return {};
  }
  Result<void> Reject(intake::RejectedRecord) override { return {}; }
  void Ignore(const intake::SourceReference&, const std::string&) override {}
  std::vector<intake::SourceRecord> records;
};

/// A person of a study's table.
struct Trained {
  std::string day;
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> levels;
};

class PatientFeaturesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("clinnova_features_" + std::to_string(::getpid()));
    summary_ = intake::WriteSyntheticCohort({.patients = 40,
                                             .seed = 5,
                                             .dialect = "de-fhir",
                                             .directory = folder_,
                                             .defects = false})
                   .value();
    module_ = std::make_unique<DiseaseModule>(DiseaseModule::Load("ra").value());
    key_ = std::make_unique<intake::PseudonymKey>(
        intake::PseudonymKey::LoadOrCreate((folder_ / "key").string()).value());
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::vector<intake::SourceRecord> RecordsOf(std::initializer_list<const char*> texts) {
    Kept kept;
    intake::FhirReader reader(kept);
    for (const char* text : texts) EXPECT_TRUE(reader.ReadText(text, "x")) << text;
    return kept.records;
  }

  std::map<std::int64_t, Trained> Train() {
    auto store = store::Store::Open({}).value();
    const auto report = intake::Import(store, {.paths = {summary_.export_directory.string()},
                                               .key_file = (folder_ / "key").string()});
    EXPECT_TRUE(report) << report.error().message;
    TableRequest request{.study = {}, .index = "first_biologic", .variables = {}};
    for (const auto& names : {kNumbers, kFactors}) {
      for (const auto& name : names) request.variables.push_back({name, name});
    }
    std::string sql = CompileStudy(request, *module_)->sql;
    sql.insert(sql.rfind("\nSELECT ") + 8, "cohort.person_id, cohort.index_date::VARCHAR, ");
    auto rows = store.database().Query(sql);
    EXPECT_TRUE(rows) << rows.error().message;
    std::map<std::int64_t, Trained> trained;
    while (rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) {
        Trained& person = trained[rows->Int64(0, r)];
        person.day = rows->Text(1, r);
        for (std::size_t c = 0; c < request.variables.size(); ++c) {
          const std::string& name = request.variables[c].name;
          if (rows->IsNull(c + 2, r)) continue;
          if (c < kNumbers.size()) {
            person.numbers[name] = rows->Double(c + 2, r);
          } else {
            person.levels[name] = rows->Text(c + 2, r);
          }
        }
      }
    }
    return trained;
  }

  fs::path folder_;
  intake::SyntheticSummary summary_;
  std::unique_ptr<DiseaseModule> module_;
  std::unique_ptr<intake::PseudonymKey> key_;
};

TEST_F(PatientFeaturesTest, EqualsTrainingBitForBit) {
  const auto trained = Train();
  ASSERT_GT(trained.size(), 25u);
  auto store = store::Store::Open({.threads = 1}).value();
  auto loader = intake::PatientLoader::Create(store, *key_).value();
  std::vector<std::string> names = kNumbers;
  names.insert(names.end(), kFactors.begin(), kFactors.end());
  auto features = PatientFeatures::Create(store.database(), *module_, "first_biologic", names);
  ASSERT_TRUE(features) << features.error().message;
  Kept kept;
  intake::FhirReader reader(kept);
  for (const auto& entry : fs::directory_iterator(summary_.export_directory)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      ASSERT_TRUE(reader.ReadText(line, entry.path().filename().string()));
    }
  }
  const vocabulary::Vocabulary vocabulary;
  const intake::RecordResolver resolver(vocabulary, "2026-11-23");
  std::size_t known = 0;
  for (const auto& [id, expected] : trained) {
    loader->Begin();
    for (const auto& record : kept.records) {
      if (key_->PersonId(record.patient_id) == id) loader->Take({record, resolver.Resolve(record)});
    }
    loader->Load();
    const auto facts =
        (*features)->Compute({id}, {.index = expected.day, .consents = "2026-11-23"});
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_TRUE(facts->front().diagnosed);
    EXPECT_EQ(facts->front().numbers, expected.numbers);
    EXPECT_EQ(facts->front().levels, expected.levels);
    known += facts->front().numbers.size();
    loader->Forget();
  }
  EXPECT_GT(known, 8 * trained.size());
}

TEST_F(PatientFeaturesTest, TellsSeveralPatientsApartAndWhoIsNotThere) {
  auto store = store::Store::Open({.threads = 1}).value();
  auto loader = intake::PatientLoader::Create(store, *key_).value();
  auto features =
      PatientFeatures::Create(store.database(), *module_, "first_biologic", {"age", "sex"}).value();
  const auto records = RecordsOf(
      {R"({"resourceType": "Patient", "id": "a", "gender": "male", "birthDate": "1970-11-24"})",
       R"({"resourceType": "Patient", "id": "b", "gender": "female", "birthDate": "1970-11-23"})",
       R"({"resourceType": "Consent", "id": "k", "status": "active", "dateTime": "2020-01-01",
               "patient": {"reference": "Patient/a"}, "scope": {"coding": [{"code": "research"}]}})"});
  const vocabulary::Vocabulary vocabulary;
  const intake::RecordResolver resolver(vocabulary, "2026-11-23");
  loader->Begin();
  for (const auto& record : records) loader->Take({record, resolver.Resolve(record)});
  loader->Load();
  const auto facts = features
                         ->Compute({key_->PersonId("b"), key_->PersonId("a"), key_->PersonId("c")},
                                   {.index = "2026-11-23", .consents = "2026-11-23"})
                         .value();
  EXPECT_TRUE(facts[0].known);
  EXPECT_FALSE(facts[0].consented);
  EXPECT_TRUE(facts[0].levels.empty());
  EXPECT_TRUE(facts[1].consented);
  EXPECT_FALSE(facts[1].diagnosed);
  EXPECT_EQ(facts[1].age, 55) << "the birthday is tomorrow";
  EXPECT_EQ(facts[1].levels.at("sex"), "M");
  EXPECT_FALSE(facts[2].known);
}

// A site serves for weeks without planning anything else anew.
TEST_F(PatientFeaturesTest, HoldsAConsentToItsLastDay) {
  auto store = store::Store::Open({.threads = 1}).value();
  auto loader = intake::PatientLoader::Create(store, *key_).value();
  auto features =
      PatientFeatures::Create(store.database(), *module_, "first_biologic", {"age", "sex"}).value();
  const auto records = RecordsOf(
      {R"({"resourceType": "Patient", "id": "a", "gender": "male", "birthDate": "1970-11-24"})",
       R"({"resourceType": "Consent", "id": "k", "status": "active", "dateTime": "2020-01-01",
               "patient": {"reference": "Patient/a"}, "scope": {"coding": [{"code": "research"}]},
               "provision": {"period": {"start": "2020-01-01", "end": "2026-11-24"}}})"});
  const vocabulary::Vocabulary vocabulary;
  const intake::RecordResolver resolver(vocabulary, "2026-11-23");
  for (const auto& [day, consented] :
       {std::pair("2026-11-23", true), std::pair("2026-11-24", true),
        std::pair("2026-11-25", false), std::pair("2019-12-31", false)}) {
    loader->Begin();
    for (const auto& record : records) loader->Take({record, resolver.Resolve(record)});
    loader->Load();
    const auto facts =
        features->Compute({key_->PersonId("a")}, {.index = "2026-11-23", .consents = day});
    ASSERT_TRUE(facts) << facts.error().message;
    EXPECT_EQ(facts->front().consented, consented) << day;
    loader->Forget();
  }
}

TEST_F(PatientFeaturesTest, RefusesWhatCannotBeKnownToday) {
  for (const std::string feature : {"drug", "low_activity", "discontinued", "nonsense"}) {
    auto store = store::Store::Open({.threads = 1}).value();
    const auto features =
        PatientFeatures::Create(store.database(), *module_, "first_biologic", {"age", feature});
    ASSERT_FALSE(features) << feature;
    EXPECT_EQ(features.error().code, ErrorCode::kInvalidInput);
  }
}

}  // namespace
}  // namespace clinnova::cohort
