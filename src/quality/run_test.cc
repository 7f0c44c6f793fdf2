// SPDX-License-Identifier: Apache-2.0
#include "quality/run.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <span>

#include "quality/catalogue.h"
#include "quality/history.h"
#include "quality/planted_cdm.h"

namespace clinnova::quality {
namespace {

using Found = std::map<std::string, std::int64_t>;

TEST(Checks, AllPassWhereNothingIsWrong) {
  store::Store store = CleanCdm();
  const QualityReport report = ReportOf(store);
  EXPECT_EQ(Failed(report), Found());
  EXPECT_GT(report.checks.size(), 2900u);
  EXPECT_GT(report.Count(Status::kPass), 1200u);
  EXPECT_LT(report.statements, 250u);
}

TEST(Checks, HaveNamesOfTheirOwnAndSayWhatTheyCount) {
  store::Store store = CleanCdm();
  const QualityReport report = ReportOf(store);
  std::set<std::string> names, kinds;
  for (const Check& check : report.checks) {
    EXPECT_TRUE(names.insert(check.id).second) << check.id;
    EXPECT_EQ(check.description.find('{'), std::string::npos) << check.description;
    EXPECT_FALSE(check.source.empty()) << check.id;
    kinds.emplace(check.type->kind);
  }
  EXPECT_EQ(kinds.size(), GetCatalogue().types.size()) << "each kind has a check";
  for (const CheckType& type : GetCatalogue().types) {
    EXPECT_TRUE(type.category == "conformance" || type.category == "completeness" ||
                type.category == "plausibility")
        << type.kind;
    EXPECT_TRUE(type.context == "verification" || type.context == "validation") << type.kind;
  }
}

// Each thing is of a person or a row of its own, so that what is planted is what is counted.
const Plant kPlants[] = {
    {"ALTER TABLE condition_occurrence ALTER condition_type_concept_id DROP NOT NULL;"
     "UPDATE condition_occurrence SET condition_type_concept_id = NULL WHERE person_id = 1",
     {{"condition_occurrence.condition_type_concept_id.required", 1}}},
    {"UPDATE person SET person_source_value = repeat('x', 51) WHERE person_id = 1",
     {{"person.person_source_value.length", 1}}},
    // The same key twice, not the same record.
    {"UPDATE procedure_occurrence SET procedure_occurrence_id = 3012 WHERE person_id = 2",
     {{"procedure_occurrence.procedure_occurrence_id.primary_key", 1}}},
    {"UPDATE observation SET person_id = 999 WHERE person_id = 1",
     {{"observation.person_id.foreign_key", 1},
      {"observation.visit_occurrence_id.visit_of_person", 1}}},
    {"UPDATE visit_occurrence SET provider_id = 77 WHERE visit_occurrence_id = 11",
     {{"visit_occurrence.provider_id.foreign_key", 1}}},
    {"UPDATE measurement SET visit_occurrence_id = 888 WHERE measurement_id = 101101",
     {{"measurement.visit_occurrence_id.foreign_key", 1}}},
    {"UPDATE observation SET observation_concept_id = 123456789 WHERE person_id = 2",
     {{"observation.observation_concept_id.foreign_key", 1}}},
    {"UPDATE procedure_occurrence SET procedure_concept_id = 3020460 WHERE person_id = 3",
     {{"procedure_occurrence.procedure_concept_id.domain", 1}}},
    {"UPDATE drug_era SET drug_concept_id = 19007332 WHERE person_id = 1",
     {{"drug_era.drug_concept_id.concept_class", 2}}},
    {"INSERT INTO drug_exposure SELECT * REPLACE (2900 AS drug_exposure_id, 2000000102 AS "
     "drug_concept_id) FROM drug_exposure WHERE drug_exposure_id = 2011",
     {{"drug_exposure.drug_concept_id.standard_concept", 1}}},
    {"UPDATE measurement SET visit_occurrence_id = 21 WHERE measurement_id = 101102",
     {{"measurement.visit_occurrence_id.visit_of_person", 1}}},
    {"UPDATE procedure_occurrence SET procedure_datetime = procedure_date::TIMESTAMP + INTERVAL "
     "30 HOUR WHERE person_id = 4",
     {{"procedure_occurrence.procedure_date.date_matches_datetime", 1}}},
    {"UPDATE measurement SET value_as_number = 4.96 WHERE measurement_id = 101115",
     {{"measurement.score_sum.2000000309", 1}}},
    {"UPDATE measurement SET value_as_number = 6 WHERE measurement_id = 101110",
     {{"measurement.score_sum.2000000614", 1}}},
    {"DELETE FROM condition_era WHERE person_id = 9",
     {{"condition_era.person_id.era_completeness", 1}}},
    {"UPDATE condition_occurrence SET condition_concept_id = 0, condition_source_value = 'ZZ' "
     "WHERE person_id = 10",
     {{"condition_occurrence.condition_concept_id.unmapped", 1},
      {"condition_occurrence.condition_source_value.unmapped_code", 1}}},
    {"UPDATE measurement SET unit_concept_id = NULL WHERE measurement_id % 100 = 1 AND person_id = "
     "2",
     {{"measurement.unit_missing.3020460", 3}}},
    {"UPDATE measurement SET unit_concept_id = 9529, unit_source_value = 'kg' WHERE "
     "measurement_concept_id = 3000963 AND person_id IN (2, 3)",
     {{"measurement.unit.3000963", 6}, {"measurement.unit_concept_id.unit_spread", 6}}},
    {"UPDATE measurement SET unit_concept_id = 0, unit_source_value = 'Schoppen' WHERE "
     "measurement_concept_id = 2000000305 AND person_id IN (2, 3)",
     {{"measurement.unit_concept_id.unmapped", 6}}},
    {"UPDATE measurement SET value_as_number = 1200 WHERE measurement_id = 103101",
     {{"measurement.value_high.3020460.8751", 1}, {"measurement.score_sum.2000000309", 1}}},
    {"UPDATE measurement SET value_as_number = -1 WHERE measurement_id = 103201",
     {{"measurement.value_low.3020460.8751", 1}, {"measurement.score_sum.2000000309", 1}}},
    {"INSERT INTO person SELECT * REPLACE (11 AS person_id, 13 AS month_of_birth) FROM person "
     "WHERE person_id = 4",
     {{"person.month_of_birth.high", 1}, {"observation_period.person_completeness", 1}}},
    {"UPDATE drug_exposure SET days_supply = 0 WHERE drug_exposure_id = 2021",
     {{"drug_exposure.days_supply.low", 1}}},
    {"UPDATE drug_exposure SET refills = 30 WHERE drug_exposure_id = 2022",
     {{"drug_exposure.refills.high", 1}}},
};

const Plant kMorePlants[] = {
    {"UPDATE condition_occurrence SET condition_concept_id = 26662 WHERE person_id = 1",
     {{"condition_occurrence.sex.26662", 1}, {"condition_occurrence.sex_below.4090861", 1}}},
    {"UPDATE person SET gender_concept_id = 8507 WHERE person_id = 2;"
     "UPDATE condition_occurrence SET condition_concept_id = 4299535 WHERE person_id = 2",
     {{"condition_occurrence.sex.4299535", 1}}},
    {"UPDATE procedure_occurrence SET procedure_date = '1949-05-20' WHERE person_id = 1",
     {{"procedure_occurrence.procedure_date.date_early", 1},
      {"procedure_occurrence.procedure_date.after_birth", 1},
      {"procedure_occurrence.procedure_date.within_observation", 1},
      {"procedure_occurrence.procedure_date.within_visit", 1}}},
    {"UPDATE observation SET observation_date = current_date + 400 WHERE person_id IN (3, 4)",
     {{"observation.observation_date.date_future", 2},
      {"observation.observation_date.within_observation", 2},
      {"observation.observation_date.within_visit", 2}}},
    {"UPDATE drug_exposure SET drug_exposure_end_date = drug_exposure_start_date - 1 WHERE "
     "drug_exposure_id = 2031",
     {{"drug_exposure.drug_exposure_start_date.start_before_end", 1}}},
    {"INSERT INTO death (person_id, death_date) SELECT 5, min(visit_start_date) + 20 FROM "
     "visit_occurrence WHERE person_id = 5",
     {{"visit_occurrence.visit_start_date.before_death", 2},
      {"visit_occurrence.visit_end_date.before_death", 2},
      {"measurement.measurement_date.before_death", 30},
      {"procedure_occurrence.procedure_date.before_death", 1},
      {"drug_exposure.drug_exposure_start_date.before_death", 1},
      {"drug_exposure.drug_exposure_end_date.before_death", 1},
      {"drug_era.drug_era_start_date.before_death", 1},
      {"drug_era.drug_era_end_date.before_death", 1},
      {"observation_period.observation_period_end_date.before_death", 1}}},
    {"INSERT INTO observation_period SELECT 700, 6, observation_period_end_date + 1, "
     "observation_period_end_date + 9, 32817 FROM observation_period WHERE person_id = 6",
     {{"observation_period.observation_period_start_date.period_overlap", 1}}},
    // The visit of 5 March is written as 3 May: its results know their day.
    {"UPDATE visit_occurrence SET visit_start_date = '2020-05-03', visit_end_date = '2020-05-03' "
     "WHERE visit_occurrence_id = 71;"
     "UPDATE measurement SET measurement_date = '2020-03-05' WHERE visit_occurrence_id = 71;"
     "UPDATE condition_occurrence SET condition_start_date = '2020-05-03' WHERE person_id = 7;"
     "UPDATE observation SET observation_date = '2020-05-03' WHERE person_id = 7;"
     "UPDATE drug_exposure SET drug_exposure_start_date = '2020-05-03' WHERE drug_exposure_id = "
     "2071",
     {{"measurement.measurement_date.swapped_in_visit", 15}}},
    // The second visit, of 9 August, is written as 8 September, after the third, with everything of it.
    {"UPDATE visit_occurrence SET visit_start_date = '2020-08-25', visit_end_date = '2020-08-25' "
     "WHERE visit_occurrence_id = 83;"
     "UPDATE visit_occurrence SET visit_start_date = '2020-09-08', visit_end_date = '2020-09-08' "
     "WHERE visit_occurrence_id = 82;"
     "UPDATE measurement SET measurement_date = '2020-08-25' WHERE visit_occurrence_id = 83;"
     "UPDATE measurement SET measurement_date = '2020-09-08' WHERE visit_occurrence_id = 82;"
     "UPDATE procedure_occurrence SET procedure_date = '2020-09-08' WHERE person_id = 8;"
     "DELETE FROM procedure_occurrence WHERE person_id = 8;"
     "UPDATE drug_exposure SET drug_exposure_start_date = '2020-08-08' WHERE drug_exposure_id = "
     "2082",
     {{"visit_occurrence.visit_start_date.swapped_order", 1}}},
    {"UPDATE visit_occurrence SET visit_start_date = visit_start_date + 1500, visit_end_date = "
     "visit_end_date + 1500 WHERE visit_occurrence_id % 10 = 3 AND person_id IN (1, 2, 3, 4, 5);"
     "UPDATE measurement SET measurement_date = measurement_date + 1500 WHERE visit_occurrence_id "
     "% "
     "10 = 3 AND person_id IN (1, 2, 3, 4, 5);"
     "UPDATE observation_period SET observation_period_end_date = observation_period_end_date + "
     "1500 "
     "WHERE person_id IN (1, 2, 3, 4, 5)",
     {{"visit_occurrence.visit_start_date.visit_gap", 5}}},
    {"INSERT INTO person SELECT * REPLACE (12 AS person_id) FROM person WHERE person_id = 9;"
     "INSERT INTO visit_occurrence SELECT * REPLACE (visit_occurrence_id + 500 AS "
     "visit_occurrence_id, 12 AS person_id) FROM visit_occurrence WHERE person_id = 9;"
     "INSERT INTO measurement SELECT * REPLACE (measurement_id + 900000 AS measurement_id, 12 AS "
     "person_id, visit_occurrence_id + 500 AS visit_occurrence_id) FROM measurement WHERE "
     "person_id = 9",
     {{"person.person_id.duplicate_person", 2}, {"observation_period.person_completeness", 1}}},
    {"INSERT INTO procedure_occurrence SELECT * REPLACE (3999 AS procedure_occurrence_id) FROM "
     "procedure_occurrence WHERE person_id = 10",
     {{"procedure_occurrence.procedure_concept_id.duplicate_record", 1}}},
    {"UPDATE measurement SET value_as_number = 3.7 WHERE measurement_id = 101111;"
     "UPDATE measurement SET value_as_number = 0.5 WHERE measurement_id = 101211",
     {{"measurement.rule.edss_step", 2}}},
    {"UPDATE measurement SET value_as_number = 10.5 WHERE measurement_id = 102111",
     {{"measurement.value_high.2000000701", 1}, {"measurement.rule.edss_step", 1}}},
    {"UPDATE measurement SET value_as_number = 1.05 WHERE measurement_id = 101106",
     {{"measurement.rule.haq_step", 1}}},
    {"UPDATE measurement SET value_as_number = 2.5 WHERE measurement_id = 101113",
     {{"measurement.rule.lesion_count_whole", 1}}},
    {"UPDATE measurement SET value_as_number = 1.5 WHERE measurement_id = 101112",
     {{"measurement.rule.hbi_item_whole", 1}}},
    {"UPDATE measurement SET value_as_number = 7.5 WHERE measurement_id = 101114",
     {{"measurement.rule.endoscopy_score_whole", 1}}},
    {"UPDATE measurement SET value_as_number = 4 WHERE measurement_id = 101109;"
     "DELETE FROM measurement WHERE measurement_id = 101110",
     {{"measurement.value_high.2000000612", 1}}},
    {"UPDATE measurement SET value_as_number = 1.5 WHERE measurement_id = 101209;"
     "DELETE FROM measurement WHERE measurement_id = 101210",
     {{"measurement.rule.mayo_item_whole", 1}}},
    {"UPDATE measurement SET value_as_number = 4.5 WHERE measurement_id = 101203;"
     "DELETE FROM measurement WHERE measurement_id = 101215",
     {{"measurement.rule.joint_count_whole", 1}}},
    {"UPDATE measurement SET measurement_concept_id = 0, measurement_source_value = 'DAS28' WHERE "
     "measurement_id = 101315",
     {{"measurement.rule.das28_without_variant", 1},
      {"measurement.measurement_source_value.unmapped_code", 1}}},
    {"UPDATE measurement SET measurement_concept_id = 0, measurement_source_value = 'CDAI' WHERE "
     "measurement_id = 102315",
     {{"measurement.rule.cdai_without_disease", 1},
      {"measurement.measurement_source_value.unmapped_code", 1}}},
    {"UPDATE drug_exposure SET quantity = 56, sig = '1 Tablette täglich' WHERE drug_exposure_id = "
     "2101",
     {{"drug_exposure.rule.methotrexate_tablets", 1}, {"drug_exposure.rule.methotrexate_sig", 1}}},
    {"INSERT INTO drug_exposure SELECT * REPLACE (2990 AS drug_exposure_id, "
     "drug_exposure_start_date "
     "+ 1 AS drug_exposure_start_date) FROM drug_exposure WHERE drug_exposure_id = 2102",
     {{"drug_exposure.weekly_drug.methotrexate", 1}}},
};

/// Plants everything in one CDM. What several plants say of one check is added up.
Found Planted(store::Store& store, std::span<const Plant> plants) {
  Found expected;
  for (const Plant& plant : plants) {
    Do(store, plant.sql);
    for (const auto& [id, rows] : plant.found) expected[id] += rows;
  }
  return expected;
}

void ExpectSame(const Found& found, const Found& expected) {
  for (const auto& [id, rows] : found)
    EXPECT_TRUE(expected.contains(id)) << id << " found " << rows << ", and nothing was planted";
  for (const auto& [id, rows] : expected) {
    const auto is = found.find(id);
    EXPECT_EQ(is == found.end() ? 0 : is->second, rows) << id;
  }
}

TEST(Checks, FindWhatIsPlantedAndNothingElse) {
  store::Store store = CleanCdm();
  const Found expected = Planted(store, kPlants);
  ExpectSame(Failed(ReportOf(store)), expected);
}

TEST(Checks, FindDatesCopiesAndTheRulesOfDiseases) {
  store::Store store = CleanCdm();
  const Found expected = Planted(store, kMorePlants);
  ExpectSame(Failed(ReportOf(store)), expected);
}

TEST(Checks, FindWhatIsMissingOfTheModel) {
  store::Store store = CleanCdm();
  Do(store,
     "DROP TABLE note_nlp; ALTER TABLE note DROP COLUMN note_title; ALTER TABLE visit_occurrence "
     "ALTER visit_start_date TYPE VARCHAR; ALTER TABLE specimen ALTER specimen_date TYPE VARCHAR;"
     "ALTER TABLE visit_occurrence ALTER visit_start_date TYPE DATE");
  const QualityReport report = ReportOf(store);
  ExpectSame(Failed(report), {{"note_nlp.table_present", 1},
                              {"note.note_title.field_present", 1},
                              {"specimen.specimen_date.type", 1}});
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    if (report.checks[i].id == "specimen.specimen_date.after_birth") {
      EXPECT_EQ(report.outcomes[i].note, "specimen.specimen_date is of the type varchar");
    }
  }
}

// Dates that were all read as month, day where they are day, month.
TEST(Checks, FindATableWhoseDatesAllStandBeforeTheThirteenth) {
  store::Store store = CleanCdm();
  Do(store,
     "UPDATE measurement SET measurement_date = make_date(2020, 1 + (measurement_id % "
     "12)::INTEGER, "
     "1 + (measurement_id % 11)::INTEGER), visit_occurrence_id = NULL");
  const Found found = Failed(ReportOf(store));
  EXPECT_TRUE(found.contains("measurement.measurement_date.date_pattern"));
}

// A laboratory's results know their day, and no visit: the visit of 5 March is written as 3 May.
TEST(Checks, FindAVisitWhoseResultsCameOnTheOtherDay) {
  store::Store store = CleanCdm();
  Do(store,
     "UPDATE measurement SET visit_occurrence_id = NULL;"
     "UPDATE visit_occurrence SET visit_start_date = '2020-05-03', visit_end_date = '2020-05-03' "
     "WHERE visit_occurrence_id = 71;"
     "UPDATE measurement SET measurement_date = '2020-03-05' WHERE person_id = 7 AND "
     "measurement_date = '2020-04-22';"
     "DELETE FROM clinnova.provenance");
  const Found found = Failed(ReportOf(store));
  const auto is = found.find("visit_occurrence.visit_start_date.swapped_result");
  ASSERT_NE(is, found.end());
  EXPECT_EQ(is->second, 1);
}

TEST(Checks, TellAnEnginesErrorWithoutItsValues) {
  store::Store store = CleanCdm();
  // A view that cannot be computed: its error has a value of the data.
  Do(store,
     "ALTER TABLE death RENAME TO kept; CREATE VIEW death AS SELECT * REPLACE (CASE WHEN true THEN "
     "CAST('Meier' AS DATE) END AS death_date) FROM (SELECT * FROM kept UNION ALL BY NAME SELECT 1 "
     "AS person_id)");
  OwnCdm cdm(store);
  const auto report = RunChecks(cdm);
  ASSERT_TRUE(report.has_value());
  EXPECT_GT(report->Count(Status::kError), 0u);
  for (const Outcome& outcome : report->outcomes) {
    if (outcome.status != Status::kError) continue;
    EXPECT_EQ(outcome.note, "DuckDB: Conversion Error");
  }
}

// A hospital's CDM may lack what another table's checks join: they do without, and all the others answer.
TEST(Checks, AreNoErrorsWhereAFieldIsMissing) {
  store::Store store = CleanCdm();
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const Fields rounds[] = {
      {{"visit_occurrence", "visit_end_date"},
       {"person", "month_of_birth"},
       {"death", "death_date"},
       {"observation_period", "observation_period_end_date"},
       {"concept", "domain_id"},
       {"concept_ancestor", "descendant_concept_id"}},
      {{"visit_occurrence", "person_id"},
       {"person", "gender_concept_id"},
       {"death", "person_id"},
       {"observation_period", "person_id"},
       {"concept", "invalid_reason"}},
      {{"visit_occurrence", "visit_occurrence_id"},
       {"person", "person_id"},
       {"observation_period", "observation_period_start_date"},
       {"concept", "concept_class_id"},
       {"measurement", "person_id"}},
      {{"visit_occurrence", "visit_start_date"},
       {"concept", "concept_id"},
       {"measurement", "visit_occurrence_id"}},
  };
  for (const Fields& fields : rounds) {
    SCOPED_TRACE(fields.front().second);
    for (const auto& [table, field] : fields)
      Do(store, "ALTER TABLE " + table + " RENAME COLUMN " + field + " TO other_" + field);
    const QualityReport report = ReportOf(store);
    for (const auto& [table, field] : fields)
      Do(store, "ALTER TABLE " + table + " RENAME COLUMN other_" + field + " TO " + field);
    EXPECT_GT(report.Count(Status::kPass), 600u);
    for (std::size_t i = 0; i < report.checks.size(); ++i) {
      const Outcome& outcome = report.outcomes[i];
      EXPECT_NE(outcome.status, Status::kError) << report.checks[i].id << ": " << outcome.note;
      // The key alone answers whether a visit is there.
      if (fields.front().second == "visit_end_date" &&
          report.checks[i].id == "measurement.visit_occurrence_id.foreign_key") {
        EXPECT_EQ(outcome.status, Status::kPass) << outcome.note;
      }
    }
  }
}

TEST(Checks, TakeAnInstructionAgainstDailyMethotrexateForWhatItSays) {
  store::Store store = CleanCdm();
  const std::pair<const char*, int> instructions[] = {
      {"once a week, NOT DAILY", 0},
      {"ONCE WEEKLY. DO NOT TAKE DAILY!", 0},
      {"weekly - never to be taken daily", 0},
      {"not for daily use", 0},
      {"1x/Woche, nicht täglich", 0},
      {"NICHT TÄGLICH EINNEHMEN", 0},
      {"montags; nie tgl.", 0},
      {"nicht zur täglichen Einnahme", 0},
      {"une fois par semaine, pas quotidien", 0},
      {"ne jamais prendre quotidiennement", 0},
      {"Not every day", 0},
      {"TAKE DAILY", 1},
      {"1 Tablette TÄGLICH", 1},
      {"not with milk; take daily", 1},
      {"tgl. 1, nicht nüchtern", 1},
      {"au repas quotidien", 1},
      {"2 par jour", 1},
      {"nicht täglich Folsäure, Methotrexat täglich", 1},
  };
  std::set<std::string> expected, found;
  int row = 0;
  for (const auto& [sig, daily] : instructions) {
    const int id = 2000 + (row / 2 + 1) * 10 + row % 2 + 1;
    Do(store, "UPDATE drug_exposure SET sig = '" + std::string(sig) +
                  "' WHERE drug_exposure_id = " + std::to_string(id));
    if (daily == 1) expected.insert(sig);
    ++row;
  }
  OwnCdm cdm(store);
  const auto shown = ShowRows(cdm, "drug_exposure.rule.methotrexate_sig", 100);
  ASSERT_TRUE(shown.has_value()) << shown.error().message;
  const auto column = std::ranges::find(shown->columns, "sig") - shown->columns.begin();
  for (const auto& values : shown->rows) found.insert(values[static_cast<std::size_t>(column)]);
  EXPECT_EQ(found, expected);
}

TEST(Checks, CompareTheReleaseOfTheSourceWithThatOfTheCdm) {
  for (const FieldCheck& check : GetCatalogue().fields) {
    if (check.argument.empty()) continue;
    EXPECT_NE(check.field, check.argument) << check.kind << " " << check.table;
  }
  store::Store store = CleanCdm();
  Do(store,
     "INSERT INTO cdm_source (cdm_source_name, cdm_source_abbreviation, cdm_holder, "
     "source_release_date, cdm_release_date, cdm_version_concept_id, vocabulary_version) VALUES "
     "('Basel', 'B', 'Basel', '2021-03-01', '2021-02-01', 0, 'none')");
  const Found found = Failed(ReportOf(store));
  EXPECT_TRUE(found.contains("cdm_source.source_release_date.start_before_end"));
}

// An internal error closes DuckDB's database: nothing that comes after it would be an answer.
TEST(Checks, AreNoAnswerOnceTheEngineHasClosed) {
  class Closed : public OwnCdm {
   public:
    using OwnCdm::OwnCdm;
    Result<void> ForEachRow(const std::string& sql,
                            const std::function<Result<void>(TextRow)>& row) override {
      if (sql.find("FROM visit_occurrence t") != sql.npos)
        return Fail(ErrorCode::kFailed, "database: INTERNAL Error: Expected vector of type UINT64");
      return OwnCdm::ForEachRow(sql, row);
    }
  };
  store::Store store = CleanCdm();
  Closed cdm(store);
  const auto report = RunChecks(cdm);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().reason, "engine_closed");
  EXPECT_EQ(report.error().message, "DuckDB: INTERNAL Error: the engine closed the CDM");
}

