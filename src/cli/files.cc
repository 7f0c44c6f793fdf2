// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/command.h"

namespace clinnova::cli {

Result<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (std::filesystem::is_directory(path) || !file ||
      (file.peek() != EOF && !(text << file.rdbuf()))) {
    const char* why = std::filesystem::exists(path) ? "cannot be read" : "no such file";
    return Fail(ErrorCode::kInvalidInput, path + ": " + why);
  }
  return text.str();
}

}  // namespace clinnova::cli
