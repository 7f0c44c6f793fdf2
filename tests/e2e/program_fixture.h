// SPDX-License-Identifier: Apache-2.0
// The program as its users start it: `clinnova ARGUMENTS` in a folder.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace clinnova {

/// The bytes of a file; none of one that is not there.
inline std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// How a run of the program ended and what it wrote.
struct Ending {
  int code = -1;  ///< -1: not by itself
  std::string out, errors;
};

/// Runs `clinnova ARGUMENTS`, words of a shell, in a folder; one that lasts longer than five minutes is ended (code 124).
inline Ending RunProgram(const std::filesystem::path& folder, const std::string& arguments) {
  const std::filesystem::path scratch =
      std::filesystem::temp_directory_path() / ("clinnova_ending_" + std::to_string(::getpid()));
  std::filesystem::create_directories(scratch);
  const std::string command =
      "cd '" + folder.string() + "' && timeout 300 '" CLINNOVA_PROGRAM "' " + arguments + " >'" +
      (scratch / "out").string() + "' 2>'" + (scratch / "errors").string() + "' </dev/null";
  const int status = std::system(command.c_str());
  Ending ending{WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadAll(scratch / "out"),
                ReadAll(scratch / "errors")};
  std::filesystem::remove_all(scratch);
  return ending;
}

}  // namespace clinnova
