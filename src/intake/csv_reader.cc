// SPDX-License-Identifier: Apache-2.0
#include "intake/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "intake/batch_texts.h"
#include "intake/batch_thread.h"
#include "intake/csv_rows.h"
#include "intake/record_maker.h"

namespace clinnova::intake {
namespace {

/// Rows that wait for their records to be made.
class RowBatch {
 public:
  struct Row {
    std::uint64_t line = 0;
    std::string_view raw;
    std::string_view rule;  ///< why it is rejected; empty: it is not
    std::string message;
  };

  void Add(const CsvRows& rows, std::span<const std::string_view> cells) {
    const std::string_view raw = rows.raw();
    const std::string_view kept = texts_.Copy(raw);
    for (const std::string_view cell : cells) {
      // Most cells are a part of the row as it stands.
      const std::less_equal<const char*> before;
      const bool inside = before(raw.data(), cell.data()) &&
                          before(cell.data() + cell.size(), raw.data() + raw.size());
      cells_.push_back(
          inside ? kept.substr(static_cast<std::size_t>(cell.data() - raw.data()), cell.size())
                 : texts_.Copy(cell));
    }
    rows_.push_back({.line = rows.line(), .raw = kept, .rule = {}, .message = {}});
  }
  void AddRejected(const CsvRows& rows, std::string_view rule, std::string message) {
    rows_.push_back({.line = rows.line(),
                     .raw = texts_.Copy(rows.raw()),
                     .rule = rule,
                     .message = std::move(message)});
  }
  bool empty() const { return rows_.empty(); }
  bool full() const { return rows_.size() == kRows || texts_.full(); }
  void Clear() {
    rows_.clear();
    cells_.clear();
    texts_.Clear();
  }

  const std::vector<Row>& rows() const { return rows_; }
  /// The cells of all rows that are not rejected, one row's after another's.
  std::span<const std::string_view> cells() const { return cells_; }

 private:
  static constexpr std::size_t kRows = 512;

  std::vector<Row> rows_;
  std::vector<std::string_view> cells_;
  BatchTexts texts_;  ///< that rows and cells view
};

// One file being read: the mapping bound to the file's columns, and the present row's cells. Of a file of more than one
// batch of rows the records are made on a thread of their own.
class CsvFile {
 public:
  CsvFile(const std::filesystem::path& path, const Mapping& mapping, RecordSink& sink)
      : name_(path.string()),
        mapping_(mapping),
        maker_(name_, mapping, sink),
        thread_([this](RowBatch& batch) { return MakeRecords(batch); }) {}

  Result<void> Read(CsvRows& rows);

 private:
  Result<void> ReadHeader(CsvRows& rows);
  Result<void> Bind(std::span<const std::string_view> names, std::uint64_t line);
  Result<void> ReadRow(CsvRows& rows);
  Result<void> RejectRow(const CsvRows& rows, std::string_view rule, std::string message);
  Result<void> HandOverWhenFull();
  Result<void> MakeRecords(const RowBatch& batch);
  bool TakeCells(const CsvRows& rows, std::string& problem);

