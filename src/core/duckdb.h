// SPDX-License-Identifier: Apache-2.0
// The one place that touches DuckDB's C API: a database, a connection, a query's rows.
//
//   CLINNOVA_ASSIGN(auto database, Database::Open({.path = "site.duckdb"}));   // "" = in memory
//   CLINNOVA_ASSIGN(auto rows, database.Query("SELECT id, name FROM t WHERE id > ?", {std::int64_t{5}}));
//   while (rows.NextChunk()) {
//     for (std::size_t r = 0; r < rows.chunk_size(); ++r) Use(rows.Int64(0, r), rows.Text(1, r));
//   }
//
// Thread rule: a Database is used by one thread at a time; DuckDB itself runs queries on
// Options::threads threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.h"

namespace clinnova::core {

/// A parameter of a query: NULL, a truth value, an integer, a number or a text.
using SqlValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// The rows of a finished query, chunk by chunk. Move-only; must not outlive its Database.
class SqlRows {
 public:
  ~SqlRows();
  SqlRows(SqlRows&&) noexcept;
  SqlRows& operator=(SqlRows&&) noexcept;

  std::size_t column_count() const;
  std::string column_name(std::size_t column) const;
  /// DuckDB's name of the column's type, such as "BIGINT", "DOUBLE", "VARCHAR", "DATE".
  std::string column_type(std::size_t column) const;

  /// Moves to the next chunk of rows (at most 2,048); false after the last.
  bool NextChunk();
  std::size_t chunk_size() const;

  /// Values of the present chunk. Integers of every width that fit, booleans, dates (days since
  /// 1970-01-01) and timestamps (microseconds since then) answer to Int64; numbers of every kind to
  /// Double, a DECIMAL too; text to Text, which lives until the next NextChunk().
  /// A CLINNOVA_CHECK fails when the column is of another kind: cast in SQL.
  bool IsNull(std::size_t column, std::size_t row) const;
  std::int64_t Int64(std::size_t column, std::size_t row) const;
  double Double(std::size_t column, std::size_t row) const;
  std::string_view Text(std::size_t column, std::size_t row) const;

 private:
  friend class SqlStatement;
  struct State;
  explicit SqlRows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Appends rows to one table, column after column, much faster than INSERT and within the open
/// transaction if there is one. DuckDB casts a text to the column's type ("2024-02-29" to a DATE); the
/// first value that it refuses is what Finish() reports, and nothing after it is appended.
class SqlAppender {
 public:
  ~SqlAppender();
  SqlAppender(SqlAppender&&) noexcept;
  SqlAppender& operator=(SqlAppender&&) noexcept;

  void Null();
  void Int64(std::int64_t value);
  void Double(double value);
  void Text(std::string_view value);
  void EndRow();
  /// Writes what is buffered; must be called before the appender ends.
  Result<void> Finish();

