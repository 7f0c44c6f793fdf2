// SPDX-License-Identifier: Apache-2.0
// A CDM made by hand, one person per case that is easily got wrong.
#include "cohort/study_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <optional>

namespace clinnova::cohort {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRa = 80809, kSeropositive = 4035611, kSeronegative = 4083556;
constexpr std::int64_t kAdalimumab = 1119119, kEtanercept = 1151789, kTocilizumab = 40171288,
                       kTocilizumabInjection = 46275123, kBaricitinib = 1510627,
                       kMethotrexateTablet = 19007332;
constexpr std::int64_t kCrp = 3020460, kTender = 2000000301, kSwollen = 2000000302,
                       kGlobal = 2000000305, kRheumatoidFactor = 2000000201;

class StudyTableTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() /
              (std::string("clinnova_study_") + info->name() + "_" + std::to_string(::getpid()));
    auto store = store::Store::Open({});
    ASSERT_TRUE(store.has_value()) << store.error().message;
    store_.emplace(std::move(*store));
    auto module = DiseaseModule::Load("ra");
    ASSERT_TRUE(module.has_value()) << module.error().message;
    module_.emplace(std::move(*module));
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Do(const std::string& sql) {
    const auto done = store_->database().Execute(sql);
    ASSERT_TRUE(done.has_value()) << sql << "\n" << done.error().message;
  }
  std::string NextId() { return std::to_string(++last_id_); }
  static std::string Text(std::int64_t n) { return std::to_string(n); }

  void Person(int id, const std::string& birth = "1960, 5, 20", std::int64_t sex = 8532) {
    Do("INSERT INTO person (person_id, gender_concept_id, year_of_birth, month_of_birth, "
       "day_of_birth, "
       "race_concept_id, ethnicity_concept_id) VALUES (" +
       Text(id) + ", " + Text(sex) + ", " + birth + ", 0, 0)");
    Consent(id, "given", "2019-01-01");
  }
  void Consent(int id, const std::string& status, const std::string& from) {
    Do("INSERT INTO clinnova.consent VALUES (" + NextId() + ", " + Text(id) + ", 'research', '" +
       status + "', '" + from + "', NULL)");
  }
  void Condition(int id, std::int64_t concept_id, const std::string& date) {
    Do("INSERT INTO condition_occurrence (condition_occurrence_id, person_id, "
       "condition_concept_id, "
       "condition_start_date, condition_type_concept_id) VALUES (" +
       NextId() + ", " + Text(id) + ", " + Text(concept_id) + ", '" + date + "', 0)");
  }
  // `end` empty: goes on.
  void Drug(int id, std::int64_t concept_id, const std::string& start,
            const std::string& end = "") {
    const std::string last = end.empty() ? start : end;
    Do("INSERT INTO drug_exposure (drug_exposure_id, person_id, drug_concept_id, "
       "drug_exposure_start_date, drug_exposure_end_date, verbatim_end_date, drug_type_concept_id) "
       "VALUES (" +
       NextId() + ", " + Text(id) + ", " + Text(concept_id) + ", '" + start + "', '" + last +
       "', " + (end.empty() ? "NULL" : "'" + end + "'") + ", 0)");
  }
  void Measure(int id, std::int64_t concept_id, const std::string& date, const std::string& value) {
    Do("INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
       "measurement_date, "
       "measurement_type_concept_id, value_as_number) VALUES (" +
       NextId() + ", " + Text(id) + ", " + Text(concept_id) + ", '" + date + "', 0, " + value +
       ")");
  }
  void Observed(int id, const std::string& from, const std::string& to) {
    Do("INSERT INTO observation_period VALUES (" + NextId() + ", " + Text(id) + ", '" + from +
       "', '" + to + "', 0)");
  }
  // Somebody whom every rule lets in; the index date is 2021-03-01.
  void Eligible(int id) {
    Person(id);
    Condition(id, kRa, "2015-03-01");
    Drug(id, kAdalimumab, "2021-03-01");
    Observed(id, "2015-03-01", "2022-03-01");
  }

