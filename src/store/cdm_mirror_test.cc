// SPDX-License-Identifier: Apache-2.0
#include "store/cdm_mirror.h"

#include <chrono>
#include <future>

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
    // A test that would wait for ever fails instead.
    ASSERT_TRUE(owner_->Execute("SET lock_timeout = '20s'").has_value());
  }
  void Mirror(const std::string& schema = "copy") {
    const auto mirrored = MirrorCdm(*store_, *owner_, schema, "Basel");
    ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
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
  const auto mirrored = MirrorCdm(*store_, *owner_, "Copy of it", "Basel");
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
  ASSERT_TRUE(MirrorCdm(*store_, *owner_, "copy", "Basel").has_value());
  server_->Do(
      "CREATE VIEW copy.women AS SELECT * FROM copy.person WHERE gender_concept_id = 8532; "
      "GRANT USAGE ON SCHEMA copy TO reader; GRANT SELECT ON copy.women TO reader");
  DoHere("DELETE FROM person WHERE person_id = 3; UPDATE person SET gender_concept_id = 8532");
  for (int again = 0; again < 2; ++again) {
    const auto mirrored = MirrorCdm(*store_, *owner_, "copy", "Basel");
    ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
    EXPECT_EQ(There("SELECT count(*) FROM copy.person"), "2");
  }
  auto reader = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(reader->QueryInt64("SELECT count(*) FROM copy.women").value(), 2);
  EXPECT_EQ(There("SELECT count(*) FROM copy.clinnova_mirror"), "1");
}

TEST_F(CdmMirrorTest, HoldsTheFactsOfARotatedCdmInAnEarlierCopyToo) {
  ASSERT_TRUE(MirrorCdm(*store_, *owner_, "copy", "Basel").has_value());
  server_->Do(
      "ALTER TABLE copy.fact_relationship ALTER COLUMN fact_id_1 TYPE integer, ALTER COLUMN "
      "fact_id_2 TYPE integer");
  DoHere("INSERT INTO fact_relationship VALUES (21, 9223372036854775805, 27, 5, 44818759)");
  const auto mirrored = MirrorCdm(*store_, *owner_, "copy", "Basel");
  ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
  EXPECT_EQ(There("SELECT fact_id_1 || ' ' || fact_id_2 FROM copy.fact_relationship"),
            "9223372036854775805 5");
}

TEST_F(CdmMirrorTest, LeavesTheEarlierOneWhenItFails) {
  ASSERT_TRUE(MirrorCdm(*store_, *owner_, "copy", "Basel").has_value());
  DoHere("INSERT INTO person SELECT * FROM person WHERE person_id = 2; DELETE FROM measurement");
  const auto twice = MirrorCdm(*store_, *owner_, "copy", "Basel");
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(
      twice.error().message,
      "table person: PostgreSQL: a value is not as the statement expects it (SQLSTATE 23505)");
  EXPECT_EQ(There("SELECT count(*) FROM copy.person"), "3");
  EXPECT_EQ(There("SELECT count(*) FROM copy.measurement"), "2");
  // The user may not make a schema, or write into somebody else's.
  auto reader = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(reader.has_value());
  const auto refused = MirrorCdm(*store_, *reader, "reader's", "Basel");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("permission denied for database"), std::string::npos)
      << refused.error().message;
}

// A study reads for minutes in one transaction; what it sees must not change under it, and it must not be waited for.
TEST_F(CdmMirrorTest, ChangesNothingForWhoReadsAlready) {
  Mirror();
  const Attachment attachment{.connection = server_->Connection("owner"),
                              .schema = "copy",
                              .research_persons = "copy.research_person"};
  auto reader = AttachedCdm::Open(attachment);
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  DoHere(
      "DELETE FROM person WHERE person_id = 3; INSERT INTO measurement SELECT * REPLACE (3 AS "
      "measurement_id) FROM measurement WHERE measurement_id = 1");
  Mirror();
  EXPECT_EQ(reader->server().QueryInt64("SELECT count(*) FROM person").value(), 3);
  EXPECT_EQ(reader->server().QueryInt64("SELECT count(*) FROM measurement").value(), 2);
  DoHere("DELETE FROM person WHERE person_id = 2");
  Mirror();  // though the reader holds its locks
  EXPECT_EQ(reader->server().QueryInt64("SELECT count(*) FROM person").value(), 3);
  auto later = AttachedCdm::Open(attachment);
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->server().QueryInt64("SELECT count(*) FROM person").value(), 1);
  EXPECT_EQ(later->server().QueryInt64("SELECT count(*) FROM measurement").value(), 3);
}

