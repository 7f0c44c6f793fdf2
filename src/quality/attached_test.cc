// SPDX-License-Identifier: Apache-2.0
// The same CDM in DuckDB and on a PostgreSQL server: every check counts the same.
#include "quality/planted_cdm.h"
#include "quality/report.h"
#include "store/attached_cdm.h"
#include "store/postgres_fixture.h"

namespace clinnova::quality {
namespace {

class AttachedQualityTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!store::TestServer::Installed()) GTEST_SKIP() << store::TestServer::kNotInstalled;
    server_ = std::make_unique<store::TestServer>();
  }
  Result<store::AttachedCdm> Attach() const {
    return store::AttachedCdm::Open({.connection = server_->Connection("reader"),
                                     .schema = "omop",
                                     .research_persons = "everyone"});
  }
  std::unique_ptr<store::TestServer> server_;
};

void Plant(store::Store& store) {
  Do(store,
     "UPDATE measurement SET value_as_number = 3.7 WHERE measurement_id = 101111;"
     "UPDATE measurement SET value_as_number = 2000 WHERE measurement_id = 101201;"
     "UPDATE measurement SET measurement_concept_id = 0, measurement_source_value = 'DAS28' WHERE "
     "measurement_id = 101315;"
     "UPDATE measurement SET measurement_date = make_date(2020, 5, 3) WHERE measurement_id = "
     "101101;"
     "UPDATE condition_occurrence SET condition_concept_id = 26662 WHERE person_id = 1;"
     "UPDATE procedure_occurrence SET procedure_date = '1949-05-20' WHERE person_id = 1;"
     "INSERT INTO procedure_occurrence SELECT * REPLACE (3999 AS procedure_occurrence_id) FROM "
     "procedure_occurrence WHERE person_id = 10;"
     "INSERT INTO person SELECT * REPLACE (12 AS person_id) FROM person WHERE person_id = 9;"
     "INSERT INTO visit_occurrence SELECT * REPLACE (visit_occurrence_id + 500 AS "
     "visit_occurrence_id, 12 AS person_id) FROM visit_occurrence WHERE person_id = 9;"
     "INSERT INTO measurement SELECT * REPLACE (measurement_id + 900000 AS measurement_id, 12 AS "
     "person_id, visit_occurrence_id + 500 AS visit_occurrence_id) FROM measurement WHERE "
     "person_id = 9;"
     "INSERT INTO death (person_id, death_date) VALUES (5, '2020-03-01');"
     "UPDATE drug_exposure SET quantity = 56, sig = 'tgl. 1' WHERE drug_exposure_id = 2101;"
     "UPDATE drug_exposure SET sig = 'NICHT TÄGLICH' WHERE drug_exposure_id = 2102;"
     "UPDATE drug_exposure SET sig = '1 Tbl. TÄGLICH' WHERE drug_exposure_id = 2091;"
     "DELETE FROM condition_era WHERE person_id = 9");
}

TEST_F(AttachedQualityTest, CountsTheSameAsInDuckDb) {
  store::Store store = CleanCdm();
  Plant(store);
  server_->PutCdm(store, "omop");
  const QualityReport own = ReportOf(store);
  auto attached = Attach();
  ASSERT_TRUE(attached.has_value()) << attached.error().message;
  ServerCdm cdm(*attached);
  const auto report = RunChecks(cdm);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  ASSERT_EQ(report->checks.size(), own.checks.size());
  EXPECT_GT(own.Count(Status::kFail), 15u);
  for (std::size_t i = 0; i < own.checks.size(); ++i) {
    const std::string& id = own.checks[i].id;
    EXPECT_EQ(report->checks[i].id, id);
    if (own.checks[i].type->kind == "swapped_order") {
      EXPECT_EQ(report->outcomes[i].status, Status::kNotApplicable);
      continue;  // needs the lines of the source, which an attached CDM does not have
    }
    EXPECT_EQ(report->outcomes[i].numerator, own.outcomes[i].numerator) << id;
    EXPECT_EQ(report->outcomes[i].denominator, own.outcomes[i].denominator) << id;
    EXPECT_EQ(StatusName(report->outcomes[i].status), StatusName(own.outcomes[i].status))
        << id << " " << report->outcomes[i].note;
  }
}

TEST_F(AttachedQualityTest, ShowsRowsAndGoesOnAfterAnError) {
  store::Store store = CleanCdm();
  Plant(store);
  server_->PutCdm(store, "omop");
  // What may be read may still fail to be computed.
  server_->Do(
      "INSERT INTO omop.metadata (metadata_id, name) VALUES (1, 'Meier');"
      "ALTER TABLE omop.metadata RENAME TO kept; CREATE VIEW omop.metadata AS SELECT metadata_id, "
      "name::integer AS metadata_concept_id FROM omop.kept; GRANT SELECT ON omop.metadata TO "
      "reader");
  auto attached = Attach();
  ASSERT_TRUE(attached.has_value()) << attached.error().message;
  ServerCdm cdm(*attached);
  const auto report = RunChecks(cdm);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_GT(report->Count(Status::kError), 0u);
  EXPECT_GT(report->Count(Status::kFail), 10u) << "of other tables";
  for (const Outcome& outcome : report->outcomes)
    EXPECT_EQ(outcome.note.find("Meier"), std::string::npos) << outcome.note;
  const auto shown = ShowRows(cdm, "measurement.rule.edss_step", 5);
  ASSERT_TRUE(shown.has_value()) << shown.error().message;
  ASSERT_EQ(shown->rows.size(), 1u);
  EXPECT_EQ(shown->rows[0][0], "101111");
}

