// SPDX-License-Identifier: Apache-2.0
// The browser pages and the OpenAPI document, inside the program: it serves them without any file
// beside it.
//
//   if (auto file = FindEmbedded("/index.html")) Send(file->content, file->mime_type);
//
// Where the pages were not built before CMake ran, "/index.html" is a page that says so.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace clinnova::web {

/// A file in the program. All views are to static storage.
struct EmbeddedFile {
  std::string_view path;
  std::string_view content;
  std::string_view mime_type;
  std::string_view etag;   ///< with quotes; changes exactly when the content does
  bool immutable = false;  ///< the name holds a hash of the content, so it may be cached for ever
};

/// The file at a URL path, which must match byte for byte ("/assets/app-1a2b.js"; no normalising,
/// so nothing like "/../" can ever match); nothing where there is none. Safe from any thread.
std::optional<EmbeddedFile> FindEmbedded(std::string_view path);

/// All paths, sorted.
std::vector<std::string_view> EmbeddedPaths();

/// Whether the browser pages were built when the program was.
bool BrowserPagesAreBuilt();

}  // namespace clinnova::web
