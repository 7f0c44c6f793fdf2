// SPDX-License-Identifier: Apache-2.0
#include "core/duckdb.h"

#include <duckdb.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "core/check.h"
#include "core/duckdb_connection.h"

namespace clinnova::core {
namespace {

const char* TypeName(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN: return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT: return "TINYINT";
    case DUCKDB_TYPE_SMALLINT: return "SMALLINT";
    case DUCKDB_TYPE_INTEGER: return "INTEGER";
    case DUCKDB_TYPE_BIGINT: return "BIGINT";
    case DUCKDB_TYPE_UTINYINT: return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT: return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER: return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT: return "UBIGINT";
    case DUCKDB_TYPE_HUGEINT: return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT: return "UHUGEINT";
    case DUCKDB_TYPE_FLOAT: return "FLOAT";
    case DUCKDB_TYPE_DOUBLE: return "DOUBLE";
    case DUCKDB_TYPE_DECIMAL: return "DECIMAL";
    case DUCKDB_TYPE_DATE: return "DATE";
    case DUCKDB_TYPE_TIME: return "TIME";
    case DUCKDB_TYPE_TIMESTAMP: return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_TZ: return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_VARCHAR: return "VARCHAR";
    case DUCKDB_TYPE_BLOB: return "BLOB";
    case DUCKDB_TYPE_ENUM: return "ENUM";
    case DUCKDB_TYPE_SQLNULL: return "NULL";
    default: return "OTHER";
  }
}

__int128 Wide(duckdb_hugeint value) {
  return static_cast<__int128>((static_cast<unsigned __int128>(value.upper) << 64) | value.lower);
}

/// What one column of the present chunk needs to be read.
struct ColumnReader {
  duckdb_type type = DUCKDB_TYPE_INVALID;
  duckdb_type storage = DUCKDB_TYPE_INVALID;  ///< of the integer that holds a decimal
  int scale = 0;                              ///< of a decimal
  void* data = nullptr;
  std::uint64_t* validity = nullptr;

  template <typename T>
  T At(std::size_t row) const {
    return static_cast<const T*>(data)[row];
  }

  /// An integer of width `kind`; a check fails for what is no integer.
  __int128 Integer(duckdb_type kind, std::size_t row) const {
    switch (kind) {
      case DUCKDB_TYPE_BOOLEAN: return At<bool>(row) ? 1 : 0;
      case DUCKDB_TYPE_TINYINT: return At<std::int8_t>(row);
      case DUCKDB_TYPE_SMALLINT: return At<std::int16_t>(row);
      case DUCKDB_TYPE_INTEGER:
      case DUCKDB_TYPE_DATE: return At<std::int32_t>(row);
      case DUCKDB_TYPE_BIGINT:
      case DUCKDB_TYPE_TIMESTAMP:
      case DUCKDB_TYPE_TIMESTAMP_TZ: return At<std::int64_t>(row);
      case DUCKDB_TYPE_UTINYINT: return At<std::uint8_t>(row);
      case DUCKDB_TYPE_USMALLINT: return At<std::uint16_t>(row);
      case DUCKDB_TYPE_UINTEGER: return At<std::uint32_t>(row);
      case DUCKDB_TYPE_UBIGINT: return At<std::uint64_t>(row);
      case DUCKDB_TYPE_HUGEINT: return Wide(At<duckdb_hugeint>(row));
      default: break;
    }
    CLINNOVA_CHECK(!"the column holds integers");
    return 0;
  }
};

}  // namespace

struct SqlRows::State {
  duckdb_result result{};
  duckdb_data_chunk chunk = nullptr;
  std::size_t chunk_size = 0;
  std::vector<ColumnReader> columns;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (chunk != nullptr) duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
  }

  void DescribeColumns() {
    columns.resize(duckdb_column_count(&result));
    for (std::size_t c = 0; c < columns.size(); ++c) {
      columns[c].type = duckdb_column_type(&result, c);
      if (columns[c].type != DUCKDB_TYPE_DECIMAL) continue;
      duckdb_logical_type type = duckdb_column_logical_type(&result, c);
      columns[c].storage = duckdb_decimal_internal_type(type);
      columns[c].scale = duckdb_decimal_scale(type);
      duckdb_destroy_logical_type(&type);
    }
  }

  const ColumnReader& Value(std::size_t column, std::size_t row) const {
    CLINNOVA_CHECK(column < columns.size() && row < chunk_size);
    return columns[column];
  }
};

