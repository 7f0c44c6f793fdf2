// SPDX-License-Identifier: Apache-2.0
#include "store/postgres.h"

#include <thread>

#include "store/postgres_fixture.h"

namespace clinnova::store {
namespace {

class PostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!TestServer::Installed()) GTEST_SKIP() << TestServer::kNotInstalled;
    server_ = std::make_unique<TestServer>();
  }
  std::unique_ptr<TestServer> server_;
};

TEST_F(PostgresTest, GivesRowsOneByOneWithNulls) {
  auto server = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(server.has_value()) << server.error().message;
  EXPECT_NE(server->server_version().find('.'), std::string::npos);
  std::int64_t sum = 0;
  std::size_t nulls = 0;
  std::string last;
  const auto done = server->ForEachRow(
      "SELECT n, CASE WHEN n % 2 = 0 THEN 'µ' || n END FROM generate_series(1, 5000) n",
      [&](Postgres::Row row) -> Result<void> {
        sum += std::stoll(std::string(*row[0]));
        if (row[1]) {
          last = *row[1];
        } else {
          ++nulls;
        }
        return {};
      });
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(sum, 5000 * 5001 / 2);
  EXPECT_EQ(nulls, 2500u);
  EXPECT_EQ(last, "µ5000");
  EXPECT_EQ(server->QueryText("SELECT NULL::text").value(), "");
  EXPECT_EQ(server->QueryInt64("SELECT -7").value(), -7);
  EXPECT_FALSE(server->QueryInt64("SELECT 'seven'").has_value());
}

TEST_F(PostgresTest, WritesDoublesSoThatTheyReadBackAsTheSameBits) {
  auto server = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(server.has_value());
  for (const double value : {0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308}) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    const std::string back =
        server->QueryText("SELECT '" + std::string(text) + "'::float8").value();
    EXPECT_EQ(std::strtod(back.c_str(), nullptr), value) << back;
  }
}

TEST_F(PostgresTest, CanBeAskedAgainAfterAnErrorOfTheCaller) {
  auto server = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(server.has_value());
  const auto stopped = server->ForEachRow(
      "SELECT generate_series(1, 100000)",
      [](Postgres::Row) -> Result<void> { return Fail(ErrorCode::kRefused, "enough"); });
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().message, "enough");
  EXPECT_EQ(server->QueryInt64("SELECT 1").value(), 1);
}

TEST_F(PostgresTest, TellsTheServersWordsButNoValueOfTheData) {
  auto server = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(server.has_value());
  const auto unknown = server->Execute("SELECT * FROM nowhere");
  EXPECT_EQ(unknown.error().message,
            "PostgreSQL: relation \"nowhere\" does not exist (SQLSTATE 42P01)");
  const auto value = server->Execute("SELECT 'Anna Muster'::integer");
  EXPECT_EQ(value.error().message,
            "PostgreSQL: a value is not as the statement expects it (SQLSTATE 22P02)");
  const auto in_rows = server->ForEachRow(
      "SELECT CASE WHEN n = 3 THEN 'Anna' ELSE '1' END::integer FROM generate_series(1, 5) n",
      [](Postgres::Row) -> Result<void> { return {}; });
  EXPECT_EQ(in_rows.error().message, value.error().message);
  EXPECT_EQ(server->QueryInt64("SELECT 1").value(), 1);
}

TEST_F(PostgresTest, IsRefusedWithAWrongPassword) {
  std::ofstream(server_->folder() / "pgpass") << "*:*:*:reader:wrong\n";
  const auto refused = Postgres::Connect(server_->Connection("reader"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailed);
  EXPECT_EQ(refused.error().reason, "cdm_refused");
  EXPECT_NE(refused.error().message.find("password authentication failed for user \"reader\""),
            std::string::npos)
      << refused.error().message;
  EXPECT_EQ(refused.error().message.find("wrong"), std::string::npos);
  const auto nobody = Postgres::Connect(server_->Connection("stranger"));
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().reason, "cdm_refused");
}

TEST_F(PostgresTest, SaysThatTheServerWentAwayInTheMiddleOfAQuery) {
  auto server = Postgres::Connect(server_->Connection("reader"));
  ASSERT_TRUE(server.has_value());
  std::thread end([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    server_->Stop();
  });
  const auto broken = server->ForEachRow("SELECT n, pg_sleep(0.01) FROM generate_series(1, 3000) n",
                                         [](Postgres::Row) -> Result<void> { return {}; });
  end.join();
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().code, ErrorCode::kUnreachable);
  EXPECT_EQ(broken.error().reason, "cdm_unreachable");
  const auto away = Postgres::Connect(server_->Connection("reader"));
  ASSERT_FALSE(away.has_value());
  EXPECT_EQ(away.error().code, ErrorCode::kUnreachable) << away.error().message;
}

TEST(PostgresConnection, ReadsNoServerWhereThereIsNone) {
  const auto none = Postgres::Connect("host=/tmp/clinnova-no-such-folder dbname=cdm user=reader");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kUnreachable);
  EXPECT_EQ(none.error().reason, "cdm_unreachable");
}

TEST(PostgresConnection, TakesNoPasswordAndNoNonsense) {
  for (const std::string text :
       {"host=pg user=reader password=secret", "postgresql://reader:secret@pg/cdm"}) {
    const auto refused = Postgres::Connect(text);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(refused.error().message.find("found a password"), std::string::npos);
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  }
  for (const std::string text : {"", "host", "pasword=secret"}) {
    const auto refused = Postgres::Connect(text);
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput) << text;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace clinnova::store
