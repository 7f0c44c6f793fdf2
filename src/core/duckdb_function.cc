// SPDX-License-Identifier: Apache-2.0
// Functions of ours in SQL. DuckDB keeps a function's name as long as the database is open, so what it calls is
// a place (SqlFunction::State) whose function comes and goes.
#include <duckdb.h>

#include "core/check.h"
#include "core/duckdb.h"
#include "core/duckdb_connection.h"

namespace clinnova::core {
namespace {

constexpr const char* kGone = "the function is not there any more";

bool IsNullAt(std::uint64_t* validity, idx_t row) {
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, row);
}

/// Calls `one(row)` for every row of the input that has a value; the others are NULL in the output.
template <typename One>
void ForEachValue(duckdb_data_chunk input, duckdb_vector output, One one) {
  std::uint64_t* validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(input, 0));
  const idx_t rows = duckdb_data_chunk_get_size(input);
  duckdb_vector_ensure_validity_writable(output);
  std::uint64_t* valid = duckdb_vector_get_validity(output);
  for (idx_t row = 0; row < rows; ++row) {
    if (IsNullAt(validity, row)) {
      duckdb_validity_set_row_invalid(valid, row);
    } else {
      one(row);
    }
  }
}

template <typename State>
State& StateOf(duckdb_function_info info) {
  return *static_cast<State*>(duckdb_scalar_function_get_extra_info(info));
}

/// Registers `call`, of one parameter and a result of `type`, under `name`.
Result<void> Register(duckdb_connection connection, const std::string& name, duckdb_type type,
                      duckdb_scalar_function_t call, void* state) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_logical_type logical = duckdb_create_logical_type(type);
  duckdb_scalar_function_set_name(function, name.c_str());
  duckdb_scalar_function_add_parameter(function, logical);
  duckdb_scalar_function_set_return_type(function, logical);
  duckdb_scalar_function_set_extra_info(function, state, nullptr);
  duckdb_scalar_function_set_function(function, call);
  const bool done = duckdb_register_scalar_function(connection, function) == DuckDBSuccess;
  duckdb_destroy_logical_type(&logical);
  duckdb_destroy_scalar_function(&function);
  if (!done) return DuckDbError(("the function " + name + " cannot be added").c_str());
  return {};
}

/// Makes the place of the functions of that name, where this is the first one. There is one at a time.
template <typename State>
Result<void> Reserve(std::shared_ptr<State>& place, duckdb_connection connection,
                     const std::string& name, duckdb_type type, duckdb_scalar_function_t call) {
  if (place == nullptr) {
    auto fresh = std::make_shared<State>();
    CLINNOVA_TRY(Register(connection, name, type, call, fresh.get()));
    place = std::move(fresh);
  }
  CLINNOVA_CHECK(!place->of_integers && !place->of_texts);
  return {};
}

}  // namespace

SqlFunction::SqlFunction(std::shared_ptr<State> state) : state_(std::move(state)) {}

SqlFunction::SqlFunction(SqlFunction&& other) noexcept = default;

SqlFunction& SqlFunction::operator=(SqlFunction&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

SqlFunction::~SqlFunction() {
  if (state_ == nullptr) return;
  state_->of_integers = nullptr;
  state_->of_texts = nullptr;
}

Result<SqlFunction> Database::AddFunction(const std::string& name,
                                          std::function<std::int64_t(std::int64_t)> function) {
  auto& state = state_->functions[name];
  CLINNOVA_TRY(
      Reserve(state, state_->connection, name, DUCKDB_TYPE_BIGINT,
              [](duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
                const auto& call = StateOf<SqlFunction::State>(info).of_integers;
                if (!call) return duckdb_scalar_function_set_error(info, kGone);
                const auto* from = static_cast<const std::int64_t*>(
                    duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
                auto* to = static_cast<std::int64_t*>(duckdb_vector_get_data(output));
                ForEachValue(input, output, [&](idx_t row) { to[row] = call(from[row]); });
              }));
  state->of_integers = std::move(function);
  return SqlFunction(state);
}

Result<SqlFunction> Database::AddTextFunction(
    const std::string& name, std::function<std::string(std::string_view)> function) {
  auto& state = state_->functions[name];
  CLINNOVA_TRY(
      Reserve(state, state_->connection, name, DUCKDB_TYPE_VARCHAR,
              [](duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
                const auto& call = StateOf<SqlFunction::State>(info).of_texts;
                if (!call) return duckdb_scalar_function_set_error(info, kGone);
                auto* from = static_cast<duckdb_string_t*>(
                    duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
                ForEachValue(input, output, [&](idx_t row) {
                  const std::string text =
                      call({duckdb_string_t_data(from + row), duckdb_string_t_length(from[row])});
                  duckdb_vector_assign_string_element_len(output, row, text.data(), text.size());
                });
              }));
  state->of_texts = std::move(function);
  return SqlFunction(state);
}

}  // namespace clinnova::core
