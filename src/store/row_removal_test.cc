// SPDX-License-Identifier: Apache-2.0
#include "store/row_removal.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "store/store.h"

namespace clinnova::store {
namespace {

/// Eight runs of rows, four of patient 1 and four of patient 2, in a file.
class RowRemovalTest : public testing::Test {
 protected:
  RowRemovalTest()
      : path_((std::filesystem::temp_directory_path() /
               ("clinnova_removal_" + std::to_string(::getpid()) + ".duckdb"))
                  .string()) {
    std::filesystem::remove(path_);
    Open();
    Must(
        "INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
        "measurement_date, measurement_type_concept_id, measurement_source_value) "
        "SELECT i, 1 + i // 8192, 0, DATE '2024-02-29', 0, 'value ' || i FROM range(16384) t(i)");
  }
  ~RowRemovalTest() override {
    store_.reset();
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + ".wal");
  }

  void Open() {
    store_.reset();
    auto store = Store::Open({.path = path_});
    ASSERT_TRUE(store.has_value()) << store.error().message;
    store_.emplace(std::move(*store));
  }
  void Must(const std::string& sql) {
    const auto done = store_->database().Execute(sql);
    ASSERT_TRUE(done.has_value()) << sql << ": " << done.error().message;
  }
  std::int64_t Count(const std::string& sql) {
    const auto count = store_->database().QueryInt64(sql);
    EXPECT_TRUE(count.has_value()) << sql << ": " << count.error().message;
    return count.value_or(-1);
  }
  /// What changes when the table is another one.
  std::int64_t TableNumber() {
    return Count("SELECT table_oid FROM duckdb_tables() WHERE table_name = 'measurement'");
  }
  void Remove(std::int64_t room, const std::string& condition) {
    RowRemoval removal(store_->database(), room);
    const auto done = removal.Remove("measurement", condition);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  std::string path_;
  std::optional<Store> store_;
};

TEST_F(RowRemovalTest, DeletesWhereThereIsRoom) {
  const std::int64_t table = TableNumber();
  Must("BEGIN");
  Remove(4, "person_id = 1");
  EXPECT_EQ(TableNumber(), table);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement WHERE person_id = 1"), 0);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement WHERE person_id = 2"), 8192);
  Must("COMMIT");
}

TEST_F(RowRemovalTest, WritesATableAnewWhereThereIsNone) {
  const std::int64_t table = TableNumber();
  const std::string kContent =
      "SELECT sum(hash(m)::HUGEINT % 1000000007)::BIGINT FROM measurement m WHERE person_id = 2";
  const std::int64_t content = Count(kContent);
  Must("BEGIN");
  Remove(3, "person_id = 1");
  EXPECT_NE(TableNumber(), table);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 8192);
  EXPECT_EQ(Count(kContent), content);
  Must("COMMIT");
  Open();
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 8192);
  EXPECT_EQ(Count(kContent), content);
}

/// Bytes that are allocated outside DuckDB's own allocator, which its memory limit counts.
std::size_t HeapInUse() {
  const struct mallinfo2 heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

TEST_F(RowRemovalTest, HoldsNoMemoryForTheRowsThatGo) {
  Must(
      "INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
      "measurement_date, measurement_type_concept_id) "
      "SELECT 20000 + i, 3, 0, DATE '2024-02-29', 0 FROM range(1048576) t(i)");
  const auto growth = [&](std::int64_t room) {
    Must("BEGIN");
    const std::size_t before = HeapInUse();
    Remove(room, "person_id = 3");
    EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 16384);
    const auto grown = static_cast<std::int64_t>(HeapInUse()) - static_cast<std::int64_t>(before);
    Must("ROLLBACK");
    return grown;
  };
  EXPECT_LT(growth(100), 2 << 20);
#ifndef __SANITIZE_ADDRESS__
  EXPECT_GT(growth(100000), 16 << 20);  // so that the test measures what it is about
#endif
}

TEST_F(RowRemovalTest, SharesTheRoomAmongTheTablesOfATransaction) {
  Must("BEGIN");
  RowRemoval removal(store_->database(), 4);
  const std::int64_t table = TableNumber();
  ASSERT_TRUE(removal.Remove("measurement", "measurement_id IN (1, 5000, 10000)"));
  EXPECT_EQ(TableNumber(), table);
  ASSERT_TRUE(removal.Remove("measurement", "measurement_id IN (2, 5001)"));
  EXPECT_NE(TableNumber(), table);
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 16384 - 5);
  Must("ROLLBACK");
}

// They hold memory whenever the table is read.
TEST_F(RowRemovalTest, CountsRowsThatWereDeletedBefore) {
  Must("DELETE FROM measurement WHERE measurement_id % 4096 = 7");
  Must("BEGIN");
  const std::int64_t table = TableNumber();
  Remove(4, "measurement_id = 9");
  EXPECT_NE(TableNumber(), table);
  Must("COMMIT");
  EXPECT_EQ(Count("SELECT max(rowid) + 1 FROM measurement"), 16384 - 5);
}

