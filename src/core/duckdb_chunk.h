// SPDX-License-Identifier: Apache-2.0
// A chunk of DuckDB's that is filled value by value, row by row. Internal to the sources that wrap its C API.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/check.h"

namespace clinnova::core {

class ChunkWriter {
 public:
  /// `types` stay the caller's. A CLINNOVA_CHECK fails for an ENUM of more than 256 words.
  explicit ChunkWriter(std::vector<duckdb_logical_type>& types) {
    for (duckdb_logical_type type : types) {
      columns_.push_back({.type = duckdb_get_type_id(type)});
      CLINNOVA_CHECK(columns_.back().type != DUCKDB_TYPE_ENUM ||
                     duckdb_enum_internal_type(type) == DUCKDB_TYPE_UTINYINT);
    }
    chunk_ = duckdb_create_data_chunk(types.data(), types.size());
    Begin();
  }
  ~ChunkWriter() { duckdb_destroy_data_chunk(&chunk_); }
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  std::size_t rows() const { return row_; }
  bool full() const { return row_ == duckdb_vector_size(); }

  void Null() { Next().validity[row_ / 64] &= ~(std::uint64_t{1} << (row_ % 64)); }
  void Int64(std::int64_t value) {
    const Column& column = Next();
    switch (column.type) {
      case DUCKDB_TYPE_BIGINT:
      case DUCKDB_TYPE_TIMESTAMP: return Put(column, value);
      case DUCKDB_TYPE_INTEGER:
      case DUCKDB_TYPE_DATE: return Put(column, static_cast<std::int32_t>(value));
      case DUCKDB_TYPE_ENUM: return Put(column, static_cast<std::uint8_t>(value));
      default: CLINNOVA_CHECK(!"the column takes integers");
    }
  }
  void Double(double value) {
    const Column& column = Next();
    CLINNOVA_CHECK(column.type == DUCKDB_TYPE_DOUBLE);
    Put(column, value);
  }
  void Text(std::string_view value) {
    const Column& column = Next();
    CLINNOVA_CHECK(column.type == DUCKDB_TYPE_VARCHAR);
    duckdb_vector_assign_string_element_len(
        column.vector, row_, value.data() == nullptr ? "" : value.data(), value.size());
  }
  /// The row must have a value in every column, and the chunk must not have been full before.
  void EndRow() {
    CLINNOVA_CHECK(column_ == columns_.size());
    column_ = 0;
    ++row_;
  }

  /// The rows so far; not owned.
  duckdb_data_chunk Filled() {
    duckdb_data_chunk_set_size(chunk_, row_);
    return chunk_;
  }
  void Clear() {
    duckdb_data_chunk_reset(chunk_);
    Begin();
  }

 private:
  struct Column {
    duckdb_type type = DUCKDB_TYPE_INVALID;
    duckdb_vector vector = nullptr;
    void* data = nullptr;
    std::uint64_t* validity = nullptr;  ///< a bit for each row
  };

  void Begin() {
    row_ = column_ = 0;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      Column& column = columns_[c];
      column.vector = duckdb_data_chunk_get_vector(chunk_, c);
      column.data = duckdb_vector_get_data(column.vector);
      duckdb_vector_ensure_validity_writable(column.vector);
      column.validity = duckdb_vector_get_validity(column.vector);
    }
  }
  Column& Next() {
    CLINNOVA_CHECK(column_ < columns_.size());
    return columns_[column_++];
  }
  template <typename T>
  void Put(const Column& column, T value) {
    static_cast<T*>(column.data)[row_] = value;
  }

  duckdb_data_chunk chunk_ = nullptr;
  std::vector<Column> columns_;
  std::size_t column_ = 0;  ///< the next value's
  std::size_t row_ = 0;
};

}  // namespace clinnova::core
