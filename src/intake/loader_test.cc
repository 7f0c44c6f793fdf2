// SPDX-License-Identifier: Apache-2.0
#include "intake/loader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "intake/record_keeper.h"

namespace clinnova::intake {
namespace {

SourceRecord Person(const std::string& patient, int year = 1960) {
  SourceRecord record;
  record.kind = RecordKind::kPerson;
  record.id = "Patient/" + patient;
  record.patient_id = patient;
  record.sex = "female";
  record.birth = OnDay(year, 5, 17);
  record.source.file = "patients.csv";
  return record;
}

SourceRecord Measured(const std::string& patient, const std::string& id, double crp) {
  SourceRecord record;
  record.kind = RecordKind::kMeasurement;
  record.id = id;
  record.patient_id = patient;
  record.codes = {{"LOINC", "1988-5", "", ""}};
  record.start = OnDay(2024, 2, 29);
  record.value = SourceValue{};
  record.value->number = crp;
  record.value->unit = "mg/L";
  record.source = {"labor.csv", 7, "crp"};
  return record;
}

class LoaderTest : public testing::Test {
 protected:
  LoaderTest()
      : key_path_((std::filesystem::temp_directory_path() /
                   ("clinnova_loader_" + std::to_string(::getpid()) + ".key"))
                      .string()),
        store_(std::move(*store::Store::Open({}))),
        key_(std::move(*PseudonymKey::LoadOrCreate(key_path_))) {}
  ~LoaderTest() override { std::filesystem::remove(key_path_); }

  ImportReport Load(std::vector<SourceRecord> records, Loader::Options options = {}) {
    options.today = "2026-11-23";
    auto loader = Loader::Begin(store_, key_, options);
    EXPECT_TRUE(loader.has_value()) << loader.error().message;
    for (SourceRecord& record : records) EXPECT_TRUE((*loader)->Accept(std::move(record)));
    (*loader)->AddFile({"labor.csv", "00", 10});
    auto report = (*loader)->Finish();
    EXPECT_TRUE(report.has_value()) << report.error().message;
    for (const auto& [kind, counts] : report->kinds) {
      EXPECT_EQ(counts.read, counts.loaded + counts.quarantined + counts.ignored) << kind;
    }
    return std::move(*report);
  }
  std::int64_t Count(const std::string& sql) {
    auto value = store_.database().QueryInt64(sql);
    EXPECT_TRUE(value.has_value()) << value.error().message;
    return value.value_or(-1);
  }

