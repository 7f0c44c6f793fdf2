// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/command.h"

namespace clinnova::cli {

Result<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (std::filesystem::is_directory(path) || !file || !(text << file.rdbuf())) {
    const char* why = std::filesystem::exists(path) ? "cannot be read" : "no such file";
    return Fail(ErrorCode::kInvalidInput, path + ": " + why);
  }
  return text.str();
}

Result<void> WriteText(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".part";
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, path, error);
  if (!file || error) {
    std::filesystem::remove(temporary, error);
    return Fail(ErrorCode::kFailed, path + ": cannot be written: " + std::strerror(errno));
  }
  return {};
}

}  // namespace clinnova::cli
