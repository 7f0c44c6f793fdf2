// SPDX-License-Identifier: Apache-2.0
#include "intake/view_output.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/duckdb.h"
#include "core/text.h"

namespace clinnova::intake {
namespace {

/// A cell's text without JSON's quotes; nothing when it is null.
std::optional<std::string> PlainText(std::string_view cell) {
  if (cell == "null") return std::nullopt;
  if (!cell.starts_with('"')) return std::string(cell);
  const auto text = ParseJsonTree(cell);
  return text ? std::optional(std::string(text->root().text())) : std::nullopt;
}

class NdjsonWriter : public ViewWriter {
 public:
  explicit NdjsonWriter(Options options) : options_(std::move(options)) {
    for (const ViewColumn& column : options_.columns) {
      std::string& key = keys_.emplace_back();
      AppendJsonString(column.name, key);
    }
  }
  Result<void> Add(const ViewRow& row) override {
    line_ = "{";
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line_ += ',';
      line_.append(keys_[c]).append(1, ':').append(row[c]);
    }
    return options_.text(line_ += "}\n");
  }
  Result<void> Finish() override { return {}; }

 private:
  Options options_;
  std::vector<std::string> keys_;
  std::string line_;
};

class CsvWriter : public ViewWriter {
 public:
  explicit CsvWriter(Options options) : options_(std::move(options)) {}

  Result<void> Add(const ViewRow& row) override {
    CLINNOVA_TRY(Head());
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line += ',';
      if (const auto text = PlainText(row[c])) line += Field(*text);
    }
    return options_.text(line += '\n');
  }
  Result<void> Finish() override { return Head(); }

 private:
  /// An empty text in quotes, so that it is not nothing.
  static std::string Field(const std::string& text) {
    return text.empty() ? "\"\"" : core::CsvField(text);
  }
  Result<void> Head() {
    if (headed_) return {};
    headed_ = true;
    std::string line;
    for (const ViewColumn& column : options_.columns) {
      if (!line.empty()) line += ',';
      line += Field(column.name);
    }
    return options_.text(line += '\n');
  }

  Options options_;
  bool headed_ = false;
};

std::string_view SqlType(const ViewColumn& column) {
  if (column.collection) return "VARCHAR";
  if (column.type == "boolean") return "BOOLEAN";
  if (column.type == "decimal") return "DOUBLE";
  const bool integer = column.type == "integer" || column.type == "integer64" ||
                       column.type == "positiveInt" || column.type == "unsignedInt";
  return integer ? "BIGINT" : "VARCHAR";
}

/// What a column's values are, where the view does not say: each kind holds all before it but kBoolean.
enum class Values { kNone, kBoolean, kInteger, kNumber, kText };

Values KindOf(std::string_view cell) {
  constexpr std::size_t kDigitsOfBigint = 18;
  if (cell == "null") return Values::kNone;
  if (cell == "true" || cell == "false") return Values::kBoolean;
  if (cell.find_first_not_of("+-.0123456789eE") != cell.npos) return Values::kText;
  const bool whole = cell.find_first_of(".eE") == cell.npos && cell.size() <= kDigitsOfBigint;
  return whole ? Values::kInteger : Values::kNumber;
}

/// The kind that holds both.
Values Joined(Values a, Values b) {
  if (a == b || b == Values::kNone) return a;
  if (a == Values::kNone) return b;
  return a == Values::kBoolean || b == Values::kBoolean ? Values::kText : std::max(a, b);
}

std::string_view SqlType(Values values) {
  switch (values) {
    case Values::kBoolean: return "BOOLEAN";
    case Values::kInteger: return "BIGINT";
    case Values::kNumber: return "DOUBLE";
    default: return "VARCHAR";
  }
}

/// Gathers the rows in a table in memory, which DuckDB writes.
class ParquetWriter : public ViewWriter {
 public:
  static Result<std::unique_ptr<ViewWriter>> Create(Options options) {
    CLINNOVA_ASSIGN(core::Database database, core::Database::Open({}));
    std::string columns;
    for (const ViewColumn& column : options.columns) {
      if (!columns.empty()) columns += ", ";
      columns += core::SqlIdentifier(column.name) + " " + std::string(SqlType(column));
    }
    CLINNOVA_TRY(database.Execute("CREATE TABLE view_rows (" + columns + ")"));
    CLINNOVA_ASSIGN(core::SqlAppender rows, database.Append("view_rows"));
    return std::unique_ptr<ViewWriter>(
        new ParquetWriter(std::move(database), std::move(rows), std::move(options)));
  }

  Result<void> Add(const ViewRow& row) override {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const auto text = PlainText(row[c]);
      text ? rows_.Text(*text) : rows_.Null();
      values_[c] = Joined(values_[c], KindOf(row[c]));
    }
    rows_.EndRow();
    return {};
  }
  Result<void> Finish() override {
    CLINNOVA_TRY(rows_.Finish());
    std::string columns;
    for (std::size_t c = 0; c < options_.columns.size(); ++c) {
      const ViewColumn& column = options_.columns[c];
      const std::string name = core::SqlIdentifier(column.name);
      const bool untyped = column.type.empty() && !column.collection;
      columns += columns.empty() ? "" : ", ";
      columns += untyped
                     ? "CAST(" + name + " AS " + std::string(SqlType(values_[c])) + ") AS " + name
                     : name;
    }
    return database_.Execute("COPY (SELECT " + columns + " FROM view_rows) TO " +
                             core::SqlLiteral(options_.parquet.string()) + " (FORMAT parquet)");
  }

 private:
  ParquetWriter(core::Database database, core::SqlAppender rows, Options options)
      : database_(std::move(database)),
        rows_(std::move(rows)),
        options_(std::move(options)),
        values_(options_.columns.size(), Values::kNone) {}

  core::Database database_;
  core::SqlAppender rows_;
  Options options_;
  std::vector<Values> values_;  ///< what each column has had
};

}  // namespace

Result<std::unique_ptr<ViewWriter>> ViewWriter::Create(Options options) {
  switch (options.format) {
    case ViewFormat::kNdjson: return std::make_unique<NdjsonWriter>(std::move(options));
    case ViewFormat::kCsv: return std::make_unique<CsvWriter>(std::move(options));
    case ViewFormat::kParquet: break;
  }
  return ParquetWriter::Create(std::move(options));
}

}  // namespace clinnova::intake