SqlRows::SqlRows(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqlRows::~SqlRows() = default;
SqlRows::SqlRows(SqlRows&&) noexcept = default;
SqlRows& SqlRows::operator=(SqlRows&&) noexcept = default;

std::size_t SqlRows::column_count() const { return state_->columns.size(); }

std::string SqlRows::column_name(std::size_t column) const {
  CLINNOVA_CHECK(column < state_->columns.size());
  return duckdb_column_name(&state_->result, column);
}

std::string SqlRows::column_type(std::size_t column) const {
  CLINNOVA_CHECK(column < state_->columns.size());
  return TypeName(state_->columns[column].type);
}

bool SqlRows::NextChunk() {
  State& state = *state_;
  if (state.chunk != nullptr) duckdb_destroy_data_chunk(&state.chunk);
  state.chunk_size = 0;
  state.chunk = duckdb_fetch_chunk(state.result);
  if (state.chunk == nullptr) return false;
  state.chunk_size = duckdb_data_chunk_get_size(state.chunk);
  for (std::size_t c = 0; c < state.columns.size(); ++c) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(state.chunk, c);
    state.columns[c].data = duckdb_vector_get_data(vector);
    state.columns[c].validity = duckdb_vector_get_validity(vector);
  }
  return state.chunk_size > 0;
}

std::size_t SqlRows::chunk_size() const { return state_->chunk_size; }

bool SqlRows::IsNull(std::size_t column, std::size_t row) const {
  const ColumnReader& reader = state_->Value(column, row);
  return reader.validity != nullptr && !duckdb_validity_row_is_valid(reader.validity, row);
}

std::int64_t SqlRows::Int64(std::size_t column, std::size_t row) const {
  const ColumnReader& reader = state_->Value(column, row);
  const __int128 value = reader.Integer(reader.type, row);
  CLINNOVA_CHECK(value >= INT64_MIN && value <= INT64_MAX);
  return static_cast<std::int64_t>(value);
}

double SqlRows::Double(std::size_t column, std::size_t row) const {
  const ColumnReader& reader = state_->Value(column, row);
  switch (reader.type) {
    case DUCKDB_TYPE_DOUBLE: return reader.At<double>(row);
    case DUCKDB_TYPE_FLOAT: return reader.At<float>(row);
    case DUCKDB_TYPE_DECIMAL: {
      // One correctly rounded division as long as value and power are exact doubles.
      const auto value = static_cast<double>(reader.Integer(reader.storage, row));
      return value / std::pow(10.0, reader.scale);
    }
    default: return static_cast<double>(reader.Integer(reader.type, row));
  }
}

std::string_view SqlRows::Text(std::size_t column, std::size_t row) const {
  const ColumnReader& reader = state_->Value(column, row);
  CLINNOVA_CHECK(reader.type == DUCKDB_TYPE_VARCHAR || reader.type == DUCKDB_TYPE_BLOB);
  duckdb_string_t* text = static_cast<duckdb_string_t*>(reader.data) + row;
  return {duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

Result<Database> Database::Open(const Options& options) {
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) == DuckDBError) return DuckDbError("no configuration");
  // A hospital's machine has no way out, and nothing may be fetched at run time.
  duckdb_set_config(config, "autoinstall_known_extensions", "false");
  duckdb_set_config(config, "autoload_known_extensions", "false");
  duckdb_set_config(config, "access_mode", options.read_only ? "READ_ONLY" : "AUTOMATIC");
  duckdb_set_config(config, "threads", std::to_string(options.threads).c_str());
  if (!options.memory_limit.empty() &&
      duckdb_set_config(config, "memory_limit", options.memory_limit.c_str()) == DuckDBError) {
    duckdb_destroy_config(&config);
    return Fail(ErrorCode::kInvalidInput,
                "memory limit: found '" + options.memory_limit + "', expected one such as '512MB'");
  }
  auto state = std::make_unique<State>();
  char* message = nullptr;
  const auto opened = duckdb_open_ext(options.path.empty() ? nullptr : options.path.c_str(),
                                      &state->database, config, &message);
  duckdb_destroy_config(&config);
  if (opened == DuckDBError) {
    auto error = DuckDbError(message);
    duckdb_free(message);
    return error;
  }
  if (duckdb_connect(state->database, &state->connection) == DuckDBError) {
    return DuckDbError("cannot connect");
  }
  return Database(std::move(state));
}

namespace {

duckdb_state Bind(duckdb_prepared_statement prepared, idx_t index, const SqlValue& value) {
  if (const auto* truth = std::get_if<bool>(&value)) {
    return duckdb_bind_boolean(prepared, index, *truth);
  }
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return duckdb_bind_int64(prepared, index, *integer);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return duckdb_bind_double(prepared, index, *number);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return duckdb_bind_varchar_length(prepared, index, text->data(), text->size());
  }
  return duckdb_bind_null(prepared, index);
}

/// Runs a planned statement. duckdb_execute_prepared polls when this thread has nothing left to do, which takes a
/// processor from the threads that it waits for; this sleeps.
Result<void> RunPlanned(duckdb_prepared_statement prepared, duckdb_result& result) {
  constexpr auto kPause = std::chrono::microseconds(50);
  duckdb_pending_result pending = nullptr;
  Result<void> outcome;
  if (duckdb_pending_prepared(prepared, &pending) == DuckDBError) {
    outcome = DuckDbError(duckdb_pending_error(pending));
  }
  while (outcome) {
    const duckdb_pending_state state = duckdb_pending_execute_task(pending);
    if (state == DUCKDB_PENDING_ERROR) outcome = DuckDbError(duckdb_pending_error(pending));
    if (duckdb_pending_execution_is_finished(state)) break;
    if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) std::this_thread::sleep_for(kPause);
  }
  if (outcome && duckdb_execute_pending(pending, &result) == DuckDBError) {
    outcome = DuckDbError(duckdb_result_error(&result));
  }
  duckdb_destroy_pending(&pending);
  return outcome;
}

}  // namespace

