// SPDX-License-Identifier: Apache-2.0
#include "store/attached_cdm.h"

#include <sys/stat.h>

#include "store/postgres_fixture.h"

namespace clinnova::store {
namespace {

namespace fs = std::filesystem;

class AttachedCdmTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!TestServer::Installed()) GTEST_SKIP() << TestServer::kNotInstalled;
    server_ = std::make_unique<TestServer>();
    auto store = Store::Open({});
    ASSERT_TRUE(store.has_value());
    ASSERT_TRUE(store->database()
                    .Execute("INSERT INTO person (person_id, gender_concept_id, year_of_birth, "
                             "race_concept_id, ethnicity_concept_id) VALUES (1, 8532, 1960, 0, 0), "
                             "(2, 8507, 1970, 0, 0);"
                             "INSERT INTO clinnova.consent VALUES (1, 1, 'research', 'given', "
                             "'2019-01-01', NULL)")
                    .has_value());
    server_->PutCdm(*store, "omop");
  }
  Attachment Omop() const {
    return {.connection = server_->Connection("reader"),
            .schema = "omop",
            .research_persons = "omop.clinnova_person"};
  }
  std::string OpenError() const {
    const auto cdm = AttachedCdm::Open(Omop());
    if (cdm) return "opened";
    EXPECT_EQ(cdm.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(cdm.error().reason, "cdm_not_as_expected");
    return cdm.error().message;
  }

  std::unique_ptr<TestServer> server_;
};

TEST_F(AttachedCdmTest, ReadsOneStateOfTheDataAndWritesNothing) {
  auto cdm = AttachedCdm::Open(Omop());
  ASSERT_TRUE(cdm.has_value()) << cdm.error().message;
  EXPECT_EQ(cdm->server().QueryInt64("SELECT count(*) FROM person").value(), 2);
  EXPECT_EQ(cdm->server().QueryInt64("SELECT count(*) FROM " + Omop().ResearchPersonsSql()).value(),
            1);
  server_->Do("INSERT INTO omop.person VALUES (3, 8507, 1970)");
  EXPECT_EQ(cdm->server().QueryInt64("SELECT count(*) FROM person").value(), 2);
  EXPECT_EQ(cdm->CdmVersion().value(), "");

  server_->Do(
      "GRANT ALL ON ALL TABLES IN SCHEMA omop TO reader;"
      "INSERT INTO omop.cdm_source (cdm_version) VALUES ('5.3')");
  auto again = AttachedCdm::Open(Omop());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->server().QueryInt64("SELECT count(*) FROM person").value(), 3);
  EXPECT_EQ(again->CdmVersion().value(), "5.3");
  const auto written = again->server().Execute("DELETE FROM person");
  ASSERT_FALSE(written.has_value());
  EXPECT_NE(written.error().message.find("read-only transaction"), std::string::npos)
      << written.error().message;
}

TEST_F(AttachedCdmTest, SaysAtOnceAllThatIsMissingOrOfAnotherType) {
  server_->Do(
      "DROP TABLE omop.procedure_occurrence;"
      "ALTER TABLE omop.measurement DROP COLUMN unit_concept_id;"
      "ALTER TABLE omop.observation ALTER COLUMN value_as_number TYPE text;"
      "REVOKE SELECT ON omop.person FROM reader");
  EXPECT_EQ(OpenError(),
            "PostgreSQL: the CDM is not as expected: "
            "column omop.measurement.unit_concept_id is not there; "
            "column omop.observation.value_as_number: found type text, expected number; "
            "table omop.person may not be read by this user; "
            "table omop.procedure_occurrence is not there");
}

