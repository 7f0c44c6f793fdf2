// SPDX-License-Identifier: Apache-2.0
// Parquet files through DuckDB.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/duckdb.h"
#include "table/record_source.h"

namespace clinnova::table {
namespace {

bool StartsWith(const std::string& text, std::string_view start) {
  return text.rfind(start, 0) == 0;
}

bool IsNumber(const std::string& type) {
  for (const char* name : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT",
                           "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE"}) {
    if (type == name) return true;
  }
  return StartsWith(type, "DECIMAL");
}

bool IsText(const std::string& type) {
  return type == "VARCHAR" || type == "UUID" || StartsWith(type, "ENUM") ||
         StartsWith(type, "TIMESTAMP");
}

/// The SQL that reads a column as DOUBLE or VARCHAR; nothing for a type that is neither.
std::optional<std::string> Selection(const std::string& name, const std::string& type) {
  const std::string column = core::SqlIdentifier(name);
  if (IsNumber(type)) return "CAST(" + column + " AS DOUBLE)";
  if (IsText(type)) return "CAST(" + column + " AS VARCHAR)";
  // As R: TRUE and FALSE, and days since 1970-01-01.
  if (type == "BOOLEAN")
    return "CASE " + column + " WHEN true THEN 'TRUE' WHEN false THEN 'FALSE' END";
  if (type == "DATE") return "CAST(date_diff('day', DATE '1970-01-01', " + column + ") AS DOUBLE)";
  return std::nullopt;
}

/// DuckDB's error as a wrong input file.
template <typename T>
tl::unexpected<Error> Unreadable(const std::string& path, const Result<T>& failed) {
  return Fail(ErrorCode::kInvalidInput, path + ": " + failed.error().message);
}

class ParquetRecords : public RecordSource {
 public:
  ParquetRecords(std::string path, core::Database database)
      : path_(std::move(path)), database_(std::move(database)) {}

  Result<void> Open() {
    const std::string from = " FROM read_parquet(" + core::SqlFile(path_) + ")";
    CLINNOVA_ASSIGN(const std::string selections, Describe(from));
    CLINNOVA_TRY(CheckColumnNames(path_, names_));
    auto rows = database_.Query("SELECT " + selections + from);
    if (!rows) return Unreadable(path_, rows);
    rows_.emplace(std::move(*rows));
    return {};
  }

  const std::vector<std::string>& names() const override { return names_; }

  Result<bool> Next() override {
    ++row_;
    if (++in_chunk_ < size_) return true;
    in_chunk_ = 0;
    size_ = 0;
    while (size_ == 0 && rows_->NextChunk()) size_ = rows_->chunk_size();
    return size_ > 0;
  }

  Cell cell(std::size_t column) const override {
    if (rows_->IsNull(column, in_chunk_)) return {};
    if (numeric_[column]) {
      return {.kind = Cell::Kind::kNumber, .number = rows_->Double(column, in_chunk_), .text = {}};
    }
    // A text that spells a number stays a text: the file says so.
    Cell cell = ReadCell(rows_->Text(column, in_chunk_));
    if (cell.kind == Cell::Kind::kNumber) cell.kind = Cell::Kind::kText;
    return cell;
  }

  std::string Where() const override { return path_ + ", row " + std::to_string(row_); }

 private:
  Result<std::string> Describe(const std::string& from) {
    auto rows =
        database_.Query("SELECT column_name, column_type FROM (DESCRIBE SELECT *" + from + ")");
    if (!rows) return Unreadable(path_, rows);
    std::string selections;
    while (rows->NextChunk()) {
      for (std::size_t r = 0; r < rows->chunk_size(); ++r) {
        const std::string name(rows->Text(0, r));
        const std::string type(rows->Text(1, r));
        const std::optional<std::string> selection = Selection(name, type);
        if (!selection)
          return FieldError(path_, name, type, "numbers, text, dates or truth values");
        selections += (selections.empty() ? "" : ", ") + *selection;
        names_.push_back(name);
        numeric_.push_back(IsNumber(type) || type == "DATE");
      }
    }
    return selections;
  }

  std::string path_;
  core::Database database_;
  std::optional<core::SqlRows> rows_;
  std::vector<std::string> names_;
  std::vector<bool> numeric_;
  std::size_t in_chunk_ = 0;
  std::size_t size_ = 0;
  std::size_t row_ = 0;
};

}  // namespace

Result<std::unique_ptr<RecordSource>> OpenParquet(const std::string& path) {
  CLINNOVA_ASSIGN(auto database, core::Database::Open({}));
  auto records = std::make_unique<ParquetRecords>(path, std::move(database));
  CLINNOVA_TRY(records->Open());
  return std::unique_ptr<RecordSource>(std::move(records));
}

}  // namespace clinnova::table
