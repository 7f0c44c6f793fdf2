// SPDX-License-Identifier: Apache-2.0
#include "network/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstring>

namespace clinnova::network {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

void Bind(sqlite3_stmt* statement, int index, const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) {
    sqlite3_bind_int64(statement, index, *number);
  } else if (const auto* text = std::get_if<std::string>(&cell)) {
    sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  } else if (const auto* bytes = std::get_if<core::Bytes>(&cell)) {
    static constexpr std::uint8_t kEmpty = 0;
    sqlite3_bind_blob64(statement, index, bytes->empty() ? &kEmpty : bytes->data(), bytes->size(),
                        SQLITE_STATIC);
  } else {
    sqlite3_bind_null(statement, index);
  }
}

Cell Column(sqlite3_stmt* statement, int index) {
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER: return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
    case SQLITE_TEXT:
      return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, index)),
                         size);
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
      return core::Bytes(bytes, bytes + size);
    }
    default: return std::monostate{};
  }
}

}  // namespace

std::int64_t Number(const Cell& cell) {
  const auto* number = std::get_if<std::int64_t>(&cell);
  return number == nullptr ? 0 : *number;
}

const std::string& Text(const Cell& cell) {
  static const std::string kNone;
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? kNone : *text;
}

const core::Bytes& Blob(const Cell& cell) {
  static const core::Bytes kNone;
  const auto* bytes = std::get_if<core::Bytes>(&cell);
  return bytes == nullptr ? kNone : *bytes;
}

Cell BlobCell(core::ByteView bytes) { return core::Bytes(bytes.begin(), bytes.end()); }

Result<std::unique_ptr<Database>> Database::Open(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return Fail(ErrorCode::kInvalidInput,
                path.string() + ": cannot be opened: " + std::strerror(errno));
  }
  ::close(file);
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<Database> database(new Database(handle, path));
  if (opened != SQLITE_OK) return database->Failure();
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  CLINNOVA_TRY(database->RunScript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"));
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

tl::unexpected<Error> Database::Failure() const {
  return Fail(ErrorCode::kFailed, path_.string() + ": " + sqlite3_errmsg(handle_), "database");
}

Result<sqlite3_stmt*> Database::Prepare(const std::string& sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr &&
      sqlite3_prepare_v3(handle_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    return Failure();
  }
  return statement;
}

Result<std::vector<Row>> Database::Query(const std::string& sql, const Row& parameters) {
  const std::lock_guard lock(mutex_);
  CLINNOVA_ASSIGN(sqlite3_stmt* const statement, Prepare(sql));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Bind(statement, static_cast<int>(i) + 1, parameters[i]);
  }
  std::vector<Row> rows;
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
    Row row;
    for (int c = 0; c < sqlite3_column_count(statement); ++c) row.push_back(Column(statement, c));
    rows.push_back(std::move(row));
  }
  tl::unexpected<Error> failure = Failure();
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (step != SQLITE_DONE) return failure;
  return rows;
}

Result<void> Database::Run(const std::string& sql, const Row& parameters) {
  CLINNOVA_TRY(Query(sql, parameters));
  return {};
}

Result<void> Database::RunScript(const std::string& sql) {
  const std::lock_guard lock(mutex_);
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return Failure();
  return {};
}

Result<void> Database::Transaction(const std::function<Result<void>()>& work) {
  const std::lock_guard lock(mutex_);
  CLINNOVA_TRY(Run("BEGIN IMMEDIATE"));
  if (auto done = work(); !done) {
    (void)Run("ROLLBACK");
    return done;
  }
  return Run("COMMIT");
}

}  // namespace clinnova::network