TEST_F(AttachedCdmTest, NeedsTheListOfResearchPersons) {
  server_->Do("DROP TABLE omop.clinnova_person");
  EXPECT_EQ(OpenError(),
            "PostgreSQL: the CDM is not as expected: table omop.clinnova_person is not there");
  server_->Do("CREATE VIEW omop.clinnova_person AS SELECT person_id AS id FROM omop.person");
  EXPECT_NE(OpenError(), "opened");
  server_->Do(
      "DROP VIEW omop.clinnova_person; CREATE VIEW omop.clinnova_person AS SELECT "
      "person_id FROM omop.person; GRANT SELECT ON omop.clinnova_person TO reader");
  EXPECT_EQ(OpenError(), "opened");
}

TEST_F(AttachedCdmTest, TakesAVocabularyFromASchemaOfItsOwn) {
  server_->Do(
      "CREATE SCHEMA vocab; ALTER TABLE omop.concept_ancestor SET SCHEMA vocab;"
      "GRANT USAGE ON SCHEMA vocab TO reader");
  EXPECT_EQ(OpenError(),
            "PostgreSQL: the CDM is not as expected: table omop.concept_ancestor is not there");
  Attachment attachment = Omop();
  attachment.vocabulary_schema = "vocab";
  auto cdm = AttachedCdm::Open(attachment);
  ASSERT_TRUE(cdm.has_value()) << cdm.error().message;
  EXPECT_GT(cdm->server().QueryInt64("SELECT count(*) FROM concept_ancestor").value(), 50);
  attachment.schema = "nowhere";
  const auto none = AttachedCdm::Open(attachment);
  ASSERT_FALSE(none.has_value());
  EXPECT_NE(none.error().message.find("schema \"nowhere\": found no table"), std::string::npos);
}

class AttachmentTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("clinnova_attachment_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    file_ = folder_ / "postgresql.toml";
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string ErrorOf(const std::string& text) const {
    std::ofstream(file_) << text;
    const auto read = ReadAttachment(file_);
    EXPECT_FALSE(read.has_value()) << text;
    std::string message = read ? "" : read.error().message;
    return message.starts_with(file_.string()) ? message.substr(file_.string().size()) : message;
  }

  fs::path folder_, file_;
};

TEST_F(AttachmentTest, IsReadAsItWasWrittenByItsOwnerOnly) {
  EXPECT_FALSE(ReadAttachment(file_)->has_value());
  const Attachment attachment{.connection = "host='/a \\' b' dbname=\"cdm\"",
                              .schema = "Omop 5",
                              .vocabulary_schema = "vocab",
                              .research_persons = "Omop 5.has \"consent\""};
  const auto written = WriteAttachment(file_, attachment);
  ASSERT_TRUE(written.has_value()) << written.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto read = ReadAttachment(file_);
  ASSERT_TRUE(read.has_value() && read->has_value());
  EXPECT_EQ((*read)->connection, attachment.connection);
  EXPECT_EQ((*read)->schema, attachment.schema);
  EXPECT_EQ((*read)->vocabulary_schema, "vocab");
  EXPECT_EQ((*read)->ResearchPersonsSql(), "\"Omop 5\".\"has \"\"consent\"\"\"");
}

TEST_F(AttachmentTest, SaysWhereItIsWrong) {
  EXPECT_EQ(ErrorOf("connection = \"dbname=cdm\"\nschema = \"omop\"\n"),
            ": research_persons: is missing");
  EXPECT_EQ(ErrorOf("connection = \"dbname=cdm\"\nschema = 5\n"),
            ":2: schema: found 5, expected a text");
  EXPECT_EQ(ErrorOf("conection = \"dbname=cdm\"\n"),
            ":1: conection: unknown key, expected one of connection, research_persons, schema, "
            "vocabulary_schema");
  EXPECT_EQ(ErrorOf("connection = \"dbname=cdm\"\nschema = \"omop\"\nresearch_persons = \"all\"\n"),
            ":3: research_persons: found \"all\", expected \"everyone\" or \"SCHEMA.NAME\" of a "
            "table or view with a column person_id");
}

}  // namespace
}  // namespace clinnova::store