TEST_F(AttachedQualityTest, SeesMaterializedViewsAndOfTwoTablesTheCdmsOwn) {
  store::Store store = CleanCdm();
  server_->PutCdm(store, "omop");
  server_->Do(
      "ALTER TABLE omop.procedure_occurrence RENAME TO kept; CREATE MATERIALIZED VIEW "
      "omop.procedure_occurrence AS SELECT * FROM omop.kept;"
      "ALTER TABLE omop.death DROP COLUMN cause_source_value;"
      "CREATE SCHEMA vocab; CREATE TABLE vocab.death (person_id bigint, cause_source_value text);"
      "ALTER TABLE omop.concept_ancestor SET SCHEMA vocab;"
      "GRANT USAGE ON SCHEMA vocab TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA vocab, omop TO "
      "reader; REVOKE SELECT ON omop.note FROM reader");
  auto attached = store::AttachedCdm::Open({.connection = server_->Connection("reader"),
                                            .schema = "omop",
                                            .vocabulary_schema = "vocab",
                                            .research_persons = "everyone"});
  ASSERT_TRUE(attached.has_value()) << attached.error().message;
  ServerCdm cdm(*attached);
  const auto report = RunChecks(cdm);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  const auto failed = Failed(*report);
  EXPECT_FALSE(failed.contains("procedure_occurrence.table_present"));
  EXPECT_FALSE(failed.contains("concept_ancestor.table_present"));
  EXPECT_TRUE(failed.contains("death.cause_source_value.field_present"));
  EXPECT_TRUE(failed.contains("note.table_present")) << "it may not be read";
  for (std::size_t i = 0; i < report->checks.size(); ++i) {
    if (report->checks[i].id == "procedure_occurrence.procedure_date.required") {
      EXPECT_EQ(report->outcomes[i].denominator, 10);
    }
  }
}

// An instant with a time zone does not tell the day in the hospital: it is one of two, or three.
TEST_F(AttachedQualityTest, KnowsOfAnInstantThatItsDayDependsOnThePlace) {
  store::Store store = CleanCdm();
  server_->PutCdm(store, "omop");
  server_->Do(
      "ALTER TABLE omop.measurement ALTER measurement_datetime TYPE timestamptz;"
      "ALTER TABLE omop.person ALTER birth_datetime TYPE timestamptz;"
      "ALTER TABLE omop.condition_occurrence ALTER condition_start_datetime TYPE timestamptz;"
      "UPDATE omop.person SET birth_datetime = make_timestamp(year_of_birth, 6, 15, 0, 30, 0) AT "
      "TIME ZONE 'Europe/Zurich';"
      "UPDATE omop.measurement SET measurement_datetime = (measurement_date + time '00:30') AT "
      "TIME ZONE 'Europe/Zurich';"
      "UPDATE omop.measurement SET measurement_datetime = measurement_datetime + interval '3 days' "
      "WHERE measurement_id = 101101;"
      // At home in Auckland, and born on the day of the diagnosis.
      "UPDATE omop.condition_occurrence SET condition_start_date = '1951-06-15', "
      "condition_start_datetime = timestamp '1951-06-15 00:30' AT TIME ZONE 'Pacific/Auckland' "
      "WHERE person_id = 1");
  auto attached = Attach();
  ASSERT_TRUE(attached.has_value()) << attached.error().message;
  ServerCdm cdm(*attached);
  const auto report = RunChecks(cdm);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  auto failed = Failed(*report);
  EXPECT_EQ(failed["measurement.measurement_date.date_matches_datetime"], 1);
  EXPECT_FALSE(failed.contains("condition_occurrence.condition_start_date.date_matches_datetime"));
  EXPECT_FALSE(failed.contains("condition_occurrence.condition_start_datetime.after_birth"));
  EXPECT_FALSE(failed.contains("condition_occurrence.condition_start_date.after_birth"));
}

TEST_F(AttachedQualityTest, LooksForNothingThatCdm53DoesNotHave) {
  store::Store store = CleanCdm();
  server_->PutCdm(store, "omop");
  server_->Do(
      "INSERT INTO omop.cdm_source (cdm_version) VALUES ('v5.3.1');"
      "DROP TABLE omop.episode; DROP TABLE omop.note_nlp; ALTER TABLE omop.location DROP COLUMN "
      "latitude; ALTER TABLE omop.location DROP COLUMN city");
  auto attached = Attach();
  ASSERT_TRUE(attached.has_value()) << attached.error().message;
  ServerCdm cdm(*attached);
  const auto report = RunChecks(cdm);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  const auto failed = Failed(*report);
  EXPECT_TRUE(failed.contains("note_nlp.table_present"));
  EXPECT_TRUE(failed.contains("location.city.field_present"));
  EXPECT_FALSE(failed.contains("episode.table_present"));
  EXPECT_FALSE(failed.contains("location.latitude.field_present"));
}

}  // namespace
}  // namespace clinnova::quality
