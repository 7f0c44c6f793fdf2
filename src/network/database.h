// SPDX-License-Identifier: Apache-2.0
// The one place that includes SQLite: a database file that several threads and processes may share.
//
//   CLINNOVA_ASSIGN(auto database, Database::Open("hub.db"));
//   CLINNOVA_TRY(database->Run("INSERT INTO sites VALUES (?, ?)", {"basel", key}));
//   CLINNOVA_ASSIGN(const auto rows, database->Query("SELECT name FROM sites"));
//
// What Run kept survives the death of the process at once (write-ahead log), and the loss of power from the
// next checkpoint on; a power loss costs the newest commits, never the file. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "core/archive.h"
#include "core/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace clinnova::network {

/// A value of a column: nothing, a whole number, a text or bytes.
using Cell = std::variant<std::monostate, std::int64_t, std::string, core::Bytes>;
using Row = std::vector<Cell>;

/// The cell as a number, a text or bytes; 0 or empty when it is something else.
std::int64_t Number(const Cell& cell);
const std::string& Text(const Cell& cell);
const core::Bytes& Blob(const Cell& cell);
inline bool IsNull(const Cell& cell) { return cell.index() == 0; }
/// A cell of bytes.
Cell BlobCell(core::ByteView bytes);

class Database {
 public:
  /// Opens or creates the file (mode 0600). kFailed names the file.
  static Result<std::unique_ptr<Database>> Open(const std::filesystem::path& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// All rows of one statement. kFailed with SQLite's words.
  Result<std::vector<Row>> Query(const std::string& sql, const Row& parameters = {});
  /// One statement, for what it does.
  Result<void> Run(const std::string& sql, const Row& parameters = {});
  /// Several statements without parameters.
  Result<void> RunScript(const std::string& sql);
  /// All that `work` does, or nothing of it when it fails.
  Result<void> Transaction(const std::function<Result<void>()>& work);

 private:
  Database(sqlite3* handle, std::filesystem::path path) : handle_(handle), path_(std::move(path)) {}
  tl::unexpected<Error> Failure() const;
  Result<sqlite3_stmt*> Prepare(const std::string& sql);

  sqlite3* handle_;
  std::filesystem::path path_;
  std::recursive_mutex mutex_;  // recursive: statements inside a transaction
  std::map<std::string, sqlite3_stmt*> statements_;
};

}  // namespace clinnova::network
