// SPDX-License-Identifier: Apache-2.0
// A strict reader of CSV (RFC 4180). Our own rather than DuckDB's: a wrong line must be named with its
// number and what is wrong with it, nothing may be guessed from a sample, and numbers must be rounded
// correctly to the last bit.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "table/number_text.h"
#include "table/record_source.h"

namespace clinnova::table {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;

/// True for well-formed UTF-8 (Unicode, table 3-7).
bool IsUtf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    }
    const unsigned char second = byte(i + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

/// The one of `,` `;` tab that the header line holds outside quotes; `,` when it holds none.
Result<char> FindDelimiter(const std::string& path, std::string_view start) {
  char delimiter = 0;
  bool quoted = false;
  for (char c : start) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    if (c != ',' && c != ';' && c != '\t') continue;
    if (delimiter != 0 && c != delimiter) {
      const auto name = [](char d) { return d == '\t' ? std::string("tab") : std::string(1, d); };
      return Fail(ErrorCode::kInvalidInput,
                  path + ", line 1: found both " + name(delimiter) + " and " + name(c) +
                      " between names, expected one delimiter (quote names that hold the other)");
    }
    delimiter = c;
  }
  return delimiter == 0 ? ',' : delimiter;
}

class CsvRecords : public RecordSource {
 public:
  explicit CsvRecords(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    buffer_.resize(kBufferBytes);
  }

  Result<void> ReadHeader() {
    Fill();
    if (end_ >= 3 && std::string_view(buffer_.data(), 3) == "\xEF\xBB\xBF") at_ = 3;
    CLINNOVA_ASSIGN(delimiter_,
                    FindDelimiter(path_, std::string_view(buffer_.data() + at_, end_ - at_)));
    special_.fill(false);
    for (char c : {delimiter_, '\n', '\r', '"', '\0'})
      special_[static_cast<unsigned char>(c)] = true;
    CLINNOVA_ASSIGN(const bool header, ReadRecord());
    if (!header) {
      return Fail(ErrorCode::kInvalidInput,
                  path_ + ": found an empty file, expected a header line");
    }
    for (std::size_t i = 0; i < ends_.size(); ++i) names_.emplace_back(Trim(Field(i)));
    return CheckColumnNames(Where(), names_);
  }

  const std::vector<std::string>& names() const override { return names_; }

  Result<bool> Next() override {
    CLINNOVA_ASSIGN(const bool more, ReadRecord());
    if (more && ends_.size() != names_.size()) {
      return Wrong(std::to_string(ends_.size()) + (ends_.size() == 1 ? " field" : " fields"),
                   std::to_string(names_.size()) + " as in the header");
    }
    return more;
  }

  Cell cell(std::size_t column) const override { return ReadCell(Field(column)); }

  std::string Where() const override { return path_ + ", line " + std::to_string(record_line_); }

 private:
  enum class End { kField, kRecord, kFile };

  tl::unexpected<Error> Wrong(const std::string& found, const std::string& expected) const {
    return Fail(ErrorCode::kInvalidInput, Where() + ": found " + found + ", expected " + expected);
  }

  std::string_view Field(std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(record_).substr(begin, ends_[i] - begin);
  }

  bool Fill() {
    if (at_ < end_) return true;
    file_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    at_ = 0;
    end_ = static_cast<std::size_t>(file_.gcount());
    return end_ > 0;
  }

  /// Reads a record that is no blank line into record_ and ends_; false at the end of the file.
  Result<bool> ReadRecord() {
    while (true) {
      record_.clear();
      ends_.clear();
      record_line_ = next_line_;
      bool quoted = false;
      End end = End::kField;
      while (end == End::kField) {
        CLINNOVA_ASSIGN(end, ReadField(quoted));
        ends_.push_back(record_.size());
      }
      const bool blank = ends_.size() == 1 && record_.empty() && !quoted;
      if (blank && end == End::kFile) {
        if (file_.bad()) return Wrong("an error of the disk", "a readable file");
        return false;
      }
      if (blank) continue;
      if (!IsUtf8(record_)) return Wrong("bytes that are not UTF-8", "the file in UTF-8");
      return true;
    }
  }

  Result<End> ReadField(bool& quoted) {
    if (Fill() && buffer_[at_] == '"') {
      quoted = true;
      CLINNOVA_TRY(ReadQuoted());
    }
    const std::size_t begin = record_.size();
    while (Fill()) {
      std::size_t stop = at_;
      while (stop < end_ && !special_[static_cast<unsigned char>(buffer_[stop])]) ++stop;
      record_.append(buffer_.data() + at_, stop - at_);
      at_ = stop;
      if (stop == end_) continue;
      if (quoted_field_ && record_.size() > begin) break;
      return EndField();
    }
    if (std::exchange(quoted_field_, false) && record_.size() > begin) {
      return Wrong("text after a closing quote", "the delimiter");
    }
    return End::kFile;
  }

  /// What stands at a special character that ends an unquoted stretch.
  Result<End> EndField() {
    const bool after_quote = std::exchange(quoted_field_, false);
    const char c = buffer_[at_++];
    if (c == delimiter_) return End::kField;
    if (c == '\r') {
      if (!Fill() || buffer_[at_] != '\n') {
        return Wrong("a carriage return within a line", "line ends of LF or CR LF");
      }
      ++at_;
    } else if (c == '"') {
      return after_quote
                 ? Wrong("text after a closing quote", "the delimiter")
                 : Wrong("a quote within an unquoted field", "quotes around the whole field");
    } else if (c == '\0') {
      return Wrong("a zero byte", "text");
    }
    ++next_line_;
    return End::kRecord;
  }

  Result<void> ReadQuoted() {
    ++at_;
    while (Fill()) {
      const char* begin = buffer_.data() + at_;
      const char* stop = std::find(begin, static_cast<const char*>(buffer_.data()) + end_, '"');
      next_line_ += static_cast<std::size_t>(std::count(begin, stop, '\n'));
      if (std::find(begin, stop, '\0') != stop) return Wrong("a zero byte", "text");
      record_.append(begin, stop);
      at_ = static_cast<std::size_t>(stop - buffer_.data());
      if (at_ == end_) continue;
      ++at_;
      if (!Fill() || buffer_[at_] != '"') {
        quoted_field_ = true;
        return {};
      }
      record_ += '"';
      ++at_;
    }
    return Wrong("a quote that is not closed", "a closing quote");
  }

  std::string path_;
  std::ifstream file_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  char delimiter_ = ',';
  std::array<bool, 256> special_{};
  bool quoted_field_ = false;  ///< the field being read began with quotes
  std::vector<std::string> names_;
  std::string record_;             ///< the fields' texts one after the other
  std::vector<std::size_t> ends_;  ///< where each field ends in record_
  std::size_t record_line_ = 1;
  std::size_t next_line_ = 1;
};

}  // namespace

Result<std::unique_ptr<RecordSource>> OpenCsv(const std::string& path) {
  auto records = std::make_unique<CsvRecords>(path);
  CLINNOVA_TRY(records->ReadHeader());
  return std::unique_ptr<RecordSource>(std::move(records));
}

}  // namespace clinnova::table
