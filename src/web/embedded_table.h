// SPDX-License-Identifier: Apache-2.0
// What cmake/EmbedFiles.cmake writes and embedded_ui.cc reads: the files in the program, as a table
// sorted by path.
#pragma once

#include <cstddef>

namespace clinnova::web {

/// One file: [begin, end) is its content, static storage.
struct EmbeddedRow {
  const char* path;  ///< URL path, for example "/index.html"
  const char* mime_type;
  const char* etag;  ///< with its quotes, as HTTP wants it
  const char* begin;
  const char* end;
};

extern const EmbeddedRow kEmbedded[];
extern const std::size_t kEmbeddedCount;

}  // namespace clinnova::web
