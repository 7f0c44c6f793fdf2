// SPDX-License-Identifier: Apache-2.0
// Rows in memory as a table function of DuckDB's. It keeps a function's name as long as the database is open, so the
// rows stay with the database, too.
#include <memory>
#include <utility>
#include <vector>

#include "core/duckdb.h"
#include "core/duckdb_chunk.h"
#include "core/duckdb_connection.h"

namespace clinnova::core {

struct SqlRowSet::State {
  std::vector<std::string> names;
  std::vector<duckdb_logical_type> types;
  std::vector<std::unique_ptr<ChunkWriter>> chunks;  ///< at least one
  std::size_t used = 1;                              ///< chunks that have rows, and one more

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  }

  ChunkWriter& Present() { return *chunks[used - 1]; }
  void AddChunk() { chunks.push_back(std::make_unique<ChunkWriter>(types)); }
};

namespace {

/// How far a statement has read.
struct Reading {
  std::size_t chunk = 0;
  std::vector<idx_t> columns;  ///< that it wants, by their place in the row set
};

void Bind(duckdb_bind_info info) {
  const auto& rows = *static_cast<SqlRowSet::State*>(duckdb_bind_get_extra_info(info));
  for (std::size_t c = 0; c < rows.names.size(); ++c)
    duckdb_bind_add_result_column(info, rows.names[c].c_str(), rows.types[c]);
  constexpr idx_t kFew = 100;  // what statements are planned for
  duckdb_bind_set_cardinality(info, kFew, false);
}

void Start(duckdb_init_info info) {
  auto reading = std::make_unique<Reading>();
  for (idx_t c = 0; c < duckdb_init_get_column_count(info); ++c)
    reading->columns.push_back(duckdb_init_get_column_index(info, c));
  duckdb_init_set_max_threads(info, 1);
  duckdb_init_set_init_data(info, reading.release(),
                            [](void* data) { delete static_cast<Reading*>(data); });
}

void Read(duckdb_function_info info, duckdb_data_chunk output) {
  auto& rows = *static_cast<SqlRowSet::State*>(duckdb_function_get_extra_info(info));
  auto& reading = *static_cast<Reading*>(duckdb_function_get_init_data(info));
  if (reading.chunk == rows.used) return duckdb_data_chunk_set_size(output, 0);
  ChunkWriter& chunk = *rows.chunks[reading.chunk++];
  duckdb_data_chunk filled = chunk.Filled();
  for (std::size_t c = 0; c < reading.columns.size(); ++c) {
    if (reading.columns[c] >= rows.names.size()) continue;  // it only counts the rows
    duckdb_vector_reference_vector(duckdb_data_chunk_get_vector(output, c),
                                   duckdb_data_chunk_get_vector(filled, reading.columns[c]));
  }
  duckdb_data_chunk_set_size(output, chunk.rows());
}

Result<void> Register(duckdb_connection connection, const std::string& name,
                      SqlRowSet::State* state) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, name.c_str());
  duckdb_table_function_set_extra_info(function, state, nullptr);
  duckdb_table_function_set_bind(function, Bind);
  duckdb_table_function_set_init(function, Start);
  duckdb_table_function_set_function(function, Read);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const bool done = duckdb_register_table_function(connection, function) == DuckDBSuccess;
  duckdb_destroy_table_function(&function);
  if (!done) return DuckDbError(("the table function " + name + " cannot be added").c_str());
  return {};
}

}  // namespace

SqlRowSet::SqlRowSet(std::shared_ptr<State> state) : state_(std::move(state)) {}

void SqlRowSet::Null() { state_->Present().Null(); }
void SqlRowSet::Int64(std::int64_t value) { state_->Present().Int64(value); }
void SqlRowSet::Double(double value) { state_->Present().Double(value); }
void SqlRowSet::Text(std::string_view value) { state_->Present().Text(value); }

void SqlRowSet::EndRow() {
  state_->Present().EndRow();
  if (!state_->Present().full()) return;
  if (state_->used == state_->chunks.size()) state_->AddChunk();
  ++state_->used;
}

void SqlRowSet::Clear() {
  for (const auto& chunk : state_->chunks) chunk->Clear();
  state_->used = 1;
}

Result<SqlRowSet> Database::AddRowSet(const std::string& name, const std::string& shape) {
  duckdb_result result;
  const bool done = duckdb_query(state_->connection, ("FROM (" + shape + ") LIMIT 0").c_str(),
                                 &result) == DuckDBSuccess;
  auto rows = std::make_shared<SqlRowSet::State>();
  std::string error;
  if (!done) error = OneLine(duckdb_result_error(&result));
  for (idx_t c = 0; done && c < duckdb_column_count(&result); ++c) {
    rows->names.emplace_back(duckdb_column_name(&result, c));
    rows->types.push_back(duckdb_column_logical_type(&result, c));
  }
  duckdb_destroy_result(&result);
  if (!done) return Fail(ErrorCode::kFailed, "database: " + error);
  rows->AddChunk();
  CLINNOVA_TRY(Register(state_->connection, name, rows.get()));
  state_->row_sets.push_back(rows);
  return SqlRowSet(std::move(rows));
}

}  // namespace clinnova::core
