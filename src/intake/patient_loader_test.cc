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

constexpr const char* kTables[] = {"person",          "visit_occurrence", "condition_occurrence",
                                   "measurement",     "observation",      "drug_exposure",
                                   "clinnova.consent"};

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
    loader_->Begin();
    for (const SourceRecord& record : kept_.records) {
      loader_->Take({record, resolver_.Resolve(record)});
    }
    loader_->Load();
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

  store::Store Imported() {
    store::Store imported = std::move(*store::Store::Open({}));
    auto import = Loader::Begin(imported, key_, {.today = kToday});
    EXPECT_TRUE(import);
    for (const SourceRecord& record : kept_.records)
      EXPECT_TRUE((*import)->Accept(SourceRecord(record)));
    EXPECT_TRUE((*import)->Finish());
    return imported;
  }

  void ExpectSameRows(store::Store& imported) {
    for (const char* table : kTables) {
      EXPECT_EQ(Rows(store_, table), Rows(imported, table)) << table;
    }
  }

  std::string key_path_;
  PseudonymKey key_;
  store::Store store_;
  vocabulary::Vocabulary vocabulary_;
  RecordResolver resolver_;
  RecordKeeper kept_;
  std::unique_ptr<PatientLoader> loader_;
};

TEST_F(PatientLoaderTest, WritesWhatAnImportWrites) {
  store::Store imported = Imported();
  for (int question = 0; question < 3; ++question) {
    Load();
    ExpectSameRows(imported);
    EXPECT_EQ(store_.database().QueryInt64("SELECT count(*) FROM clinnova.research_person").value(),
              1);
  }
  EXPECT_NE(Rows(imported, "measurement").find("12.0"), std::string::npos) << "in mg/L";
}

// Records that come twice, that end before the birth, that name another's visit, and of patients who are not there.
constexpr const char* kAwkward = R"({"resourceType": "Bundle", "entry": [
  {"resource": {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1961-07-14"}},
  {"resource": {"resourceType": "Patient", "id": "p2", "gender": "male", "birthDate": "1970"}},
  {"resource": {"resourceType": "Patient", "id": "p3", "gender": "male", "birthDate": "1980-02"}},
  {"resource": {"resourceType": "Patient", "id": "p2", "gender": "female", "birthDate": "1971"}},
  {"resource": {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
    "subject": {"reference": "Patient/p1"}, "period": {"start": "2026-10-01"}}},
  {"resource": {"resourceType": "Encounter", "id": "e2", "status": "finished", "class": {"code": "AMB"},
    "subject": {"reference": "Patient/p1"}, "period": {"start": "1961-07-13", "end": "1961-07-13"}}},
  {"resource": {"resourceType": "Consent", "id": "k1", "status": "active",
    "patient": {"reference": "Patient/p1"}, "dateTime": "2020-01-01",
    "scope": {"coding": [{"code": "research"}]}}},
  {"resource": {"resourceType": "Consent", "id": "k1", "status": "active",
    "patient": {"reference": "Patient/p1"}, "dateTime": "2021-01-01",
    "scope": {"coding": [{"code": "research"}]}}},
  {"resource": {"resourceType": "Consent", "id": "k9", "status": "active",
    "patient": {"reference": "Patient/p9"}, "dateTime": "2021-01-01",
    "scope": {"coding": [{"code": "research"}]}}}]})";

TEST_F(PatientLoaderTest, LeavesOutWhatAnImportLeavesOut) {
  kept_ = {};
  FhirReader reader(kept_);
  ASSERT_TRUE(reader.ReadText(kAwkward, "prefetch"));
  int number = 0;
  const auto observe = [&](const char* patient, const std::string& day, const char* visit,
                           const std::string& id) {
    const std::string text =
        R"({"resourceType": "Observation", "id": ")" + id +
        R"(", "status": "final", "subject": {"reference": "Patient/)" + patient +
        R"("}, "encounter": {"reference": "Encounter/)" + visit +
        R"("}, "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
        "effectiveDateTime": ")" +
        day + R"(", "valueQuantity": {"value": )" + std::to_string(++number) +
        R"(, "unit": "mg/L"}})";
    ASSERT_TRUE(reader.ReadText(text, "prefetch")) << text;
  };
  for (const char* patient : {"p1", "p2", "p3", "p9"}) {
    for (const char* day : {"1960",
                            "1961",
                            "1962",
                            "1961-06",
                            "1961-07",
                            "1961-07-13",
                            "1961-07-14",
                            "1970",
                            "1971",
                            "1970-12",
                            "1970-12-31",
                            "1971-01-01",
                            "1980",
                            "1979-12",
                            "1980-01",
                            "1980-02",
                            "1980-01-31",
                            "1980-02-01",
                            "1980-01-31T23:59:59",
                            "2020-02-29T12:00:00"}) {
      observe(patient, day, number % 2 == 0 ? "e1" : "e2", "o" + std::to_string(number));
    }
  }
  observe("p1", "2026-10-02", "e1", "o77");  // a second version, and a third one out of order
  observe("p3", "2026-10-02", "e1", "o3");
  observe("p1", "1950", "e1", "o5");
  store::Store imported = Imported();
  Load();
  ExpectSameRows(imported);
  EXPECT_EQ(imported.database().QueryInt64("SELECT count(*) FROM person").value(), 3);
  EXPECT_EQ(imported.database().QueryInt64("SELECT count(*) FROM visit_occurrence").value(), 1);
  EXPECT_GT(imported.database()
                .QueryInt64("SELECT count(*) FROM measurement WHERE visit_occurrence_id > 0")
                .value(),
            5);
}

