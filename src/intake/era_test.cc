// SPDX-License-Identifier: Apache-2.0
// Condition, drug and dose eras after an import, against OHDSI's rules: by hand, and day by day over a cohort.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "intake/import.h"
#include "intake/loader.h"
#include "intake/record_keeper.h"
#include "intake/synthetic_export.h"
#include "vocabulary/vocabulary.h"

namespace clinnova::intake {
namespace {

class EraTest : public testing::Test {
 protected:
  EraTest()
      : store_(std::move(*store::Store::Open({}))),
        key_(std::move(*PseudonymKey::LoadOrCreate((folder_.path() / "key").string()))) {}

  void Load(std::vector<SourceRecord> records) {
    auto loader = Loader::Begin(store_, key_, {.today = "2026-11-23"});
    ASSERT_TRUE(loader.has_value()) << loader.error().message;
    for (SourceRecord& record : records) ASSERT_TRUE((*loader)->Accept(std::move(record)));
    const auto report = (*loader)->Finish();
    ASSERT_TRUE(report.has_value()) << report.error().message;
  }
  void ImportCdm() {
    const auto report = Import(store_, {.paths = {(folder_.path() / "cdm").string()},
                                        .key_file = (folder_.path() / "key").string()});
    ASSERT_TRUE(report.has_value()) << report.error().message;
  }
  std::vector<std::string> Rows(const std::string& sql) {
    auto rows = store_.database().Query(sql);
    EXPECT_TRUE(rows.has_value()) << (rows ? "" : rows.error().message);
    std::vector<std::string> texts;
    while (rows && rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) {
        texts.emplace_back();
        for (std::size_t c = 0; c < rows->column_count(); ++c) {
          texts.back() += (c == 0 ? "" : " ") + std::string(rows->Text(c, r));
        }
      }
    }
    return texts;
  }
  std::vector<std::string> ConditionEras(const std::string& more = "") {
    return Rows(
        "SELECT concat_ws(' ', condition_concept_id, condition_era_start_date, "
        "condition_era_end_date, condition_occurrence_count" +
        more + ") FROM condition_era ORDER BY 1");
  }
  std::vector<std::string> DrugEras(const std::string& more = "") {
    return Rows(
        "SELECT concat_ws(' ', drug_concept_id, drug_era_start_date, drug_era_end_date, "
        "drug_exposure_count, gap_days" +
        more + ") FROM drug_era ORDER BY 1");
  }

  std::vector<std::string> DoseEras(const std::string& more = "") {
    return Rows(
        "SELECT concat_ws(' ', drug_concept_id, dose_value, unit_concept_id, dose_era_start_date, "
        "dose_era_end_date" +
        more + ") FROM dose_era ORDER BY 1");
  }