/// A copy that stands still at its last table, and goes on when `go_on` is called.
class HaltedMirror {
 public:
  HaltedMirror(const TestServer& server, Store& store, Postgres& watcher)
      : locker_(std::move(*Postgres::Connect(server.Connection("owner")))),
        writer_(std::move(*Postgres::Connect(server.Connection("owner")))) {
    EXPECT_TRUE(
        locker_.Execute("BEGIN; LOCK TABLE copy.research_person IN EXCLUSIVE MODE").has_value());
    done_ = std::async(std::launch::async,
                       [this, &store] { return MirrorCdm(store, writer_, "copy", "Basel"); });
    for (int tick = 0; tick < 600; ++tick) {
      const auto waiting =
          watcher.QueryInt64("SELECT coalesce(max(pid), 0) FROM pg_locks WHERE NOT granted");
      if (waiting && *waiting != 0) {
        pid_ = *waiting;
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "the copy did not come to the lock";
  }
  std::int64_t pid() const { return pid_; }
  Result<MirroredCdm> GoOn() {
    static_cast<void>(locker_.Execute("ROLLBACK"));
    return done_.get();
  }

 private:
  Postgres locker_, writer_;
  std::future<Result<MirroredCdm>> done_;
  std::int64_t pid_ = 0;
};

TEST_F(CdmMirrorTest, IsSeenWholeOrNotAtAll) {
  Mirror();
  DoHere(
      "DELETE FROM person WHERE person_id = 3; DELETE FROM measurement WHERE measurement_id = 1;"
      "DELETE FROM clinnova.consent");
  HaltedMirror halted(*server_, *store_, *owner_);
  EXPECT_EQ(There("SELECT count(*) FROM copy.person"), "3");
  EXPECT_EQ(There("SELECT count(*) FROM copy.measurement"), "2");
  const auto mirrored = halted.GoOn();
  ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
  EXPECT_EQ(There("SELECT count(*) FROM copy.person"), "2");
  EXPECT_EQ(There("SELECT count(*) FROM copy.measurement"), "1");
}

TEST_F(CdmMirrorTest, LeavesTheEarlierOneWhenTheConnectionBreaks) {
  Mirror();
  DoHere("DELETE FROM person WHERE person_id = 3; DELETE FROM clinnova.consent");
  HaltedMirror halted(*server_, *store_, *owner_);
  There("SELECT pg_terminate_backend(" + std::to_string(halted.pid()) + ")");
  const auto broken = halted.GoOn();
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().code, ErrorCode::kUnreachable);
  EXPECT_NE(broken.error().message.find("table research_person: PostgreSQL: "), std::string::npos)
      << broken.error().message;
  EXPECT_EQ(There("SELECT count(*) FROM copy.person"), "3");
  Mirror();
  EXPECT_EQ(There("SELECT count(*) FROM copy.person"), "2");
}

TEST_F(CdmMirrorTest, CountsWhatTheServerHas) {
  Mirror();
  server_->Do(
      "CREATE FUNCTION copy.drop_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; "
      "END'; CREATE TRIGGER lost BEFORE INSERT ON copy.measurement FOR EACH ROW WHEN "
      "(NEW.measurement_id = 2) EXECUTE FUNCTION copy.drop_it()");
  DoHere("UPDATE measurement SET value_as_number = 2");
  const auto lost = MirrorCdm(*store_, *owner_, "copy", "Basel");
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().message, "table measurement: the copy has 1 rows, expected the CDM's 2");
  EXPECT_EQ(There("SELECT count(*) FROM copy.measurement"), "2");
}