  // The rows of a study of these features, each as one text, "NA" for what is missing.
  std::vector<std::string> Rows(const std::vector<std::string>& features) {
    TableRequest request = Request(features);
    auto query = CompileStudy(request, *module_);
    EXPECT_TRUE(query.has_value()) << (query ? "" : query.error().message);
    if (!query) return {};
    std::string row;
    for (const std::string& name : features) {
      row += (row.empty() ? "" : " || ' ' || ") +
             ("coalesce(" + core::SqlIdentifier(name) + "::VARCHAR, 'NA')");
    }
    auto rows = store_->database().Query("SELECT " + row + " FROM (" + query->sql + "\n)");
    EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message + "\n" + query->sql);
    std::vector<std::string> texts;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) texts.emplace_back(rows->Text(0, r));
    }
    return texts;
  }
  static TableRequest Request(const std::vector<std::string>& features) {
    TableRequest request{
        .study = core::Blake2b("a study"), .index = "first_biologic", .variables = {}};
    for (const std::string& name : features) request.variables.push_back({name, name});
    return request;
  }

  fs::path folder_;
  std::optional<store::Store> store_;
  std::optional<DiseaseModule> module_;
  int last_id_ = 1000;
};

using Strings = std::vector<std::string>;

TEST_F(StudyTableTest, HasARowPerPersonOfTheCohort) {
  Eligible(1);
  Person(2, "1985, 1, 1", 8507);
  Condition(2, kSeropositive, "2020-01-01");
  Drug(2, kTocilizumabInjection, "2020-01-01");  // below tocilizumab; diagnosed that very day
  Person(3, "1985, 1, 1", 8507);
  Condition(3, kRa, "2020-01-01");  // never a drug of an arm
  Drug(3, kMethotrexateTablet, "2020-02-01");
  EXPECT_EQ(Rows({"drug", "sex", "age"}), (Strings{"anti-TNF F 60.0", "anti-IL-6 M 35.0"}));
}

TEST_F(StudyTableTest, LeavesOutPersonsWithoutAValidConsent) {
  for (int id = 1; id <= 4; ++id) Eligible(id);
  Do("DELETE FROM clinnova.consent WHERE person_id = 2");
  Consent(3, "withdrawn", "2022-01-01");
  Do("UPDATE clinnova.consent SET status = 'refused' WHERE person_id = 4");
  EXPECT_EQ(Rows({"drug"}).size(), 1u);
  Consent(1, "withdrawn", "2019-01-01");
  EXPECT_EQ(Rows({"drug"}).size(), 0u);
}

TEST_F(StudyTableTest, LeavesOutWhoStartedBeforeTheDiagnosis) {
  Person(1);
  Drug(1, kAdalimumab, "2021-03-01");
  Condition(1, kRa, "2021-03-02");
  Drug(1, kTocilizumab, "2021-06-01");  // after it, but not the first
  EXPECT_EQ(Rows({"drug"}), Strings{});
}

TEST_F(StudyTableTest, LeavesOutWhoStartsTwoArmsOnOneDay) {
  Eligible(1);
  Drug(1, kBaricitinib, "2021-03-01");
  Eligible(2);
  Drug(2, kEtanercept, "2021-03-01");  // two drugs, one arm
  EXPECT_EQ(Rows({"drug"}), Strings{"anti-TNF"});
}

TEST_F(StudyTableTest, TakesAdultsOnly) {
  const struct {
    int id;
    const char* birth;
  } kPersons[] = {{1, "2003, 3, 1"},        // 18 on that day
                  {2, "2003, 3, 2"},        // a day later
                  {3, "2003, NULL, NULL"},  // taken as 1 July
                  {4, "2002, NULL, NULL"},
                  {5, "2003, 3, NULL"}};  // taken as 1 March
  for (const auto& person : kPersons) {
    Person(person.id, person.birth);
    Condition(person.id, kRa, "2020-01-01");
    Drug(person.id, kAdalimumab, "2021-03-01");
  }
  EXPECT_EQ(Rows({"age"}), (Strings{"18.0", "18.0", "18.0"}));
}