TEST_F(RowRemovalTest, LeavesATableOfWhichNothingGoes) {
  Must("BEGIN");
  const std::int64_t table = TableNumber();
  Remove(0, "person_id = 3");
  EXPECT_EQ(TableNumber(), table);
  RowRemoval removal(store_->database(), 0);
  EXPECT_TRUE(removal.Remove("observation", "person_id IN (SELECT person_id FROM person)"));
  EXPECT_FALSE(removal.Remove("no_such_table", "true"));
  Must("ROLLBACK");
}

TEST_F(RowRemovalTest, TellsFirstWhichRowsGo) {
  Must("BEGIN");
  Must("CREATE TEMP TABLE whose AS SELECT person_id FROM measurement LIMIT 0");
  RowRemoval removal(store_->database(), 0);
  ASSERT_TRUE(removal.Remove("measurement", "measurement_id >= 8191", "person_id",
                             "INSERT INTO whose SELECT DISTINCT person_id FROM removed_row"));
  EXPECT_EQ(Count("SELECT count(*) FROM whose"), 2);
  Must("ROLLBACK");
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 16384);
}

TEST_F(RowRemovalTest, KeepsFieldsConstraintsAndViews) {
  const std::string kFields =
      "SELECT (sum(hash(column_index, column_name, data_type, is_nullable)::HUGEINT % "
      "1000000007))::BIGINT FROM duckdb_columns() WHERE table_name = 'person'";
  const std::int64_t fields = Count(kFields);
  Must(
      "INSERT INTO person (person_id, gender_concept_id, year_of_birth, race_concept_id, "
      "ethnicity_concept_id) VALUES (1, 8532, 1960, 0, 0), (2, 8532, 1960, 0, 0)");
  Must("INSERT INTO clinnova.consent VALUES (7, 2, 'research', 'given', NULL, NULL)");
  Must("BEGIN");
  RowRemoval removal(store_->database(), 0);
  ASSERT_TRUE(removal.Remove("person", "person_id = 1"));
  Must("COMMIT");
  Open();
  EXPECT_EQ(Count(kFields), fields);
  EXPECT_EQ(Count("SELECT count(*) FROM clinnova.research_person"), 1);
  EXPECT_FALSE(store_->database().Execute("INSERT INTO person (person_id) VALUES (3)"));
}

TEST_F(RowRemovalTest, TakesRowsOfItsOwnTransaction) {
  Must("BEGIN");
  Remove(0, "person_id = 1");
  Must(
      "INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
      "measurement_date, measurement_type_concept_id) VALUES (1, 1, 0, '2024-03-01', 0), (2, 1, "
      "0, '2024-03-01', 0)");
  Remove(0, "measurement_id = 1");
  Remove(100, "measurement_id = 2");
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 8192);
  Must("COMMIT");
  EXPECT_EQ(Count("SELECT count(*) FROM measurement"), 8192);
}

/// The process ends at once, as with kill -9: nothing is written at its exit.
TEST_F(RowRemovalTest, IsWholeOrNotAtAllAfterACrash) {
  for (const bool commits : {false, true}) {
    store_.reset();
    const pid_t child = ::fork();
    if (child == 0) {
      Open();
      Must("BEGIN");
      Must("UPDATE measurement SET measurement_concept_id = 5 WHERE measurement_id = 8193");
      Remove(100, "measurement_id = 3");
      Remove(0, "person_id = 1");
      Must(
          "INSERT INTO measurement (measurement_id, person_id, measurement_concept_id, "
          "measurement_date, measurement_type_concept_id) VALUES (1, 1, 5, '2024-03-01', 0), "
          "(2, 1, 5, '2024-03-01', 0)");
      Remove(100, "measurement_id = 2");
      if (commits) Must("COMMIT");
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    Open();
    EXPECT_EQ(Count("SELECT count(*) FROM measurement"), commits ? 8193 : 16384);
    EXPECT_EQ(Count("SELECT count(*) FROM measurement WHERE person_id = 2"), 8192);
    EXPECT_EQ(Count("SELECT count(*) FROM measurement WHERE measurement_concept_id = 5"),
              commits ? 2 : 0);
  }
}

TEST_F(RowRemovalTest, KeepsIndices) {
  Must("CREATE INDEX by_person ON measurement (person_id)");
  Must("BEGIN");
  Remove(0, "person_id = 1");
  EXPECT_EQ(Count("SELECT count(*) FROM duckdb_indexes() WHERE index_name = 'by_person'"), 1);
  Must("COMMIT");
  Open();
  EXPECT_EQ(Count("SELECT count(*) FROM duckdb_indexes() WHERE index_name = 'by_person'"), 1);
}

}  // namespace
}  // namespace clinnova::store