  std::string key_path_;
  store::Store store_;
  PseudonymKey key_;
};

TEST_F(LoaderTest, LoadsEachKindIntoItsTable) {
  SourceRecord visit;
  visit.kind = RecordKind::kVisit;
  visit.id = "v1";
  visit.patient_id = "anna-0001";
  visit.type = "inpatient";
  visit.start = OnDay(2024, 2, 28);
  visit.end = OnDay(2024, 3, 2);
  SourceRecord condition;
  condition.kind = RecordKind::kCondition;
  condition.id = "c1";
  condition.patient_id = "anna-0001";
  condition.visit_id = "v1";
  condition.codes = {{"ICD-10-GM", "M05.80", "", "2024"}};
  condition.start = OnDay(2019, 1, 1);
  condition.start->precision = SourceTime::Precision::kYear;
  SourceRecord drug;
  drug.kind = RecordKind::kDrug;
  drug.id = "d1";
  drug.patient_id = "anna-0001";
  drug.type = "prescription";
  drug.codes = {{"ATC", "L04AB04", "", ""}};
  drug.start = OnDay(2024, 3, 1);
  drug.quantity = 2;
  SourceRecord procedure;
  procedure.kind = RecordKind::kProcedure;
  procedure.id = "p1";
  procedure.patient_id = "anna-0001";
  procedure.codes = {{"OPS", "8-020", "", ""}};
  procedure.start = OnDay(2024, 3, 1);
  SourceRecord smoking;
  smoking.kind = RecordKind::kMeasurement;  // the concept's domain decides where it goes
  smoking.id = "o1";
  smoking.patient_id = "anna-0001";
  smoking.codes = {{"Clinnova", "SMOKING", "", ""}};
  smoking.start = OnDay(2024, 3, 1);
  smoking.value = SourceValue{};
  smoking.value->coded = SourceCode{"SNOMED", "266919005", "", ""};
  SourceRecord death;
  death.kind = RecordKind::kDeath;
  death.id = "anna-0001#death";
  death.patient_id = "anna-0001";
  death.start = OnDay(2025, 1, 1);
  SourceRecord consent;
  consent.kind = RecordKind::kConsent;
  consent.id = "k1";
  consent.patient_id = "anna-0001";
  consent.type = "research";
  consent.status = "active";
  const ImportReport report = Load({Person("anna-0001"), visit, condition, drug, procedure, smoking,
                                    death, consent, Measured("anna-0001", "m1", 12)});
  EXPECT_EQ(report.Total().loaded, 9);
  EXPECT_EQ(Count("SELECT count(*) FROM visit_occurrence WHERE visit_concept_id = 9201"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM condition_occurrence JOIN visit_occurrence USING "
                  "(visit_occurrence_id) WHERE condition_concept_id = 4035611"),
            1);
  EXPECT_EQ(
      Count(
          "SELECT count(*) FROM drug_exposure WHERE drug_concept_id = 1119119 AND quantity = 2 AND "
          "drug_type_concept_id = 32838"),
      1);
  EXPECT_EQ(
      Count("SELECT count(*) FROM procedure_occurrence WHERE procedure_source_value = '8-020'"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM observation WHERE value_as_concept_id > 0"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM death"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement WHERE value_as_number = 12"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.research_person"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM observation_period WHERE observation_period_start_date = "
                  "'2019-01-01' AND observation_period_end_date = '2024-03-02'"),
            1);
  EXPECT_EQ(
      Count(
          "SELECT count(*) FROM clinnova.provenance WHERE table_name = 'condition_occurrence' AND "
          "date_precision = 'year'"),
      1);
  EXPECT_EQ(report.unmapped.size(), 1u);
  EXPECT_EQ(report.unmapped.front().code, "8-020");
}

TEST_F(LoaderTest, ReplacesARecordThatIsLoadedAgain) {
  Load({Person("anna-0001"), Measured("anna-0001", "m1", 12), Measured("anna-0001", "m2", 13)});
  Load({Measured("anna-0001", "m1", 14)});
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 2);
  EXPECT_EQ(Count("SELECT sum(value_as_number)::BIGINT FROM measurement"), 27);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.provenance WHERE table_name = 'measurement'"), 2);
}

// As where millions of rows are replaced (store::RowRemoval).
TEST_F(LoaderTest, ReplacesRowsByWritingTheirTablesAnew) {
  Load({Person("anna-0001"), Measured("anna-0001", "m1", 12), Measured("anna-0001", "m2", 13)});
  const std::string kTable =
      "SELECT table_oid FROM duckdb_tables() WHERE table_name = 'measurement'";
  const std::string kOther = "SELECT measurement_id FROM measurement WHERE value_as_number = 13";
  const std::int64_t table = Count(kTable), other = Count(kOther);
  Load({Measured("anna-0001", "m1", 14)}, {.runs_with_room = 0});
  EXPECT_NE(Count(kTable), table);
  EXPECT_EQ(Count(kOther), other);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 2);
  EXPECT_EQ(Count("SELECT sum(value_as_number)::BIGINT FROM measurement"), 27);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.provenance"), 3);
}

TEST_F(LoaderTest, TakesBackWhatBecameWrong) {
  Load({Person("anna-0001"), Measured("anna-0001", "m1", 12), Measured("anna-0001", "m2", 13)});
  SourceRecord error = Measured("anna-0001", "m1", 12);
  error.status = "entered-in-error";
  SourceRecord implausible = Measured("anna-0001", "m2", 99999);
  const ImportReport report = Load({error, implausible});
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 0);
  EXPECT_EQ(report.kinds.at("measurement").ignored, 1);
  EXPECT_EQ(report.quarantined_by_rule.at("value.implausible"), 1);
  EXPECT_EQ(Count("SELECT count(*) FROM observation_period"), 0);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.quarantine WHERE line = 7 AND path = 'crp'"), 1);
  // The corrected file comes again: nothing of the quarantine stays.
  Load({Measured("anna-0001", "m2", 99)});
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.quarantine"), 0);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 1);
}