 private:
  friend class Database;
  struct State;
  explicit SqlAppender(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Appends rows whose values have the types of their columns already: several times as fast as SqlAppender,
/// which casts. Within the open transaction if there is one.
class SqlChunkAppender {
 public:
  ~SqlChunkAppender();
  SqlChunkAppender(SqlChunkAppender&&) noexcept;
  SqlChunkAppender& operator=(SqlChunkAppender&&) noexcept;

  void Null();
  /// Into integers of 32 and 64 bits, a DATE (days since 1970-01-01), a TIMESTAMP (microseconds since then) and
  /// an ENUM of at most 256 words (the word's place). A CLINNOVA_CHECK fails when the column is of another kind.
  void Int64(std::int64_t value);
  void Double(double value);
  /// `value` is valid UTF-8; a VARCHAR only.
  void Text(std::string_view value);
  void EndRow();
  /// Writes what is buffered; must be called before the appender ends. The first error of all.
  Result<void> Finish();

 private:
  friend class Database;
  struct State;
  explicit SqlChunkAppender(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A statement that is planned once and run often: planning one that joins a dozen tables takes longer
/// than running it over a patient's records. Must not outlive its Database; a change of the tables it
/// names makes the next run plan again.
class SqlStatement {
 public:
  ~SqlStatement();
  SqlStatement(SqlStatement&&) noexcept;
  SqlStatement& operator=(SqlStatement&&) noexcept;

  /// Runs it with `?` parameters; kFailed with DuckDB's message.
  Result<SqlRows> Run(std::span<const SqlValue> parameters);
  Result<SqlRows> Run(std::initializer_list<SqlValue> parameters = {});

 private:
  friend class Database;
  struct State;
  explicit SqlStatement(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Keeps a function callable in a database's statements (Database::AddFunction); when it dies, statements that
/// call the function fail. Move-only.
class SqlFunction {
 public:
  ~SqlFunction();
  SqlFunction(SqlFunction&&) noexcept;
  SqlFunction& operator=(SqlFunction&&) noexcept;

 private:
  friend class Database;
  struct State;
  explicit SqlFunction(std::shared_ptr<State> state);
  std::shared_ptr<State>
      state_;  ///< shared with the database, which cannot forget a function's name
};

/// A few rows in memory that statements read as a table function (Database::AddRowSet). Inserting rows costs DuckDB
/// for every column of the table what thousands of rows would; these cost nearly nothing where they come and go often.
/// One thread at a time, and not while a statement reads them. Must not outlive its Database.
class SqlRowSet {
 public:
  struct State;  // internal

  void Null();
  /// What a column takes is as in SqlChunkAppender.
  void Int64(std::int64_t value);
  void Double(double value);
  void Text(std::string_view value);
  void EndRow();
  /// Forgets all rows.
  void Clear();

 private:
  friend class Database;
  explicit SqlRowSet(std::shared_ptr<State> state);
  std::shared_ptr<State>
      state_;  ///< shared with the database, which cannot forget a function's name
};

/// An open DuckDB database with one connection.
class Database {
 public:
  struct Options {
    std::string path = {};  ///< file; empty = in memory
    bool read_only = false;
    int threads = 2;
    std::string memory_limit = {};  ///< such as "512MB"; empty = DuckDB's default
  };

  /// kFailed with DuckDB's own words when the file cannot be opened or is locked.
  static Result<Database> Open(const Options& options);
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  /// Plans one statement; kFailed with DuckDB's message.
  Result<SqlStatement> Prepare(std::string_view sql);
  /// Runs one statement with `?` parameters; kFailed with DuckDB's message.
  Result<SqlRows> Query(std::string_view sql, std::span<const SqlValue> parameters);
  Result<SqlRows> Query(std::string_view sql, std::initializer_list<SqlValue> parameters = {});
  /// Runs one or more statements separated by semicolons and drops their rows.
  Result<void> Execute(std::string_view sql);
  /// The first column of the first row as an integer; kFailed when there is none.
  Result<std::int64_t> QueryInt64(std::string_view sql,
                                  std::initializer_list<SqlValue> parameters = {});

  /// On how many threads DuckDB works from now on; gives the number of before.
  Result<std::int64_t> SetThreads(std::int64_t threads);

  /// From now on memory that DuckDB takes from one use for another to stay below its limit goes back to the system
  /// first. Otherwise its allocator keeps much of it for some seconds, 100 to 170 MB more than the limit in an import;
  /// with this, large statements take a tenth longer.
  Result<void> ReturnFreedMemory();

  /// An appender to `table` or `schema.table`; must not outlive this.
  Result<SqlAppender> Append(std::string_view table);
  Result<SqlChunkAppender> AppendChunks(std::string_view table);

  /// Makes `name(BIGINT)`, or `name(VARCHAR)`, callable in statements while what is returned lives; NULL gives NULL.
  /// Of a name only one lives at a time. The same value gives the same answer; called from several threads at a
  /// time; must not throw. Not within a transaction, which would take the name back with it.
  Result<SqlFunction> AddFunction(const std::string& name,
                                  std::function<std::int64_t(std::int64_t)> function);
  Result<SqlFunction> AddTextFunction(const std::string& name,
                                      std::function<std::string(std::string_view)> function);

  /// Makes the table function `name()`, whose columns are those of the SELECT `shape` and whose rows are the set's, for
  /// as long as the database is open; plans expect few rows. Not within a transaction.
  Result<SqlRowSet> AddRowSet(const std::string& name, const std::string& shape);

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// 'it''s': a text as an SQL literal.
std::string SqlLiteral(std::string_view text);
/// "a ""b""": a name as an SQL identifier.
std::string SqlIdentifier(std::string_view name);
/// The literal of this one file for read_csv and read_parquet, which else take *, ? and [ for a pattern: "x[1]" for "x1".
std::string SqlFile(std::string_view path);

}  // namespace clinnova::core
