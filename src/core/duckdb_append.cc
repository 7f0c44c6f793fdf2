// SPDX-License-Identifier: Apache-2.0
#include <duckdb.h>

#include "core/check.h"
#include "core/duckdb.h"
#include "core/duckdb_connection.h"

namespace clinnova::core {
namespace {

/// DuckDB's appender to one table.
struct OpenAppender {
  duckdb_appender appender = nullptr;
  std::string table;
  std::string error;  ///< DuckDB's words about the first thing that it refused

  OpenAppender() = default;
  OpenAppender(const OpenAppender&) = delete;
  OpenAppender& operator=(const OpenAppender&) = delete;
  ~OpenAppender() {
    if (appender != nullptr) duckdb_appender_destroy(&appender);
  }

  /// To `name`, a table or schema.table.
  Result<void> Open(duckdb_connection connection, std::string_view name) {
    table = name;
    const auto dot = name.find('.');
    const std::string schema(dot == name.npos ? std::string_view() : name.substr(0, dot));
    const std::string bare(dot == name.npos ? name : name.substr(dot + 1));
    if (duckdb_appender_create(connection, schema.empty() ? nullptr : schema.c_str(), bare.c_str(),
                               &appender) == DuckDBError) {
      return DuckDbError(duckdb_appender_error(appender));
    }
    return {};
  }