// An export may have a record's history in its files.
TEST_F(LoaderTest, TakesBackWhatBecomesWrongInTheSameImport) {
  const auto wrong = [](SourceRecord record) {
    record.status = "entered-in-error";
    return record;
  };
  SourceRecord consent;
  consent.kind = RecordKind::kConsent;
  consent.id = "c1";
  consent.patient_id = "anna-0001";
  consent.type = "research";
  consent.status = "given";
  const SourceRecord first = Measured("anna-0001", "m1", 12);
  const ImportReport report = Load(
      {Person("anna-0001"), first, Measured("anna-0001", "m2", 13), Measured("anna-0001", "m3", 14),
       consent, wrong(first), Measured("anna-0001", "m2", 99999),
       wrong(Measured("anna-0001", "m3", 14)), Measured("anna-0001", "m3", 15), wrong(consent)});
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 1);
  EXPECT_EQ(Count("SELECT sum(value_as_number)::BIGINT FROM measurement"), 15);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.consent"), 0);
  EXPECT_EQ(report.kinds.at("measurement").read, 7);
  EXPECT_EQ(report.kinds.at("measurement").loaded, 1);
  EXPECT_EQ(report.kinds.at("measurement").quarantined, 1);
  EXPECT_EQ(report.kinds.at("consent").ignored, 2);
}

// What was a text is a number in a later version, or the other way round.
TEST_F(LoaderTest, KeepsTheLastFormOfAValue) {
  const auto with_form = [](SourceRecord record) {
    record.kind_follows_value = true;
    if (record.value->number == 0) {
      record.kind = RecordKind::kObservation;
      record.codes = {{"", "report", "", ""}};
      record.value->number.reset();
      record.value->text = "to follow";
    }
    return record;
  };
  const auto text = [&](const std::string& id) { return with_form(Measured("anna-0001", id, 0)); };
  const auto number = [&](const std::string& id, double crp) {
    return with_form(Measured("anna-0001", id, crp));
  };
  const std::vector<SourceRecord> history{Person("anna-0001"), text("o1"),       number("o1", 12),
                                          number("o2", 13),    text("o2"),       text("o3"),
                                          number("o3", 14),    text("o3"),       number("o4", 15),
                                          text("o4"),          number("o4", 16), text("o5")};
  for (int time = 0; time < 2; ++time) {
    // At once, or three rows at a time.
    const ImportReport report = Load(history, {.rows_at_a_time = time == 0 ? 3 : 1000});
    EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 2);
    EXPECT_EQ(Count("SELECT sum(value_as_number)::BIGINT FROM measurement"), 28);
    EXPECT_EQ(Count("SELECT count(*) FROM observation"), 3);
    EXPECT_EQ(Count("SELECT count(*) FROM clinnova.provenance"), 6);
    EXPECT_EQ(report.kinds.at("measurement").loaded + report.kinds.at("observation").loaded, 5);
  }
  for (const SourceRecord& record : history) Load({record});  // as if each came by itself
  EXPECT_EQ(Count("SELECT sum(value_as_number)::BIGINT FROM measurement"), 28);
  EXPECT_EQ(Count("SELECT count(*) FROM observation"), 3);
}

TEST_F(LoaderTest, QuarantinesWhatThePersonContradicts) {
  SourceRecord before = Measured("anna-0001", "m1", 12);
  before.start = OnDay(1959, 1, 1);
  SourceRecord year_of_birth = Measured("anna-0001", "m2", 12);
  year_of_birth.start = OnDay(1960, 1, 1);
  year_of_birth.start->precision = SourceTime::Precision::kYear;
  const ImportReport report =
      Load({Measured("nobody-known", "m3", 12), before, year_of_birth, Person("anna-0001")});
  EXPECT_EQ(report.quarantined_by_rule.at("person.unknown"), 1);
  EXPECT_EQ(report.quarantined_by_rule.at("date.before_birth"), 1);
  EXPECT_EQ(report.kinds.at("measurement").loaded, 1);
}

