// SPDX-License-Identifier: Apache-2.0
#include "store/cdm_mirror.h"

#include "store/attached_cdm.h"
#include "store/postgres_fixture.h"

namespace clinnova::store {
namespace {

class CdmMirrorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!TestServer::Installed()) GTEST_SKIP() << TestServer::kNotInstalled;
    server_ = std::make_unique<TestServer>();
    auto store = Store::Open({});
    ASSERT_TRUE(store.has_value());
    store_.emplace(std::move(*store));
    DoHere(
        "INSERT INTO person (person_id, gender_concept_id, year_of_birth, race_concept_id, "
        "ethnicity_concept_id, person_source_value) VALUES (9223372036854775807, 8532, 1960, 0, 0, "
        "''), (2, 8507, 1970, 0, 0, 'a \"quoted\", \nµ'), (3, 8507, 1970, 0, 0, NULL);"
        "INSERT INTO clinnova.consent VALUES (1, 2, 'research', 'given', '2019-01-01', NULL);"
        "INSERT INTO drug_era VALUES (9223372036854775806, 2, 1119119, '2024-01-01', '2024-03-01', "
        "2, "
        "30);"
        "INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
        "measurement_date, measurement_datetime, measurement_type_concept_id, value_as_number) "
        "VALUES (1, 2, 3020460, '2024-02-29', '2024-02-29 23:59:59.123456', 0, 0.1), "
        "(2, 2, 3020460, '0999-12-31', NULL, 0, 1.0 / 3.0)");
    auto owner = Postgres::Connect(server_->Connection("owner"));
    ASSERT_TRUE(owner.has_value());
    owner_.emplace(std::move(*owner));
  }
  void DoHere(const std::string& sql) {
    const auto done = store_->database().Execute(sql);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  std::string There(const std::string& sql) {
    const auto text = owner_->QueryText(sql);
    EXPECT_TRUE(text.has_value()) << (text ? "" : text.error().message);
    return text.value_or("");
  }

  std::unique_ptr<TestServer> server_;
  std::optional<Store> store_;
  std::optional<Postgres> owner_;
};

TEST_F(CdmMirrorTest, HasEveryTableAndValue) {
  const auto mirrored = MirrorCdm(*store_, *owner_, "Copy of it");
  ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
  EXPECT_EQ(mirrored->rows.size(), 40u);  // the CDM's 39, and research_person
  for (const auto& [table, rows] : mirrored->rows) {
    EXPECT_EQ(There("SELECT count(*) FROM \"Copy of it\"." + table), std::to_string(rows)) << table;
  }
  EXPECT_EQ(mirrored->rows.at("person"), 3);
  EXPECT_EQ(There("SELECT concat_ws(' ', drug_era_id, drug_era_end_date, drug_exposure_count, "
                  "gap_days) FROM \"Copy of it\".drug_era"),
            "9223372036854775806 2024-03-01 2 30");
  EXPECT_GT(mirrored->rows.at("concept"), 100);
  EXPECT_EQ(
      There("SELECT string_agg(person_id || ':' || coalesce('<' || person_source_value || '>', "
            "'-'), ' ' ORDER BY person_id) FROM \"Copy of it\".person"),
      "2:<a \"quoted\", \nµ> 3:- 9223372036854775807:<>");
  EXPECT_EQ(
      There("SELECT string_agg(measurement_date || '/' || coalesce(measurement_datetime::text, "
            "'-') || '/' || value_as_number::float8, ' ' ORDER BY measurement_id) FROM \"Copy of "
            "it\".measurement"),
      "2024-02-29/2024-02-29 23:59:59.123456/0.1 0999-12-31/-/0.3333333333333333");
  EXPECT_EQ(There("SELECT string_agg(person_id::text, ' ') FROM \"Copy of it\".research_person"),
            "2");
  // What it made can be attached.
  const Attachment attachment{.connection = server_->Connection("owner"),
                              .schema = "Copy of it",
                              .research_persons = "Copy of it.research_person"};
  const auto attached = AttachedCdm::Open(attachment);
  EXPECT_TRUE(attached.has_value()) << attached.error().message;
}

TEST_F(CdmMirrorTest, IsReplacedByALaterOneUnderViewsAndGrants) {
  ASSERT_TRUE(MirrorCdm(*store_, *owner_, "copy").has_value());
  server_->Do(
      "CREATE VIEW copy.women AS SELECT * FROM copy.person WHERE gender_concept_id = 8532; "
      "GRANT USAGE ON SCHEMA copy TO reader; GRANT SELECT ON copy.women TO reader");
  DoHere("DELETE FROM person WHERE person_id = 3; UPDATE person SET gender_concept_id = 8532");
  for (int again = 0; again < 2; ++again) {
    const auto mirrored = MirrorCdm(*store_, *owner_, "copy");
    ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
    EXPECT_EQ(There("SELECT count(*) FROM copy.person"), "2");
  }
  auto reader = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(reader->QueryInt64("SELECT count(*) FROM copy.women").value(), 2);
  EXPECT_EQ(There("SELECT count(*) FROM copy.clinnova_mirror"), "1");
}

TEST_F(CdmMirrorTest, HoldsTheFactsOfARotatedCdmInAnEarlierCopyToo) {
  ASSERT_TRUE(MirrorCdm(*store_, *owner_, "copy").has_value());
  server_->Do(
      "ALTER TABLE copy.fact_relationship ALTER COLUMN fact_id_1 TYPE integer, ALTER COLUMN "
      "fact_id_2 TYPE integer");
  DoHere("INSERT INTO fact_relationship VALUES (21, 9223372036854775805, 27, 5, 44818759)");
  const auto mirrored = MirrorCdm(*store_, *owner_, "copy");
  ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
  EXPECT_EQ(There("SELECT fact_id_1 || ' ' || fact_id_2 FROM copy.fact_relationship"),
            "9223372036854775805 5");
}

TEST_F(CdmMirrorTest, LeavesTheEarlierOneWhenItFails) {
  ASSERT_TRUE(MirrorCdm(*store_, *owner_, "copy").has_value());
  DoHere("INSERT INTO person SELECT * FROM person WHERE person_id = 2; DELETE FROM measurement");
  const auto twice = MirrorCdm(*store_, *owner_, "copy");
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(
      twice.error().message,
      "table person: PostgreSQL: a value is not as the statement expects it (SQLSTATE 23505)");
  EXPECT_EQ(There("SELECT count(*) FROM copy.person"), "3");
  EXPECT_EQ(There("SELECT count(*) FROM copy.measurement"), "2");
  // The user may not make a schema, or write into somebody else's.
  auto reader = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(reader.has_value());
  const auto refused = MirrorCdm(*store_, *reader, "reader's");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("permission denied for database"), std::string::npos)
      << refused.error().message;
}

TEST_F(CdmMirrorTest, ReplacesNoTablesOfOthers) {
  server_->Do(
      "CREATE SCHEMA omop; CREATE TABLE omop.person (person_id bigint); "
      "INSERT INTO omop.person VALUES (1)");
  const auto refused = MirrorCdm(*store_, *owner_, "omop");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "schema_in_use");
  EXPECT_EQ(There("SELECT count(*) FROM omop.person"), "1");
}

}  // namespace
}  // namespace clinnova::store
