// SPDX-License-Identifier: Apache-2.0
// Programs started by the demo: run to their end, or kept running and ended with the demo.
#pragma once

#include <sys/types.h>
#include <string>
#include <vector>

#include "core/error.h"

namespace clinnova::cli {

/// Runs a program to its end and gives what it wrote to standard output. kFailed with the last line of its
/// standard error when it exits with another status than 0.
Result<std::string> RunProgram(const std::vector<std::string>& arguments);

/// A running program whose output goes to a file. Ended (SIGTERM, after five seconds SIGKILL) by the destructor.
class ChildProcess {
 public:
  static Result<ChildProcess> Start(const std::vector<std::string>& arguments,
                                    const std::string& log);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  /// False when it has ended by itself.
  bool Running();
  pid_t pid() const { return pid_; }

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  void End();
  pid_t pid_ = -1;
};

/// The path of the running program.
std::string OwnProgram();

/// A TCP port of 127.0.0.1 that nobody listens on at this moment.
Result<int> FreePort();

}  // namespace clinnova::cli