TEST_F(CdmMirrorTest, HasTheKeysAndIndicesOfOhdsi) {
  Mirror();
  const auto columns = [&](const std::string& table) {
    return There(
        "SELECT string_agg(pg_get_indexdef(indexrelid, 1, true), ' ' ORDER BY indisprimary DESC, "
        "pg_get_indexdef(indexrelid, 1, true)) FROM pg_index WHERE indrelid = 'copy." +
        table + "'::regclass");
  };
  EXPECT_EQ(columns("measurement"),
            "measurement_id measurement_concept_id person_id visit_occurrence_id");
  EXPECT_EQ(columns("concept_ancestor"), "ancestor_concept_id descendant_concept_id");
  EXPECT_EQ(columns("domain"), "domain_id");
  // An earlier copy without them gets them.
  server_->Do("DROP INDEX copy.idx_concept_ancestor_ancestor_concept");
  Mirror();
  EXPECT_EQ(columns("concept_ancestor"), "ancestor_concept_id descendant_concept_id");
}

// A vocabulary has a hundred times the rows of a hospital, and stays the same.
TEST_F(CdmMirrorTest, CopiesNoTableAgainThatIsTheSame) {
  Mirror();
  DoHere("UPDATE measurement SET value_as_number = 2 WHERE measurement_id = 1");
  auto mirrored = MirrorCdm(*store_, *owner_, "copy", "Basel");
  ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
  EXPECT_EQ(mirrored->written, std::set<std::string>{"measurement"});
  EXPECT_EQ(mirrored->rows.size(), 40u);
  EXPECT_EQ(mirrored->rows.at("person"), 3);
  EXPECT_EQ(There("SELECT sum(value_as_number) FROM copy.measurement WHERE measurement_id = 1"),
            "2.0");
  // What somebody changed there is put right.
  server_->Do(
      "UPDATE copy.person SET year_of_birth = 1900 WHERE person_id = 2; DELETE FROM "
      "copy.measurement WHERE measurement_id = 2; INSERT INTO copy.death (person_id, death_date) "
      "VALUES (1, '2024-01-01')");
  mirrored = MirrorCdm(*store_, *owner_, "copy", "Basel");
  ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
  EXPECT_EQ(mirrored->written, (std::set<std::string>{"death", "measurement", "person"}));
  EXPECT_EQ(There("SELECT min(year_of_birth) FROM copy.person"), "1960");
  EXPECT_EQ(There("SELECT count(*) FROM copy.measurement"), "2");
  EXPECT_EQ(There("SELECT count(*) FROM copy.death"), "0");
  mirrored = MirrorCdm(*store_, *owner_, "copy", "Basel");
  ASSERT_TRUE(mirrored.has_value());
  EXPECT_TRUE(mirrored->written.empty());
  // As after a backup of changed tables was restored in one transaction.
  server_->Do(
      "UPDATE copy.person SET year_of_birth = 1900; UPDATE copy.clinnova_mirror_table SET "
      "content = content");
  Mirror();
  EXPECT_EQ(There("SELECT min(year_of_birth) FROM copy.person"), "1960");
}

