// SPDX-License-Identifier: Apache-2.0
#include <duckdb.h>

#include <optional>

#include "core/duckdb.h"
#include "core/duckdb_chunk.h"
#include "core/duckdb_connection.h"

namespace clinnova::core {
namespace {

/// Some 50,000 rows. By itself DuckDB moves four times as many into the table at a time, while who makes them waits.
constexpr std::size_t kChunksPerFlush = 24;

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

struct SqlChunkAppender::State : OpenAppender {
  std::optional<ChunkWriter> writer;
  std::size_t chunks = 0;

  void MakeWriter() {
    std::vector<duckdb_logical_type> types;
    for (idx_t c = 0; c < duckdb_appender_column_count(appender); ++c)
      types.push_back(duckdb_appender_column_type(appender, c));
    writer.emplace(types);
    for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  }

  void WriteChunk() {
    if (writer->rows() == 0) return;
    Try([this](duckdb_appender a) { return duckdb_append_data_chunk(a, writer->Filled()); });
    writer->Clear();
    if (++chunks % kChunksPerFlush == 0) Try(duckdb_appender_flush);
  }
};

SqlChunkAppender::SqlChunkAppender(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqlChunkAppender::~SqlChunkAppender() = default;
SqlChunkAppender::SqlChunkAppender(SqlChunkAppender&&) noexcept = default;
SqlChunkAppender& SqlChunkAppender::operator=(SqlChunkAppender&&) noexcept = default;

void SqlChunkAppender::Null() { state_->writer->Null(); }
void SqlChunkAppender::Int64(std::int64_t value) { state_->writer->Int64(value); }
void SqlChunkAppender::Double(double value) { state_->writer->Double(value); }
void SqlChunkAppender::Text(std::string_view value) { state_->writer->Text(value); }

void SqlChunkAppender::EndRow() {
  state_->writer->EndRow();
  if (state_->writer->full()) state_->WriteChunk();
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
  state->MakeWriter();
  return SqlChunkAppender(std::move(state));
}

}  // namespace clinnova::core
