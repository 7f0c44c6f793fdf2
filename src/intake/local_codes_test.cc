// SPDX-License-Identifier: Apache-2.0
#include "intake/local_codes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "intake/loader.h"

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

SourceRecord Measured(int number, const std::string& code, const std::string& text, double value) {
  SourceRecord record;
  record.kind = RecordKind::kMeasurement;
  record.id = "m" + std::to_string(number);
  record.patient_id = "anna-0001";
  record.codes = {{"LAB", code, text, ""}};
  record.start = SourceTime{};
  record.start->year = 2024;
  record.start->month = 2;
  record.start->day = 29;
  record.value = SourceValue{};
  record.value->number = value;
  record.value->unit = "mg/dL";
  record.source = {"labor.csv", static_cast<std::uint64_t>(number), ""};
  return record;
}

class LocalCodes : public testing::Test {
 protected:
  LocalCodes()
      : folder_(fs::temp_directory_path() / ("clinnova_local_codes_" + std::to_string(::getpid()))),
        store_(std::move(store::Store::Open({}).value())) {
    fs::create_directories(folder_);
  }
  ~LocalCodes() override { fs::remove_all(folder_); }

  void Import() {
    const auto key = PseudonymKey::LoadOrCreate((folder_ / "key").string());
    ASSERT_TRUE(key.has_value());
    auto loader = Loader::Begin(store_, *key, {.today = "2026-11-23"});
    ASSERT_TRUE(loader.has_value()) << loader.error().message;
    SourceRecord person;
    person.kind = RecordKind::kPerson;
    person.id = "p";
    person.patient_id = "anna-0001";
    person.birth = SourceTime{};
    person.birth->year = 1960;
    ASSERT_TRUE((*loader)->Accept(std::move(person)));
    ASSERT_TRUE((*loader)->Accept(Measured(1, "CRPU", "C-reactive protein, sensitive", 1.2)));
    ASSERT_TRUE((*loader)->Accept(Measured(2, "CRPU", "C-reactive protein, sensitive", 0.4)));
    ASSERT_TRUE((*loader)->Accept(Measured(3, "XYZ", "", 3)));
    const auto report = (*loader)->Finish();
    ASSERT_TRUE(report.has_value()) << report.error().message;
  }
  fs::path Write(const std::string& text) {
    std::ofstream(folder_ / "decisions.csv") << text;
    return folder_ / "decisions.csv";
  }
  std::int64_t Count(const std::string& from) {
    return store_.database().QueryInt64("SELECT count(*) FROM " + from).value();
  }

  fs::path folder_;
  store::Store store_;
};

TEST(NameSimilarity, IsPgTrgms) {
  // SELECT similarity('word', 'two words') is 0.36363637 in PostgreSQL's documentation.
  EXPECT_NEAR(NameSimilarity("word", "two words"), 4.0 / 11.0, 1e-15);
  EXPECT_EQ(NameSimilarity("Ferritin", "ferritin."), 1.0);
  EXPECT_EQ(NameSimilarity("", ""), 0.0);
}

TEST_F(LocalCodes, AreListedByFrequencyWithWhatTheyMightMean) {
  Import();
  const auto codes = UnmappedCodes(store_.database(), {});
  ASSERT_TRUE(codes.has_value()) << codes.error().message;
  ASSERT_EQ(codes->size(), 2u);
  EXPECT_EQ((*codes)[0].code, "CRPU");
  EXPECT_EQ((*codes)[0].system, "LAB");
  EXPECT_EQ((*codes)[0].rows, 2);
  ASSERT_FALSE((*codes)[0].suggestions.empty());
  EXPECT_EQ((*codes)[0].suggestions[0].concept_id, 3020460);
  EXPECT_EQ((*codes)[1].code, "XYZ");
}

