// SPDX-License-Identifier: Apache-2.0
#include "intake/csv_rows.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace clinnova::intake {
namespace {

constexpr std::size_t kBlock = 256 * 1024;

const char* FindByte(const char* begin, const char* end, char c) {
  const void* found = std::memchr(begin, c, static_cast<std::size_t>(end - begin));
  return found == nullptr ? end : static_cast<const char*>(found);
}

}  // namespace

Result<CsvRows> CsvRows::Open(const Options& options) {
  CsvRows rows(options);
  std::error_code error;
  if (std::filesystem::is_directory(options.path, error)) {
    return Fail(ErrorCode::kFailed, options.path.string() + ": is a folder, expected a file");
  }
  rows.file_.reset(std::fopen(options.path.c_str(), "rb"));
  if (!rows.file_) {
    return Fail(ErrorCode::kFailed, options.path.string() + ": " + std::strerror(errno));
  }
  CLINNOVA_TRY(rows.Fill());
  CLINNOVA_TRY(rows.ReadMark());
  return rows;
}

Result<void> CsvRows::ReadMark() {
  const std::string_view start(buffer_.data(), std::min<std::size_t>(filled_, 3));
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
    return Fail(
        ErrorCode::kInvalidInput,
        options_.path.string() + ": found UTF-16 text, expected UTF-8 or a single-byte encoding");
  }
  has_utf8_mark_ = start == "\xEF\xBB\xBF";
  if (has_utf8_mark_) begin_ = 3;
  return {};
}

// Moves what is left to the front and reads one block more.
Result<void> CsvRows::Fill() {
  if (filled_ > begin_) std::memmove(buffer_.data(), buffer_.data() + begin_, filled_ - begin_);
  filled_ -= begin_;
  begin_ = 0;
  if (buffer_.size() < filled_ + kBlock) buffer_.resize(filled_ + kBlock);
  const std::size_t read = std::fread(buffer_.data() + filled_, 1, kBlock, file_.get());
  if (std::ferror(file_.get()) != 0) {
    return Fail(ErrorCode::kFailed,
                options_.path.string() + ": cannot be read: " + std::strerror(errno));
  }
  filled_ += read;
  at_end_ = read < kBlock;
  return {};
}

bool CsvRows::SkipEmptyLine() {
  const char* data = buffer_.data();
  std::size_t at = begin_;
  if (at < filled_ && data[at] == '\r') ++at;
  if (at >= filled_ || data[at] != '\n') return false;
  begin_ = at + 1;
  ++line_;
  return true;
}

// Finds the end of the row at begin_, and whether it needs the quoted split.
CsvRows::Scan CsvRows::FindRowEnd() {
  const char* const data = buffer_.data();
  const char* const end = data + filled_;
  const char* const start = data + begin_;
  const char* newline = FindByte(start, end, '\n');
  const char quote = options_.quote;
  row_has_quote_ = quote != 0 && FindByte(start, newline, quote) != newline;
  if (row_has_quote_) {
    const char* at = start;
    for (bool in_row = true; in_row;) {
      if (at < end && *at == quote) {
        ++at;
        while (true) {
          at = FindByte(at, end, quote);
          if (at == end) return at_end_ ? Scan::kUnclosed : Scan::kNeedsMore;
          if (at + 1 == end && !at_end_) return Scan::kNeedsMore;
          if (at + 1 == end || at[1] != quote) break;
          at += 2;
        }
        ++at;
        const bool line_ends =
            at == end || *at == '\n' || (*at == '\r' && (at + 1 == end || at[1] == '\n'));
        if (!line_ends && *at != options_.delimiter) return Scan::kBadQuote;
      }
      while (at < end && *at != options_.delimiter && *at != '\n') ++at;
      in_row = at < end && *at == options_.delimiter;
      if (in_row) ++at;
    }
    newline = at;
  }
  if (newline == end && !at_end_) return Scan::kNeedsMore;
  next_begin_ = static_cast<std::size_t>(newline - data) + (newline == end ? 0 : 1);
  row_end_ = static_cast<std::size_t>(newline - data);
  if (row_end_ > begin_ && data[row_end_ - 1] == '\r') --row_end_;
  return Scan::kComplete;
}

void CsvRows::SplitPlain(std::string_view row) {
  const char* at = row.data();
  const char* const end = at + row.size();
  while (true) {
    const char* stop = at;
    while (stop != end && *stop != options_.delimiter) ++stop;
    fields_.emplace_back(at, static_cast<std::size_t>(stop - at));
    if (stop == end) return;
    at = stop + 1;
  }
}