  std::string name_;
  const Mapping& mapping_;  // not owned, outlives this
  RecordMaker maker_;
  std::size_t field_count_ = 0;
  std::vector<std::size_t> positions_;   // of mapping_.columns in the file
  std::vector<std::string_view> cells_;  // of mapping_.columns in the present row; empty = missing
  std::vector<std::string> decoded_;
  std::string scratch_;
  RowBatch batch_;
  BatchThread<RowBatch> thread_;  // the last, which uses the others
};

Result<void> CsvFile::Read(CsvRows& rows) {
  if (rows.has_utf8_mark() && mapping_.encoding != Encoding::kUtf8) {
    return Fail(ErrorCode::kInvalidInput, name_ +
                                              ": found the byte order mark of UTF-8, expected " +
                                              std::string(EncodingName(mapping_.encoding)));
  }
  CLINNOVA_TRY(ReadHeader(rows));
  while (true) {
    CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
    if (step == CsvRows::Step::kEnd) return thread_.Finish(batch_);
    if (step == CsvRows::Step::kRow) {
      CLINNOVA_TRY(ReadRow(rows));
    } else {
      CLINNOVA_TRY(RejectRow(rows, rows.rule(), rows.message()));
    }
  }
}

Result<void> CsvFile::ReadHeader(CsvRows& rows) {
  if (!mapping_.header.empty()) {
    const std::vector<std::string_view> names(mapping_.header.begin(), mapping_.header.end());
    return Bind(names, 0);
  }
  CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
  if (step != CsvRows::Step::kRow) {
    return Fail(ErrorCode::kInvalidInput,
                name_ + ":1: found no header line, expected the columns' names");
  }
  std::vector<std::string> decoded(rows.fields().size());
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    if (DecodeToUtf8(mapping_.encoding, rows.fields()[i], decoded[i])) {
      return Fail(ErrorCode::kInvalidInput,
                  name_ + ":" + std::to_string(rows.line()) + ": the header is not " +
                      std::string(EncodingName(mapping_.encoding)) + " text");
    }
    names.push_back(TrimText(decoded[i]));
  }
  return Bind(names, rows.line());
}

Result<void> CsvFile::Bind(std::span<const std::string_view> names, std::uint64_t line) {
  field_count_ = names.size();
  const std::string where = name_ + (line == 0 ? "" : ":" + std::to_string(line)) + ": ";
  for (const std::string& column : mapping_.columns) {
    const auto count = std::ranges::count(names, column);
    if (count != 1) {
      return Fail(ErrorCode::kInvalidInput,
                  where + (count == 0 ? "found no column \"" : "found twice the column \"") +
                      column + "\", expected once by " + mapping_.name);
    }
    positions_.push_back(
        static_cast<std::size_t>(std::ranges::find(names, column) - names.begin()));
  }
  cells_.resize(positions_.size());
  decoded_.resize(positions_.size());
  return {};
}

Result<void> CsvFile::HandOverWhenFull() {
  return batch_.full() ? thread_.HandOver(batch_) : Result<void>();
}

Result<void> CsvFile::MakeRecords(const RowBatch& batch) {
  std::span<const std::string_view> cells = batch.cells();
  for (const RowBatch::Row& row : batch.rows()) {
    SourceRow made{.type = {}, .line = row.line, .raw = row.raw, .raw_encoding = mapping_.encoding};
    if (!row.rule.empty()) {
      CLINNOVA_TRY(maker_.Reject(made, row.rule, row.message));
      continue;
    }
    made.cells = cells.first(positions_.size());
    cells = cells.subspan(positions_.size());
    CLINNOVA_TRY(maker_.Make(made));
  }
  return {};
}

Result<void> CsvFile::RejectRow(const CsvRows& rows, std::string_view rule, std::string message) {
  batch_.AddRejected(rows, rule, std::move(message));
  return HandOverWhenFull();
}

// Decodes and trims the columns that the mapping uses; a missing word becomes an empty cell.
bool CsvFile::TakeCells(const CsvRows& rows, std::string& problem) {
  const bool ascii = IsAscii(rows.raw());
  const bool decode = mapping_.encoding == Encoding::kDin66003 || !ascii;
  const bool zero = std::memchr(rows.raw().data(), 0, rows.raw().size()) != nullptr;
  if (decode || zero) {
    scratch_.clear();
    if (const auto bad = DecodeToUtf8(mapping_.encoding, rows.raw(), scratch_)) {
      problem = "found byte " + std::to_string(static_cast<unsigned char>(rows.raw()[*bad])) +
                " at " + std::to_string(*bad + 1) + ", expected " +
                std::string(EncodingName(mapping_.encoding)) + " text";
      return false;
    }
  }
  for (std::size_t c = 0; c < positions_.size(); ++c) {
    std::string_view cell = rows.fields()[positions_[c]];
    if (decode && mapping_.encoding != Encoding::kUtf8) {
      decoded_[c].clear();
      DecodeToUtf8(mapping_.encoding, cell, decoded_[c]);
      cell = decoded_[c];
    }
    cell = TrimText(cell);
    for (const std::string& word : mapping_.missing) {
      if (cell == word) cell = {};
    }
    cells_[c] = cell;
  }
  return true;
}

Result<void> CsvFile::ReadRow(CsvRows& rows) {
  if (rows.fields().size() != field_count_) {
    const std::string message = "found " + std::to_string(rows.fields().size()) +
                                " fields, expected " + std::to_string(field_count_);
    rows.ResumeAfterFirstLine();
    return RejectRow(rows, "csv.field_count", message);
  }
  std::string problem;
  if (!TakeCells(rows, problem)) return RejectRow(rows, "csv.encoding", std::move(problem));
  batch_.Add(rows, cells_);
  return HandOverWhenFull();
}

}  // namespace

Result<void> ReadCsv(const std::filesystem::path& path, const Mapping& mapping, RecordSink& sink) {
  CLINNOVA_ASSIGN(
      CsvRows rows,
      CsvRows::Open({.path = path, .delimiter = mapping.delimiter, .quote = mapping.quote}));
  return CsvFile(path, mapping, sink).Read(rows);
}

}  // namespace clinnova::intake
