// SPDX-License-Identifier: Apache-2.0
#include "intake/text_lines.h"

#include <cerrno>
#include <cstring>

namespace clinnova::intake {

Result<TextLines> TextLines::Open(const std::filesystem::path& path) {
  TextLines lines;
  lines.path_ = path.string();
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return Fail(ErrorCode::kFailed, lines.path_ + ": is a folder, expected a file");
  }
  lines.file_.reset(std::fopen(path.c_str(), "rb"));
  if (!lines.file_) return Fail(ErrorCode::kFailed, lines.path_ + ": " + std::strerror(errno));
  return lines;
}

// The next byte, or -1 at the file's end or where it cannot be read.
int TextLines::Peek() {
  if (at_ == filled_) {
    buffer_offset_ += filled_;
    at_ = 0;
    filled_ = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
    failed_ = failed_ || std::ferror(file_.get()) != 0;
    if (filled_ == 0) return -1;
  }
  return static_cast<unsigned char>(buffer_[at_]);
}

Result<bool> TextLines::Next() {
  text_.clear();
  ends_in_crlf_ = false;
  const bool more = Peek() >= 0;
  offset_ = buffer_offset_ + at_;
  bool too_long = false;
  int byte = -1;
  while ((byte = Peek()) >= 0 && byte != '\n' && byte != '\r') {
    Take();
    if (text_.size() < kLongest)
      text_.push_back(static_cast<char>(byte));
    else
      too_long = true;
  }
  if (byte >= 0) Take();
  if (byte == '\r' && Peek() == '\n') {
    Take();
    ends_in_crlf_ = true;
  }
  if (failed_) return Fail(ErrorCode::kFailed, path_ + ": cannot be read: " + std::strerror(errno));
  complete_ = byte >= 0 && !too_long;
  if (more) ++number_;
  return more;
}

}  // namespace clinnova::intake