TEST(RunAndKeep, RunsOverAFileAndKeepsTheRun) {
  const std::string file = std::filesystem::temp_directory_path() /
                           ("clinnova_quality_" + std::to_string(getpid()) + ".duckdb");
  const auto report = RunAndKeep(file);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  auto store = store::Store::Open({.path = file});
  ASSERT_TRUE(store.has_value());
  const auto history = ReadHistory(store->database());
  ASSERT_TRUE(history.has_value());
  EXPECT_EQ(history->runs.size(), 1u);
  std::filesystem::remove(file);
}

TEST(ShowRows, GivesKeyPersonAndTheLineOfTheSource) {
  store::Store store = CleanCdm();
  Do(store, "UPDATE measurement SET value_as_number = 11 WHERE measurement_id = 101111");
  OwnCdm cdm(store);
  const auto shown = ShowRows(cdm, "measurement.value_high.2000000701", 5);
  ASSERT_TRUE(shown.has_value()) << shown.error().message;
  EXPECT_EQ(shown->columns,
            (std::vector<std::string>{"measurement_id", "person_id", "measurement_date",
                                      "value_as_number", "unit_concept_id", "file", "line"}));
  ASSERT_EQ(shown->rows.size(), 1u);
  EXPECT_EQ(shown->rows[0], (std::vector<std::string>{"101111", "1", "2020-04-16", "11.0", "",
                                                      "basel/besuche.csv", "101111"}));
}