  /// Keeps the first error; what follows it is not tried.
  template <typename Call>
  void Try(Call call) {
    if (!error.empty()) return;
    if (call(appender) == DuckDBError) error = OneLine(duckdb_appender_error(appender));
  }
};

}  // namespace

struct SqlAppender::State : OpenAppender {
  std::uint64_t rows = 0;
};

SqlAppender::SqlAppender(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqlAppender::~SqlAppender() = default;
SqlAppender::SqlAppender(SqlAppender&&) noexcept = default;
SqlAppender& SqlAppender::operator=(SqlAppender&&) noexcept = default;

void SqlAppender::Null() { state_->Try(duckdb_append_null); }
void SqlAppender::Int64(std::int64_t value) {
  state_->Try([value](duckdb_appender a) { return duckdb_append_int64(a, value); });
}
void SqlAppender::Double(double value) {
  state_->Try([value](duckdb_appender a) { return duckdb_append_double(a, value); });
}
void SqlAppender::Text(std::string_view value) {
  state_->Try([value](duckdb_appender a) {
    return duckdb_append_varchar_length(a, value.data() == nullptr ? "" : value.data(),
                                        value.size());
  });
}
void SqlAppender::EndRow() {
  state_->Try(duckdb_appender_end_row);
  if (state_->error.empty()) ++state_->rows;
}

Result<void> SqlAppender::Finish() {
  state_->Try(duckdb_appender_close);
  if (state_->error.empty()) return {};
  return Fail(ErrorCode::kFailed, "database: table " + state_->table + ", row " +
                                      std::to_string(state_->rows + 1) +
                                      " appended: " + state_->error);
}

namespace {

/// One column of the chunk that is being filled.
struct ColumnWriter {
  duckdb_type type = DUCKDB_TYPE_INVALID;
  duckdb_vector vector = nullptr;
  void* data = nullptr;
  std::uint64_t* validity = nullptr;  ///< a bit for each row

  template <typename T>
  void Put(std::size_t row, T value) {
    static_cast<T*>(data)[row] = value;
  }
};

}  // namespace

struct SqlChunkAppender::State : OpenAppender {
  duckdb_data_chunk chunk = nullptr;
  std::vector<ColumnWriter> columns;
  std::size_t column = 0;  ///< the next value's
  std::size_t row = 0;     ///< in the chunk

  ~State() {
    if (chunk != nullptr) duckdb_destroy_data_chunk(&chunk);
  }

  void MakeChunk() {
    std::vector<duckdb_logical_type> types;
    for (idx_t c = 0; c < duckdb_appender_column_count(appender); ++c) {
      types.push_back(duckdb_appender_column_type(appender, c));
      const duckdb_type type = duckdb_get_type_id(types.back());
      columns.push_back({.type = type});
      CLINNOVA_CHECK(type != DUCKDB_TYPE_ENUM ||
                     duckdb_enum_internal_type(types.back()) == DUCKDB_TYPE_UTINYINT);
    }
    chunk = duckdb_create_data_chunk(types.data(), types.size());
    for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
    BeginChunk();
  }

  void BeginChunk() {
    row = 0;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      ColumnWriter& writer = columns[c];
      writer.vector = duckdb_data_chunk_get_vector(chunk, c);
      writer.data = duckdb_vector_get_data(writer.vector);
      duckdb_vector_ensure_validity_writable(writer.vector);
      writer.validity = duckdb_vector_get_validity(writer.vector);
    }
  }

  void WriteChunk() {
    if (row == 0) return;
    duckdb_data_chunk_set_size(chunk, row);
    Try([this](duckdb_appender a) { return duckdb_append_data_chunk(a, chunk); });
    duckdb_data_chunk_reset(chunk);
    BeginChunk();
  }

  ColumnWriter& Next() {
    CLINNOVA_CHECK(column < columns.size());
    return columns[column++];
  }
};

SqlChunkAppender::SqlChunkAppender(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqlChunkAppender::~SqlChunkAppender() = default;
SqlChunkAppender::SqlChunkAppender(SqlChunkAppender&&) noexcept = default;
SqlChunkAppender& SqlChunkAppender::operator=(SqlChunkAppender&&) noexcept = default;

void SqlChunkAppender::Null() {
  const std::size_t row = state_->row;
  state_->Next().validity[row / 64] &= ~(std::uint64_t{1} << (row % 64));
}

void SqlChunkAppender::Int64(std::int64_t value) {
  ColumnWriter& writer = state_->Next();
  switch (writer.type) {
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_TIMESTAMP: return writer.Put(state_->row, value);
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE: return writer.Put(state_->row, static_cast<std::int32_t>(value));
    case DUCKDB_TYPE_ENUM: return writer.Put(state_->row, static_cast<std::uint8_t>(value));
    default: CLINNOVA_CHECK(!"the column takes integers");
  }
}

void SqlChunkAppender::Double(double value) {
  ColumnWriter& writer = state_->Next();
  CLINNOVA_CHECK(writer.type == DUCKDB_TYPE_DOUBLE);
  writer.Put(state_->row, value);
}

void SqlChunkAppender::Text(std::string_view value) {
  ColumnWriter& writer = state_->Next();
  CLINNOVA_CHECK(writer.type == DUCKDB_TYPE_VARCHAR);
  duckdb_vector_assign_string_element_len(
      writer.vector, state_->row, value.data() == nullptr ? "" : value.data(), value.size());
}

void SqlChunkAppender::EndRow() {
  CLINNOVA_CHECK(state_->column == state_->columns.size());
  state_->column = 0;
  if (++state_->row == duckdb_vector_size()) state_->WriteChunk();
}

Result<void> SqlChunkAppender::Finish() {
  state_->WriteChunk();
  state_->Try(duckdb_appender_close);
  if (state_->error.empty()) return {};
  return Fail(ErrorCode::kFailed, "database: table " + state_->table + ": " + state_->error);
}

Result<SqlAppender> Database::Append(std::string_view table) {
  auto state = std::make_unique<SqlAppender::State>();
  CLINNOVA_TRY(state->Open(state_->connection, table));
  return SqlAppender(std::move(state));
}

Result<SqlChunkAppender> Database::AppendChunks(std::string_view table) {
  auto state = std::make_unique<SqlChunkAppender::State>();
  CLINNOVA_TRY(state->Open(state_->connection, table));
  state->MakeChunk();
  return SqlChunkAppender(std::move(state));
}

}  // namespace clinnova::core