struct SqlStatement::State {
  duckdb_prepared_statement prepared = nullptr;
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { duckdb_destroy_prepare(&prepared); }
};

SqlStatement::SqlStatement(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqlStatement::~SqlStatement() = default;
SqlStatement::SqlStatement(SqlStatement&&) noexcept = default;
SqlStatement& SqlStatement::operator=(SqlStatement&&) noexcept = default;

Result<SqlRows> SqlStatement::Run(std::span<const SqlValue> parameters) {
  duckdb_prepared_statement prepared = state_->prepared;
  const idx_t expected = duckdb_nparams(prepared);
  if (expected != parameters.size()) {
    return Fail(ErrorCode::kFailed, "database: the statement takes " + std::to_string(expected) +
                                        " parameters: found " + std::to_string(parameters.size()));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (Bind(prepared, i + 1, parameters[i]) == DuckDBError) {
      return DuckDbError(duckdb_prepare_error(prepared));
    }
  }
  auto rows = std::make_unique<SqlRows::State>();
  CLINNOVA_TRY(RunPlanned(prepared, rows->result));
  rows->DescribeColumns();
  return SqlRows(std::move(rows));
}

Result<SqlRows> SqlStatement::Run(std::initializer_list<SqlValue> parameters) {
  return Run(std::span<const SqlValue>(parameters.begin(), parameters.size()));
}

Result<SqlStatement> Database::Prepare(std::string_view sql) {
  auto state = std::make_unique<SqlStatement::State>();
  if (duckdb_prepare(state_->connection, std::string(sql).c_str(), &state->prepared) ==
      DuckDBError) {
    return DuckDbError(duckdb_prepare_error(state->prepared));
  }
  return SqlStatement(std::move(state));
}

Result<SqlRows> Database::Query(std::string_view sql, std::span<const SqlValue> parameters) {
  CLINNOVA_ASSIGN(SqlStatement statement, Prepare(sql));
  return statement.Run(parameters);
}

Result<SqlRows> Database::Query(std::string_view sql, std::initializer_list<SqlValue> parameters) {
  return Query(sql, std::span<const SqlValue>(parameters.begin(), parameters.size()));
}

Result<std::int64_t> Database::SetThreads(std::int64_t threads) {
  CLINNOVA_ASSIGN(const std::int64_t before, QueryInt64("SELECT current_setting('threads')"));
  CLINNOVA_TRY(Execute("SET threads = " + std::to_string(threads)));
  return before;
}

Result<void> Database::ReturnFreedMemory() {
  // Whenever it needs a block of more than this, which is half a block of a table.
  return Execute("SET allocator_bulk_deallocation_flush_threshold = '128KB'");
}

Result<void> Database::Execute(std::string_view sql) {
  duckdb_extracted_statements statements = nullptr;
  const idx_t count =
      duckdb_extract_statements(state_->connection, std::string(sql).c_str(), &statements);
  Result<void> outcome;
  const char* unreadable = count == 0 ? duckdb_extract_statements_error(statements) : nullptr;
  if (unreadable != nullptr) outcome = DuckDbError(unreadable);
  for (idx_t i = 0; i < count && outcome; ++i) {
    SqlStatement::State statement;
    duckdb_result result{};
    // One after the other: a statement may name what the one before it makes.
    if (duckdb_prepare_extracted_statement(state_->connection, statements, i,
                                           &statement.prepared) == DuckDBError) {
      outcome = DuckDbError(duckdb_prepare_error(statement.prepared));
    } else {
      outcome = RunPlanned(statement.prepared, result);
    }
    duckdb_destroy_result(&result);
  }
  duckdb_destroy_extracted(&statements);
  return outcome;
}

Result<std::int64_t> Database::QueryInt64(std::string_view sql,
                                          std::initializer_list<SqlValue> parameters) {
  CLINNOVA_ASSIGN(SqlRows rows, Query(sql, parameters));
  if (!rows.NextChunk() || rows.column_count() == 0 || rows.IsNull(0, 0)) {
    return DuckDbError("a number was expected, found none");
  }
  return rows.Int64(0, 0);
}

namespace {

std::string Quote(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

}  // namespace

std::string SqlLiteral(std::string_view text) { return Quote(text, '\''); }
std::string SqlIdentifier(std::string_view name) { return Quote(name, '"'); }

std::string SqlFile(std::string_view path) {
  std::string plain;
  for (const char c : path) {
    const bool in_patterns = c == '*' || c == '?' || c == '[';
    plain += in_patterns ? std::string{'[', c, ']'} : std::string(1, c);
  }
  return SqlLiteral(plain);
}

}  // namespace clinnova::core