TEST(ShowRows, NamesAlikeChecksWhenThereIsNoSuchOne) {
  store::Store store = CleanCdm();
  OwnCdm cdm(store);
  const auto shown = ShowRows(cdm, "swapped_order", 5);
  ASSERT_FALSE(shown.has_value());
  EXPECT_EQ(shown.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(shown.error().message.find("visit_occurrence.visit_start_date.swapped_order"),
            std::string::npos);
  EXPECT_FALSE(ShowRows(cdm, "person.table_present", 5).has_value());
}

// The SQL that lists rows is right for every check, and lists none where the check counts none.
TEST(ShowRows, OfEveryCheckListsAsMuchAsIsCounted) {
  store::Store store = CleanCdm();
  Planted(store, kMorePlants);
  OwnCdm cdm(store);
  const QualityReport report = ReportOf(store);
  const std::set<std::string> other_counts = {"duplicate_record", "primary_key", "date_pattern",
                                              "unit_spread"};
  std::size_t asked = 0;
  for (std::size_t i = 0; i < report.checks.size(); ++i) {
    const Check& check = report.checks[i];
    if (!check.not_applicable.empty() || check.known_numerator >= 0 ||
        other_counts.contains(std::string(check.type->kind)) || report.outcomes[i].numerator == 0)
      continue;
    const auto shown = ShowRows(cdm, check.id, 0);
    ASSERT_TRUE(shown.has_value()) << check.id;
    const auto count = store.database().QueryInt64("SELECT count(*) FROM (" + shown->sql + ")");
    ASSERT_TRUE(count.has_value()) << check.id << count.error().message;
    EXPECT_EQ(*count, report.outcomes[i].numerator) << check.id;
    ++asked;
  }
  EXPECT_GT(asked, 60u);
}

}  // namespace
}  // namespace clinnova::quality
