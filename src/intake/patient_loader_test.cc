// SPDX-License-Identifier: Apache-2.0
// What the import writes for a patient, the loader of the bedside writes, and nothing stays.
#include "intake/patient_loader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "intake/fhir_reader.h"
#include "intake/loader.h"
#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

constexpr const char* kToday = "2026-11-23";

constexpr const char* kPatient = R"({"resourceType": "Bundle", "entry": [
  {"resource": {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1961-07-14"}},
  {"resource": {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
    "subject": {"reference": "Patient/p1"}, "period": {"start": "2026-10-01"}}},
  {"resource": {"resourceType": "Condition", "id": "c1", "subject": {"reference": "Patient/p1"},
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "M05.9"}]},
    "onsetDateTime": "2019-03-02"}},
  {"resource": {"resourceType": "Observation", "id": "o1", "status": "final",
    "subject": {"reference": "Patient/p1"}, "encounter": {"reference": "Encounter/e1"},
    "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
    "effectiveDateTime": "2026-10-01T09:00:00", "valueQuantity": {"value": 1.2, "unit": "mg/dL"}}},
  {"resource": {"resourceType": "Observation", "id": "o2", "status": "entered-in-error",
    "subject": {"reference": "Patient/p1"},
    "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
    "effectiveDateTime": "2026-10-01", "valueQuantity": {"value": 99, "unit": "mg/L"}}},
  {"resource": {"resourceType": "Observation", "id": "o3", "status": "final",
    "subject": {"reference": "Patient/p1"},
    "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
    "effectiveDateTime": "1950-10-01", "valueQuantity": {"value": 5, "unit": "mg/L"}}},
  {"resource": {"resourceType": "MedicationStatement", "id": "m1", "status": "active",
    "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2024-01-05",
    "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AX03"}]}}},
  {"resource": {"resourceType": "Consent", "id": "k1", "status": "active",
    "patient": {"reference": "Patient/p1"}, "dateTime": "2020-01-01",
    "scope": {"coding": [{"code": "research"}]}}}]})";

class PatientLoaderTest : public testing::Test {
 protected:
  PatientLoaderTest()
      : key_path_((std::filesystem::temp_directory_path() /
                   ("clinnova_patient_loader_" + std::to_string(::getpid()) + ".key"))
                      .string()),
        key_(std::move(*PseudonymKey::LoadOrCreate(key_path_))),
        store_(std::move(*store::Store::Open({.threads = 1}))),
        resolver_(vocabulary_, kToday) {
    loader_ = std::move(*PatientLoader::Create(store_, key_));
    FhirReader reader(kept_);
    EXPECT_TRUE(reader.ReadText(kPatient, "prefetch"));
  }
  ~PatientLoaderTest() override { std::filesystem::remove(key_path_); }

  void Load() {
    ASSERT_TRUE(loader_->Begin());
    for (const SourceRecord& record : kept_.records) {
      loader_->Take({record, resolver_.Resolve(record)});
    }
    const auto loaded = loader_->Load();
    ASSERT_TRUE(loaded) << loaded.error().message;
  }

  /// Every row of a table of the CDM as one text.
  static std::string Rows(store::Store& store, const std::string& table) {
    auto rows = store.database().Query(
        "SELECT coalesce(string_agg(t::VARCHAR, ';' ORDER BY "
        "t::VARCHAR), '') FROM " +
        table + " t");
    EXPECT_TRUE(rows && rows->NextChunk());
    return std::string(rows->Text(0, 0));
  }

  std::string key_path_;
  PseudonymKey key_;
  store::Store store_;
  vocabulary::Vocabulary vocabulary_;
  RecordResolver resolver_;
  RecordKeeper kept_;
  std::unique_ptr<PatientLoader> loader_;
};

constexpr const char* kTables[] = {"person",          "visit_occurrence", "condition_occurrence",
                                   "measurement",     "observation",      "drug_exposure",
                                   "clinnova.consent"};

TEST_F(PatientLoaderTest, WritesWhatAnImportWrites) {
  store::Store imported = std::move(*store::Store::Open({}));
  auto import = Loader::Begin(imported, key_, {.today = kToday});
  ASSERT_TRUE(import);
  for (const SourceRecord& record : kept_.records) ASSERT_TRUE((*import)->Accept(record));
  ASSERT_TRUE((*import)->Finish());
  for (int question = 0; question < 3; ++question) {
    Load();
    for (const char* table : kTables) {
      EXPECT_EQ(Rows(store_, table), Rows(imported, table)) << table;
    }
    EXPECT_EQ(store_.database().QueryInt64("SELECT count(*) FROM clinnova.research_person").value(),
              1);
  }
  EXPECT_NE(Rows(imported, "measurement").find("12.0"), std::string::npos) << "in mg/L";
}

TEST_F(PatientLoaderTest, ForgetsThePatient) {
  Load();
  ASSERT_TRUE(loader_->Forget());
  for (const char* table : kTables) EXPECT_EQ(Rows(store_, table), "") << table;
  ASSERT_TRUE(loader_->Forget()) << "there is nothing to forget";
}

TEST_F(PatientLoaderTest, SeesNothingOfTheQuestionBefore) {
  Load();
  kept_.records.clear();
  FhirReader reader(kept_);
  ASSERT_TRUE(reader.ReadText(
      R"({"resourceType": "Patient", "id": "p2", "gender": "male", "birthDate": "1970"})",
      "other"));
  Load();
  EXPECT_EQ(store_.database().QueryInt64("SELECT count(*) FROM person").value(), 1);
  EXPECT_EQ(store_.database().QueryInt64("SELECT count(*) FROM measurement").value(), 0);
  EXPECT_EQ(store_.database().QueryInt64("SELECT count(*) FROM clinnova.research_person").value(),
            0);
}

}  // namespace
}  // namespace clinnova::intake