TEST_F(StudyTableTest, TakesValuesOfTheWindowOnly) {
  Eligible(1);
  Measure(1, kCrp, "2020-12-01", "90");  // day -90, the edge
  Eligible(2);
  Measure(2, kCrp, "2020-11-30", "91");  // day -91
  Measure(2, kCrp, "2021-03-02", "1");   // day 1
  Eligible(3);
  Measure(3, kCrp, "2021-02-01", "5");
  Measure(3, kCrp, "2021-03-01", "7");  // day 0, the last
  Measure(3, kCrp, "2021-02-20", "11");
  Eligible(4);
  Measure(4, kCrp, "2021-02-01", "6");
  Measure(4, kCrp, "2021-02-20", "NULL");  // a text result is no number
  EXPECT_EQ(Rows({"crp_baseline"}), (Strings{"90.0", "NA", "7.0", "6.0"}));
}

TEST_F(StudyTableTest, TakesTheValueNearestToSixMonths) {
  Eligible(1);                          // 2021-03-01 + 183 days = 2021-08-31
  Measure(1, kCrp, "2021-06-29", "1");  // day 120
  Measure(1, kCrp, "2021-08-28", "2");  // 3 days before
  Measure(1, kCrp, "2021-09-04", "3");  // 4 days after
  Eligible(2);
  Measure(2, kCrp, "2021-10-27", "4");  // day 240
  Eligible(3);
  Measure(3, kCrp, "2021-10-28", "5");  // day 241
  Measure(3, kCrp, "2021-06-28", "6");  // day 119
  EXPECT_EQ(Rows({"crp_6m"}), (Strings{"2.0", "4.0", "NA"}));
}

TEST_F(StudyTableTest, ComputesTheScoreAndTheResponse) {
  for (int id = 1; id <= 3; ++id) {
    Eligible(id);
    Measure(id, kTender, "2021-08-31", id == 1 ? "4" : "1");
    Measure(id, kSwollen, "2021-08-31", id == 1 ? "9" : "0");
    Measure(id, kGlobal, "2021-08-31", "50");
    if (id != 3) Measure(id, kCrp, "2021-08-30", "0");
  }
  EXPECT_EQ(Rows({"low_activity"}), (Strings{"0.0", "1.0", "NA"}));
  const Strings scores = Rows({"das28_crp_6m"});
  ASSERT_EQ(scores.size(), 3u);
  EXPECT_NEAR(std::stod(scores[0]), 0.56 * 2 + 0.28 * 3 + 0.7 + 0.96, 1e-12);
  EXPECT_NEAR(std::stod(scores[1]), 0.56 + 0.7 + 0.96, 1e-12);
  EXPECT_EQ(scores[2], "NA");
}

TEST_F(StudyTableTest, FollowsADrugToItsEndOrASwitch) {
  Eligible(1);  // goes on: censored at the last day of observation
  Person(2);
  Condition(2, kRa, "2015-01-01");
  Drug(2, kAdalimumab, "2021-03-01", "2021-06-01");
  Drug(2, kAdalimumab, "2021-07-01", "2021-09-01");  // after 30 days: one treatment
  Drug(2, kAdalimumab, "2022-03-01", "2022-04-01");  // after 181: another one
  Observed(2, "2015-01-01", "2022-04-01");
  Eligible(3);
  Drug(3, kEtanercept, "2021-05-01");  // a switch within the arm ends the drug
  Eligible(4);
  Drug(4, kBaricitinib, "2021-04-01");
  Person(5);
  Condition(5, kRa, "2015-01-01");
  Drug(5, kAdalimumab, "2021-03-01", "2023-01-01");  // an end that is planned, not seen
  Observed(5, "2015-01-01", "2021-12-31");
  EXPECT_EQ(Rows({"time_to_discontinuation", "discontinued"}),
            (Strings{"365.0 0.0", "184.0 1.0", "61.0 1.0", "31.0 1.0", "305.0 0.0"}));
}

