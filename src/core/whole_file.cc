// SPDX-License-Identifier: Apache-2.0
#include "core/whole_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace clinnova::core {

namespace fs = std::filesystem;

Result<void> WriteWholeFile(const fs::path& path, std::string_view text, fs::perms permissions) {
  const fs::path part = path.string() + ".part";
  std::error_code error;
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  if (permissions != fs::perms::none) fs::permissions(part, permissions, error);
  file << text;
  file.close();
  if (file && !error) fs::rename(part, path, error);
  if (file && !error) return {};
  const std::string why = error ? error.message() : std::strerror(errno);
  fs::remove(part, error);
  return Fail(ErrorCode::kFailed, path.string() + ": cannot be written: " + why);
}

}  // namespace clinnova::core