  TestFolder folder_;
  store::Store store_;
  PseudonymKey key_;
};

using Texts = std::vector<std::string>;

SourceRecord Person(const std::string& patient) {
  SourceRecord record;
  record.kind = RecordKind::kPerson;
  record.id = "Patient/" + patient;
  record.patient_id = patient;
  record.sex = "female";
  record.birth = OnDay(1960, 5, 17);
  return record;
}

SourceRecord Event(RecordKind kind, const std::string& id, const std::string& system,
                   const std::string& code, SourceTime start, std::optional<SourceTime> end = {}) {
  SourceRecord record;
  record.kind = kind;
  record.id = id;
  record.patient_id = "anna-0001";
  record.codes = {{system, code, "", ""}};
  record.start = start;
  record.end = end;
  return record;
}

SourceRecord Ra(const std::string& id, SourceTime start, std::optional<SourceTime> end = {}) {
  return Event(RecordKind::kCondition, id, "ICD-10-GM", "M05.80", start, end);
}

SourceRecord Adalimumab(const std::string& id, SourceTime start,
                        std::optional<SourceTime> end = {}) {
  return Event(RecordKind::kDrug, id, "ATC", "L04AB04", start, end);
}

TEST_F(EraTest, JoinsConditionsAtMostThirtyDaysApart) {
  Load({Person("anna-0001"), Ra("a", OnDay(2020, 1, 1), OnDay(2020, 1, 10)),
        Ra("b", OnDay(2020, 2, 9), OnDay(2020, 2, 9)),    // 30 days after the 10th
        Ra("c", OnDay(2020, 3, 11), OnDay(2020, 3, 12)),  // 31 days after 9 February
        Ra("d", OnDay(2021, 1, 1)),                       // ends on the 2nd
        Ra("e", OnDay(2021, 2, 1)),                       // 30 days after the 2nd
        Ra("f", OnDay(2021, 3, 5)),                       // 31 days after 2 February
        Ra("g", OnDay(2022, 1, 1), OnDay(2022, 12, 31)),  // holds both that follow
        Ra("h", OnDay(2022, 2, 1), OnDay(2022, 2, 3)),
        Ra("i", OnDay(2022, 6, 1), OnDay(2023, 1, 5)),
        Event(RecordKind::kCondition, "j", "ICD-10-GM", "Q99.99", OnDay(2020, 1, 1))});
  EXPECT_EQ(ConditionEras(),
            (Texts{"4035611 2020-01-01 2020-02-09 2", "4035611 2020-03-11 2020-03-12 1",
                   "4035611 2021-01-01 2021-02-02 2", "4035611 2021-03-05 2021-03-06 1",
                   "4035611 2022-01-01 2023-01-05 3"}));
}

TEST_F(EraTest, JoinsExposuresAndCountsTheDaysBetween) {
  Load({Person("anna-0001"), Adalimumab("a", OnDay(2020, 1, 1), OnDay(2020, 1, 10)),
        Adalimumab("b", OnDay(2020, 1, 5), OnDay(2020, 1, 20)),  // overlaps
        Adalimumab("c", OnDay(2020, 1, 6), OnDay(2020, 1, 7)),   // within both
        Adalimumab("d", OnDay(2020, 2, 19)),                     // 30 days later, one day
        Adalimumab("e", OnDay(2020, 3, 21)),                     // 31 days later
        Event(RecordKind::kDrug, "f", "ATC", "Z99ZZ99", OnDay(2020, 1, 1))});
  EXPECT_EQ(DrugEras(),
            (Texts{"1119119 2020-01-01 2020-02-19 4 30", "1119119 2020-03-21 2020-03-21 1 0"}));
}

TEST_F(EraTest, MakesErasAnewForThePersonsWhoAreTouched) {
  SourceRecord other = Ra("z", OnDay(2020, 1, 1), OnDay(2020, 1, 2));
  other.patient_id = "berta-0002";
  Load({Person("anna-0001"), Person("berta-0002"), other, Ra("a", OnDay(2021, 1, 1)),
        Ra("b", OnDay(2021, 2, 1)), Adalimumab("c", OnDay(2021, 1, 1)),
        Adalimumab("d", OnDay(2021, 1, 15))});
  const std::string ids = ", person_id, condition_era_id";
  const Texts first = ConditionEras(ids);
  const Texts drugs = DrugEras(", drug_era_id");
  ASSERT_EQ(first.size(), 2u);
  Load({Ra("a", OnDay(2021, 1, 1)), Ra("b", OnDay(2021, 2, 1)),
        Adalimumab("d", OnDay(2021, 1, 15))});
  EXPECT_EQ(ConditionEras(ids), first) << "the same again changes nothing";
  EXPECT_EQ(DrugEras(", drug_era_id"), drugs);
  Load({Ra("b", OnDay(2021, 6, 1)), Adalimumab("d", OnDay(2021, 1, 20))});  // corrected
  EXPECT_EQ(ConditionEras(),
            (Texts{"4035611 2020-01-01 2020-01-02 1", "4035611 2021-01-01 2021-01-02 1",
                   "4035611 2021-06-01 2021-06-02 1"}));
  EXPECT_EQ(DrugEras(), (Texts{"1119119 2021-01-01 2021-01-20 2 19"}));
  std::vector<SourceRecord> gone{Ra("a", OnDay(2021, 1, 1)), Ra("b", OnDay(2021, 6, 1)),
                                 Adalimumab("c", OnDay(2021, 1, 1)),
                                 Adalimumab("d", OnDay(2021, 1, 20))};
  for (SourceRecord& record : gone) record.status = "entered-in-error";
  Load(std::move(gone));
  EXPECT_EQ(ConditionEras(), (Texts{"4035611 2020-01-01 2020-01-02 1"}));
  EXPECT_EQ(DrugEras(), Texts{});
}

TEST_F(EraTest, MakesErasOfACdmsFiles) {
  folder_.Write("cdm/person.csv", "person_id,year_of_birth\n6,1963\n7,1950\n");
  folder_.Write("cdm/condition_occurrence.csv",
                "condition_occurrence_id,person_id,condition_concept_id,condition_start_date\n"
                "1,6,80809,2020-01-01\n2,7,80809,2020-01-01\n3,7,0,2020-01-01\n");
  // Two tablets of methotrexate, the ingredient itself, and days of supply in place of an end.
  folder_.Write("cdm/drug_exposure.csv",
                "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_"
                "end_date,verbatim_end_date,days_supply\n"
                "1,6,19007332,2020-01-01,2020-01-01,,28\n2,6,19007333,2020-02-27,2020-02-28,,\n"
                "3,6,1305058,2020-03-01,2020-03-01,2020-03-01,90\n"
                "4,6,1119119,2020-03-01,2020-03-01,,2000000000\n"
                "5,6,912263,2020-03-05,2020-03-01,,-3\n6,6,0,2020-01-01,2020-01-01,,\n"
                "7,6,2000000120,2020-01-01,2020-01-01,,\n");
  ImportCdm();
  const Texts drugs{"1119119 2020-03-01 2020-03-01 1 0", "1305058 2020-01-01 2020-03-01 3 32",
                    "912263 2020-03-05 2020-03-05 1 0"};
  EXPECT_EQ(DrugEras(), drugs) << "28 January to 27 February are 30 days, then 2";
  EXPECT_EQ(ConditionEras(), (Texts(2, "80809 2020-01-01 2020-01-02 1")));
  // What the files bring stands, for the persons that it is about.
  folder_.Write(
      "cdm/condition_era.csv",
      "condition_era_id,person_id,condition_concept_id,condition_era_start_date,condition_"
      "era_end_date,condition_occurrence_count\n1,7,80809,2020-01-01,2020-03-01,1\n");
  ImportCdm();
  ImportCdm();
  EXPECT_EQ(ConditionEras(", person_id"),
            (Texts{"80809 2020-01-01 2020-01-02 1 6", "80809 2020-01-01 2020-03-01 1 7"}));
  EXPECT_EQ(DrugEras(), drugs);
  // A corrected row that is another person's changes both.
  std::filesystem::remove(folder_.path() / "cdm/condition_era.csv");
  folder_.Write("cdm/condition_occurrence.csv",
                "condition_occurrence_id,person_id,condition_concept_id,condition_start_date\n"
                "1,7,80809,2020-01-20\n");
  ImportCdm();
  EXPECT_EQ(ConditionEras(", person_id"), (Texts{"80809 2020-01-01 2020-01-21 2 7"}));
}

/// One (person, concept): which steps from a day to the next it covers, and the days that it touches.
struct Course {
  std::set<std::int64_t> days, steps;
  std::vector<std::int64_t> starts;
};
using Courses = std::map<std::pair<std::int64_t, std::int64_t>, Course>;

void Cover(Course& course, std::int64_t first, std::int64_t last) {
  for (std::int64_t day = first; day <= last; ++day) course.days.insert(day);
  for (std::int64_t day = first; day < last; ++day) course.steps.insert(day);
  course.starts.push_back(first);
}

/// Day by day: an era goes on to the next touched day as long as that is at most 30 days away.
Texts ErasOf(const Courses& courses, bool with_gaps) {
  Texts eras;
  for (const auto& [who, course] : courses) {
    for (auto day = course.days.begin(); day != course.days.end();) {
      const std::int64_t first = *day;
      std::int64_t last = first;
      for (; day != course.days.end() && *day - last <= 30; ++day) last = *day;
      std::int64_t gap = 0;
      for (std::int64_t step = first; step < last; ++step) {
        if (!course.steps.contains(step)) ++gap;
      }
      const auto count = std::ranges::count_if(
          course.starts, [&](std::int64_t start) { return first <= start && start <= last; });
      std::string era;
      for (const std::int64_t value : {who.first, who.second, first, last, std::int64_t{count}}) {
        era += (era.empty() ? "" : " ") + std::to_string(value);
      }
      eras.push_back(with_gaps ? era + " " + std::to_string(gap) : era);
    }
  }
  std::ranges::sort(eras);
  return eras;
}

// The eras of the store against those of its occurrences, day by day.
void ExpectDayByDay(core::Database& database,
                    const std::function<Texts(const std::string&)>& rows_of) {
  Courses conditions, drugs;
  auto rows = database.Query(
      "SELECT person_id, condition_concept_id, condition_start_date - DATE '1970-01-01', "
      "coalesce(condition_end_date, condition_start_date + 1) - DATE '1970-01-01' "
      "FROM condition_occurrence WHERE condition_concept_id > 0");
  ASSERT_TRUE(rows.has_value());
  while (rows->NextChunk()) {
    for (std::size_t r = 0; r < rows->chunk_size(); ++r)
      Cover(conditions[{rows->Int64(0, r), rows->Int64(1, r)}], rows->Int64(2, r),
            rows->Int64(3, r));
  }
  const vocabulary::Vocabulary vocabulary;
  std::map<std::int64_t, std::vector<std::int64_t>> ingredients;
  for (const auto& concept_ : vocabulary.concepts()) {
    if (concept_.concept_class != "Ingredient") continue;
    for (const std::int64_t below : vocabulary.Descendants(concept_.id))
      ingredients[below].push_back(concept_.id);
  }
  rows = database.Query(
      "SELECT person_id, drug_concept_id, drug_exposure_start_date - DATE '1970-01-01', "
      "drug_exposure_end_date - DATE '1970-01-01' FROM drug_exposure");
  ASSERT_TRUE(rows.has_value());
  while (rows->NextChunk()) {
    for (std::size_t r = 0; r < rows->chunk_size(); ++r) {
      for (const std::int64_t ingredient : ingredients[rows->Int64(1, r)])
        Cover(drugs[{rows->Int64(0, r), ingredient}], rows->Int64(2, r), rows->Int64(3, r));
    }
  }
  Texts found = rows_of(
      "SELECT concat_ws(' ', person_id, condition_concept_id, condition_era_start_date - DATE "
      "'1970-01-01', condition_era_end_date - DATE '1970-01-01', condition_occurrence_count) FROM "
      "condition_era");
  std::ranges::sort(found);
  EXPECT_GT(found.size(), 100u);
  EXPECT_EQ(found, ErasOf(conditions, false));
  found = rows_of(
      "SELECT concat_ws(' ', person_id, drug_concept_id, drug_era_start_date - DATE '1970-01-01', "
      "drug_era_end_date - DATE '1970-01-01', drug_exposure_count, gap_days) FROM drug_era");
  std::ranges::sort(found);
  EXPECT_GT(found.size(), 100u);
  EXPECT_EQ(found, ErasOf(drugs, true));
  for (const std::string table : {"condition_era", "drug_era"}) {
    EXPECT_EQ(
        database.QueryInt64("SELECT count(*) - count(DISTINCT " + table + "_id) FROM " + table), 0);
  }
}

// Tablets of 2.5 mg and of 5 mg, a syringe of 50 mg/mL, a patch of 0.1 mg/h; 8576 is mg, 8587 mL, 8505 the hour.
TEST_F(EraTest, MakesDoseErasOfWhatADrugContains) {
  ASSERT_TRUE(store_.database().Execute(
      "INSERT INTO drug_strength (drug_concept_id, ingredient_concept_id, amount_value, "
      "amount_unit_concept_id, numerator_value, numerator_unit_concept_id, denominator_value, "
      "denominator_unit_concept_id, valid_start_date, valid_end_date, invalid_reason) VALUES "
      "(1, 1305058, 2.5, 8576, NULL, NULL, NULL, NULL, '1970-01-01', '2099-12-31', NULL),"
      "(2, 1305058, 5, 8576, NULL, NULL, NULL, NULL, '1970-01-01', '2099-12-31', NULL),"
      "(2, 1305058, 7, 8576, NULL, NULL, NULL, NULL, '1970-01-01', '1980-12-31', 'U'),"
      "(3, 1119119, NULL, NULL, 50, 8576, NULL, 8587, '1970-01-01', '2099-12-31', NULL),"
      "(4, 912263, NULL, NULL, 0.2, 8576, 2, 8505, '1970-01-01', '2099-12-31', NULL),"
      "(5, 1, 5, 8576, NULL, NULL, NULL, NULL, '1970-01-01', '2099-12-31', NULL),"
      "(1305058, 1305058, NULL, 8576, NULL, NULL, NULL, NULL, '1970-01-01', '2099-12-31', NULL)"));
  folder_.Write("cdm/person.csv", "person_id,year_of_birth\n6,1963\n7,1950\n");
  const std::string columns =
      "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,"
      "verbatim_end_date,days_supply,quantity\n";
  folder_.Write(
      "cdm/drug_exposure.csv",
      columns +
          // 7.5 mg a day by two strengths, 30 days apart at most, then 31; then twice as much.
          "1,6,1,2020-01-01,2020-01-01,,10,30\n2,6,2,2020-02-09,2020-02-18,2020-02-18,,15\n"
          "3,6,1,2020-03-20,2020-03-29,,,30\n4,6,1,2020-04-01,2020-04-10,,,60\n"
          // 0.8 mL on a day; every other week it is another era
          "5,6,3,2020-01-01,2020-01-01,2020-01-01,,0.8\n6,6,3,2020-03-01,2020-03-01,,1,0.8\n"
          "7,6,4,2020-01-01,2020-01-07,,,\n"
          // without an end, a quantity, a strength, an ingredient
          "8,7,1,2020-01-01,2020-01-01,,,30\n9,7,1,2020-01-01,2020-01-10,,,\n"
          "10,7,1305058,2020-01-01,2020-01-10,,,30\n11,7,5,2020-01-01,2020-01-10,,,30\n");
  ImportCdm();
  const Texts of_strengths{
      "1119119 40.0 8576 2020-01-01 2020-01-01", "1119119 40.0 8576 2020-03-01 2020-03-01",
      "1305058 15.0 8576 2020-04-01 2020-04-10", "1305058 7.5 8576 2020-01-01 2020-02-18",
      "1305058 7.5 8576 2020-03-20 2020-03-29",  "912263 2.4 8576 2020-01-01 2020-01-07"};
  EXPECT_EQ(DoseEras(), of_strengths);
  ImportCdm();
  EXPECT_EQ(DoseEras(), of_strengths);
  // What a file brings stands for its persons; a corrected exposure takes its era along.
  folder_.Write("cdm/dose_era.csv",
                "dose_era_id,person_id,drug_concept_id,unit_concept_id,dose_value,dose_era_start_"
                "date,dose_era_end_date\n1,7,1305058,8576,3,2020-01-01,2020-03-01\n");
  folder_.Write("cdm/drug_exposure.csv", columns + "4,6,1,2020-04-01,2020-04-10,,,30\n");
  ImportCdm();
  EXPECT_EQ(
      DoseEras(", person_id"),
      (Texts{
          "1119119 40.0 8576 2020-01-01 2020-01-01 6", "1119119 40.0 8576 2020-03-01 2020-03-01 6",
          "1305058 3.0 8576 2020-01-01 2020-03-01 7", "1305058 7.5 8576 2020-01-01 2020-02-18 6",
          "1305058 7.5 8576 2020-03-20 2020-04-10 6", "912263 2.4 8576 2020-01-01 2020-01-07 6"}));
}

TEST_F(EraTest, AgreesDayByDayOnACohort) {
  SyntheticOptions options;
  options.disease = "ra";
  options.dialect = "ch-csv";
  options.directory = folder_.path() / "cohort";
  options.site = SyntheticSite::kBasel;
  options.patients = 150;
  const auto summary = WriteSyntheticCohort(options);
  ASSERT_TRUE(summary.has_value());
  ImportOptions import{.paths = {summary->export_directory.string()},
                       .key_file = (folder_.path() / "key").string()};
  import.mapping = SyntheticMapping("ch-csv");
  ASSERT_TRUE(Import(store_, import).has_value());
  const auto rows_of = [&](const std::string& sql) { return Rows(sql); };
  ExpectDayByDay(store_.database(), rows_of);

  // The cohort's patients have one course per drug: many short ones, of every overlap and gap.
  std::mt19937 random(20261126);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto date = [](int days) {
    const std::chrono::year_month_day day{std::chrono::sys_days(std::chrono::year(2015) / 1 / 1) +
                                          std::chrono::days(days)};
    return OnDay(static_cast<int>(day.year()), static_cast<int>(static_cast<unsigned>(day.month())),
                 static_cast<int>(static_cast<unsigned>(day.day())));
  };
  std::vector<SourceRecord> records;
  for (int i = 0; i < 3000; ++i) {
    const std::string patient = "random-" + std::to_string(i % 50);
    if (i < 50) records.push_back(Person(patient));
    const int start = below(1500);
    std::optional<SourceTime> end;
    if (below(3) > 0) end = date(start + below(45));
    const std::string id = std::to_string(i);
    records.push_back(below(2) == 0 ? Ra(id, date(start), end)
                      : below(2) == 0
                          ? Adalimumab(id, date(start), end)
                          : Event(RecordKind::kDrug, id, "ATC", "L04AX03", date(start), end));
    records.back().patient_id = patient;
  }
  Load(std::move(records));
  ExpectDayByDay(store_.database(), rows_of);
  EXPECT_GT(store_.database()
                .QueryInt64("SELECT count(*) FROM drug_era WHERE gap_days > 0 AND "
                            "drug_exposure_count > 2")
                .value_or(0),
            100);
}

// GiBleed brings the eras that OHDSI's scripts made of it: also those of concept 0, with gap_days that are no number of
// days, and with eight drug eras that end before one of their exposures does.
TEST_F(EraTest, AgreesWithThoseThatOhdsiMade) {
  const char* shared = std::getenv("CLINNOVA_SHARED_DATA");
  const std::string cdm = std::string(shared == nullptr ? "" : shared) + "/omop/gibleed-cdm53/";
  if (!std::filesystem::exists(cdm)) GTEST_SKIP() << "no GiBleed";
  ImportOptions import{.paths = {}, .key_file = (folder_.path() / "key").string()};
  for (const std::string table :
       {"person", "condition_occurrence", "drug_exposure", "concept", "concept_ancestor"})
    import.paths.push_back(cdm + table + ".csv.gz");
  const auto report = Import(store_, import);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  const auto alike = [&](const std::string& table, const std::string& kind,
                         const std::string& count) {
    const std::string columns = "person_id, " + kind + "_concept_id, " + table + "_start_date, " +
                                table + "_end_date, " + count;
    return store_.database().QueryInt64("SELECT count(*) FROM (SELECT " + columns + " FROM " +
                                        table + " INTERSECT SELECT " + columns + " FROM read_csv(" +
                                        core::SqlLiteral(cdm + table + ".csv.gz") +
                                        ", header = true))");
  };
  EXPECT_EQ(store_.database().QueryInt64("SELECT count(*) FROM condition_era"), 65276);
  EXPECT_EQ(alike("condition_era", "condition", "condition_occurrence_count"), 65276);
  EXPECT_EQ(store_.database().QueryInt64("SELECT count(*) FROM drug_era"), 52508);
  EXPECT_EQ(alike("drug_era", "drug", "drug_exposure_count"), 52500);
  EXPECT_EQ(store_.database().QueryInt64(
                "SELECT count(*) FROM drug_era o JOIN read_csv(" +
                core::SqlLiteral(cdm + "drug_era.csv.gz") +
                ", header = true) t USING (person_id, drug_concept_id, drug_era_start_date, "
                "drug_exposure_count) WHERE t.drug_era_end_date < o.drug_era_end_date"),
            8);
}

}  // namespace
}  // namespace clinnova::intake
