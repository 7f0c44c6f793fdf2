// SPDX-License-Identifier: Apache-2.0
// The lines of a message file as bytes, streamed in memory that does not depend on the file's size.
//
//   CLINNOVA_ASSIGN(TextLines lines, TextLines::Open(path));
//   while (true) {
//     CLINNOVA_ASSIGN(const bool more, lines.Next());
//     if (!more) break;
//     Use(lines.text(), lines.number());
//   }
//
// A line ends in CR LF, LF or CR; bytes are not decoded here (encoding.h). Thread rule: one object
// is used by one thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

class TextLines {
 public:
  /// What is kept of a longer line; the rest of it is passed over.
  static constexpr std::size_t kLongest = 1 << 20;

  /// kFailed when the file cannot be opened or read.
  static Result<TextLines> Open(const std::filesystem::path& path);

  /// Moves to the next line, an empty one too; false after the last.
  Result<bool> Next();

  std::string_view text() const { return text_; }   ///< without its end; valid until Next
  std::uint64_t number() const { return number_; }  ///< from 1
  std::uint64_t offset() const { return offset_; }  ///< of its first byte in the file
  bool complete() const { return complete_; }  ///< it has an end, and not more than kLongest bytes
  bool ends_in_crlf() const { return ends_in_crlf_; }

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  int Peek();
  void Take() { ++at_; }

  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::vector<char> buffer_ = std::vector<char>(64 * 1024);
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t buffer_offset_ = 0;
  bool failed_ = false;
  std::string text_;
  std::uint64_t number_ = 0;
  std::uint64_t offset_ = 0;
  bool complete_ = false;
  bool ends_in_crlf_ = false;
};

}  // namespace clinnova::intake