void CsvRows::SplitQuoted(std::string_view row) {
  // Reserved at once, so that the views into it stay valid.
  unquoted_.clear();
  unquoted_.reserve(row.size());
  std::size_t at = 0;
  while (true) {
    if (at < row.size() && row[at] == options_.quote) {
      const std::size_t from = unquoted_.size();
      for (++at;
           row[at] != options_.quote || (at + 1 < row.size() && row[at + 1] == options_.quote);
           ++at) {
        if (row[at] == options_.quote) ++at;
        unquoted_.push_back(row[at]);
      }
      ++at;
      fields_.emplace_back(unquoted_.data() + from, unquoted_.size() - from);
    } else {
      const std::size_t stop = std::min(row.find(options_.delimiter, at), row.size());
      fields_.push_back(row.substr(at, stop - at));
      at = stop;
    }
    if (at >= row.size()) return;
    ++at;
  }
}

Result<CsvRows::Step> CsvRows::Next() {
  fields_.clear();
  while (true) {
    if (begin_ == filled_ && at_end_) return Step::kEnd;
    if (SkipEmptyLine()) continue;
    const Scan scan = FindRowEnd();
    if (scan == Scan::kNeedsMore) {
      if (filled_ - begin_ > options_.longest_row) return TakeOverlong();
      CLINNOVA_TRY(Fill());
      continue;
    }
    row_line_ = line_;
    row_begin_ = begin_;
    if (scan == Scan::kUnclosed) {
      return Malformed("csv.unclosed_quote", "found a quote that is never closed");
    }
    if (scan == Scan::kBadQuote) {
      return Malformed("csv.quote", "found text after a closing quote, expected the delimiter");
    }
    if (row_end_ - begin_ > options_.longest_row) return TakeOverlong();
    break;
  }
  raw_ = std::string_view(buffer_.data() + row_begin_, row_end_ - row_begin_);
  if (row_has_quote_)
    SplitQuoted(raw_);
  else
    SplitPlain(raw_);
  line_ += row_has_quote_ ? static_cast<std::uint64_t>(std::ranges::count(raw_, '\n')) + 1 : 1;
  begin_ = next_begin_;
  return Step::kRow;
}

// The row at begin_ is given up up to its first line end, which must be in the buffer or be the file's end.
Result<CsvRows::Step> CsvRows::Malformed(std::string_view rule, std::string message) {
  rule_ = rule;
  message_ = std::move(message);
  ResumeAfterFirstLine();
  return Step::kMalformed;
}

void CsvRows::ResumeAfterFirstLine() {
  const char* const data = buffer_.data();
  const char* const newline = FindByte(data + row_begin_, data + filled_, '\n');
  const auto end = static_cast<std::size_t>(newline - data);
  raw_ = std::string_view(data + row_begin_, end - row_begin_);
  if (raw_.ends_with('\r')) raw_.remove_suffix(1);
  begin_ = std::min(end + 1, filled_);
  line_ = row_line_ + 1;
  fields_.clear();
}

// A row longer than any real one: a quote that is never closed, or no text file at all.
Result<CsvRows::Step> CsvRows::TakeOverlong() {
  row_line_ = line_;
  row_begin_ = begin_;
  const char* const data = buffer_.data();
  const bool one_line_known = FindByte(data + begin_, data + filled_, '\n') != data + filled_;
  const std::string limit = std::to_string(options_.longest_row) + " bytes";
  if (one_line_known && row_has_quote_) {
    return Malformed("csv.unclosed_quote", "found a quote that is not closed within " + limit);
  }
  if (one_line_known) return Malformed("csv.row_length", "found a line longer than " + limit);
  message_ = "found a line longer than " + limit;
  rule_ = "csv.row_length";
  // Kept: the start of the line, for quarantine; the rest of it is passed over block by block.
  unquoted_.assign(data + begin_, std::min<std::size_t>(filled_ - begin_, 4096));
  while (true) {
    const char* const newline = FindByte(buffer_.data() + begin_, buffer_.data() + filled_, '\n');
    begin_ = std::min(static_cast<std::size_t>(newline - buffer_.data()) + 1, filled_);
    if (newline != buffer_.data() + filled_ || at_end_) break;
    CLINNOVA_TRY(Fill());
  }
  ++line_;
  raw_ = unquoted_;
  return Step::kMalformed;
}

}  // namespace clinnova::intake