TEST_F(StudyTableTest, KnowsSeropositiveNegativeAndNeverLookedFor) {
  for (int id = 1; id <= 5; ++id) Eligible(id);
  Measure(1, kRheumatoidFactor, "2019-01-01", "14");
  Measure(2, kRheumatoidFactor, "2019-01-01", "10");
  Condition(3, kSeropositive, "2018-01-01");
  Measure(3, kRheumatoidFactor, "2019-01-01", "10");
  Condition(4, kSeronegative, "2018-01-01");
  EXPECT_EQ(Rows({"seropositive"}), (Strings{"1.0", "0.0", "1.0", "0.0", "NA"}));
}

TEST_F(StudyTableTest, LooksBackForHistory) {
  Eligible(1);
  Drug(1, kMethotrexateTablet, "2016-01-01", "2020-01-01");
  Eligible(2);
  Drug(2, kMethotrexateTablet, "2021-03-01");  // with the biologic, not before it
  Condition(2, kRa, "2020-03-01");             // the first diagnosis counts
  const Strings rows = Rows({"prior_csdmard", "disease_duration_years"});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].substr(0, 4), "1.0 ");
  EXPECT_EQ(rows[1].substr(0, 4), "0.0 ");
  EXPECT_NEAR(std::stod(rows[0].substr(4)), 2192 / 365.25, 1e-9);
  EXPECT_NEAR(std::stod(rows[1].substr(4)), 2192 / 365.25, 1e-9);
}

TEST_F(StudyTableTest, IsReadUnderTheDeclaredLevels) {
  Eligible(1);
  Eligible(2);
  Do("UPDATE person SET gender_concept_id = 0 WHERE person_id = 2");
  TableRequest request = Request({"drug", "sex", "age", "discontinued"});
  const std::vector<table::ColumnDeclaration> wishes = {
      {"sex", table::ColumnKind::kFactor, {"M", "F"}},
      {"factor(discontinued)", table::ColumnKind::kFactor, {}}};
  const auto columns = StudyColumns(request, *module_, wishes);
  ASSERT_TRUE(columns.has_value()) << columns.error().message;
  const auto frozen = Freeze(*store_, request, *module_, folder_);
  ASSERT_TRUE(frozen.has_value()) << frozen.error().message;
  const auto described = DescribeStudyTable(*frozen, request, *module_, *columns);
  ASSERT_TRUE(described.has_value()) << described.error().message;
  EXPECT_EQ(described->rows, 2u);
  const std::vector<table::SiteSchema> sites = {*described};
  const std::vector<std::string> names = {"basel"};
  const auto schema = table::UnifySchemas(sites, *columns, names);
  ASSERT_TRUE(schema.has_value()) << schema.error().message;
  EXPECT_EQ(schema->columns[0].levels, (Strings{"anti-TNF", "anti-IL-6", "JAK"}));
  EXPECT_EQ(schema->columns[1].levels, (Strings{"M", "F"}));
  const auto table = BuildStudyTable(*frozen, *schema, "basel");
  ASSERT_TRUE(table.has_value()) << table.error().message;
  EXPECT_EQ(table->rows, 2u);
  EXPECT_EQ(table->columns[0].codes, (std::vector<std::int32_t>{0, 0}));
  EXPECT_EQ(table->columns[1].codes, (std::vector<std::int32_t>{1, -1}));
  EXPECT_EQ(table->columns[2].numbers, (std::vector<double>{60, 60}));
  const auto second = schema->Find("factor(discontinued)");
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(table->columns[*second].codes, (std::vector<std::int32_t>{0, 0}));
}

TEST_F(StudyTableTest, IsFrozenUntilTheCdmOrTheStudyChanges) {
  Eligible(1);
  TableRequest request = Request({"drug", "crp_baseline"});
  const auto first = Freeze(*store_, request, *module_, folder_);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(Freeze(*store_, request, *module_, folder_)->key, first->key);
  const auto permissions = fs::status(first->path).permissions();
  EXPECT_EQ(permissions & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);

  TableRequest other = request;
  other.study = core::Blake2b("another study");
  EXPECT_NE(Freeze(*store_, other, *module_, folder_)->key, first->key);

  Measure(1, kCrp, "2021-03-01", "7");
  const auto second = Freeze(*store_, request, *module_, folder_);
  EXPECT_NE(second->key, first->key);
  Consent(1, "withdrawn", "2022-01-01");
  const auto third = Freeze(*store_, request, *module_, folder_);
  EXPECT_NE(third->key, second->key);
  EXPECT_EQ(third->rows, 0u);
  // The table of a run that began before stays as it was.
  const auto reopened = OpenFrozen(folder_, first->key);
  ASSERT_TRUE(reopened.has_value());
  EXPECT_EQ(reopened->rows, 1u);
  EXPECT_FALSE(OpenFrozen(folder_, core::Blake2b("never")).has_value());
}