TEST_F(PatientLoaderTest, TakesTheLastVersionAsAnImportDoes) {
  FhirReader reader(kept_);
  const auto observe = [&](const std::string& id, const std::string& rest) {
    const std::string text = R"({"resourceType": "Observation", "id": ")" + id +
                             R"(", "subject": {"reference": "Patient/p1"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "1988-5"}]},
        "effectiveDateTime": "2026-10-01", )" +
                             rest + "}";
    ASSERT_TRUE(reader.ReadText(text, "prefetch")) << text;
  };
  const auto final = [](const std::string& value) { return R"("status": "final", )" + value; };
  const auto number = [&](int value) {
    return final(R"("valueQuantity": {"unit": "mg/L", "value": )" + std::to_string(value) + "}");
  };
  const std::string text = final(R"("code": {"text": "CRP"}, "valueString": "to follow")");
  const std::string wrong = R"("status": "entered-in-error", "valueQuantity": {"value": 7})";
  observe("o1", wrong);                                      // it was 12
  observe("v1", number(21)), observe("v1", number(999999));  // implausible
  observe("v2", text), observe("v2", number(22));            // a text, then a number
  observe("v3", number(23)), observe("v3", text);            // the other way round
  observe("v4", text), observe("v4", wrong);                 // never was
  observe("v5", number(25)), observe("v5", wrong), observe("v5", number(26));
  ASSERT_TRUE(
      reader.ReadText(R"({"resourceType": "Consent", "id": "k1", "status": "entered-in-error",
    "patient": {"reference": "Patient/p1"}, "scope": {"coding": [{"code": "research"}]}})",
                      "prefetch"));
  store::Store imported = Imported();
  Load();
  ExpectSameRows(imported);
  EXPECT_EQ(imported.database()
                .QueryInt64("SELECT sum(value_as_number)::BIGINT FROM measurement WHERE "
                            "value_as_number IS NOT NULL")
                .value(),
            22 + 26);
  EXPECT_EQ(imported.database().QueryInt64("SELECT count(*) FROM clinnova.consent").value(), 0);
}

// What kPatient has nothing for, and a drug that has ended.
constexpr const char* kOtherTables = R"({"resourceType": "Bundle", "entry": [
  {"resource": {"resourceType": "MedicationStatement", "id": "m2", "status": "completed",
    "subject": {"reference": "Patient/p1"}, "effectivePeriod": {"start": "2021-01-05", "end": "2022-03-01"},
    "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AB04"}]}}},
  {"resource": {"resourceType": "Procedure", "id": "q1", "status": "completed",
    "subject": {"reference": "Patient/p1"}, "performedDateTime": "2022-05-05",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "73761001"}]}}},
  {"resource": {"resourceType": "Observation", "id": "o7", "status": "final",
    "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2026-10-01",
    "code": {"coding": [{"system": "http://loinc.org", "code": "72166-2"}]},
    "valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "266919005"}]}}}]})";

// What features are made of is in patient_row as in the tables, and in no row of another table.
TEST_F(PatientLoaderTest, HasAllTablesInOneView) {
  FhirReader reader(kept_);
  ASSERT_TRUE(reader.ReadText(kOtherTables, "prefetch"));
  Load();
  struct Part {
    const char* table;
    const char* mark;  // NULL in the rows of other tables
    const char* columns;
  };
  const Part parts[] = {
      {"person", "year_of_birth", "gender_concept_id, year_of_birth, month_of_birth, day_of_birth"},
      {"clinnova.consent", "purpose", "purpose, status, valid_from, valid_to"},
      {"condition_occurrence", "condition_occurrence_id",
       "condition_occurrence_id, condition_concept_id, condition_start_date, "
       "condition_start_datetime"},
      {"drug_exposure", "drug_exposure_id",
       "drug_exposure_id, drug_concept_id, drug_exposure_start_date, drug_exposure_start_datetime, "
       "drug_exposure_end_date, verbatim_end_date"},
      {"procedure_occurrence", "procedure_occurrence_id",
       "procedure_occurrence_id, procedure_concept_id, procedure_date, procedure_datetime"},
      {"measurement", "measurement_id",
       "measurement_id, measurement_concept_id, measurement_date, measurement_datetime, "
       "value_as_number, "
       "value_as_concept_id"},
      {"observation", "observation_id",
       "observation_id, observation_concept_id, observation_date, observation_datetime, "
       "value_as_number, "
       "value_as_concept_id"}};
  std::string marks;
  for (const Part& part : parts) {
    const std::string select = std::string("(SELECT person_id, ") + part.columns + " FROM ";
    const std::string rows = Rows(store_, select + part.table + ")");
    EXPECT_EQ(Rows(store_, select + "patient_row WHERE " + part.mark + " IS NOT NULL)"), rows)
        << part.table;
    EXPECT_FALSE(rows.empty()) << part.table;
    marks += std::string(marks.empty() ? "" : " + ") + "(" + part.mark + " IS NOT NULL)::INTEGER";
  }
  EXPECT_EQ(Rows(store_, "(SELECT * FROM patient_row WHERE " + marks + " > 1)"), "");
  EXPECT_EQ(Rows(store_,
                 "(SELECT value_as_number FROM patient_row WHERE measurement_id IS NULL AND "
                 "observation_id IS NULL AND value_as_number IS NOT NULL)"),
            "");
}

TEST_F(PatientLoaderTest, ForgetsThePatient) {
  Load();
  loader_->Forget();
  for (const char* table : kTables) EXPECT_EQ(Rows(store_, table), "") << table;
  loader_->Forget();  // there is nothing to forget
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
