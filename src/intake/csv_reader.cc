// SPDX-License-Identifier: Apache-2.0
#include "intake/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "intake/csv_rows.h"
#include "intake/record_maker.h"

namespace clinnova::intake {
namespace {

// One file being read: the mapping bound to the file's columns, and the present row's cells.
class CsvFile {
 public:
  CsvFile(const std::filesystem::path& path, const Mapping& mapping, RecordSink& sink)
      : name_(path.string()), mapping_(mapping), maker_(name_, mapping, sink) {}

  Result<void> Read(CsvRows& rows);

 private:
  Result<void> ReadHeader(CsvRows& rows);
  Result<void> Bind(std::span<const std::string_view> names, std::uint64_t line);
  Result<void> ReadRow(CsvRows& rows);
  Result<void> RejectRow(const CsvRows& rows, std::string_view rule, std::string message);
  SourceRow RowOf(const CsvRows& rows) const;
  bool TakeCells(const CsvRows& rows, std::string& problem);

  std::string name_;
  const Mapping& mapping_;  // not owned, outlives this
  RecordMaker maker_;
  std::size_t field_count_ = 0;
  std::vector<std::size_t> positions_;   // of mapping_.columns in the file
  std::vector<std::string_view> cells_;  // of mapping_.columns in the present row; empty = missing
  std::vector<std::string> decoded_;
  std::string scratch_;
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
    if (step == CsvRows::Step::kEnd) return {};
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

Result<void> CsvFile::RejectRow(const CsvRows& rows, std::string_view rule, std::string message) {
  return maker_.Reject(RowOf(rows), rule, std::move(message));
}

SourceRow CsvFile::RowOf(const CsvRows& rows) const {
  return {.type = {},
          .cells = cells_,
          .line = rows.line(),
          .raw = rows.raw(),
          .raw_encoding = mapping_.encoding};
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
  CLINNOVA_TRY(maker_.Make(RowOf(rows)));
  return {};
}

}  // namespace

Result<void> ReadCsv(const std::filesystem::path& path, const Mapping& mapping, RecordSink& sink) {
  CLINNOVA_ASSIGN(
      CsvRows rows,
      CsvRows::Open({.path = path, .delimiter = mapping.delimiter, .quote = mapping.quote}));
  return CsvFile(path, mapping, sink).Read(rows);
}

}  // namespace clinnova::intake
