// SPDX-License-Identifier: Apache-2.0
// What the sources that wrap DuckDB's C API share: an open connection and DuckDB's errors. Internal to them.
#pragma once

#include <duckdb.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/duckdb.h"

namespace clinnova::core {

/// DuckDB explains over several lines and draws a caret; our messages are one line.
inline std::string OneLine(const char* text) {
  std::string line;
  for (const char* c = text == nullptr ? "unknown error" : text; *c != '\0'; ++c) {
    const bool space = *c == '\n' || *c == '\r' || *c == '\t' || *c == ' ';
    if (!space) {
      line += *c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

inline tl::unexpected<Error> DuckDbError(const char* text) {
  const std::string line = OneLine(text);
  return Fail(ErrorCode::kFailed, "database: " + line.substr(0, line.find(" Stack Trace:")));
}

/// What a function of SQL calls; neither is set once nobody keeps it.
struct SqlFunction::State {
  std::function<std::int64_t(std::int64_t)> of_integers;
  std::function<std::string(std::string_view)> of_texts;
};

struct Database::State {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  std::map<std::string, std::shared_ptr<SqlFunction::State>> functions;  ///< by name
  std::vector<std::shared_ptr<SqlRowSet::State>> row_sets;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (connection != nullptr) duckdb_disconnect(&connection);
    if (database != nullptr) duckdb_close(&database);
  }
};

}  // namespace clinnova::core
