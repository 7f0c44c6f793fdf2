// SPDX-License-Identifier: Apache-2.0
#include "store/postgres.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace clinnova::store {
namespace {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, FreeResult>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// libpq explains over several lines; ours are one, and what follows the first may quote data.
std::string FirstLine(const char* text) {
  std::string line(text == nullptr ? "" : text);
  line.resize(std::min(line.size(), line.find('\n')));
  return line.empty() ? "unknown error" : line;
}

Result<void> CheckConnection(const std::string& connection) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(connection.c_str(), &message));
  PQfreemem(message);  // may quote a password
  if (options == nullptr || connection.empty()) {
    return Fail(
        ErrorCode::kInvalidInput,
        "connection: found what libpq does not read, expected such as \"host=pg.hospital.example "
        "dbname=cdm user=clinnova\"");
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (std::string_view(option->keyword) == "password" && option->val != nullptr) {
      return Fail(
          ErrorCode::kInvalidInput,
          "connection: found a password, expected none: keep it in a password file, and say "
          "where it is by passfile=FILE");
    }
  }
  return {};
}

Error QueryError(PGconn* connection, const PGresult* answer) {
  if (PQstatus(connection) == CONNECTION_BAD) {
    return {
        ErrorCode::kUnreachable,
        "PostgreSQL: the connection to the server broke: " + FirstLine(PQerrorMessage(connection)),
        "cdm_unreachable"};
  }
  const char* code = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  const std::string_view state = code == nullptr ? "" : code;
  const bool about_data = state.starts_with("22") || state.starts_with("23");
  std::string message =
      about_data
          ? "a value is not as the statement expects it"
          : FirstLine(answer == nullptr ? PQerrorMessage(connection)
                                        : PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY));
  if (!state.empty()) message += " (SQLSTATE " + std::string(state) + ")";
  return {ErrorCode::kFailed, "PostgreSQL: " + message, {}};
}

bool IsFine(const PGresult* answer) {
  switch (PQresultStatus(answer)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
    case PGRES_EMPTY_QUERY: return true;
    default: return false;
  }
}

/// Takes what is left of an answer, so that the connection can be asked again.
void Drain(PGconn* connection) {
  while (const Answer rest{PQgetResult(connection)}) {
  }
}

}  // namespace

void Postgres::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

Postgres::Postgres(pg_conn* connection) : connection_(connection) {}
Postgres::~Postgres() = default;
Postgres::Postgres(Postgres&&) noexcept = default;
Postgres& Postgres::operator=(Postgres&&) noexcept = default;

Result<Postgres> Postgres::Connect(const std::string& connection) {
  CLINNOVA_TRY(CheckConnection(connection));
  // What stands before the connection gives way to it; what stands after it does not.
  const char* const names[] = {"connect_timeout",
                               "tcp_user_timeout",
                               "keepalives_idle",
                               "keepalives_interval",
                               "keepalives_count",
                               "fallback_application_name",
                               "dbname",
                               "client_encoding",
                               nullptr};
  const char* const values[] = {"10",   "60000", "30", "10", "3", "clinnova", connection.c_str(),
                                "UTF8", nullptr};
  Postgres server(PQconnectdbParams(names, values, /*expand_dbname=*/1));
  PGconn* raw = server.connection_.get();
  if (PQstatus(raw) != CONNECTION_OK) {
    const std::string message = FirstLine(PQerrorMessage(raw));
    const bool answered = PQconnectionNeedsPassword(raw) != 0 ||
                          PQconnectionUsedPassword(raw) != 0 ||
                          message.find("FATAL") != message.npos;
    if (answered) return Fail(ErrorCode::kFailed, "PostgreSQL: " + message, "cdm_refused");
    return Fail(ErrorCode::kUnreachable, "PostgreSQL: " + message, "cdm_unreachable");
  }
  PQsetNoticeProcessor(raw, [](void*, const char*) {}, nullptr);
  CLINNOVA_TRY(
      server.Execute("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; "
                     "SET extra_float_digits = 1"));
  return server;
}

Result<void> Postgres::Execute(const std::string& sql) {
  const Answer answer{PQexec(connection_.get(), sql.c_str())};
  if (answer != nullptr && IsFine(answer.get())) return {};
  return tl::unexpected<Error>(QueryError(connection_.get(), answer.get()));
}

Result<void> Postgres::ForEachRow(const std::string& sql,
                                  const std::function<Result<void>(Row)>& row) {
  PGconn* raw = connection_.get();
  if (PQsendQuery(raw, sql.c_str()) == 0 || PQsetSingleRowMode(raw) == 0) {
    return tl::unexpected<Error>(QueryError(raw, nullptr));
  }
  std::vector<std::optional<std::string_view>> values;
  Result<void> outcome;
  while (const Answer answer{PQgetResult(raw)}) {
    if (!IsFine(answer.get())) {
      outcome = tl::unexpected<Error>(QueryError(raw, answer.get()));
      break;
    }
    for (int r = 0; r < PQntuples(answer.get()) && outcome; ++r) {
      values.clear();
      for (int c = 0; c < PQnfields(answer.get()); ++c) {
        if (PQgetisnull(answer.get(), r, c) != 0) {
          values.emplace_back(std::nullopt);
        } else {
          values.emplace_back(
              std::string_view(PQgetvalue(answer.get(), r, c),
                               static_cast<std::size_t>(PQgetlength(answer.get(), r, c))));
        }
      }
      outcome = row(values);
    }
    if (!outcome) break;
  }
  Drain(raw);
  return outcome;
}

Result<void> Postgres::CopyIn(const std::string& copy,
                              const std::function<Result<bool>(std::string&)>& next) {
  PGconn* raw = connection_.get();
  const Answer begun{PQexec(raw, copy.c_str())};
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) {
    return tl::unexpected<Error>(QueryError(raw, begun.get()));
  }
  Result<bool> more = true;
  std::string bytes;
  while (more && *more) {
    bytes.clear();
    more = next(bytes);
    // A failure shows in the answer at the end.
    if (more && PQputCopyData(raw, bytes.data(), static_cast<int>(bytes.size())) != 1) break;
  }
  PQputCopyEnd(raw, more ? nullptr : "given up");
  const Answer ended{PQgetResult(raw)};
  Result<void> outcome;
  if (!IsFine(ended.get())) outcome = tl::unexpected<Error>(QueryError(raw, ended.get()));
  Drain(raw);
  return more ? outcome : Fail(more);
}

Result<std::string> Postgres::QueryText(const std::string& sql) {
  std::optional<std::string> first;
  CLINNOVA_TRY(ForEachRow(sql, [&first](Row row) -> Result<void> {
    if (!first) first = row.empty() || !row[0] ? std::string() : std::string(*row[0]);
    return {};
  }));
  return first.value_or("");
}

Result<std::int64_t> Postgres::QueryInt64(const std::string& sql) {
  CLINNOVA_ASSIGN(const std::string text, QueryText(sql));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fail(ErrorCode::kFailed, "PostgreSQL: a number was expected, found none");
  }
  return number;
}

std::string Postgres::server_version() const {
  const int version = PQserverVersion(connection_.get());  // 150018
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000);
}

}  // namespace clinnova::store
