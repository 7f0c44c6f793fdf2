// SPDX-License-Identifier: Apache-2.0
#include "web/embedded_ui.h"

#include <algorithm>
#include <span>

#include "web/embedded_table.h"

namespace clinnova::web {
namespace {

std::span<const EmbeddedRow> Rows() { return {kEmbedded, kEmbeddedCount}; }

// Vite names everything in assets/ by its content's hash, and nothing else.
bool NameHoldsHash(std::string_view path) { return path.starts_with("/assets/"); }

}  // namespace

std::optional<EmbeddedFile> FindEmbedded(std::string_view path) {
  const auto rows = Rows();
  const auto row = std::lower_bound(
      rows.begin(), rows.end(), path,
      [](const EmbeddedRow& entry, std::string_view wanted) { return entry.path < wanted; });
  if (row == rows.end() || row->path != path) return std::nullopt;
  return EmbeddedFile{.path = row->path,
                      .content = {row->begin, static_cast<std::size_t>(row->end - row->begin)},
                      .mime_type = row->mime_type,
                      .etag = row->etag,
                      .immutable = NameHoldsHash(path)};
}

std::vector<std::string_view> EmbeddedPaths() {
  std::vector<std::string_view> paths;
  for (const EmbeddedRow& row : Rows()) paths.emplace_back(row.path);
  return paths;
}

bool BrowserPagesAreBuilt() {
  return std::ranges::any_of(Rows(),
                             [](const EmbeddedRow& row) { return NameHoldsHash(row.path); });
}

}  // namespace clinnova::web