// What DuckDB calls a blockwise nested-loop join takes as long as a site has persons times rows.
TEST_F(StudyTableTest, ComparesNoRowWithEveryPerson) {
  for (int id = 1; id <= 20; ++id) {
    Eligible(id);
    Measure(id, kCrp, "2021-02-01", "5");
    Do("INSERT INTO observation (observation_id, person_id, observation_concept_id, "
       "observation_date, observation_type_concept_id) VALUES (" +
       NextId() + ", " + Text(id) + ", 1, '2021-02-01', 0)");
    Do("INSERT INTO procedure_occurrence (procedure_occurrence_id, person_id, "
       "procedure_concept_id, procedure_date, procedure_type_concept_id) VALUES (" +
       NextId() + ", " + Text(id) + ", 1, '2021-02-01', 0)");
  }
  for (const char* disease : {"ra", "cd", "uc", "ms"}) {
    const auto module = DiseaseModule::Load(disease);
    ASSERT_TRUE(module.has_value()) << module.error().message;
    TableRequest request{
        .study = {}, .index = module->index_events().front().name, .variables = {}};
    for (const Feature& feature : module->features()) {
      request.variables.push_back({feature.name, feature.name});
    }
    const auto query = CompileStudy(request, *module);
    ASSERT_TRUE(query.has_value()) << query.error().message;
    auto plan = store_->database().Query("EXPLAIN (FORMAT json) " + query->sql);
    ASSERT_TRUE(plan.has_value() && plan->NextChunk()) << disease;
    const std::string text(plan->Text(1, 0));
    EXPECT_NE(text.find("HASH_JOIN"), text.npos) << disease;
    for (const char* join : {"BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN"}) {
      EXPECT_EQ(text.find(join), text.npos) << disease << "\n" << text;
    }
  }
}

TEST_F(StudyTableTest, SaysWhatAStudyAsksForInVain) {
  const auto error = [&](const TableRequest& request) {
    const auto query = CompileStudy(request, *module_);
    EXPECT_FALSE(query.has_value());
    return query ? "" : query.error().message;
  };
  TableRequest request = Request({"age"});
  request.index = "first_visit";
  EXPECT_EQ(error(request),
            "cohort.index: found \"first_visit\", expected one of first_any, first_biologic");
  EXPECT_EQ(error(Request({})), "variable: found none, expected at least one [[variable]]");
  EXPECT_EQ(error(Request({"age", "age"})), "variable: found \"age\" twice, expected it once");
  EXPECT_EQ(error(Request({"agee"})).substr(0, 60),
            "variable \"agee\": feature: found \"agee\", expected one of acpa");
  const std::vector<table::ColumnDeclaration> wrong = {{"drug", std::nullopt, {"anti-TNF", "JAK"}}};
  EXPECT_EQ(StudyColumns(Request({"drug"}), *module_, wrong).error().message,
            "column \"drug\": levels: expected all of anti-TNF, anti-IL-6, JAK, in any order");
  const std::vector<table::ColumnDeclaration> unlisted = {
      {"factor(age)", table::ColumnKind::kFactor, {}}};
  EXPECT_FALSE(StudyColumns(Request({"age"}), *module_, unlisted).has_value());
}

TEST_F(StudyTableTest, KeepsOddNamesInsideTheirQuotes) {
  Eligible(1);
  TableRequest request = Request({});
  request.variables = {{"a\"; DROP TABLE person; --", "age"}};
  ASSERT_TRUE(Freeze(*store_, request, *module_, folder_).has_value());
  EXPECT_EQ(store_->database().QueryInt64("SELECT count(*) FROM person").value(), 1);
}

}  // namespace
}  // namespace clinnova::cohort