TEST_F(CdmMirrorTest, CopiesATablePageAfterPage) {
  DoHere(
      "INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
      "measurement_date, measurement_type_concept_id, value_as_number) SELECT i, 2, 3020460, "
      "DATE '2020-01-01' + (i % 1000)::INTEGER, 0, i / 8.0 FROM range(10, 130010) r(i);"
      "DELETE FROM measurement WHERE measurement_id BETWEEN 60000 AND 62000;"
      "INSERT INTO note (note_id, person_id, note_date, note_type_concept_id, "
      "note_class_concept_id, "
      "note_text, encoding_concept_id, language_concept_id) SELECT i, 2, DATE '2020-01-01', 0, 0, "
      "repeat('line ' || i || chr(10), 100), 0, 0 FROM range(0, 1700) r(i)");
  const auto mirrored = MirrorCdm(*store_, *owner_, "copy", "Basel");
  ASSERT_TRUE(mirrored.has_value()) << mirrored.error().message;
  EXPECT_EQ(mirrored->rows.at("measurement"), 2 + 130000 - 2001);
  const std::string sums =
      "sum(measurement_id)::VARCHAR || ' ' || (sum(value_as_number * 8) FILTER (WHERE "
      "measurement_id > 2))::BIGINT || ' ' || count(DISTINCT measurement_id) || ' ' || "
      "max(measurement_date) FROM ";
  auto here = store_->database().Query("SELECT " + sums + "measurement");
  ASSERT_TRUE(here.has_value() && here->NextChunk());
  EXPECT_EQ(There("SELECT " + sums + "copy.measurement"), here->Text(0, 0));
  EXPECT_EQ(
      There("SELECT count(DISTINCT note_text) || ' ' || sum(length(note_text)) FROM "
            "copy.note"),
      "1700 " + std::to_string(store_->database()
                                   .QueryInt64("SELECT sum(length(note_text))::BIGINT FROM note")
                                   .value()));
}

TEST_F(CdmMirrorTest, NamesTheCdmWhereItsFilesDidNot) {
  DoHere("INSERT INTO clinnova.import_report VALUES (1, '2026-02-03 04:05:06', '{}')");
  Mirror();
  const std::string said =
      "SELECT concat_ws('|', cdm_source_name, cdm_source_abbreviation, cdm_holder, "
      "source_release_date, cdm_release_date, cdm_version, cdm_version_concept_id, "
      "vocabulary_version) FROM copy.cdm_source";
  EXPECT_EQ(There(said), "Basel|Basel|Basel|2026-02-03|2026-02-03|5.4|756265|Clinnova");
  DoHere(
      "INSERT INTO cdm_source (cdm_source_name, cdm_source_abbreviation, cdm_holder, "
      "source_release_date, cdm_release_date, cdm_version, cdm_version_concept_id, "
      "vocabulary_version) VALUES ('Registry', 'R', 'USB', '2026-01-01', '2026-01-02', '5.4', "
      "756265, 'v5.0')");
  Mirror();
  EXPECT_EQ(There(said), "Registry|R|USB|2026-01-01|2026-01-02|5.4|756265|v5.0");
  EXPECT_EQ(There("SELECT count(*) FROM copy.cdm_source"), "1");
}

TEST_F(CdmMirrorTest, RunsOneAfterTheOther) {
  Mirror();
  DoHere("UPDATE concept_ancestor SET min_levels_of_separation = 7");
  const std::string ancestors = There("SELECT count(*) FROM copy.concept_ancestor");
  auto other = Store::Open({});
  ASSERT_TRUE(other.has_value());
  auto writer = Postgres::Connect(server_->Connection("owner"));
  ASSERT_TRUE(writer.has_value());
  auto beside =
      std::async(std::launch::async, [&] { return MirrorCdm(*other, *writer, "copy", "Basel"); });
  Mirror();
  const auto also = beside.get();
  ASSERT_TRUE(also.has_value()) << also.error().message;
  EXPECT_EQ(There("SELECT count(*) FROM copy.concept_ancestor"), ancestors);
}

TEST_F(CdmMirrorTest, ReplacesNoTablesOfOthers) {
  server_->Do(
      "CREATE SCHEMA omop; CREATE TABLE omop.person (person_id bigint); "
      "INSERT INTO omop.person VALUES (1)");
  const auto refused = MirrorCdm(*store_, *owner_, "omop", "Basel");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "schema_in_use");
  EXPECT_EQ(There("SELECT count(*) FROM omop.person"), "1");
}

}  // namespace
}  // namespace clinnova::store
