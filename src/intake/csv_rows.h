// SPDX-License-Identifier: Apache-2.0
// The rows of a delimited text file (RFC 4180 with any delimiter), streamed in memory that does not
// depend on the file's size. A row that is not well formed costs its first line, never the rows after it.
//
//   CLINNOVA_ASSIGN(CsvRows rows, CsvRows::Open({.path = "labor.csv", .delimiter = ';'}));
//   while (true) {
//     CLINNOVA_ASSIGN(const CsvRows::Step step, rows.Next());
//     if (step == CsvRows::Step::kEnd) break;
//     if (step == CsvRows::Step::kRow) Use(rows.fields(), rows.line());
//   }
//
// Bytes are not decoded here (encoding.h). Lines end in LF or CR LF; empty lines are passed over.
// Thread rule: one object is used by one thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

class CsvRows {
 public:
  struct Options {
    std::filesystem::path path = {};
    char delimiter = ',';
    char quote = '"';                   ///< 0 = none
    std::size_t longest_row = 1 << 20;  ///< bytes; a longer row is malformed
  };
  enum class Step { kRow, kMalformed, kEnd };

  /// kFailed when the file cannot be opened or read; kInvalidInput when it is UTF-16.
  static Result<CsvRows> Open(const Options& options);

  /// Moves to the next row. kMalformed: rule() and message() say why, and the row after it begins with
  /// the next line. kFailed when reading fails.
  Result<Step> Next();

  /// The present row's fields, quotes taken off. Valid until Next.
  std::span<const std::string_view> fields() const { return fields_; }
  /// 1-based line on which the present row begins.
  std::uint64_t line() const { return row_line_; }
  /// The present row's first line as it stands in the file; all of its lines where it is well formed.
  std::string_view raw() const { return raw_; }
  std::string_view rule() const {
    return rule_;
  }  ///< "csv.unclosed_quote", "csv.quote", "csv.row_length"
  const std::string& message() const { return message_; }

  /// Gives the present row up: the next one begins on the line after this row's first. For a row of
  /// several lines whose number of fields is wrong: a stray quote swallowed what follows.
  void ResumeAfterFirstLine();

  bool has_utf8_mark() const { return has_utf8_mark_; }  ///< the file began with EF BB BF

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  enum class Scan { kComplete, kNeedsMore, kBadQuote, kUnclosed };

  explicit CsvRows(const Options& options) : options_(options) {}
  Result<void> ReadMark();
  Result<void> Fill();
  bool SkipEmptyLine();
  Scan FindRowEnd();
  void SplitPlain(std::string_view row);
  void SplitQuoted(std::string_view row);
  Result<Step> Malformed(std::string_view rule, std::string message);
  Result<Step> TakeOverlong();

  Options options_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of the next row in buffer_
  std::size_t filled_ = 0;
  bool at_end_ = false;     // the file has no more bytes than buffer_ holds
  std::uint64_t line_ = 1;  // of begin_
  std::size_t row_begin_ = 0;
  std::size_t row_end_ = 0;  // without its line end
  std::size_t next_begin_ = 0;
  bool row_has_quote_ = false;
  std::uint64_t row_line_ = 0;
  std::string_view raw_;
  std::vector<std::string_view> fields_;
  std::string unquoted_;
  std::string_view rule_;
  std::string message_;
  bool has_utf8_mark_ = false;
};

}  // namespace clinnova::intake
