// SPDX-License-Identifier: Apache-2.0
#include "core/duckdb.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/check.h"

namespace clinnova::core {
namespace {

Database InMemory() {
  auto database = Database::Open({});
  EXPECT_TRUE(database.has_value()) << database.error().message;
  return std::move(*database);
}

TEST(Database, ReadsEveryKindOfNumberDateAndText) {
  Database database = InMemory();
  auto rows = database.Query(
      "SELECT 7::TINYINT, -5::BIGINT, 18446744073709551615::UBIGINT, sum(x), 1.5::FLOAT, "
      "2.25::DOUBLE, "
      "12.34::DECIMAL(10, 2), DATE '1970-01-11', true, 'short', repeat('long text ', 10), "
      "NULL::VARCHAR "
      "FROM (VALUES (1::BIGINT), (2)) t(x)");
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  ASSERT_TRUE(rows->NextChunk());
  ASSERT_EQ(rows->chunk_size(), 1u);
  EXPECT_EQ(rows->Int64(0, 0), 7);
  EXPECT_EQ(rows->Int64(1, 0), -5);
  EXPECT_THROW(rows->Int64(2, 0), CheckFailure) << "does not fit";
  EXPECT_EQ(rows->column_type(3), "HUGEINT");
  EXPECT_EQ(rows->Int64(3, 0), 3);
  EXPECT_EQ(rows->Double(4, 0), 1.5);
  EXPECT_EQ(rows->Double(5, 0), 2.25);
  EXPECT_EQ(rows->Double(6, 0), 12.34);
  EXPECT_EQ(rows->column_type(7), "DATE");
  EXPECT_EQ(rows->Int64(7, 0), 10);
  EXPECT_EQ(rows->Int64(8, 0), 1);
  EXPECT_EQ(rows->Text(9, 0), "short");
  EXPECT_EQ(rows->Text(10, 0).size(), 100u);
  EXPECT_TRUE(rows->IsNull(11, 0));
  EXPECT_FALSE(rows->IsNull(9, 0));
  EXPECT_THROW(rows->Text(0, 0), CheckFailure);
  EXPECT_FALSE(rows->NextChunk());
}

TEST(Database, WorksOnAsManyThreadsAsItIsTold) {
  auto database = Database::Open({.threads = 3});
  EXPECT_EQ(database->SetThreads(1).value_or(0), 3);
  EXPECT_EQ(database->QueryInt64("SELECT current_setting('threads')").value_or(0), 1);
  EXPECT_EQ(database->SetThreads(3).value_or(0), 1);
  EXPECT_FALSE(database->SetThreads(0));
}

TEST(Database, BindsParametersOfEveryKind) {
  Database database = InMemory();
  auto rows =
      database.Query("SELECT ?::BIGINT, ?::DOUBLE, ?::VARCHAR, ?::BOOLEAN, ?::INTEGER IS NULL",
                     {std::int64_t{5}, 0.5, std::string("it's"), true, std::monostate{}});
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  ASSERT_TRUE(rows->NextChunk());
  EXPECT_EQ(rows->Int64(0, 0), 5);
  EXPECT_EQ(rows->Double(1, 0), 0.5);
  EXPECT_EQ(rows->Text(2, 0), "it's");
  EXPECT_EQ(rows->Int64(3, 0), 1);
  EXPECT_EQ(rows->Int64(4, 0), 1);
}

TEST(Database, WalksThroughMoreRowsThanOneChunk) {
  Database database = InMemory();
  auto rows = database.Query("SELECT i, i % 3 = 0 FROM range(10000) t(i) ORDER BY i");
  ASSERT_TRUE(rows.has_value());
  std::int64_t expected = 0;
  while (rows->NextChunk()) {
    for (std::size_t r = 0; r < rows->chunk_size(); ++r, ++expected) {
      ASSERT_EQ(rows->Int64(0, r), expected);
      ASSERT_EQ(rows->Int64(1, r), expected % 3 == 0 ? 1 : 0);
    }
  }
  EXPECT_EQ(expected, 10000);
}

TEST(Database, AppendsTextIntoDatesAndIntegers) {
  Database database = InMemory();
  ASSERT_TRUE(
      database.Execute("CREATE SCHEMA s; CREATE TABLE s.t (a BIGINT, b DATE, c DOUBLE, d VARCHAR, "
                       "e TIMESTAMP)"));
  auto appender = database.Append("s.t");
  ASSERT_TRUE(appender.has_value()) << appender.error().message;
  appender->Text("12");
  appender->Text("2024-02-29");
  appender->Text("1.5");
  appender->Text("");
  appender->Text("2024-02-29 13:00:01");
  appender->EndRow();
  appender->Int64(-3);
  appender->Null();
  appender->Double(2.5);
  appender->Text("a text of more than twelve bytes");
  appender->Null();
  appender->EndRow();
  auto finished = appender->Finish();
  ASSERT_TRUE(finished.has_value()) << finished.error().message;
  auto rows = database.Query("SELECT a, b::VARCHAR, c, d, e::VARCHAR FROM s.t ORDER BY a DESC");
  ASSERT_TRUE(rows->NextChunk());
  EXPECT_EQ(rows->Int64(0, 0), 12);
  EXPECT_EQ(rows->Text(1, 0), "2024-02-29");
  EXPECT_EQ(rows->Double(2, 0), 1.5);
  EXPECT_EQ(rows->Text(3, 0), "");
  EXPECT_EQ(rows->Text(4, 0), "2024-02-29 13:00:01");
  EXPECT_TRUE(rows->IsNull(1, 1));
  EXPECT_EQ(rows->Text(3, 1), "a text of more than twelve bytes");
}

TEST(Database, SaysWhichAppendedRowIsWrong) {
  Database database = InMemory();
  ASSERT_TRUE(database.Execute("CREATE TABLE t (a DATE)"));
  auto appender = database.Append("t");
  ASSERT_TRUE(appender.has_value());
  appender->Text("2024-02-01");
  appender->EndRow();
  appender->Text("2024-02-31");
  appender->EndRow();
  auto finished = appender->Finish();
  ASSERT_FALSE(finished.has_value());
  EXPECT_NE(finished.error().message.find("table t, row 2"), std::string::npos)
      << finished.error().message;
}

TEST(Database, AppendsValuesOfTheColumnsTypes) {
  Database database = InMemory();
  ASSERT_TRUE(
      database.Execute("CREATE SCHEMA s; CREATE TABLE s.t (a BIGINT, b DATE, c DOUBLE, d VARCHAR, "
                       "e TIMESTAMP, f ENUM ('no', 'yes'), g INTEGER)"));
  auto appender = database.AppendChunks("s.t");
  ASSERT_TRUE(appender.has_value()) << appender.error().message;
  constexpr int kRows = 5000;  // more than two chunks
  for (int row = 0; row < kRows; ++row) {
    appender->Int64(row);
    row % 3 == 0 ? appender->Null() : appender->Int64(19782);
    row % 5 == 0 ? appender->Null() : appender->Double(row / 2.0);
    row % 7 == 0 ? appender->Null()
                 : appender->Text("a text of twelve bytes and " + std::to_string(row));
    appender->Int64(1'709'211'601'000'000);
    appender->Int64(row % 2);
    appender->Int64(-row);
    appender->EndRow();
  }
  auto finished = appender->Finish();
  ASSERT_TRUE(finished.has_value()) << finished.error().message;
  const auto count = [&](const std::string& where) {
    return database.QueryInt64("SELECT count(*) FROM s.t WHERE " + where).value();
  };
  EXPECT_EQ(count("g = -a"), kRows);
  EXPECT_EQ(count("CASE WHEN a % 3 = 0 THEN b IS NULL ELSE b = DATE '2024-02-29' END"), kRows);
  EXPECT_EQ(count("CASE WHEN a % 5 = 0 THEN c IS NULL ELSE c = a / 2 END"), kRows);
  EXPECT_EQ(
      count("CASE WHEN a % 7 = 0 THEN d IS NULL ELSE d = 'a text of twelve bytes and ' || a END"),
      kRows);
  EXPECT_EQ(count("e = TIMESTAMP '2024-02-29 13:00:01'"), kRows);
  EXPECT_EQ(count("f = CASE WHEN a % 2 = 1 THEN 'yes' ELSE 'no' END"), kRows);
  EXPECT_FALSE(database.AppendChunks("nowhere").has_value());
}

TEST(Database, RefusesAnAppendedValueOfAnotherType) {
  Database database = InMemory();
  ASSERT_TRUE(database.Execute("CREATE TABLE t (a DATE NOT NULL, b VARCHAR)"));
  auto appender = database.AppendChunks("t");
  EXPECT_THROW(appender->Text("2024-02-29"), CheckFailure);
  EXPECT_THROW(appender->EndRow(), CheckFailure) << "a row of half a column";
  auto nothing = database.AppendChunks("t");
  nothing->Null();
  nothing->Text("x");
  nothing->EndRow();
  const auto finished = nothing->Finish();
  ASSERT_FALSE(finished.has_value()) << "NOT NULL";
  EXPECT_NE(finished.error().message.find("table t: "), std::string::npos);
}

TEST(Database, ReadsRowsInMemoryAsATable) {
  Database database = InMemory();
  ASSERT_TRUE(
      database.Execute("CREATE TABLE t (a BIGINT, b DATE, c DOUBLE, d VARCHAR, f ENUM ('no', "
                       "'yes'), g INTEGER)"));
  auto rows = database.AddRowSet("asked", "SELECT * FROM t");
  ASSERT_TRUE(rows) << rows.error().message;
  auto statement = database.Prepare(
      "SELECT count(*), sum(a), count(b), sum(c), min(d), max(d), count(d), "
      "count(*) FILTER (WHERE f = 'yes'), sum(g) FROM asked()");
  ASSERT_TRUE(statement) << statement.error().message;
  const auto everybody = database.Prepare("SELECT count(*) FROM asked()");
  ASSERT_TRUE(everybody);
  for (const int count : {0, 1, 20, 2048, 2049, 5000, 3}) {
    rows->Clear();
    for (int row = 0; row < count; ++row) {
      rows->Int64(row);
      row % 3 == 0 ? rows->Null() : rows->Int64(19782);
      rows->Double(row / 2.0);
      row % 2 == 0 ? rows->Null() : rows->Text("a text of twelve bytes and " + std::to_string(row));
      rows->Int64(row % 2);
      rows->Int64(-row);
      rows->EndRow();
    }
    const auto sum = std::int64_t{count} * (count - 1) / 2;
    for (int again = 0; again < 2; ++again) {
      auto told = statement->Run();
      ASSERT_TRUE(told && told->NextChunk()) << told.error().message;
      EXPECT_EQ(told->Int64(0, 0), count);
      if (count == 0) continue;
      EXPECT_EQ(told->Int64(1, 0), sum);
      EXPECT_EQ(told->Int64(2, 0), count - (count + 2) / 3);
      EXPECT_EQ(told->Double(3, 0), static_cast<double>(sum) / 2);
      EXPECT_EQ(told->IsNull(4, 0), count == 1);
      if (count == 20) {
        EXPECT_EQ(told->Text(5, 0), "a text of twelve bytes and 9");
      }
      EXPECT_EQ(told->Int64(6, 0), count / 2);
      EXPECT_EQ(told->Int64(7, 0), count / 2);
      EXPECT_EQ(told->Int64(8, 0), -sum);
    }
  }
  EXPECT_EQ(database.QueryInt64("SELECT count(*) FROM asked()").value(), 3);
  EXPECT_EQ(database
                .QueryInt64("SELECT count(*) FROM asked() x JOIN asked() y ON y.a = x.a + 1 "
                            "WHERE x.f = 'yes'")
                .value(),
            1);
  EXPECT_THROW(rows->EndRow(), CheckFailure) << "a row without values";
  const auto wrong = database.AddRowSet("other", "SELECT * FROM nowhere");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("nowhere"), std::string::npos) << wrong.error().message;
}

TEST(Database, AppendsInsideATransactionThatCanBeRolledBack) {
  Database database = InMemory();
  ASSERT_TRUE(database.Execute("CREATE TABLE t (a BIGINT); BEGIN"));
  auto appender = database.Append("t");
  for (int i = 0; i < 5000; ++i) {
    appender->Int64(i);
    appender->EndRow();
  }
  ASSERT_TRUE(appender->Finish());
  EXPECT_EQ(database.QueryInt64("SELECT count(*) FROM t").value(), 5000);
  ASSERT_TRUE(database.Execute("ROLLBACK"));
  EXPECT_EQ(database.QueryInt64("SELECT count(*) FROM t").value(), 0);
}

TEST(Database, ReportsAnErrorInOneLine) {
  Database database = InMemory();
  for (const char* sql : {"SELEC 1", "SELECT * FROM nowhere", "SELECT 'x'::INTEGER"}) {
    auto rows = database.Query(sql);
    ASSERT_FALSE(rows.has_value()) << sql;
    EXPECT_EQ(rows.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(rows.error().message.rfind("database: ", 0), 0u);
  }
  EXPECT_FALSE(database.Query("SELECT ?").has_value()) << "a parameter is missing";
  EXPECT_FALSE(database.Execute("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES ('x')"));
  EXPECT_FALSE(database.QueryInt64("SELECT 1 WHERE false").has_value());
  EXPECT_FALSE(database.Append("nowhere").has_value());
}

TEST(Database, RefusesAPathThatCannotBeOpened) {
  auto database = Database::Open({.path = "/nonexistent-folder/x.duckdb"});
  ASSERT_FALSE(database.has_value());
  EXPECT_EQ(database.error().message.find('\n'), std::string::npos);
  EXPECT_FALSE(Database::Open({.memory_limit = "much"}).has_value());
}

TEST(Database, RunsAPreparedStatementAgainAlsoAfterARollback) {
  Database database = InMemory();
  ASSERT_TRUE(database.Execute("CREATE TABLE t (a BIGINT)"));
  auto insert = database.Prepare("INSERT INTO t VALUES (?)");
  auto sum = database.Prepare("SELECT coalesce(sum(a), 0)::BIGINT FROM t");
  ASSERT_TRUE(insert && sum);
  for (std::int64_t round = 1; round < 4; ++round) {
    ASSERT_TRUE(database.Execute("BEGIN"));
    ASSERT_TRUE(insert->Run({round}));
    auto rows = sum->Run();
    ASSERT_TRUE(rows && rows->NextChunk());
    EXPECT_EQ(rows->Int64(0, 0), round) << "what the round before wrote was rolled back";
    ASSERT_TRUE(database.Execute("ROLLBACK"));
  }
  EXPECT_EQ(insert->Run().error().message, "database: the statement takes 1 parameters: found 0");
  EXPECT_FALSE(database.Prepare("SELECT nothing FROM nowhere"));
}

TEST(Database, ReadsParquetWithoutLoadingAnything) {
  Database database = InMemory();
  const auto path = std::filesystem::temp_directory_path() /
                    ("clinnova_duckdb_test_" + std::to_string(::getpid()) + ".parquet");
  auto copied = database.Execute("COPY (SELECT 42 AS a) TO " + SqlLiteral(path.string()) +
                                 " (FORMAT parquet)");
  ASSERT_TRUE(copied.has_value()) << copied.error().message;
  EXPECT_EQ(database.QueryInt64("SELECT a FROM read_parquet(?)", {path.string()}).value(), 42);
  std::filesystem::remove(path);
}

TEST(Database, CallsAFunctionOfOursForEveryValue) {
  Database database = InMemory();
  ASSERT_TRUE(
      database.Execute("CREATE TABLE t AS SELECT CASE WHEN i % 3 <> 0 THEN i END AS i FROM "
                       "range(5000) r(i)"));
  {
    auto twice = database.AddFunction("twice", [](std::int64_t i) { return 2 * i; });
    ASSERT_TRUE(twice.has_value()) << twice.error().message;
    auto quoted = database.AddTextFunction(
        "quoted", [](std::string_view text) { return "<" + std::string(text) + ">"; });
    ASSERT_TRUE(quoted.has_value()) << quoted.error().message;
    EXPECT_EQ(database.QueryInt64("SELECT count(*) FROM t WHERE twice(i) = i + i").value(), 3333);
    EXPECT_EQ(database.QueryInt64("SELECT count(*) FROM t WHERE twice(i) IS NULL").value(), 1667);
    EXPECT_EQ(database
                  .QueryInt64("SELECT count(*) FROM t WHERE quoted(repeat(i::VARCHAR, 9)) = "
                              "'<' || repeat(i::VARCHAR, 9) || '>'")
                  .value(),
              3333);
  }
  const auto gone = database.QueryInt64("SELECT twice(i) FROM t");
  ASSERT_FALSE(gone.has_value());
  EXPECT_NE(gone.error().message.find("not there any more"), std::string::npos);
  const auto thrice = database.AddFunction("twice", [](std::int64_t i) { return 3 * i; });
  EXPECT_EQ(database.QueryInt64("SELECT twice(i) FROM (VALUES (7::BIGINT)) v(i)").value(), 21);
}

TEST(SqlText, QuotesLiteralsAndIdentifiers) {
  EXPECT_EQ(SqlLiteral("it's"), "'it''s'");
  EXPECT_EQ(SqlIdentifier("a \"b\""), "\"a \"\"b\"\"\"");
}

/// A folder's name may look like a pattern that another folder matches.
TEST(SqlText, NamesOneFile) {
  Database database = InMemory();
  const auto folder = std::filesystem::temp_directory_path() /
                      ("clinnova_duckdb_test_" + std::to_string(::getpid()));
  const std::vector<std::string> names = {"x[1]", "x1", "wh?t", "what", "a*b", "ab", "it's", "["};
  std::int64_t number = 0;
  for (const std::string& name : names) {
    std::filesystem::create_directories(folder / name);
    std::ofstream(folder / name / "t.csv") << "a\n" << ++number << "\n";
  }
  number = 0;
  for (const std::string& name : names) {
    const std::string file = SqlFile((folder / name / "t.csv").string());
    const auto read = database.QueryInt64("SELECT sum(a)::BIGINT FROM read_csv(" + file + ")");
    EXPECT_EQ(read.value_or(-1), ++number) << name;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace clinnova::core