TEST_F(LoaderTest, CountsARepeatedRecordOnceAndKeepsTheLast) {
  const ImportReport report = Load({Person("anna-0001"), Measured("anna-0001", "m1", 12),
                                    Measured("anna-0001", "m1", 15), Person("anna-0001")});
  EXPECT_EQ(report.kinds.at("measurement").ignored, 1);
  EXPECT_EQ(report.kinds.at("person").ignored, 1);
  EXPECT_EQ(Count("SELECT value_as_number::BIGINT FROM measurement"), 15);
}

TEST_F(LoaderTest, LeavesTheStoreTheThreadsThatItHad) {
  const std::int64_t threads = Count("SELECT current_setting('threads')");
  ASSERT_GT(threads, 1);
  Load({Person("anna-0001")});
  EXPECT_EQ(Count("SELECT current_setting('threads')"), threads);
  ASSERT_TRUE(Loader::Begin(store_, key_, {}));  // and given up
  EXPECT_EQ(Count("SELECT current_setting('threads')"), threads);
}

TEST_F(LoaderTest, RollsBackWhatDoesNotFinish) {
  Load({Person("anna-0001")});
  {
    auto loader = Loader::Begin(store_, key_, {.today = "2026-11-23"});
    ASSERT_TRUE((*loader)->Accept(Person("berta-0002")));
  }
  EXPECT_EQ(Count("SELECT count(*) FROM person"), 1);
  Load({Person("berta-0002")});
  EXPECT_EQ(Count("SELECT count(*) FROM person"), 2);
}

TEST_F(LoaderTest, RefusesAnotherKey) {
  Load({Person("anna-0001")});
  const std::string other_path = key_path_ + ".other";
  auto other = PseudonymKey::LoadOrCreate(other_path);
  auto refused = Loader::Begin(store_, *other, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  std::filesystem::remove(other_path);
  EXPECT_EQ(Load({Person("berta-0002")}).persons, 2);
}

TEST_F(LoaderTest, HidesIdentitiesInTheQuarantineAndInFileNames) {
  auto loader = Loader::Begin(store_, key_, {.today = "2026-11-23"});
  SourceRecord person = Person("anna-0001");
  person.identity_words = {"Zimmermann"};
  ASSERT_TRUE((*loader)->Reject({{"Zimmermann_2024.csv", 3, ""},
                                 "",
                                 "csv.field_count",
                                 "found 3",
                                 "anna-0001;Zimmermann;12"}));
  SourceRecord text = Measured("anna-0001", "m1", 1);
  text.value->number.reset();
  text.value->text = "Frau Zimmermann nicht nüchtern";
  ASSERT_TRUE((*loader)->Accept(SourceRecord(text)));
  SourceRecord comment = text;
  comment.id = "o1";
  comment.kind = RecordKind::kObservation;
  comment.codes = {{"", "", "Brief an Zimmermann", ""}};
  ASSERT_TRUE((*loader)->Accept(std::move(comment)));
  ASSERT_TRUE((*loader)->Accept(std::move(person)));
  (*loader)->AddFile({"Zimmermann_2024.csv", "00", 1});
  auto report = (*loader)->Finish();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->Json().find("Zimmermann"), std::string::npos);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.source WHERE file = '[hidden]_2024.csv'"), 1);
  EXPECT_EQ(
      Count("SELECT count(*) FROM clinnova.quarantine WHERE raw LIKE '%Zimmermann%' OR raw LIKE "
            "'%anna-0001%'"),
      0);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.quarantine WHERE raw = '[hidden];[hidden];12'"),
            1);
  EXPECT_EQ(
      Count(
          "SELECT count(*) FROM observation WHERE value_as_string = 'Frau [hidden] nicht nüchtern' "
          "AND observation_source_value = 'Brief an [hidden]'"),
      1);
}

TEST_F(LoaderTest, PrintsAReportWhoseNumbersAddUp) {
  SourceRecord unknown = Measured("anna-0001", "m2", 1);
  unknown.codes = {{"http://loinc.org", "99999-9", "Nobody knows", ""}};
  const ImportReport report = Load({Person("anna-0001"), Measured("anna-0001", "m1", 12), unknown});
  const std::string text = report.Text();
  EXPECT_NE(text.find("measurement               2            2            0            0"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("LOINC  99999-9  Nobody knows"), std::string::npos) << text;
  EXPECT_NE(report.Json().find("\"read\": 3"), std::string::npos) << report.Json();
}

}  // namespace
}  // namespace clinnova::intake