TEST_F(LocalCodes, GetTheDecidedConceptAtTheNextImport) {
  Import();
  const auto file = Write(
      "source_code,description,target_concept_id,source_vocabulary\n"
      "CRPU,C-reactive protein,3020460,LAB\nXYZ,,,LAB\n");
  const auto decisions = ReadDecisions(file);
  ASSERT_TRUE(decisions.has_value()) << decisions.error().message;
  ASSERT_EQ(decisions->size(), 1u) << "a row without a target is undecided";
  EXPECT_EQ(Decide(store_.database(), *decisions, "A. Muster").value(), 1);
  EXPECT_EQ(UnmappedCodes(store_.database(), {})->size(), 1u);
  Import();
  EXPECT_EQ(Count("measurement WHERE measurement_concept_id = 3020460 AND value_as_number = 12"), 1)
      << "1.2 mg/dL is 12 mg/L";
  EXPECT_EQ(Count("measurement WHERE measurement_concept_id = 0"), 1);
}

TEST_F(LocalCodes, KeepTheirHistory) {
  Import();
  auto& database = store_.database();
  EXPECT_EQ(Decide(database, {{"LAB", "CRPU", "", 3020460}}, "A").value(), 1);
  EXPECT_EQ(Decide(database, {{"LAB", "CRPU", "", 0}}, "B").value(), 2);
  EXPECT_EQ(Count("source_to_concept_map"), 2);
  EXPECT_EQ(Count("source_to_concept_map WHERE invalid_reason IS NULL AND target_concept_id = 0"),
            1);
  const auto versions = MappingVersions(database);
  ASSERT_EQ(versions->size(), 2u);
  EXPECT_EQ((*versions)[0].decided_by, "B");
}

TEST_F(LocalCodes, RefuseAWrongDecisionWhole) {
  Import();
  auto& database = store_.database();
  ASSERT_TRUE(database.Execute(
      "INSERT INTO concept VALUES (999, 'Old', 'Measurement', 'LOINC', 'Lab', NULL, "
      "'1', current_date, current_date, 'U');"
      "INSERT INTO concept_relationship VALUES (999, 3020460, 'Maps to', "
      "current_date, current_date, NULL)"));
  const std::vector<std::pair<std::vector<LocalCodeDecision>, const char*>> mistakes = {
      {{}, "found no decision"},
      {{{"LAB", "CRPU", "", 3020460}, {"LAB", "XYZ", "", 123}},
       "code \"XYZ\": found target concept 123, which"},
      {{{"LAB", "CRPU", "", 999}}, "not a standard concept, expected 3020460"},
      {{{"LAB", "CRPU", "", 0}, {"LAB", "CRPU", "", 3020460}}, "found targets 0 and 3020460"},
  };
  for (const auto& [decisions, message] : mistakes) {
    const auto version = Decide(database, decisions, "A");
    ASSERT_FALSE(version.has_value()) << message;
    EXPECT_NE(version.error().message.find(message), std::string::npos) << version.error().message;
  }
  EXPECT_EQ(Count("source_to_concept_map"), 0);
  EXPECT_EQ(Count("clinnova.mapping_decision"), 0);
}

TEST_F(LocalCodes, SayWhereAFileOfDecisionsIsWrong) {
  const std::vector<std::pair<const char*, const char*>> mistakes = {
      {"code,target\n", "line 1: found column \"code\""},
      {"source_code,description\n", "line 1: found no column \"target_concept_id\""},
      {"source_code,target_concept_id\nCRPU,abc\n", "line 2: target_concept_id: found \"abc\""},
      {"source_code,target_concept_id\nCRPU,1,2\n", "line 2: found 3 fields, expected 2"},
      {"source_code,target_concept_id\n,1\n", "line 2: source_code: found none"},
  };
  for (const auto& [text, message] : mistakes) {
    const auto decisions = ReadDecisions(Write(text));
    ASSERT_FALSE(decisions.has_value()) << text;
    EXPECT_EQ(decisions.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(decisions.error().message.find(message), std::string::npos)
        << decisions.error().message;
  }
}

}  // namespace
}  // namespace clinnova::intake
