// SPDX-License-Identifier: Apache-2.0
// The one place that touches libpq: a connection to a PostgreSQL server, and a query's rows.
//
//   CLINNOVA_ASSIGN(auto server, Postgres::Connect("host=pg.hospital.example dbname=cdm user=clinnova"));
//   CLINNOVA_TRY(server.ForEachRow("SELECT person_id, year_of_birth FROM omop.person",
//                                  [](Postgres::Row row) -> Result<void> { … row[1] … }));
//
// Property: no error holds a password or a value of the data: of the server's words only the first line is
// told, and nothing of errors about data (SQLSTATE class 22 and 23) but their code.
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

struct pg_conn;  // libpq's PGconn

namespace clinnova::store {

class Postgres {
 public:
  /// `connection` is libpq's: "host=… port=… dbname=… user=… sslmode=verify-full passfile=…", or a URI. Texts
  /// come in UTF-8, times in UTC. kInvalidInput: not libpq's form, or a password in it: it belongs into a
  /// password file (passfile=, ~/.pgpass), which libpq reads itself. kUnreachable ("cdm_unreachable"): no server
  /// answers within ten seconds (or its own connect_timeout). kFailed ("cdm_refused"): the server does not let in.
  static Result<Postgres> Connect(const std::string& connection);
  ~Postgres();
  Postgres(Postgres&&) noexcept;
  Postgres& operator=(Postgres&&) noexcept;

  /// Runs statements separated by semicolons and drops their rows. kFailed with the server's words and SQLSTATE;
  /// kUnreachable ("cdm_unreachable") when the connection broke.
  Result<void> Execute(const std::string& sql);

  /// A row's values as the server writes them; nothing for NULL. Lives until the function returns.
  using Row = std::span<const std::optional<std::string_view>>;
  /// Runs one statement and hands over its rows one after the other, without holding more than one. Stops at the
  /// first error of `row`, which it gives back. Other errors as Execute.
  Result<void> ForEachRow(const std::string& sql, const std::function<Result<void>(Row)>& row);

  /// Runs `COPY … FROM STDIN` with the bytes that `next` appends to its argument; it says whether more come.
  Result<void> CopyIn(const std::string& copy,
                      const std::function<Result<bool>(std::string&)>& next);

  /// The first value of the first row as an integer; kFailed when there is none.
  Result<std::int64_t> QueryInt64(const std::string& sql);
  /// The first value of the first row; empty when there is none or it is NULL.
  Result<std::string> QueryText(const std::string& sql);

  /// "15.18"
  std::string server_version() const;

 private:
  explicit Postgres(pg_conn* connection);
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace clinnova::store
